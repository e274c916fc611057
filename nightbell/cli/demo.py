"""`demo`: plays four calls, prints them as they happen, and stays up for a telephone when on a terminal."""

import asyncio
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import typer
from whenever import Instant

from nightbell.cli.console import stdout
from nightbell.cli.running import DEFAULT_PORT, EMULATOR_PORT
from nightbell.demo.narrator import Narrator
from nightbell.demo.play import ACTS, NAMES, NIGHT, ZONE, Act, UnexpectedEndError, last_record, set_phones, stored
from nightbell.demo.stage import Stage, set_stage
from nightbell.logs import set_up_logs
from storage.embedded import start_embedded
from storage.records import CallRecord

SETTLE: Final = 0.5
"""Real seconds in which the last callbacks of a call come in."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo() -> None:
    """Play four calls to a sample practice, on loopback, and show what the server does."""
    from storage.migrate import migrate  # noqa: PLC0415 - Alembic takes 10 MB, of which `serve` has no need

    set_up_logs("error", "text")
    folder = Path(tempfile.mkdtemp(prefix="nightbell-demo-"))
    try:
        stdout.print("Starting PostgreSQL, the server, the worker and the emulator of Twilio on loopback ...")
        url = start_embedded(folder / "postgresql")
        migrate(url)
        failed = asyncio.run(_play(folder, url))
        if failed:
            raise typer.Exit(1)
        if sys.stdin.isatty() and sys.stdout.isatty():
            with suppress(KeyboardInterrupt):
                asyncio.run(_stay(folder, url))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _play(folder: Path, url: str) -> int:
    """Play all acts; how many did not end as they should."""
    failed = 0
    for number, act in enumerate(ACTS, start=1):
        stdout.print(f"\n=== {number}. {act.title} ===\n", style="bold", markup=False)
        async with set_stage(act.at, folder, url) as stage:
            set_phones(stage)
            narrator = Narrator(stdout, stage.exchange, NAMES | _staff(stage), ZONE)
            try:
                record = await _perform(stage, act, narrator)
                _judge(stage, act, record)
            except (AssertionError, UnexpectedEndError) as error:
                failed += 1
                stdout.print(f"\nThis call did not end as it should: {error}", style="red", markup=False)
    good = len(ACTS) - failed
    stdout.print(
        f"\n{good} of {len(ACTS)} calls ended as they should.", style="bold green" if not failed else "bold red"
    )
    _how_to_go_on()
    return failed


def _staff(stage: Stage) -> dict[str, str]:
    members = stage.parts.plans.all()[0].escalation.roster.members.values()
    return {number: member.name for member in members for number in member.voice}


async def _perform(stage: Stage, act: Act, narrator: Narrator) -> CallRecord:
    await act.play(stage)
    record = await last_record(stage, act.caller)
    await asyncio.sleep(SETTLE)
    narrator.tell_texts()
    stdout.print()
    for reason in record.reasons:
        stdout.print(f"  why      {reason}", markup=False)
    await _print_stored(stage, record)
    who = f", with {_name(stage, record.answered_by)}" if record.answered_by else ""
    waited = f" after {record.waited} s" if record.waited is not None else ""
    stdout.print(f"  outcome  {record.outcome}{who}{waited}", style="bold", markup=False)
    return record


def _name(stage: Stage, who: str) -> str:
    member = stage.parts.plans.all()[0].escalation.roster.members.get(who)
    return member.name if member else who


async def _print_stored(stage: Stage, record: CallRecord) -> None:
    found = await stored(stage, record)
    for row in found["trail"]:
        for line in row.trail:
            stdout.print(f"  page     {Instant(row.at).to_tz(ZONE).format('HH:mm:ss')}  {line}", markup=False)
    stdout.print(f"  stored   the call's path: {' > '.join(record.path)}", markup=False)
    for message in found["messages"]:
        due = f", to be answered by {Instant(message.due_at).to_tz(ZONE).format('EEE HH:mm')}" if message.due_at else ""
        sealed = ", with name and date of birth sealed" if message.fields else ""
        stdout.print(f"  stored   a {message.category} request{sealed}{due}", markup=False)
    for recording in found["recordings"]:
        stdout.print(f"  stored   a recording of the {recording.purpose}, {recording.seconds} s", markup=False)


def _judge(stage: Stage, act: Act, record: CallRecord) -> None:
    """Raise UnexpectedEndError unless the call ended as it should, and Twilio found no fault in what it was told."""
    if record.outcome != act.outcome:
        raise UnexpectedEndError(f"its outcome is {record.outcome!r} instead of {act.outcome!r}")
    if act.answered_by and record.answered_by not in act.answered_by:
        raise UnexpectedEndError(f"it was answered by {record.answered_by!r}")
    if stage.exchange.faults:
        raise UnexpectedEndError("; ".join(str(fault) for fault in stage.exchange.faults))


def _how_to_go_on() -> None:
    stdout.print(
        "\nTo go on:\n"
        "  nightbell demo              in a terminal: plays this again, and then stays up for you to call\n"
        "  nightbell call              in another terminal: a telephone; type digits, read what is said\n"
        "  nightbell check PLAN        checks a plan of your own; nightbell serve and nightbell worker run it\n"
        f"  http://127.0.0.1:{DEFAULT_PORT}       the server, while it is up: /healthz, /readyz, /metrics\n"
        f"  http://127.0.0.1:{EMULATOR_PORT}       the emulator of Twilio, while it is up\n"
        "  README.md                   going live with Twilio, the plan by example, the settings",
        markup=False,
    )


async def _stay(folder: Path, url: str) -> None:
    """Run in real time at 02:10, for a telephone in another terminal."""
    ports = _or_any(DEFAULT_PORT), _or_any(EMULATOR_PORT)
    async with set_stage(NIGHT, folder, url, rate=1.0, ports=ports) as stage:
        set_phones(stage)
        Narrator(stdout, stage.exchange, NAMES | _staff(stage), ZONE)
        stdout.print(
            f"\nIt is 02:10 on Sunday at Maple Pediatrics, and the phones are on: {stage.server}\n"
            f"In another terminal: .venv/bin/nightbell call --emulator {stage.emulator}   (Ctrl-C here ends it all)\n"
            f"What became of it:   NIGHTBELL_DATA_DIR={folder} .venv/bin/nightbell calls     (or messages list)\n",
            markup=False,
        )
        await asyncio.Event().wait()


def _or_any(port: int) -> int:
    """The port, or 0 for any when somebody else listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
