"""What a server watches, since a dead worker cannot tell of itself: the workers, the queue, and unsigned traffic.

Any number of servers watch; the alert is one, since the same is told once. They also see when trouble is over. Only
that the database is away is told by each of them, as nothing can be stored then.
"""

import time
from typing import Final

from whenever import TimeDelta

from escalation.alerting import Last, Tally, is_news, is_quiet
from nightbell.alerting import Alerting
from nightbell.composition import Parts
from nightbell.providers import Provider
from storage import alerts
from storage.alerts import Alert, AlertKind
from storage.errors import UnavailableError
from storage.pulse import Pulse, pulse

VIGIL_EVERY: Final = 10.0
"""Real seconds between two looks."""
QUIET_AFTER: Final = 10.0
"""Real seconds without a sign of life of any worker after which monitors are shown none."""
SILENT_AFTER: Final = 60.0
"""The same, until the operators are told; a worker gives one every 2 s."""
LATE_AFTER: Final = 30.0
"""Seconds that a page may be late, or a job wait, before a person is to look."""
MOST_JOBS: Final = 500
MOST_REFUSED: Final = 20
REFUSED_WITHIN: Final = TimeDelta(minutes=10)
"""So many requests without a right signature are told: with a wrong token, some seven calls; a scanner makes fewer."""
OF_SERVERS: Final = frozenset({AlertKind.WORKER, AlertKind.QUEUE})
"""What this server tells by itself: the workers cannot, or would tell it late."""
AWAY_AFTER: Final = 60.0
"""Real seconds without an answer of the database: a restart takes less."""
LOOK_BACK: Final = TimeDelta(hours=24)
"""Trouble that began before this is not said to be over any more: it was told again since, or is long forgotten."""


class Vigil:
    """One server's watch. `pulse`: what the last look found; None while there was none, or the database was away."""

    def __init__(self, parts: Parts) -> None:
        self.pulse: Pulse | None = None
        self._parts = parts
        self._alerting = Alerting(parts, _at_once)
        self._since = time.monotonic()
        self._refused = self._refusals()
        self._tally = Tally(MOST_REFUSED, REFUSED_WITHIN)
        self._away_since: float | None = None
        self._away: Last | None = None

    @property
    def worker_lives(self) -> bool | None:
        """Whether any worker gave a sign of life of late; None while that is not known."""
        return None if self.pulse is None else self.pulse.silent is not None and self.pulse.silent < QUIET_AFTER

    async def look(self) -> None:
        """Look, and tell. Raises UnavailableError."""
        try:
            found = await self._feel()
        except UnavailableError:
            await self._database_is_away()
            raise
        await self._database_answers()
        for alert in (self._worker(found), self._queue(found), self._unsigned()):
            if alert is not None:
                await self._tell(alert)
        if not self._is_silent(found):
            await self._end(AlertKind.WORKER, "a worker runs again")
        if self._queue(found) is None and not self._is_silent(found):
            await self._end(AlertKind.QUEUE, "the workers keep up again")
        await self._end(AlertKind.TWILIO, "Twilio answers again")

    async def _feel(self) -> Pulse:
        """The pulse, also for monitors, who see none as soon as there is none. Raises UnavailableError."""
        found: Pulse | None = None
        try:
            async with self._parts.database.statement() as connection:
                found = await pulse(connection, self._parts.clock.now())
            return found
        finally:
            self.pulse = found

    async def _database_is_away(self) -> None:
        now = self._parts.clock.now()
        self._away_since = time.monotonic() if self._away_since is None else self._away_since
        if time.monotonic() - self._away_since < AWAY_AFTER:
            return
        if is_news(AlertKind.DATABASE, self._away, now, self._parts.site.jobs.alerts_again):
            why = (
                "the database does not answer a server: calls are answered without it, and callers' own lines dial the"
                " staff, but nobody is paged"
            )
            if await self._alerting.tell_unstored(Alert(AlertKind.DATABASE, why)):
                self._away = Last(now)

    async def _database_answers(self) -> None:
        if self._away is not None:
            minutes = (self._parts.clock.now() - self._away.at).total("minutes")
            why = f"the database answers a server again, {minutes:.0f} min after that was told"
            await self._alerting.raise_(Alert(AlertKind.OVER, why, subject=str(self._away.at)))
        self._away = self._away_since = None

    def _is_silent(self, found: Pulse) -> bool:
        return found.silent is None or found.silent > SILENT_AFTER

    def _worker(self, found: Pulse) -> Alert | None:
        """A worker may be starting just now, as this server did: nothing is wrong before a minute has passed."""
        if not self._is_silent(found) or time.monotonic() - self._since < SILENT_AFTER:
            return None
        why = "no worker runs: nobody is called or texted. Start `nightbell worker`"
        return Alert(AlertKind.WORKER, why, subject="silent")

    def _queue(self, found: Pulse) -> Alert | None:
        """Without a worker all this is late, too, and is not worth a second alert."""
        late = max(found.late, found.waited) > LATE_AFTER or found.jobs > MOST_JOBS
        if not late or self._is_silent(found) or time.monotonic() - self._since < SILENT_AFTER:
            return None
        why = (
            f"the workers do not keep up: a page is {found.late:.0f} s late, and {found.jobs} jobs wait, the oldest for"
            f" {found.waited:.0f} s"
        )
        return Alert(AlertKind.QUEUE, why, subject="late")

    def _unsigned(self) -> Alert | None:
        now = self._refusals()
        came, self._refused = round(now - self._refused), now
        if not self._tally.is_much(self._parts.clock.now(), came):
            return None
        why = (
            f"{self._tally.count} requests in {REFUSED_WITHIN.total('minutes'):.0f} min were not signed by Twilio and"
            " were refused: an attack, or the auth token or the public URL is not what Twilio has"
        )
        return Alert(AlertKind.UNSIGNED, why, subject="unsigned")

    def _refusals(self) -> float:
        families = self._parts.site.metrics.refused.collect()
        return sum(s.value for family in families for s in family.samples if s.name.endswith("_total"))

    async def _tell(self, alert: Alert) -> None:
        """A worker tells what is stored; of the workers' own trouble this server does, whoever stored it first."""
        await self._alerting.raise_(alert)
        if alert.kind not in OF_SERVERS:
            return
        async with self._parts.database.statement() as connection:
            number = await alerts.untold(connection, alert)
        if number is not None:
            await self._alerting.tell(number)

    async def _end(self, kind: AlertKind, why: str) -> None:
        """Have it told that trouble of the kind is over, once it has not come again for a while."""
        now, queue = self._parts.clock.now(), self._parts.site.jobs
        async with self._parts.database.transaction() as connection:
            found = await alerts.going_on(connection, kind, now - LOOK_BACK)
            last = max((each.last_at for each in found), default=now)
            if not found or not is_quiet(last, now):
                return
            if kind is not AlertKind.TWILIO or await alerts.has_worked(connection, last):
                await alerts.end(connection, queue, found, why, now)


async def _at_once(_provider: Provider) -> None:
    """There is no queue of calls to wait behind: no worker places any."""
