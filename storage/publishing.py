"""Publishing a plan: the one way for the command, the API and the tests. It is refused whole, or published whole."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from routing.plan import Beside, Plan, PlanFaults, Publishable, publishable, read
from routing.plan.document import Document
from routing.plan.elsewhere import News, unknown_ahead
from routing.plan.publish import NOTHING_BESIDE
from storage import calendar_copies, current_plans, plans
from storage.beside import lock_practice
from storage.database import Database

_CHECKING: Final = ThreadPoolExecutor(1, "checking")
"""One plan at a time: every further thread that computes is one more that a call waits for."""

NO_NEWS: Final = News()
Fetch = Callable[[Mapping[str, str], str, Instant], Awaitable[News]]
"""Fetches the calendars at these addresses, by name, and reads them in this zone (`calendars.copying`)."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it. `is_new`: False when the very same document was current already."""

    plan: Plan
    version: int
    is_new: bool
    waived: tuple[str, ...]


async def checked(document: str, now: Instant, beside: Beside) -> Publishable:
    """What `publishable` says, in a thread, so that no call waits for it. Raises PlanFaults with all faults."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKING, publishable, document, now, 0, beside)


async def publish(database: Database, document: str, author: str, now: Instant, fetch: Fetch) -> Published:
    """Check and publish the document. Raises PlanFaults with all faults, NumberTakenError, UnavailableError."""
    news = await news_of(database, document, now, fetch)
    beside = news.joined(await _beside(database, document, now))
    found = await checked(document, now, beside)
    return await publish_checked(database, found, beside, document, author, now, news)


async def _beside(database: Database, document: str, now: Instant) -> Beside:
    """What stands beside the plan of the practice that the document is about; of one with faults, nothing."""
    try:
        practice = read(document).practice
    except PlanFaults:
        return NOTHING_BESIDE  # `checked` tells of the faults, all of them
    async with database.transaction() as connection:
        return await current_plans.beside_of(connection, practice, now)


async def news_of(database: Database, document: str, now: Instant, fetch: Fetch) -> News:
    """The calendars from elsewhere that the document names and of which there is no copy, fetched.

    Outside any transaction, and so slowly; kept nowhere before the plan is published. Raises UnavailableError.
    """
    if "calendars" not in document:
        return NO_NEWS
    try:
        written = await asyncio.get_running_loop().run_in_executor(_CHECKING, read, document)
    except PlanFaults:
        return NO_NEWS  # `checked` tells of the faults, all of them
    async with database.statement() as connection:
        states = await calendar_copies.states(connection, written.practice)
    news = await fetch(_wanted(written, states, now), written.timezone, now)
    # Where the very calendar was fetched once, that copy is good enough, also when there is no newer one today.
    same = {name for name, state in states.items() if state.fetched_at and state.url == _url(written, name)}
    return News(news.copies, {name: why for name, why in news.missing.items() if name not in same})


def _wanted(written: Document, states: Mapping[str, calendar_copies.State], now: Instant) -> dict[str, str]:
    """The addresses of which there is no copy that could still be used without a word."""

    def is_at_hand(name: str, stale_after: TimeDelta) -> bool:
        state = states.get(name)
        fresh = state is not None and state.fetched_at is not None and now - state.fetched_at < stale_after
        return fresh and state is not None and state.url == _url(written, name)

    return {name: doc.url for name, doc in written.calendars.items() if not is_at_hand(name, doc.stale_after)}


def _url(written: Document, name: str) -> str | None:
    return written.calendars[name].url if name in written.calendars else None


async def publish_checked(
    database: Database,
    found: Publishable,
    beside: Beside,
    document: str,
    author: str,
    now: Instant,
    news: News = NO_NEWS,
) -> Published:
    """Publish the document that `checked` found to be fit, with this beside it, and keep the calendars of the `news`.

    Where something else stands beside it by now, such as time off that was given meanwhile, it is judged again: nobody
    changes the calendar between the last judgement and the publishing. Raises PlanFaults, NumberTakenError,
    UnavailableError.
    """
    while True:
        async with database.transaction() as connection:
            await lock_practice(connection, found.plan.practice)
            present = news.joined(await current_plans.beside_of(connection, found.plan.practice, now))
            if present == beside:
                return await _publish(connection, found, document, author, now, news)
        beside, found = present, await checked(document, now, present)


async def _publish(
    connection: AsyncConnection, found: Publishable, document: str, author: str, now: Instant, news: News
) -> Published:
    waived = [{"check": w.fault.check, "path": w.fault.path, "because": w.because} for w in found.waived]
    version, is_new = await plans.publish(connection, found.plan, document, waived, author, now)
    await _keep(connection, found.plan, news, now)
    return Published(found.plan, version, is_new, tuple(f"{w['path']}: {w['because']}" for w in waived))


async def _keep(connection: AsyncConnection, plan: Plan, news: News, now: Instant) -> None:
    """Store the calendars that were fetched for the plan. Names that are unknown in them were waived."""
    for name, copy in news.copies.items():
        unknown = unknown_ahead(plan.calendar.feeds[name], copy.events, now)
        await calendar_copies.keep(connection, plan.practice, name, copy, tuple(one.words for one in unknown), now)
    for name, (what, mend) in news.missing.items():
        await calendar_copies.keep_missing(connection, plan.practice, name, f"{what}. {mend}", now)
