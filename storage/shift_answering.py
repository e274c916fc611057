"""Test pages at the start of a shift as they go on: answered by whoever was asked, or not in time. Each as a whole."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation import shift_words
from escalation.roster import Override
from escalation.shift_start import AUTHOR, Notice, NoticeEvent, NoticeState, advance, has_it, stand_ins
from escalation.window import kept
from routing.effect import changed, effect
from routing.plan import Plan
from storage import audit, beside, jobs, plans, shift_notices
from storage.alerts import Alert, AlertKind, raise_alert
from storage.asked import changing
from storage.database import Database
from storage.jobs import Jobs

ACTOR = "worker"


class ShiftAnswers:
    """What becomes of test pages. Every method is one transaction, or two of which the first may stand alone."""

    def __init__(self, database: Database, queue: Jobs) -> None:
        self._database = database
        self._queue = queue

    async def answer(self, plan: Plan, member: str, now: Instant) -> list[Notice]:
        """The member has answered all test pages that wait for them, or waited; those, as they stand then.

        Raises UnavailableError.
        """
        async with self._database.transaction() as connection:
            waiting = await shift_notices.open_of(connection, plan.practice, member, lock=True)
            found = [advance(plan.escalation.roster, each, NoticeEvent.ANSWERED, now) for each in waiting]
            for each in found:
                await shift_notices.keep(connection, each, now)
            late = await shift_notices.unanswered_of(connection, plan.practice, member, now)
        return [*found, *(await self._answer_late(plan, member, now) if late else ())]

    async def _answer_late(self, plan: Plan, member: str, now: Instant) -> list[Notice]:
        async with changing(self._database, plan, now) as (connection, present):
            late = await shift_notices.unanswered_of(connection, plan.practice, member, now, lock=True)
            return [await self._relieve(connection, present, each, kept(now)) for each in late]

    async def _relieve(self, connection: AsyncConnection, present: Plan, notice: Notice, now: Instant) -> Notice:
        """End the override by which somebody stayed on call, unless it is over: then who has it stays."""
        record = await beside.override(connection, present.practice, notice.override or 0)
        override = None
        if record is not None and record.ended_at is None and record.end > now:
            override = beside.override_of(record)
        after = changed(present, drop=[override] if override is not None else [])
        roster = after.escalation.roster
        notice = advance(roster, notice, NoticeEvent.ANSWERED, now)
        if not has_it(roster, notice.start, now):
            notice = replace(notice, state=NoticeState.MOOT)
        else:
            if record is not None and override is not None:
                await beside.end_override(connection, present.practice, record.id, AUTHOR, now)
                await audit.write(connection, ACTOR, "end override", str(record.id), now)
                await self._tell(connection, present, override.member, shift_words.released(roster, notice))
            await self._alert(connection, present, shift_words.answered_late(roster, notice, override), now)
        await shift_notices.keep(connection, notice, now)
        return notice

    async def go_on(self, plan: Plan, number: int, now: Instant) -> Notice | None:
        """The time of a test page has come: it is sent again, or whoever was on call before stays on.

        None: another worker does it, or did. Raises UnavailableError.
        """
        async with changing(self._database, plan, now) as (connection, present):
            notice = await shift_notices.claim(connection, number, now)
            if notice is None:
                return None
            notice = advance(present.escalation.roster, notice, NoticeEvent.DUE, now)
            if notice.state is NoticeState.ASKED_AGAIN:
                await self._queue.defer(connection, jobs.ASK_START, {"practice": plan.practice, "notice": number})
            elif notice.state is NoticeState.UNANSWERED:
                notice = await self._give_up(connection, present, notice, now)
            await shift_notices.keep(connection, notice, now)
        return notice

    async def _give_up(self, connection: AsyncConnection, present: Plan, notice: Notice, now: Instant) -> Notice:
        roster = present.escalation.roster
        override = await asyncio.to_thread(_stand_in, present, notice, now)
        if override is not None:
            number = await plans.add_override(connection, present.practice, override, f"test page {notice.number}")
            await audit.write(connection, ACTOR, "add override", str(number), now)
            notice = replace(notice, override=number)
            await self._tell(connection, present, override.member, shift_words.stays_on(roster, notice, override))
            await self._tell(connection, present, notice.start.member, shift_words.replaced(roster, notice, override))
        await self._alert(connection, present, shift_words.alert(roster, notice, override), now)
        return notice

    async def _tell(self, connection: AsyncConnection, plan: Plan, member: str, words: str) -> None:
        arguments: dict[str, str | int] = {"practice": plan.practice, "member": member, "words": words}
        await self._queue.defer(connection, jobs.TELL_MEMBER, arguments, priority=jobs.URGENT)

    async def _alert(self, connection: AsyncConnection, plan: Plan, why: str, now: Instant) -> None:
        await raise_alert(connection, self._queue, Alert(AlertKind.SHIFT, why, plan.practice), now)


def _stand_in(present: Plan, notice: Notice, now: Instant) -> Override | None:
    """The first of those who were on call before who leaves no hole; to be computed in a thread."""
    return next(_without_hole(present, notice, now), None)


def _without_hole(present: Plan, notice: Notice, now: Instant) -> Iterator[Override]:
    for override in stand_ins(present.escalation.roster, notice.start, now):
        if not effect(present, changed(present, [override]), override.start, override.end, now).holes:
            yield override
