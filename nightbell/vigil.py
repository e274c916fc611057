"""What a server watches, since a dead worker cannot tell of itself: the workers, the queue, and unsigned traffic.

Any number of servers watch; the alert is one, since the same is told once.
"""

import time
from typing import Final

from nightbell.alerting import Alerting
from nightbell.composition import Parts
from storage import alerts
from storage.alerts import Alert, AlertKind
from storage.pulse import Pulse, pulse

VIGIL_EVERY: Final = 10.0
"""Real seconds between two looks."""
QUIET_AFTER: Final = 10.0
"""Real seconds without a sign of life of any worker after which monitors are shown none."""
SILENT_AFTER: Final = 60.0
"""The same, until the operators are told; a worker gives one every 2 s."""
LATE_AFTER: Final = 30.0
"""Seconds that a page may be late, or that jobs may wait, before a person is to look."""
MOST_JOBS: Final = 500
MOST_REFUSED: Final = 30
"""Requests without a right signature between two looks: a scanner that comes by makes fewer."""


class Vigil:
    """One server's watch. `pulse`: what the last look found; None while there was none, or the database was away."""

    def __init__(self, parts: Parts) -> None:
        self.pulse: Pulse | None = None
        self._parts = parts
        self._alerting = Alerting(parts, _at_once)
        self._since = time.monotonic()
        self._refused = self._refusals()

    @property
    def worker_lives(self) -> bool | None:
        """Whether any worker gave a sign of life of late; None while that is not known."""
        return None if self.pulse is None else self.pulse.silent is not None and self.pulse.silent < QUIET_AFTER

    async def look(self) -> None:
        """Look, and tell. Raises UnavailableError."""
        found: Pulse | None = None
        try:
            async with self._parts.database.statement() as connection:
                found = await pulse(connection, self._parts.clock.now())
        finally:
            self.pulse = found
        for alert in (self._worker(found), self._unsigned()):
            if alert is not None:
                await self._tell(alert)

    def _worker(self, found: Pulse) -> Alert | None:
        """A worker may be starting just now, as this server did: nothing is wrong before a minute has passed."""
        if time.monotonic() - self._since < SILENT_AFTER:
            return None
        if found.silent is None or found.silent > SILENT_AFTER:
            why = "no worker runs: nobody is called or texted. Start `nightbell worker`"
            return Alert(AlertKind.WORKER, why, subject="silent")
        if found.late > LATE_AFTER or found.jobs > MOST_JOBS:
            why = f"the workers do not keep up: a page is {found.late:.0f} s late, and {found.jobs} jobs wait"
            return Alert(AlertKind.WORKER, why, subject="late")
        return None

    def _unsigned(self) -> Alert | None:
        now = self._refusals()
        came, self._refused = now - self._refused, now
        if came < MOST_REFUSED:
            return None
        why = (
            f"{came:.0f} requests in {VIGIL_EVERY:.0f} s were not signed by Twilio and were refused: an attack, or the"
            " auth token or the public URL is not what Twilio has"
        )
        return Alert(AlertKind.UNSIGNED, why, subject="unsigned")

    def _refusals(self) -> float:
        families = self._parts.site.metrics.refused.collect()
        return sum(s.value for family in families for s in family.samples if s.name.endswith("_total"))

    async def _tell(self, alert: Alert) -> None:
        """A worker tells what is stored; of the workers' own trouble this server does, whoever stored it first."""
        await self._alerting.raise_(alert)
        if alert.kind is not AlertKind.WORKER:
            return
        async with self._parts.database.statement() as connection:
            number = await alerts.untold(connection, alert)
        if number is not None:
            await self._alerting.tell(number)


async def _at_once() -> None:
    """There is no queue of calls to wait behind: no worker places any."""
