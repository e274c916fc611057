"""The starts of shifts: who goes on call is told ahead and, where the practice wants it, must answer a test page.

Any worker may do it. What is due is stored as a notice, once for each kind, together with the job that carries it out;
test pages that wait go on by their rows. Whoever dies in between is taken over from by the next look.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation import shift_words
from escalation.shift_start import ASK, Notice, NoticeState, asking, has_it, telling
from escalation.starting import Start, starting
from nightbell.composition import Parts
from routing.plan import Plan
from storage import jobs, shift_notices, swaps

_log = structlog.get_logger(__name__)

LOOK_EVERY: Final = TimeDelta(seconds=30)
"""On the product's own clock. A test page is late by no more than this."""
AT_ONCE: Final = 50
"""Practices whose starts are reckoned in one look: that takes a millisecond or so each; the next sweep goes on."""
AHEAD: Final = TimeDelta(hours=6)
"""How much further the starts are reckoned than anybody is told of, so as not to do it at every look."""


@dataclass(slots=True)
class _Known:
    """The starts of a plan as it was then, from `since` until before `until`; and the notices that are stored."""

    plan: Plan
    since: Instant
    until: Instant
    starts: tuple[Start, ...]
    stored: set[tuple[Start, str]] = field(default_factory=set)


class ShiftStarts:
    """Remembers which starts there are; what was told and asked is in the database, for all workers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, _Known] = {}
        self._looked_at: Instant | None = None

    async def look(self) -> int:
        """Tell and ask what is due now; how many notices were new, or went on. Too soon after the last one: none."""
        now = self._parts.clock.now()
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return 0
        if self._parts.plans.loaded_from_disk:
            return 0  # an override that came since would not be known
        plans = [plan for plan in self._parts.plans.all() if plan.calendar.starts]
        changed = [plan for plan in plans if self._is_unknown(plan, now)]
        for plan in changed[:AT_ONCE]:
            before = self._known.get(plan.practice)
            self._known[plan.practice] = await asyncio.to_thread(_reckoned, plan, before, now)
            await self._withdraw(plan, now)
        done = sum([await self._notify(self._known[p.practice], now) for p in plans if p.practice in self._known])
        done += await self._go_on(now)
        self._looked_at = now if len(changed) <= AT_ONCE else None
        return done

    def _is_unknown(self, plan: Plan, now: Instant) -> bool:
        known = self._known.get(plan.practice)
        return known is None or known.plan is not plan or now < known.since or now + _longest(plan) > known.until

    # ---- what is due ------------------------------------------------------------------------------------------------

    async def _notify(self, known: _Known, now: Instant) -> int:
        """Store what is due of a practice's starts, each with its job."""
        due = [one for one in _due(known.plan, known.starts, now) if (one.start, one.kind) not in known.stored]
        if not due:
            return 0
        async with self._parts.database.transaction() as connection:
            made = sum([await self._store(connection, known.plan, one, now) for one in due])
        known.stored.update((one.start, one.kind) for one in due)
        return made

    async def _store(self, connection: AsyncConnection, plan: Plan, notice: Notice, now: Instant) -> bool:
        """Store one; False where it is stored already, or they have heard it otherwise."""
        start, asks = notice.start, notice.kind == ASK
        if asks and await shift_notices.is_within_asked(connection, plan.practice, start):
            return False
        number = await shift_notices.add(connection, plan.practice, notice, now)
        if number is None:
            return False
        if not asks and await self._heard_by_swap(connection, plan, start, start.start - _lead(notice)):
            return True
        name = jobs.ASK_START if asks else jobs.TELL_START
        await self._defer(connection, name, {"practice": plan.practice, "notice": number})
        _log.info("shift_start_noticed", practice=plan.practice, notice=number, kind=notice.kind)
        return True

    async def _go_on(self, now: Instant) -> int:
        """Let the test pages go on whose time has come."""
        async with self._parts.database.statement() as connection:
            due = await shift_notices.due(connection, now)
        done = 0
        for practice, number in due:
            plan = self._parts.plans.current(practice)
            if plan is None:
                continue  # its plan could not be loaded yet
            notice = await self._parts.site.shifts.go_on(plan, number, now)
            if notice is not None:
                done += 1
                _log.info("test_page_went_on", practice=practice, notice=number, state=notice.state.value)
        return done

    # ---- what does not hold any more --------------------------------------------------------------------------------

    async def _withdraw(self, plan: Plan, now: Instant) -> None:
        """Tell those who were told of a start, and are not on call then after all; and those who are again."""
        roster, told = plan.escalation.roster, set[tuple[Start, bool]]()
        async with self._parts.database.transaction() as connection:
            for notice, since in await shift_notices.told_of(connection, plan.practice, now):
                start, holds = notice.start, has_it(roster, notice.start, notice.start.start)
                if holds == (notice.state is NoticeState.TOLD):
                    continue
                state = NoticeState.TOLD if holds else NoticeState.WITHDRAWN
                await shift_notices.keep(connection, _in(notice, state), now)
                if (start, holds) in told or await self._heard_by_swap(connection, plan, start, since):
                    continue
                told.add((start, holds))
                if holds:
                    await self._defer(connection, jobs.TELL_START, {"practice": plan.practice, "notice": notice.number})
                elif start.member in roster.members:
                    words = shift_words.not_on_call(roster, start)
                    named: dict[str, str | int] = {"practice": plan.practice, "member": start.member, "words": words}
                    named["latest"] = start.start.timestamp()
                    await self._defer(connection, jobs.TELL_MEMBER, named)

    async def _heard_by_swap(self, connection: AsyncConnection, plan: Plan, start: Start, since: Instant) -> bool:
        span = start.start, start.end
        return await swaps.is_told(connection, plan.practice, start.schedule, start.member, span, since)

    async def _defer(self, connection: AsyncConnection, name: str, arguments: dict[str, str | int]) -> None:
        await self._parts.site.jobs.defer(connection, name, arguments)


def _in(notice: Notice, state: NoticeState) -> Notice:
    return Notice(notice.start, notice.kind, state, number=notice.number)


def _lead(notice: Notice) -> TimeDelta:
    return TimeDelta(minutes=int(notice.kind.removeprefix("tell ")))


def _longest(plan: Plan) -> TimeDelta:
    """How long before a start anybody is told of it."""
    return max((lead for rules in plan.calendar.starts.values() for lead in rules.tell), default=TimeDelta())


def _reckoned(plan: Plan, before: _Known | None, now: Instant) -> _Known:
    """The starts that anybody may have to be told of, or asked about, before the next reckoning.

    What began according to the plan before stays so: with an override that is over, its end is forgotten.
    """
    roster, since = plan.escalation.roster, now
    for rules in plan.calendar.starts.values():
        since = min(since, now - (rules.confirm or TimeDelta()))
    until = now + _longest(plan) + AHEAD
    wanted = [name for name, rules in plan.calendar.starts.items() if rules.tell or rules.confirm]
    found = dict.fromkeys(start for name in wanted for start in starting(roster, name, since, until))
    for start in before.starts if before is not None else ():
        if since <= start.start <= now and start.schedule in wanted and has_it(roster, start, now):
            found.setdefault(start)
    return _Known(plan, since, until, tuple(found))


def _due(plan: Plan, starts: tuple[Start, ...], now: Instant) -> Iterator[Notice]:
    for start in starts:
        rules = plan.calendar.starts[start.schedule]
        notice = telling(start, rules.tell, now)
        if notice is None and rules.confirm is not None:
            notice = asking(plan.escalation.roster, start, rules.confirm, now)
        if notice is not None:
            yield notice
