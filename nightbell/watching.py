"""The worker's watch over every practice's calendar: each morning, and whenever something of it has changed.

In the morning and not in the night: what it tells is days away, and whoever is told sleeps.
"""

import asyncio
from typing import Final

import structlog
from whenever import Date, Instant

from escalation.nights import DAWN
from nightbell.composition import Parts
from routing.plan import Plan
from routing.watch import watch
from storage import coverage_checks
from storage.alerts import Alert, AlertKind, raise_alert

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 10
"""Practices in one sweep: a look takes some milliseconds, and pages wait for the same processor."""


class Watching:
    """Remembers what it looked at; which holes the operators were told of is in the database, for all workers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked_at: dict[str, tuple[Plan, Date]] = {}

    async def look(self) -> int:
        """Look at the calendars that are due, some at a time; how many."""
        now = self._parts.clock.now()
        due = [plan for plan in self._parts.plans.all() if self._is_due(plan, now)][:AT_ONCE]
        for plan in due:
            await self._look_at(plan, now)
            self._looked_at[plan.practice] = plan, day_of(plan, now)
        return len(due)

    def _is_due(self, plan: Plan, now: Instant) -> bool:
        last = self._looked_at.get(plan.practice)
        return last is None or last[0] is not plan or last[1] != day_of(plan, now)

    async def _look_at(self, plan: Plan, now: Instant) -> None:
        async with self._parts.database.transaction() as connection:
            last = await coverage_checks.claim(connection, plan.practice, now)
            accepted = await coverage_checks.accepted(connection, plan.practice, plan.version)
            found = await asyncio.to_thread(watch, plan, accepted, last, now)
            await coverage_checks.keep(connection, plan.practice, found, day_of(plan, now), now)
            for why in found.news:
                await raise_alert(connection, self._parts.site.jobs, Alert(AlertKind.HOLE, why, plan.practice), now)
        if found.news:
            _log.warning("hole_ahead", practice=plan.practice, holes=len(found.seen))


def day_of(plan: Plan, now: Instant) -> Date:
    """The practice's day, which for this begins when the night is over."""
    wall = now.to_tz(plan.zone)
    return wall.date() if wall.time() >= DAWN else wall.date().subtract(days=1)
