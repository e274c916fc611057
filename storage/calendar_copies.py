"""The copies of calendars from elsewhere: kept when they were fetched, whatever becomes of the next try."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from routing.plan.calendar import Feed
from routing.plan.elsewhere import Copy
from storage.plans import tell
from storage.tables_calendar import calendar_copies

AGAIN: Final = TimeDelta(minutes=5)
"""How long after a try that failed the next one comes, where the calendar's own `refresh` is not sooner."""
_KEY: Final = ["practice", "calendar"]
_copies: Final = calendar_copies.c


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with a calendar. `url`: which the copy is of; `fetched_at` None: there is none yet.

    `failing_since`, `failure`: since when, and why, it cannot be had; None and "" where it can.
    """

    practice: str
    calendar: str
    url: str = field(repr=False)
    content: str
    etag: str
    modified: str
    tried_at: Instant
    fetched_at: Instant | None
    read_at: Instant | None
    failing_since: Instant | None
    failure: str
    told_at: Instant | None
    told_names: tuple[str, ...]

    def is_stale(self, feed: Feed, now: Instant) -> bool:
        """Whether it is longer out of date than the plan lets it be: as nobody looks, too."""
        since = self.fetched_at or self.failing_since
        return since is not None and now - since >= feed.stale_after


async def states(connection: AsyncConnection, practice: str) -> dict[str, State]:
    """How it stands with the practice's calendars, by name, without their events."""
    query = select(*_LEAN).where(_copies.practice == practice)
    return {row.calendar: _state(row) for row in await connection.execute(query)}


async def claim(connection: AsyncConnection, practice: str, calendar: str, feed: Feed, now: Instant) -> State | None:
    """The calendar, to be fetched by whoever gets it; None when it is not due, or somebody else has it."""
    fresh = {"practice": practice, "calendar": calendar, **_NOTHING, "tried_at": now.to_stdlib()}
    first = upsert(calendar_copies).values(**fresh).on_conflict_do_nothing(index_elements=_KEY)
    is_new = await connection.scalar(first.returning(_copies.calendar)) is not None
    query = select(*_LEAN).where(*_is(practice, calendar)).with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = _state(row)
    if not is_new and now - found.tried_at < _pause(found, feed):
        return None
    await connection.execute(update(calendar_copies).where(*_is(practice, calendar)).values(tried_at=now.to_stdlib()))
    return _state(row, tried_at=now)


def _pause(found: State, feed: Feed) -> TimeDelta:
    """How long after a try the next one is due."""
    settled = not found.failure and found.url == feed.url
    return feed.refresh if settled else min(feed.refresh, AGAIN)


async def keep(
    connection: AsyncConnection, practice: str, calendar: str, copy: Copy, names: tuple[str, ...], now: Instant
) -> None:
    """Store a copy that was fetched for publishing. `names`: those unknown in it, of which the operators have heard."""
    values = {"tried_at": now.to_stdlib(), **_RECOVERED, **_fetched(copy, names, now)}
    fresh = {"practice": practice, "calendar": calendar, **_NOTHING, **values}
    await connection.execute(
        upsert(calendar_copies).values(**fresh).on_conflict_do_update(index_elements=_KEY, set_=values)
    )
    await tell(connection, practice)


async def keep_missing(connection: AsyncConnection, practice: str, calendar: str, failure: str, now: Instant) -> None:
    """Note that a calendar could not be fetched for publishing, which was waived. A copy that there is stays."""
    at = now.to_stdlib()
    values = {"tried_at": at, "failure": failure, "failing_since": at}
    fresh = {"practice": practice, "calendar": calendar, **_NOTHING, **values}
    await connection.execute(
        upsert(calendar_copies).values(**fresh).on_conflict_do_update(index_elements=_KEY, set_=values)
    )


async def confirm(connection: AsyncConnection, claimed: State, now: Instant) -> bool:
    """The claimed calendar is still as the copy says. False: somebody else was there meanwhile."""
    return await _settle(connection, claimed, {**_RECOVERED, "fetched_at": now.to_stdlib()})


async def renew(connection: AsyncConnection, claimed: State, copy: Copy, names: tuple[str, ...], now: Instant) -> bool:
    """Store a new copy of the claimed calendar, for every process to take. False: somebody else was there meanwhile."""
    done = await _settle(connection, claimed, {**_RECOVERED, **_fetched(copy, names, now)})
    if done:
        await tell(connection, claimed.practice)
    return done


async def fail(
    connection: AsyncConnection, claimed: State, failure: str, *, told: bool, now: Instant, anew: bool = False
) -> bool:
    """Note why the claimed calendar could not be had; its copy stays. `told`: the operators hear of it now.

    `anew`: it is another trouble than before, which begins now.
    """
    values: dict[str, Any] = {"failure": failure}
    if anew or claimed.failing_since is None:
        values["failing_since"] = now.to_stdlib()
    if told:
        values["told_at"] = now.to_stdlib()
    return await _settle(connection, claimed, values)


async def _settle(connection: AsyncConnection, claimed: State, values: dict[str, Any]) -> bool:
    """Store what came of a claim, unless there was another since: a claim stands until its calendar is tried again."""
    still = _copies.tried_at == claimed.tried_at.to_stdlib()
    where = (*_is(claimed.practice, claimed.calendar), still)
    return bool((await connection.execute(update(calendar_copies).where(*where).values(**values))).rowcount)


def _fetched(copy: Copy, names: tuple[str, ...], now: Instant) -> dict[str, Any]:
    shifts = [[start.timestamp(), end.timestamp(), words] for start, end, words in copy.events]
    return {
        "url": copy.url,
        "shifts": shifts,
        "digest": sha256(json.dumps(shifts).encode()).hexdigest(),
        "content": copy.content,
        "etag": copy.etag,
        "modified": copy.modified,
        "fetched_at": now.to_stdlib(),
        "read_at": now.to_stdlib(),
        "told_names": list(names),
    }


_RECOVERED: Final[dict[str, Any]] = {"failure": "", "failing_since": None, "told_at": None}
_NOTHING: Final[dict[str, Any]] = {
    **_RECOVERED, "url": "", "shifts": [], "digest": "", "content": "", "etag": "", "modified": "", "told_names": [],
}  # fmt: skip
_LEAN: Final = tuple(column for column in calendar_copies.c if column.name not in {"shifts", "digest"})


def _is(practice: str, calendar: str) -> tuple[Any, Any]:
    return _copies.practice == practice, _copies.calendar == calendar


def _state(row: Row[Any], tried_at: Instant | None = None) -> State:
    def at(name: str) -> Instant | None:
        value = getattr(row, name)
        return Instant(value) if value is not None else None

    return State(
        practice=row.practice,
        calendar=row.calendar,
        url=row.url,
        content=row.content,
        etag=row.etag,
        modified=row.modified,
        tried_at=tried_at or Instant(row.tried_at),
        fetched_at=at("fetched_at"),
        read_at=at("read_at"),
        failing_since=at("failing_since"),
        failure=row.failure,
        told_at=at("told_at"),
        told_names=tuple(row.told_names),
    )
