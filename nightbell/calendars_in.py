"""The worker's part with calendars from elsewhere: each is fetched when it is due, by one worker, and its copy renewed.

Whatever goes wrong, the last good copy stays, and the operators are told once it is stale. What they are told names the
calendar as the plan does, never its address, and quotes no event: that could be anybody's appointment.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from calendars.errors import CalendarError
from escalation.wallclock import shown
from nightbell.composition import Parts
from routing.plan import Plan
from routing.plan.beside import Event
from routing.plan.calendar import Feed
from routing.plan.elsewhere import Copy, Unknown, unknown_ahead
from storage import calendar_copies
from storage.alerts import Alert, AlertKind, raise_alert
from storage.calendar_copies import State
from webhooks.signed import where

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
"""Calendars that are fetched at the same time: one that is slow does not hold up all others."""
READ_AGAIN: Final = TimeDelta(hours=24)
"""How long a calendar that never changes is taken as it was read: events come into sight as time passes."""
EMPTY_FOR: Final = TimeDelta(hours=1)
"""How long a calendar must stay all but empty before that is believed."""
FEW: Final = 10
"""Of so few events, most can rightly be gone."""
EMPTIED: Final = CalendarError(
    "all, or nearly all, of what was to come is gone from it",
    f"Its copy is used as it was; if that is still so in {EMPTY_FOR.total('hours'):g} h, it is taken",
)
"""One text, without figures: it is also how it is known since when that is so."""
LOOK_AGAIN: Final = TimeDelta(minutes=1)
"""How long nobody looks whether a calendar is due that was not, or that another worker had."""


@dataclass(frozen=True, slots=True)
class _Due:
    plan: Plan
    name: str
    feed: Feed = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.plan.practice, self.name, self.feed.url


class CalendarsIn:
    """Remembers when it need not look; which worker fetches what is in the database, for all of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._not_before: dict[tuple[str, str, str], Instant] = {}

    async def look(self) -> int:
        """Fetch the calendars that are due; how many were."""
        now = self._parts.clock.now()
        waiting, done = self._due(now), list[bool]()

        async def fetch_some() -> None:
            for due in waiting:
                done.append(await self._one(due))

        await asyncio.gather(*(fetch_some() for _ in range(AT_ONCE)))
        return sum(done)

    def _due(self, now: Instant) -> Iterator[_Due]:
        found = [
            _Due(plan, name, feed) for plan in self._parts.plans.all() for name, feed in plan.calendar.feeds.items()
        ]
        kept = {due.key for due in found}
        self._not_before = {key: at for key, at in self._not_before.items() if key in kept}
        return iter([due for due in found if self._not_before.get(due.key, now) <= now])

    async def _one(self, due: _Due) -> bool:
        now = self._parts.clock.now()
        self._not_before[due.key] = now + LOOK_AGAIN
        try:
            async with self._parts.database.transaction() as connection:
                claimed = await calendar_copies.claim(connection, due.plan.practice, due.name, due.feed, now)
            if claimed is not None:
                await self._fetch(due, claimed)
        except Exception as error:  # noqa: BLE001 - one broken calendar must not hold up all that are behind it
            _log.error("calendar_not_looked_at", calendar=due.name, error=type(error).__name__, where=where(error))
            return False
        return claimed is not None

    async def _fetch(self, due: _Due, claimed: State) -> None:
        now, log = self._parts.clock.now(), _log.bind(practice=due.plan.practice, calendar=due.name)
        known = _known(due, claimed, now)
        try:
            copy = await self._copy(due, known, now)
        except CalendarError as error:
            log.warning("calendar_not_fetched", why=error.what)
            await self._failed(due, claimed, error)
            return
        before = self._parts.plans.beside(due.plan.practice).calendars.get(due.name, ())
        if copy is not None and (left := _emptied(before, copy.events, now)) and not _is_settled(claimed, left, now):
            log.warning("calendar_emptied", why=left.what)
            await self._emptied(due, claimed, left)
            return
        unknown = await asyncio.to_thread(unknown_ahead, due.feed, copy.events, now) if copy is not None else ()
        async with self._parts.database.transaction() as connection:
            if copy is None:
                done = await calendar_copies.confirm(connection, claimed, now)
                news = ""
            else:
                names = tuple(one.words for one in unknown)
                done = await calendar_copies.renew(connection, claimed, copy, names, now)
                news = _unknown_words(due, [one for one in unknown if one.words not in claimed.told_names])
            if done and claimed.told_at is not None:
                await self._alert(connection, due, _over_words(due, claimed))
            if done and news:
                await self._alert(connection, due, news)
        log.info("calendar_fetched", changed=copy is not None)

    async def _copy(self, due: _Due, known: Copy | None, now: Instant) -> Copy | None:
        """As `Calendars.copy`. A fault of a library's is told as the calendar's: its copy grows old all the same."""
        try:
            return await self._parts.calendars.copy(due.feed.url, due.plan.zone, now, known)
        except CalendarError:
            raise
        except Exception as error:  # noqa: BLE001 - of the libraries; its words may be the feed's, and are not logged
            _log.error("calendar_broke", calendar=due.name, error=type(error).__name__, where=where(error))
            mend = "The worker's log says where; whoever makes Nightbell wants to know."
            raise CalendarError(f"it cannot be taken ({type(error).__name__})", mend) from None

    async def _failed(self, due: _Due, claimed: State, error: CalendarError) -> None:
        now = self._parts.clock.now()
        since = claimed.fetched_at or claimed.failing_since or now
        stale = claimed.told_at is None and now - since >= due.feed.stale_after
        async with self._parts.database.transaction() as connection:
            # One that was found empty stays so through other troubles, or its hour would begin anew with each.
            failure = claimed.failure if claimed.failure == str(EMPTIED) else str(error)
            done = await calendar_copies.fail(connection, claimed, failure, told=stale, now=now)
            if done and stale:
                await self._alert(connection, due, _stale_words(due, claimed, since, error))

    async def _emptied(self, due: _Due, claimed: State, left: CalendarError) -> None:
        now, first = self._parts.clock.now(), claimed.failure != str(left)
        async with self._parts.database.transaction() as connection:
            done = await calendar_copies.fail(connection, claimed, str(left), told=first, now=now, anew=first)
            if done and first:
                await self._alert(connection, due, f"the calendar {due.name}: {left.what}. {left.mend}")

    async def _alert(self, connection: AsyncConnection, due: _Due, why: str) -> None:
        alert = Alert(AlertKind.CALENDAR, why, due.plan.practice)
        await raise_alert(connection, self._parts.site.jobs, alert, self._parts.clock.now())


