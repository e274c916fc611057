"""What monitors read beside the counters: looked up in the database whenever they ask."""

import math
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from storage.clock import Clock
from storage.database import Database
from storage.errors import UnavailableError
from storage.plan_cache import PlanCache
from storage.pulse import Delivered, Pulse, delivered, pulse

_HELP: Final = {
    "database_up": "1 while the database answers, else 0",
    "pages_waiting": "Pages that wait for a next step",
    "pages_open": "Pages that are not resolved",
    "page_late_seconds": "How late the most overdue page is; over 5: no worker works",
    "jobs_waiting": "Jobs that are ready and not begun",
    "job_late_seconds": "How long the oldest of them waits",
    "worker_silent_seconds": "Since the last sign of life of any worker; infinite where there never was one",
}
_NOTHING: Final = (0, *[math.nan] * (len(_HELP) - 1))


class Gauges:
    """Gauges of the database's state. What cannot be known is NaN."""

    def __init__(self, registry: CollectorRegistry, database: Database, clock: Clock, plans: PlanCache) -> None:
        self._database = database
        self._clock = clock
        self._plans = plans
        self._gauges = {name: Gauge(f"nightbell_{name}", text, registry=registry) for name, text in _HELP.items()}
        self._deliveries = Gauge(
            "nightbell_deliveries", "Calls and texts of the pages opened in the last hour, and what came of them",
            ["means", "outcome", "provider"], registry=registry,
        )  # fmt: skip

    async def look(self) -> None:
        """Look now, for as long as a call would wait for the database."""

        async def ask() -> tuple[Pulse, Delivered]:
            now, practices = self._clock.now(), [plan.practice for plan in self._plans.all()]
            async with self._database.statement() as connection:
                return await pulse(connection, now), await delivered(connection, practices, now)

        self._deliveries.clear()
        try:
            found, deliveries = await self._database.in_time(ask)
        except UnavailableError:
            self._set(*_NOTHING)
            return
        silent = math.inf if found.silent is None else found.silent
        self._set(1, found.pages, found.open, found.late, found.jobs, found.waited, silent)
        for labels, count in deliveries.items():
            self._deliveries.labels(*labels).set(count)

    def _set(self, *values: float) -> None:
        for gauge, value in zip(self._gauges.values(), values, strict=True):
            gauge.set(value)
