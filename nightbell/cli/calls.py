"""`calls`: what became of the calls, as a list, as CSV and as Parquet; `calls show`: one, from moment to moment."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from whenever import Date, Instant, Time

from nightbell.cli.call_shown import span_of, told
from nightbell.cli.console import Stop, stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from storage.export import csv_bytes
from storage.export_parquet import write_parquet
from storage.records import CallRecord, Wanted, records
from storage.timeline import Reader, find_call, newest_call, read_timeline

MOST: Final = 50
WIDE: Final = 110
"""Columns of a terminal from which on the path through the menus is shown, too."""
SHORT_SID: Final = 8

Practice = Annotated[str | None, typer.Option(help="The practice's id; all of them when not given.")]
First = Annotated[str | None, typer.Option("--from", help="The first day, on the practice's clock: 2026-11-01.")]
Last = Annotated[str | None, typer.Option("--to", help="The last day; it counts too.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    calls_app = typer.Typer(help="The calls and what became of them.", invoke_without_command=True)
    calls_app.callback()(calls)
    calls_app.command()(show)
    app.add_typer(calls_app, name="calls")


def calls(
    context: typer.Context,
    practice: Practice = None,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1)] = MOST,
    first: First = None,
    last: Last = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="All of them as CSV, the oldest first, on standard output.")
    ] = False,
    parquet: Annotated[Path | None, typer.Option(help="All of them as Parquet, into this file.")] = None,
) -> None:
    """List the calls and what became of them; `show SID` tells one. Numbers of callers are not shown."""
    if context.invoked_subcommand is not None:
        return
    if as_csv and parquet is not None:
        raise Stop("--csv and --parquet: one of them at a time")
    days = days_of(first, last)

    async def work(parts: Parts) -> None:
        wanted = wanted_calls(parts, practice, *days)
        if as_csv:
            async for page in csv_bytes(records(parts.database, wanted)):
                sys.stdout.write(page.decode())
        elif parquet is not None:
            written = await write_parquet(records(parts.database, wanted), parquet)
            stdout.print(f"{written} calls are in {parquet}.", markup=False)
        else:
            found = [each async for each in records(parts.database, wanted, newest_first=True, limit=limit)]
            _print(parts, found)

    with_parts(work)


def days_of(first: str | None, last: str | None) -> tuple[Date | None, Date | None]:
    """The first and the last day. Raises Stop."""
    days = day(first, "--from"), day(last, "--to")
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        raise Stop(f"--to: {days[1]} is before {days[0]}, which --from says")
    return days


def day(text: str | None, option: str) -> Date | None:
    """A date as people write it. Raises Stop."""
    if text is None:
        return None
    try:
        return Date.parse_iso(text)
    except ValueError as error:
        raise Stop(f"{option}: {text!r} is not a day such as 2026-11-22") from error


def wanted_calls(parts: Parts, practice: str | None, first: Date | None, last: Date | None) -> Wanted:
    """The calls of these days. Raises Stop."""
    if practice is not None:
        the_plan(parts, practice)
    zone = zone_of(parts, practice)
    return Wanted(practice, _midnight(first, zone), _midnight(last.add(days=1) if last else None, zone))


def zone_of(parts: Parts, practice: str | None) -> str:
    """The practice's zone; of all practices the one that they share, else UTC."""
    zones = {plan.zone for plan in parts.plans.all() if practice in {None, plan.practice}}
    return zones.pop() if len(zones) == 1 else "UTC"


def _midnight(date: Date | None, zone: str) -> Instant | None:
    return date.at(Time()).assume_tz(zone, disambiguation="compatible").to_instant() if date else None


def _print(parts: Parts, found: list[CallRecord]) -> None:
    several = len({record.practice for record in found}) > 1
    wide = stdout.width >= WIDE
    titles = ("began", "call", *(("practice",) if several else ()), *(("path",) if wide else ()), "category",
              "outcome", "answered by", "waited", "lasted")  # fmt: skip
    zones = {plan.practice: plan.zone for plan in parts.plans.all()}
    rows = [[_cell(record, title, zones.get(record.practice, "UTC")) for title in titles] for record in found]
    print_rows(titles, rows, "No calls yet.")


def _cell(record: CallRecord, title: str, zone: str) -> str:
    cells: dict[str, Any] = {
        "began": record.started_at.to_tz(zone).format("YYYY-MM-DD HH:mm"),
        "call": record.sid[:SHORT_SID],
        "practice": record.practice,
        "path": " > ".join(record.path),
        "category": record.category or "",
        "outcome": record.outcome or "(under way)",
        "answered by": record.answered_by or "",
        "waited": span_of(record.waited),
        "lasted": span_of(record.seconds),
    }
    return str(cells[title])


def show(
    begins: Annotated[str | None, typer.Argument(metavar="[SID]", help="The call's SID, or how it begins.")] = None,
    newest: Annotated[bool, typer.Option("--last", help="The call that began last.")] = False,
    private: Annotated[
        bool, typer.Option(help="With the caller's number and what they keyed; this is noted in the audit trail.")
    ] = False,
    practice: Practice = None,
) -> None:
    """Tell a call from moment to moment: what was heard and pressed, decided and why, who was rung, how it ended."""

    async def work(parts: Parts) -> None:
        actor = Reader(getpass.getuser(), parts.clock.now()) if private else None
        async with parts.database.transaction() as connection:
            sid = await newest_call(connection, practice) if newest else begins
            if not sid:
                raise Stop("No calls yet." if newest else "say which: nightbell calls show SID, or --last")
            sid = sid if newest else await find_call(connection, sid, practice)
            timeline = await read_timeline(connection, parts.ring, parts.plans.version, sid, actor)
        if timeline is not None:
            for part in told(timeline):
                stdout.print(part, markup=False, soft_wrap=False)

    with_parts(work)