def _emptied(before: Sequence[Event], after: Sequence[Event], now: Instant) -> CalendarError | None:
    """What is said of a calendar that has lost all, or nearly all, that was to come: who keeps it may have erred."""
    was, left = (sum(end > now for _, end, _ in events) for events in (before, after))
    return None if was == 0 or left * 10 > was or (left and was < FEW) else EMPTIED


def _is_settled(claimed: State, left: CalendarError, now: Instant) -> bool:
    since = claimed.failing_since
    return claimed.failure == str(left) and since is not None and now - since >= EMPTY_FOR


def _over_words(due: _Due, claimed: State) -> str:
    if claimed.failure == str(EMPTIED):
        return f"the calendar {due.name} is taken as it is now"
    return f"the calendar {due.name} can be fetched again"


def _known(due: _Due, claimed: State, now: Instant) -> Copy | None:
    """The copy that need not be read again, if the calendar is still like it; None: it is to be read in any case."""
    same = claimed.url == due.feed.url and claimed.content.startswith(f"{due.plan.zone} ")
    if not same or claimed.read_at is None or now - claimed.read_at >= READ_AGAIN:
        return None
    return Copy(claimed.url, (), claimed.content, claimed.etag, claimed.modified)


def _stale_words(due: _Due, claimed: State, since: Instant, error: CalendarError) -> str:
    kept = "its last copy is still used" if claimed.fetched_at is not None else "there is no copy of it"
    return (
        f"the calendar {due.name} could not be fetched since {shown(since, due.plan.zone)} ({error.what}); {kept}. "
        f"{error.mend}"
    )


def _unknown_words(due: _Due, unknown: Sequence[Unknown]) -> str:
    if not unknown:
        return ""
    names = f"{len(unknown)} names" if len(unknown) > 1 else "a name"
    first = shown(unknown[0].start, due.plan.zone)
    return (
        f"the calendar {due.name} has {names} that the plan does not know, first from {first}: whoever is meant is not "
        "called. `nightbell calendars` shows them"
    )
