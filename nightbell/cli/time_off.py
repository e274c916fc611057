"""`time-off`: somebody is not on call in a window, and somebody else covers."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer
from whenever import Instant

from escalation.cover import Cover
from escalation.oncall import name_of
from escalation.roster import Leave
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
from nightbell.cli.overrides import state_of
from nightbell.composition import Parts
from routing.leaving import Leaving
from routing.plan import Plan
from storage import leaving, time_off
from storage.beside import Record

MOST_LISTED: Final = 200
_TITLES: Final = ("number", "who", "from", "to", "by", "why", "")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Time off, and who covers.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(add)
    group.command()(remove)
    app.add_typer(group, name="time-off")


def list_(every: All = False, practice: Practice = None) -> None:
    """List the time off that is or will be, the newest first."""

    async def work(parts: Parts) -> None:
        plan, now = the_plan(parts, practice), parts.clock.now()
        async with parts.database.statement() as connection:
            found = await time_off.listed(connection, plan.practice, None, MOST_LISTED)
        wanted = [each for each in found if every or (each.ended_at is None and each.end > now)]
        rows = [_row(plan, each, now) for each in wanted]
        print_rows(_TITLES, rows, "Nobody has time off.")

    change(work)


def add(
    member: Member,
    until: To,
    reason: Reason,
    start: From = None,
    cover: Annotated[
        list[str] | None, typer.Option(help="Who covers, MEMBER or MEMBER:SCHEDULE; give it again for others.")
    ] = None,
    as_proposed: Annotated[bool, typer.Option("--as-proposed", help="Whoever is proposed covers the rest.")] = False,
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Give MEMBER time off. Where they would be on call somebody has to cover: who could is proposed."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        window = (moment("--from", start, plan.zone, how.now), moment("--to", until, plan.zone, how.now))
        covers = [_cover(each) for each in cover or []]
        wanted = leaving.TimeOff(Leave(member, *window), line("--reason", reason), covers, as_proposed)
        number, found = await leaving.add(parts.database, plan, wanted, how)
        for each in _said(plan, number, found):
            stdout.print(each, markup=False)
        print_effect(found.effect)

    change(work)


def _cover(text: str) -> Cover:
    member, _, schedule = text.partition(":")
    return Cover(member, schedule or None)


def _said(plan: Plan, number: int | None, found: Leaving) -> Iterator[str]:
    roster, zone = plan.escalation.roster, plan.zone
    window = f"{shown(found.leave.start, zone)} to {shown(found.leave.end, zone)}"
    head = f"Time off {number}" if number is not None else "It would be"
    yield f"{head}: {name_of(roster, found.leave.member)}, {window}"
    for each in found.covers:
        if each.instead_of:
            covered = f"{each.schedule}, {shown(each.start, zone)} to {shown(each.end, zone)}"
            yield f"  {covered}: {name_of(roster, each.member)} covers"
    for gap in found.open:
        could = f"; {name_of(roster, gap.proposed)} ({gap.proposed}) could" if gap.proposed is not None else ""
        yield f"  {gap.schedule}, {shown(gap.start, zone)} to {shown(gap.end, zone)}: nobody covers{could}"


def remove(
    number: Number,
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Take time off back, and with it whoever covers."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        effect = await leaving.end(parts.database, plan, number, how)
        stdout.print(f"Time off {number} would end." if dry_run else f"Time off {number} is ended.")
        print_effect(effect)

    change(work)


def _row(plan: Plan, each: Record, now: Instant) -> tuple[str, ...]:
    window = (shown(each.start, plan.zone), shown(each.end, plan.zone))
    who = name_of(plan.escalation.roster, each.member)
    return (str(each.id), who, *window, each.author, each.reason, state_of(each, now))
