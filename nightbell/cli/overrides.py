"""`override`: who is on call in a window, whatever the plan says; taking a shift over, and handing it over."""

from typing import Annotated, Final

import typer
from whenever import Instant

from escalation.oncall import name_of
from escalation.roster import Override, OverrideKind
from escalation.shift import Passing
from escalation.wallclock import shown
from nightbell.cli.changing import (
    COMMAND_LINE,
    All,
    Author,
    DryRun,
    From,
    Member,
    Number,
    Practice,
    Reason,
    Schedule,
    To,
    Waiver,
    asked,
    change,
    line,
    moment,
    print_effect,
)
from nightbell.cli.console import stdout, the_plan
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from routing.plan import Plan
from storage import beside, overriding
from storage.beside import Record
from storage.overriding import Overridden

MOST_LISTED: Final = 200
_TITLES: Final = ("number", "schedule", "who", "from", "to", "by", "why", "")
Until = Annotated[str | None, typer.Option("--until", help="Until when; the end of the shift that goes on now.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Who is on call in a window, whatever the plan says.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(add)
    group.command()(remove)
    group.command("take-over")(take_over)
    group.command("hand-over")(hand_over)
    app.add_typer(group, name="override")


def list_(every: All = False, practice: Practice = None) -> None:
    """List the overrides that count now or will, the newest first."""

    async def work(parts: Parts) -> None:
        plan, now = the_plan(parts, practice), parts.clock.now()
        async with parts.database.statement() as connection:
            found = await beside.overrides_of(connection, plan.practice, None, MOST_LISTED)
        counting = [each for each in found if every or (each.ended_at is None and each.end > now)]
        rows = [_row(plan, each, now) for each in counting]
        print_rows(_TITLES, rows, "There are no overrides.")

    change(work)


def add(
    schedule: Schedule,
    member: Member,
    until: To,
    reason: Reason,
    start: From = None,
    kind: Annotated[
        OverrideKind,
        typer.Option(help="replace: in place of everybody, or of --instead-of; add: besides; remove: not."),
    ] = OverrideKind.REPLACE,
    instead_of: Annotated[str, typer.Option(help="The one person who is replaced, while they are on call.")] = "",
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Say who is on call for a schedule, from now or --from on."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        window = (moment("--from", start, plan.zone, how.now), moment("--to", until, plan.zone, how.now))
        wanted = Override(schedule, member, *window, how.by, line("--reason", reason), kind, instead_of)
        _say(plan, await overriding.add(parts.database, plan, wanted, how))

    change(work)


def remove(
    number: Number,
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """End an override that is under way, or cancel one that is to come."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        effect = await overriding.end(parts.database, plan, number, how)
        stdout.print(f"Override {number} would end." if dry_run else f"Override {number} is ended.")
        print_effect(effect)

    change(work)


def take_over(
    schedule: Schedule,
    member: Member,
    until: Until = None,
    instead_of: Annotated[str | None, typer.Option(help="Whose place they take; the primary's.")] = None,
    reason: Reason = "Taken over",
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Let MEMBER have the schedule from now on, in place of who is on call."""
    _pass_on((schedule, instead_of, member), until, reason, (waiver, dry_run, author), practice)


def hand_over(
    schedule: Schedule,
    member: Annotated[str, typer.Argument(help="Who is on call, and gives it: the id of one of the staff.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="Who gets it.")],
    until: Until = None,
    reason: Reason = "Handed over",
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Let MEMBER, who is on call, give the schedule to TO from now on."""
    _pass_on((schedule, member, to), until, reason, (waiver, dry_run, author), practice)


def _pass_on(
    who: tuple[str, str | None, str],
    until: str | None,
    reason: str,
    how_: tuple[str, bool, str],
    practice: str | None,
) -> None:
    waiver, dry_run, author = how_

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        end = moment("--until", until, plan.zone, how.now) if until is not None else None
        wanted = Passing(*who, end, how.by, line("--reason", reason))
        _say(plan, await overriding.pass_on(parts.database, plan, wanted, how))

    change(work)


def _say(plan: Plan, made: Overridden) -> None:
    head = f"Override {made.number}" if made.number is not None else "It would be"
    what = _what(plan, made.override.member, made.override.kind, made.override.instead_of)
    window = f"{shown(made.override.start, plan.zone)} to {shown(made.override.end, plan.zone)}"
    stdout.print(f"{head}: {made.override.schedule}, {window}: {what}", markup=False)
    print_effect(made.effect)


def _what(plan: Plan, member: str, kind: str, instead_of: str) -> str:
    roster = plan.escalation.roster
    name = name_of(roster, member)
    if kind == OverrideKind.REPLACE:
        return f"{name} in place of {name_of(roster, instead_of)}" if instead_of else name
    return f"{name} besides" if kind == OverrideKind.ADD else f"not {name}"


def _row(plan: Plan, each: Record, now: Instant) -> tuple[str, ...]:
    return (
        str(each.id),
        each.schedule,
        _what(plan, each.member, each.kind, each.instead_of),
        shown(each.start, plan.zone),
        shown(each.end, plan.zone),
        each.author,
        f"{each.reason} ({each.origin})" if each.origin else each.reason,
        state_of(each, now),
    )


def state_of(record: Record, now: Instant) -> str:
    """How a record stands, in a word; nothing for one that is to come."""
    if record.ended_at is not None:
        return f"ended by {record.ended_by}"
    if record.end <= now:
        return "over"
    return "now" if record.start <= now else ""
