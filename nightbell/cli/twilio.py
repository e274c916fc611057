"""`twilio connect` and `twilio disconnect`: the practices' numbers at Twilio."""

from collections.abc import Sequence
from typing import Annotated

import typer

from nightbell.cli.console import Stop, stderr, stdout, the_plan, with_parts
from nightbell.composition import Parts
from nightbell.connecting import (
    Change,
    Keeper,
    changes,
    connect,
    disconnect,
    look_up,
    restoring,
    wanted,
    wanted_of_second,
)
from nightbell.fallback import url_of
from telephony.errors import TwilioError
from telephony.gateway import Gateway
from telephony.owned import OwnedNumber

Practice = Annotated[str | None, typer.Option(help="Only this practice's numbers; every practice's by default.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

Task = tuple[OwnedNumber, list[Change]]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The practices' numbers at Twilio.", no_args_is_help=True)
    group.command("connect")(connect_command)
    group.command("disconnect")(disconnect_command)
    app.add_typer(group, name="twilio")


def connect_command(
    practice: Practice = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    fallback_url: Annotated[
        str | None, typer.Option(help="The static host of the last resort; NIGHTBELL_FALLBACK_URL's.")
    ] = None,
) -> None:
    """Point the practices' numbers at this server. Shows every change first; `twilio disconnect` undoes it."""

    async def work(parts: Parts) -> bool:
        parts.settings.require_twilio()
        base = fallback_url if fallback_url is not None else parts.settings.fallback_url
        if base and not base.startswith(("https://", "http://")):
            raise Stop(f"--fallback-url: {base!r} must begin with https://, such as https://fallback.example.org")
        tasks, fine = await _to_connect(parts, practice, base)
        if not await _agreed(tasks, dry_run=dry_run, yes=yes):
            return fine
        keeper = Keeper(parts.settings.data_dir)
        for number, found in tasks:
            try:
                await connect(_gateway(parts, number.number), keeper, number, found)
                stdout.print(f"{number.number}: connected.", markup=False)
            except TwilioError as error:
                fine = _failed(number.number, error)
        return fine

    if not with_parts(work):
        raise typer.Exit(1)


def disconnect_command(practice: Practice = None, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Give the numbers back what they had before `twilio connect`. What somebody else changed since is left alone."""

    async def work(parts: Parts) -> bool:
        parts.settings.require_twilio()
        keeper = Keeper(parts.settings.data_dir)
        tasks, fine = await _to_disconnect(parts, keeper, practice)
        if not await _agreed(tasks, dry_run=dry_run, yes=yes, also_empty=True):
            return fine
        for number, back in tasks:
            try:
                await disconnect(_gateway(parts, number.number), keeper, number, back)
                stdout.print(f"{number.number}: as it was before.", markup=False)
            except TwilioError as error:
                fine = _failed(number.number, error)
        return fine

    if not with_parts(work):
        raise typer.Exit(1)


async def _to_connect(parts: Parts, practice: str | None, base: str) -> tuple[list[Task], bool]:
    """The numbers that are to be changed, and whether all of them could be looked at."""
    plans = [the_plan(parts, practice)] if practice else list(parts.plans.all())
    if not plans:
        raise Stop("no practice is published yet: nightbell apply PLAN")
    tasks: list[Task] = []
    fine = True
    second = _second(parts)
    asked = [number for plan in plans for number in plan.numbers if number not in second]
    for number in await _looked_up(parts, asked if practice else [*asked, *second]):
        if not isinstance(number, OwnedNumber):
            fine = _failed(*number, "NIGHTBELL_SECOND_NUMBER" if number[0] in second else "`numbers` in the plan")
            continue
        found = changes(number.pointers, _wanted(parts, number, base))
        if found:
            tasks.append((number, found))
        else:
            stdout.print(f"{number.number}: connected already.", markup=False)
    return tasks, fine


def _second(parts: Parts) -> tuple[str, ...]:
    return (parts.settings.second_number,) if parts.providers.second is not None else ()


def _gateway(parts: Parts, number: str) -> Gateway:
    second = parts.providers.second
    return second.gateway if second is not None and number == parts.settings.second_number else parts.gateway


def _wanted(parts: Parts, number: OwnedNumber, base: str) -> dict[str, str]:
    origin, fallback = parts.settings.public_url, url_of(base, parts.ring, number.number) if base else ""
    of_its_kind = wanted_of_second if number.number in _second(parts) else wanted
    return of_its_kind(origin, fallback, sms=number.sms)


async def _looked_up(parts: Parts, numbers: Sequence[str]) -> list[OwnedNumber | tuple[str, TwilioError | None]]:
    """Each number as its account has it; or the number and what is wrong with it."""
    found: list[OwnedNumber | tuple[str, TwilioError | None]] = []
    for asked in numbers:
        number = (await look_up(_gateway(parts, asked), (asked,)))[asked]
        found.append(number if isinstance(number, OwnedNumber) else (asked, number))
    return found


async def _to_disconnect(parts: Parts, keeper: Keeper, practice: str | None) -> tuple[list[Task], bool]:
    kept = keeper.load()
    numbers = the_plan(parts, practice).numbers if practice else tuple(kept)
    known = tuple(number for number in numbers if number in kept)
    if not known:
        stdout.print("No number was connected from here: there is nothing to give back.")
    tasks: list[Task] = []
    fine = True
    for number in await _looked_up(parts, known):
        if not isinstance(number, OwnedNumber):
            where = "what was set then: it may be a second provider's, whose settings are gone"
            fine = _failed(*number, f"{where}; or set it at Twilio by hand, and take it out of {keeper.path}")
            continue
        restore = restoring(number.pointers, kept[number.number])
        for change in restore.foreign:
            fine = False
            had, has = change.after or "nothing", change.before or "nothing"
            told = f"somebody else has set {change.field} to {has} since; it had {had}. It stays as it is."
            stderr.print(f"{number.number}: {told}", style="red", markup=False)
        tasks.append((number, restore.back))
    return tasks, fine


async def _agreed(tasks: Sequence[Task], *, dry_run: bool, yes: bool, also_empty: bool = False) -> bool:
    """Show what will change, and ask."""
    for number, found in tasks:
        stdout.print(f"{number.number}:", markup=False)
        for change in found:
            stdout.print(f"  {change.field}: {change.before or '(nothing)'} -> {change.after or '(nothing)'}",
                         markup=False)  # fmt: skip
    if dry_run or not tasks:
        return False
    if yes or (also_empty and not any(found for _, found in tasks)):
        return True
    return typer.confirm("Change this at Twilio?")


def _failed(number: str, error: TwilioError | None, where: str = "`numbers` in the plan") -> bool:
    """Say what is wrong with one number; always False."""
    what = f"the account owns no such number: buy or port it, or mend {where}" if error is None else error
    stderr.print(f"{number}: {what}", style="red", markup=False)
    return False
