"""A copy of a calendar from elsewhere: fetched, and read; for the worker, and for publishing."""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from whenever import Instant, TimeDelta

from calendars import apart
from calendars.errors import CalendarError, FetchError
from calendars.fetching import Fetcher
from calendars.guard import Network
from routing.plan.elsewhere import Copy, News

PAST: Final = TimeDelta(hours=24 * 31)
AHEAD: Final = TimeDelta(hours=24 * 400)
"""How far back and ahead of the moment of reading the events are kept."""
FOR_PUBLISHING: Final = 6.0
"""Real seconds that publishing waits for a calendar, fetched and read: the API's gate has 10 for all of it."""


class Calendars:
    """Fetches and reads calendars. `allowed`: networks that may be asked besides public addresses."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._fetcher = Fetcher(allowed)

    async def copy(self, url: str, zone: str, now: Instant, known: Copy | None = None) -> Copy | None:
        """The calendar, times without a zone read in `zone`. None: it is still as in the copy that is known.

        Raises CalendarError.
        """
        marks = (known.etag, known.modified) if known is not None else ("", "")
        fetched = await self._fetcher.fetch(url, *marks)
        if fetched is None:
            return None
        content = f"{zone} {sha256(fetched.content).hexdigest()}"
        if known is not None and known.content == content:
            return None
        found = await apart.read(fetched.content, zone, (now - PAST).timestamp(), (now + AHEAD).timestamp())
        at = Instant.from_timestamp
        events = tuple((at(start), at(end), title) for start, end, title in found)
        return Copy(url, events, content, fetched.etag, fetched.modified)

    async def news(self, urls: Mapping[str, str], zone: str, now: Instant) -> News:
        """The calendars at these addresses, all at once; of those that cannot be had in time, what is wrong."""
        found = await asyncio.gather(*(self._for_publishing(url, zone, now) for url in urls.values()))
        named = dict(zip(urls, found, strict=True))
        copies = {name: one for name, one in named.items() if isinstance(one, Copy)}
        missing = {name: (one.what, one.mend) for name, one in named.items() if isinstance(one, CalendarError)}
        return News(copies, missing)

    async def _for_publishing(self, url: str, zone: str, now: Instant) -> Copy | CalendarError | None:
        try:
            async with asyncio.timeout(FOR_PUBLISHING):
                return await self.copy(url, zone, now)
        except CalendarError as error:
            return error
        except TimeoutError:
            mend = "Try again; or waive it with `calendar-feed`, and it is fetched as soon as it can be."
            return FetchError(f"it was not there within {FOR_PUBLISHING:g} s", mend)
