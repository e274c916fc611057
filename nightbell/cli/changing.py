"""What the commands that change the calendar have in common: who asks, when, and what it does to the calendar."""

import getpass
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Final, TypeVar

import typer
from whenever import Instant

from escalation.oncall import name_of
from escalation.refusal import RefusalKind, RefusedError
from escalation.roster import Roster
from escalation.wallclock import lasting, shown
from escalation.window import kept
from nightbell.cli.console import Stop, instant_in, stderr, stdout, with_parts
from nightbell.composition import Parts
from routing.effect import Effect
from storage.asked import Asked

Result = TypeVar("Result")

Practice = Annotated[str | None, typer.Option(help="The practice's id; not needed where there is only one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would change.")]
Waiver = Annotated[str, typer.Option(help="Why a hole that this makes is accepted; it is refused with one otherwise.")]
Author = Annotated[str, typer.Option(help="Who asks for it, for the record.")]
Schedule = Annotated[str, typer.Argument(help="The schedule, as the plan calls it.")]
Member = Annotated[str, typer.Argument(help="The id of one of the staff.")]
From = Annotated[
    str | None, typer.Option("--from", help="From when: '2026-11-22 19:00' on the practice's clock, or with an offset.")
]
To = Annotated[str, typer.Option("--to", help="Until before when, written in the same way.")]
Reason = Annotated[str, typer.Option(help="Why, for people; nothing about patients.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number, as `list` shows it.", min=1)]
All = Annotated[bool, typer.Option("--all", help="Also what is over.")]

MOST_REASON = 300
COMMAND_LINE = "command line"
_OPTIONS: Final = {
    "schedule": "SCHEDULE",
    "member": "MEMBER",
    "starts_at": "--from",
    "ends_at": "--to",
    "until": "--until",
    "instead_of": "--instead-of",
    "waiver": "--waiver",
    "covers": "--cover, --as-proposed or --waiver",
}


def change(work: Callable[[Parts], Awaitable[Result]]) -> Result:
    """Do the work with the parts open; what is refused is told with what mends it, and exit status 1."""
    try:
        return with_parts(work)
    except RefusedError as error:
        stderr.print(f"nightbell: {error.why}", style="red", markup=False)
        for each in error.objections:
            place = f"{option_of(each.field)}: " if each.field else ""
            stderr.print(f"    {place}{each.detail}", markup=False)
            stderr.print(f"    mend: {each.mend}", style="green", markup=False)
        if error.kind is RefusalKind.MISSING:
            stderr.print("    mend: `list --all` shows what there is, with its numbers", style="green", markup=False)
        raise typer.Exit(1) from None


def option_of(field: str) -> str:
    """What a command calls a field of the API's: `ends_at` is --to, and `covers/1/member` the second --cover."""
    first, *more = field.split("/")
    if first == "in_exchange":
        return "--in-exchange"
    if first == "covers" and more:
        return f"--cover ({int(more[0]) + 1}.)"
    return _OPTIONS.get(first, first)


def asked(parts: Parts, author: str, waiver: str = "", *, dry_run: bool = False) -> Asked:
    """Who asks, and how."""
    because = line("--waiver", waiver) if waiver else ""
    return Asked(line("--author", author), actor(), kept(parts.clock.now()), because, dry_run)


def actor() -> str:
    """Who acts, for the audit trail."""
    return f"{COMMAND_LINE} ({getpass.getuser()})"


def line(option: str, text: str) -> str:
    """One line of text for people. Raises Stop."""
    text = text.strip()
    if not text or len(text) > MOST_REASON or not text.isprintable():
        raise Stop(f"{option}: write one line of at most {MOST_REASON} printable characters")
    return text


def moment(option: str, text: str | None, zone: str, now: Instant) -> Instant:
    """The instant that an option gives; now when it is left out. Raises Stop."""
    try:
        return instant_in(text, zone, now)
    except Stop:
        example = "'2026-11-22 02:10' or 2026-11-22T02:10:00-05:00"
        raise Stop(f"{option}: {text!r} is not a time such as {example}") from None


def print_effect(effect: Effect) -> None:
    """What it does to the calendar."""
    for each in effect_lines(effect):
        stdout.print(each, markup=False)


def effect_lines(effect: Effect) -> Iterator[str]:
    """One sentence, each window in which somebody else is called, and everybody's hours."""
    preview, zone = effect.preview, effect.after.zone
    before, after = effect.before.escalation.roster, effect.after.escalation.roster
    yield preview.summary
    for one in preview.differences:
        window = f"{shown(one.start, zone)} to {shown(one.end, zone)}"
        yield f"  {one.schedule}, {window}: {names(before, one.before)} -> {names(after, one.after)}"
    gains = preview.by_person.items()
    hours = [f"{name_of(after, m)} {'+' if seconds > 0 else '-'}{lasting(seconds)}" for m, seconds in gains]
    if hours:
        yield f"  {', '.join(hours)}"
        was, will = (f"{float(balance):.3f}" for balance in preview.balance)
        yield f"  balance {was} -> {will} (1: shared out evenly)"
    for hole in effect.holes:
        yield f"  a hole is accepted: {hole.policy}, {shown(hole.start, zone)} to {shown(hole.end, zone)}"


def names(roster: Roster, members: tuple[str, ...]) -> str:
    """What people call these."""
    return " and ".join(name_of(roster, member) for member in members) or "nobody"
