"""Overrides as people ask for them, of the API or a command: added, passed on from who is on call, and ended."""

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from escalation.overriding import check_effective, check_named, contradicted, unknown
from escalation.refusal import RefusalKind, RefusedError, stands_in_the_way
from escalation.roster import Override
from escalation.shift import Passing, passed_on
from escalation.window import window
from routing.effect import Effect, changed, stamp
from routing.plan import Plan
from storage import audit, beside, plans
from storage.asked import Asked, changing, judged
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Overridden:
    """What became of it. `number`: of the record; None after a dry run."""

    number: int | None
    override: Override
    effect: Effect


async def add(database: Database, plan: Plan, wanted: Override, asked: Asked) -> Overridden:
    """Add an override. Raises RefusedError, also where it would leave a hole; UnavailableError."""
    start, end = window(wanted.start, wanted.end, asked.now)
    async with changing(database, plan, asked.now) as (connection, present):
        return await _add(connection, present, replace(wanted, start=start, end=end), asked)


async def pass_on(database: Database, plan: Plan, wanted: Passing, asked: Asked) -> Overridden:
    """Let somebody have a schedule from now on, in the place of who has it. Raises as `add` does."""
    named = {"schedule": wanted.schedule, "member": wanted.taker}
    if wanted.giver:
        named["instead_of"] = wanted.giver
    async with changing(database, plan, asked.now) as (connection, present):
        roster = present.escalation.roster
        if objections := list(unknown(roster, **named)):
            raise RefusedError("It names what the plan does not have.", objections)
        override = await asyncio.to_thread(passed_on, roster, wanted, asked.now)
        return await _add(connection, present, override, asked)


async def _add(connection: AsyncConnection, present: Plan, wanted: Override, asked: Asked) -> Overridden:
    roster = present.escalation.roster
    check_named(roster, wanted)
    await _check_free(connection, present, wanted)
    await asyncio.to_thread(check_effective, roster, wanted)
    found = await judged(present, changed(present, [wanted]), (wanted.start, wanted.end), asked.now)
    found.check("member", asked.waiver)
    if asked.dry_run:
        return Overridden(None, wanted, found)
    wanted = replace(wanted, reason=asked.with_waiver(wanted.reason))
    number = await plans.add_override(connection, present.practice, wanted)
    await audit.write(connection, asked.actor, "add override", str(number), asked.now)
    return Overridden(number, wanted, found)


async def _check_free(connection: AsyncConnection, present: Plan, wanted: Override) -> None:
    """Raise RefusedError where another override contradicts it."""
    other = await asyncio.to_thread(contradicted, present.escalation.roster, wanted)
    if other is not None:
        number = await beside.number_of(connection, present.practice, other)
        span = f"{stamp(other.start, present.zone)} to {stamp(other.end, present.zone)}"
        mend = "end that one first, or choose another window"
        raise stands_in_the_way(f"It overlaps with {number}, from {span}: {mend}. Nothing was changed.")


async def end(database: Database, plan: Plan, number: int, asked: Asked) -> Effect:
    """End an override that is under way, or cancel one that is to come. Raises RefusedError, UnavailableError."""
    async with changing(database, plan, asked.now) as (connection, present):
        record = await beside.override(connection, plan.practice, number)
        if record is None:
            raise RefusedError("There is no such record.", kind=RefusalKind.MISSING)
        if record.ended_at is not None or record.end <= asked.now:
            raise RefusedError("It is over, or was ended before.", kind=RefusalKind.CONFLICT)
        after = changed(present, drop=[beside.override_of(record)])
        found = await judged(present, after, (record.start, record.end), asked.now)
        found.check("", asked.waiver, RefusalKind.CONFLICT)
        if not asked.dry_run:
            by = asked.with_waiver(asked.by)
            await beside.end_override(connection, plan.practice, number, by, asked.now)
            await audit.write(connection, asked.actor, "end override", str(number), asked.now)
    return found
