"""Calls as the API lists them: without the caller, and each part of the list found by its index."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.tables import calls

Call = RowMapping
"""A row of `calls`, without what is sealed."""

_OPEN_COLUMNS = [column for column in calls.c if not column.name.endswith(("_sealed", "_index"))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: begun from `since` until before `until`, with this outcome; None is no condition."""

    practice: str
    since: Instant | None = None
    until: Instant | None = None
    outcome: str | None = None


async def listed(
    connection: AsyncConnection, wanted: Wanted, after: tuple[Instant, str] | None, limit: int
) -> list[Call]:
    """The calls, the newest first, from behind the one that began then and has that SID."""
    query = select(*_OPEN_COLUMNS).where(calls.c.practice == wanted.practice)
    if wanted.since is not None:
        query = query.where(calls.c.started_at >= wanted.since.to_stdlib())
    if wanted.until is not None:
        query = query.where(calls.c.started_at < wanted.until.to_stdlib())
    if wanted.outcome is not None:
        query = query.where(calls.c.outcome == wanted.outcome)
    if after is not None:
        query = query.where(tuple_(calls.c.started_at, calls.c.sid) < (after[0].to_stdlib(), after[1]))
    query = query.order_by(calls.c.started_at.desc(), calls.c.sid.desc()).limit(limit)
    return list((await connection.execute(query)).mappings())


async def find(connection: AsyncConnection, practice: str, sid: str) -> Call | None:
    """One of the practice's calls."""
    query = select(*_OPEN_COLUMNS).where(calls.c.practice == practice, calls.c.sid == sid)
    return (await connection.execute(query)).mappings().one_or_none()
