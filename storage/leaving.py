"""Time off as people ask for it, of the API or a command: with who covers, in one transaction; and taken back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalation.cover import Cover
from escalation.overriding import unknown
from escalation.refusal import RefusalKind, RefusedError, stands_in_the_way
from escalation.roster import Leave
from escalation.window import window
from routing.effect import Effect, stamp, with_roster
from routing.leaving import Leaving, leaving
from routing.plan import Plan
from storage import audit, beside, plans, time_off
from storage.asked import Asked, changing, judged
from storage.database import Database
from storage.time_off import NewLeave


@dataclass(frozen=True, slots=True)
class TimeOff:
    """Time off that is asked for. `as_proposed`: whoever is proposed covers what `covers` leaves open."""

    leave: Leave
    reason: str
    covers: Sequence[Cover] = ()
    as_proposed: bool = False


async def add(database: Database, plan: Plan, wanted: TimeOff, asked: Asked) -> tuple[int | None, Leaving]:
    """Give somebody time off, with the overrides of those who cover; the record's number, None after a dry run.

    Raises RefusedError, also where it is not covered and that is not accepted (but not of a dry run, which shows what
    is open and who could cover); UnavailableError.
    """
    start, end = window(wanted.leave.start, wanted.leave.end, asked.now)
    leave = replace(wanted.leave, start=start, end=end)
    async with changing(database, plan, asked.now) as (connection, present):
        if objections := list(unknown(present.escalation.roster, member=leave.member)):
            raise RefusedError("They are not among the staff.", objections)
        other = await time_off.within(connection, plan.practice, leave)
        if other is not None:
            span = f"{stamp(other.start, plan.zone)} to {stamp(other.end, plan.zone)}"
            raise stands_in_the_way(f"They have time off then already, as {other.id}, from {span}: end that one first.")
        found = await asyncio.to_thread(_judged, present, leave, wanted, asked)
        if asked.dry_run:
            return None, found
        found.check(asked.waiver)
        number = await time_off.add(
            connection, plan.practice, NewLeave(leave, asked.by, asked.with_waiver(wanted.reason))
        )
        for override in found.covers:
            await plans.add_override(connection, plan.practice, override, origin_of(number))
        await audit.write(connection, asked.actor, "add time off", str(number), asked.now)
    return number, found


async def end(database: Database, plan: Plan, number: int, asked: Asked) -> Effect:
    """Take time off back, with the overrides of those who cover. Raises RefusedError, UnavailableError."""
    async with changing(database, plan, asked.now) as (connection, present):
        record = await time_off.found(connection, plan.practice, number)
        if record is None:
            raise RefusedError("There is no such record.", kind=RefusalKind.MISSING)
        if record.ended_at is not None or record.end <= asked.now:
            raise RefusedError("It is over, or was ended before.", kind=RefusalKind.CONFLICT)
        covers = await beside.overrides_with(connection, plan.practice, origin_of(number))
        after = _without(present, Leave(record.member, record.start, record.end), covers)
        effect = await judged(present, after, (record.start, record.end), asked.now)
        effect.check("", asked.waiver, RefusalKind.CONFLICT)
        if not asked.dry_run:
            by = asked.with_waiver(asked.by)
            await time_off.end(connection, plan.practice, number, by, asked.now)
            for cover in covers:
                await beside.end_override(connection, plan.practice, cover.id, by, asked.now)
            await audit.write(connection, asked.actor, "end time off", str(number), asked.now)
    return effect


def origin_of(number: int) -> str:
    """What an override that covers the time off came of."""
    return f"time off {number}"


def _judged(present: Plan, leave: Leave, wanted: TimeOff, asked: Asked) -> Leaving:
    words = (leave, asked.by, wanted.reason)
    return leaving(present, words, wanted.covers, asked.now, as_proposed=wanted.as_proposed)


def _without(present: Plan, leave: Leave, covers: Sequence[beside.Record]) -> Plan:
    roster = present.escalation.roster
    gone = [beside.override_of(cover) for cover in covers]
    kept = replace(
        roster,
        leaves=tuple(each for each in roster.leaves if each != leave),
        overrides=tuple(each for each in roster.overrides if each not in gone),
    )
    return with_roster(present, kept)
