"""What calendar programs fetch: `/feeds/{token}.ics`, which needs no key, since whoever has the link may read it.

The token is a secret: no line of a log, no metric and no error has the path. While the calendar cannot be told, the
answer is 503: programs drop all of a calendar that is answered with 404.
"""

import asyncio
from dataclasses import replace
from email.utils import format_datetime
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from whenever import Instant

from api.desk import Desk
from calendars.entries import Entries, Subject, entries_of, rendered_since
from calendars.writing import written
from escalation.roster import Leave, Override
from routing.plan import Plan
from storage import current_plans, feeds
from storage.errors import UnavailableError
from storage.feeds import Feed

PREFIX: Final = "/feeds"
AT_ONCE: Final = 2
"""Calendars that are made at the same time in this process: calls wait for the same processor."""
_SUFFIX: Final = ".ics"
_ALWAYS: Final = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}
_log = structlog.get_logger(__name__)

Exceptions = tuple[tuple[Override, ...], tuple[Leave, ...]]


def address(origin: str, token: str) -> str:
    """The link to a feed."""
    return f"{origin.rstrip('/')}{PREFIX}/{token}{_SUFFIX}"


def feed_route(desk: Desk) -> Route:
    """The path; for GET and for HEAD."""
    files = FeedFiles(desk)

    async def answer(request: Request) -> Response:
        return await files.answer(request)

    return Route(PREFIX + "/{name:path}", answer, methods=["GET"])


class FeedFiles:
    """Answers those who have a link."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def answer(self, request: Request) -> Response:
        """The calendar, or that it is still the same, or that there is none, or that it cannot be told now."""
        name: str = request.path_params["name"]
        try:
            found = await self._found(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
            if found is None:
                return Response("There is no such calendar.\n", 404, _ALWAYS, "text/plain")
            feed, plan, beside = found
            return await self._told(request, feed, plan, beside) if plan is not None else _not_now()
        except UnavailableError:
            return _not_now()

    async def _found(self, token: str) -> tuple[Feed, Plan | None, Exceptions] | None:
        """The link, the plan, and what stands beside it also of late. Raises UnavailableError."""
        now = self._desk.clock.now()

        async def load() -> tuple[Feed, Plan | None, Exceptions] | None:
            async with self._desk.database.transaction() as connection:
                feed = await feeds.find(connection, token, now)
                if feed is None:
                    return None
                plan = self._desk.plans.current(feed.practice)
                since = rendered_since(plan, now) if plan is not None else now
                return feed, plan, await current_plans.exceptions_since(connection, feed.practice, since)

        return await self._desk.database.in_time(load)

    async def _told(self, request: Request, feed: Feed, plan: Plan, beside: Exceptions) -> Response:
        now = self._desk.clock.now()
        async with self._slots:
            found = await asyncio.to_thread(_entries, feed, plan, beside, now)
            digest = found.digest
            changed_at = feed.changed_at if feed.digest == digest else None
            if changed_at is None:
                changed_at = await self._changed(feed, digest, now)
            tag, since = f'"{digest[:32]}"', format_datetime(changed_at.to_stdlib(), usegmt=True)
            headers = {**_ALWAYS, "ETag": tag, "Last-Modified": since}
            if _has_it(request, tag, since):
                return Response(status_code=304, headers=headers)
            body = await asyncio.to_thread(written, found, changed_at)
        headers["Content-Disposition"] = 'inline; filename="on-call.ics"'
        _log.info("feed_told", practice=feed.practice, feed=feed.id, entries=len(found.entries))
        return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")

    async def _changed(self, feed: Feed, digest: str, now: Instant) -> Instant:
        async def note() -> Instant:
            async with self._desk.database.transaction() as connection:
                return await feeds.note_change(connection, feed.id, digest, now)

        return await self._desk.database.in_time(note)


def _not_now() -> Response:
    """The database is away, or the plan could not be loaded yet."""
    headers = {**_ALWAYS, "Retry-After": "60"}
    return Response("The calendar cannot be told just now.\n", 503, headers, "text/plain")


def _entries(feed: Feed, plan: Plan, beside: Exceptions, now: Instant) -> Entries:
    roster = replace(plan.escalation.roster, overrides=beside[0], leaves=beside[1])
    return entries_of(plan, roster, Subject(feed.member, feed.schedule), now)


def _has_it(request: Request, tag: str, since: str) -> bool:
    """Whether whoever asks has this state of it already (RFC 9110, 13.1)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    return request.headers.get("if-modified-since") == since
