"""Swaps as people ask for them, of the API or a command: offered, taken, approved, declined, withdrawn."""

import asyncio
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Override
from escalation.swap import Approved, Declined, Event, Swap, SwapState, Taken, Withdrawn, advance
from escalation.swapped import check_offer, overrides_of
from escalation.window import kept
from routing.effect import Effect, changed
from routing.plan import Plan
from storage import audit, plans, swaps
from storage.asked import Asked, changing, judged
from storage.database import Database

_ACTIONS: Final[dict[type[Event], str]] = {
    Taken: "take swap",
    Approved: "approve swap",
    Declined: "decline swap",
    Withdrawn: "withdraw swap",
}


async def offer(database: Database, plan: Plan, swap: Swap, asked: Asked) -> Swap:
    """Offer a time. Raises RefusedError, UnavailableError. After a dry run the number is 0."""
    swap = _kept(swap)
    async with changing(database, plan, asked.now) as (connection, present):
        others = await swaps.open_swaps(connection, plan.practice)
        await asyncio.to_thread(check_offer, present.escalation.roster, swap, others, asked.now)
        if asked.dry_run:
            return swap
        number = await swaps.add(connection, plan.practice, swap)
        await audit.write(connection, asked.actor, "offer swap", str(number), asked.now)
    return replace(swap, number=number)


async def take(database: Database, plan: Plan, number: int, member: str, asked: Asked) -> tuple[Swap, Effect]:
    """Take an offered time: it counts at once or, where the plan asks for it, waits for approval.

    What it does to the calendar comes with it. Raises as `offer` does; also where somebody else was faster, who is
    named, and where it would leave a hole.
    """
    async with changing(database, plan, asked.now) as (connection, present):
        event = Taken(member, asked.by, present.calendar.swaps_approved)
        return await _come_to(connection, present, number, event, asked)


async def approve(database: Database, plan: Plan, number: int, asked: Asked) -> tuple[Swap, Effect]:
    """Approve a taken one: it counts. Raises as `take` does."""
    async with changing(database, plan, asked.now) as (connection, present):
        return await _come_to(connection, present, number, Approved(asked.by), asked)


async def call_off(database: Database, plan: Plan, number: int, event: Declined | Withdrawn, asked: Asked) -> Swap:
    """Decline a taken one, or withdraw an open one. Raises RefusedError, UnavailableError."""
    async with changing(database, plan, asked.now) as (connection, present):
        swap = await swaps.found(connection, plan.practice, number, lock=True)
        after = advance(present.escalation.roster, swap, event, asked.now)
        if not asked.dry_run:
            await swaps.keep(connection, after)
            await audit.write(connection, asked.actor, _ACTIONS[type(event)], str(number), asked.now)
    return after


async def _come_to(
    connection: AsyncConnection, present: Plan, number: int, event: Taken | Approved, asked: Asked
) -> tuple[Swap, Effect]:
    """The swap after the event, stored with its overrides where it is done by that."""
    roster = present.escalation.roster
    swap = await swaps.found(connection, present.practice, number, lock=True)
    after = advance(roster, swap, event, asked.now)
    came_to = await asyncio.to_thread(overrides_of, roster, after)
    effect = await judged(present, changed(present, came_to), _span(after), asked.now)
    effect.check("member" if isinstance(event, Taken) else "", asked.waiver)
    if asked.dry_run:
        return after, effect
    override = None
    if after.state is SwapState.DONE:
        override = await _store(connection, present, after, came_to, asked)
    await swaps.keep(connection, after, override)
    await audit.write(connection, asked.actor, _ACTIONS[type(event)], str(number), asked.now)
    return after, effect


async def _store(
    connection: AsyncConnection, present: Plan, swap: Swap, came_to: tuple[Override, ...], asked: Asked
) -> int:
    """The overrides of the swap; the number of the first."""
    stored = [replace(each, reason=asked.with_waiver(each.reason)) for each in came_to]
    numbers = [await plans.add_override(connection, present.practice, o, f"swap {swap.number}") for o in stored]
    return numbers[0]


def _span(swap: Swap) -> tuple[Instant, Instant]:
    wanted = swap.exchange
    return (swap.start, swap.end) if wanted is None else (swap.begins, max(swap.end, wanted.end))


def _kept(swap: Swap) -> Swap:
    """With its instants as they are kept."""
    wanted = swap.exchange
    if wanted is not None:
        wanted = replace(wanted, start=kept(wanted.start), end=kept(wanted.end))
    return replace(swap, start=kept(swap.start), end=kept(swap.end), exchange=wanted)
