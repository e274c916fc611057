"""`swap`: somebody offers a time of theirs on call, and somebody else takes it."""

from typing import Annotated, Final

import typer

from escalation.oncall import name_of
from escalation.swap import Begun, Declined, Exchange, Swap, SwapState, Withdrawn, advance
from escalation.wallclock import shown
from nightbell.cli.changing import (
    COMMAND_LINE,
    All,
    Author,
    DryRun,
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
from routing.effect import Effect
from routing.plan import Plan
from storage import swapping, swaps
from storage.asked import Asked

MOST_LISTED: Final = 200
_TITLES: Final = ("number", "state", "what", "taken by", "why")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Swaps: somebody offers a time of theirs, and somebody else takes it.", no_args_is_help=True
    )
    group.command()(offer)
    group.command("list")(list_)
    group.command()(take)
    group.command()(approve)
    group.command()(decline)
    group.command()(withdraw)
    app.add_typer(group, name="swap")


def offer(
    schedule: Schedule,
    member: Member,
    start: Annotated[str, typer.Option("--from", help="From when: '2026-11-22 19:00', or with an offset.")],
    until: To,
    reason: Reason,
    in_exchange: Annotated[
        tuple[str, str, str] | None,
        typer.Option(metavar="SCHEDULE FROM TO", help="A time that they want for it, of whoever takes it."),
    ] = None,
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Offer a time of MEMBER's; it need not match a shift. Until somebody takes it, they stay on call."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, dry_run=dry_run)
        window = (moment("--from", start, plan.zone, how.now), moment("--to", until, plan.zone, how.now))
        wanted = _exchange(plan, in_exchange, how)
        swap = Swap(schedule, member, *window, how.by, line("--reason", reason), how.now, wanted)
        made = await swapping.offer(parts.database, plan, swap, how)
        stdout.print(f"Swap {made.number} is offered." if made.number else "It could be offered.")
        stdout.print(f"  {_offered(plan, made)}", markup=False)

    change(work)


def _exchange(plan: Plan, written: tuple[str, str, str] | None, how: Asked) -> Exchange | None:
    if not written or not any(written):
        return None
    schedule, start, end = written
    window = (moment("--in-exchange", each, plan.zone, how.now) for each in (start, end))
    return Exchange(schedule, *window)


def list_(every: All = False, practice: Practice = None) -> None:
    """List the swaps that are open, the newest first."""

    async def work(parts: Parts) -> None:
        plan, now = the_plan(parts, practice), parts.clock.now()
        async with parts.database.statement() as connection:
            found = await swaps.listed(connection, plan.practice, None, MOST_LISTED)
        present = [advance(plan.escalation.roster, each, Begun(), now) for each in found]
        wanted = [each for each in present if every or each.ended_at is None]
        rows = [_row(plan, each) for each in wanted]
        print_rows(_TITLES, rows, "There are no swaps." if every else "There are no open swaps.")

    change(work)


def take(
    number: Number,
    member: Annotated[str, typer.Argument(help="Who takes it: the id of one of the staff.")],
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Let MEMBER take the time that is offered."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        _say(plan, *await swapping.take(parts.database, plan, number, member, how), how)

    change(work)


def approve(
    number: Number,
    waiver: Waiver = "",
    dry_run: DryRun = False,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Approve a swap that somebody took, where the plan asks for it."""

    async def work(parts: Parts) -> None:
        plan, how = the_plan(parts, practice), asked(parts, author, waiver, dry_run=dry_run)
        _say(plan, *await swapping.approve(parts.database, plan, number, how), how)

    change(work)


def decline(number: Number, author: Author = COMMAND_LINE, practice: Practice = None) -> None:
    """Decline a swap that somebody took."""
    _call_off(number, Declined(line("--author", author)), author, practice)


def withdraw(number: Number, author: Author = COMMAND_LINE, practice: Practice = None) -> None:
    """Withdraw an offer."""
    _call_off(number, Withdrawn(line("--author", author)), author, practice)


def _call_off(number: int, event: Declined | Withdrawn, author: str, practice: str | None) -> None:
    async def work(parts: Parts) -> None:
        plan = the_plan(parts, practice)
        after = await swapping.call_off(parts.database, plan, number, event, asked(parts, author))
        who = name_of(plan.escalation.roster, after.member)
        stdout.print(f"Swap {number} is {after.state}: {who} stays on call.", markup=False)

    change(work)


def _say(plan: Plan, swap: Swap, effect: Effect, how: Asked) -> None:
    who = name_of(plan.escalation.roster, swap.taken_by)
    if how.dry_run:
        head = f"Swap {swap.number} could be taken by {who}."
    elif swap.state is SwapState.TAKEN:
        head = f"Swap {swap.number} is taken by {who}, and waits for approval: nightbell swap approve {swap.number}"
    else:
        head = f"Swap {swap.number} is done: {who} took it."
    stdout.print(head, markup=False)
    print_effect(effect)


def _offered(plan: Plan, swap: Swap) -> str:
    zone, who = plan.zone, name_of(plan.escalation.roster, swap.member)
    told = f"{who} offers {swap.schedule}, {shown(swap.start, zone)} to {shown(swap.end, zone)}"
    if swap.exchange is not None:
        wanted = swap.exchange
        told += f", for {wanted.schedule}, {shown(wanted.start, zone)} to {shown(wanted.end, zone)}"
    return told


def _row(plan: Plan, each: Swap) -> tuple[str, ...]:
    taken = name_of(plan.escalation.roster, each.taken_by) if each.taken_by else ""
    return (str(each.number), each.state.value, _offered(plan, each), taken, each.reason)
