"""Secret links to calendars: each is bound to a person or a schedule of one practice, and is stored only as a hash.

The secret is 256 random bits, so that a plain SHA-256 of it is enough (see `storage.api_keys`).
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from storage import audit
from storage.tables_calendar import feeds

NOTED_EVERY: Final = TimeDelta(hours=1)
"""How exactly the last use of a link is known, so that most fetches write nothing."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A link, without its secret: to the calendar of `member` or of `schedule`; the other is None.

    `digest`: of what it said when it was last fetched; `changed_at`: since when it says so.
    """

    id: str
    practice: str
    member: str | None
    schedule: str | None
    created_at: Instant
    created_by: str
    revoked_at: Instant | None = None
    revoked_by: str | None = None
    last_used_at: Instant | None = None
    digest: str = ""
    changed_at: Instant | None = None


async def create(connection: AsyncConnection, wanted: Feed, actor: str) -> tuple[Feed, str]:
    """Store the link under a new id; and its token, which is not to be had again. `wanted.id` does not count."""
    number, token = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = await connection.execute(
        insert(feeds)
        .values(
            id=number,
            practice=wanted.practice,
            member=wanted.member,
            schedule=wanted.schedule,
            hash=_hash(token),
            created_at=wanted.created_at.to_stdlib(),
            created_by=wanted.created_by,
        )
        .returning(feeds)
    )
    await audit.write(connection, actor, "create feed", number, wanted.created_at)
    return _feed(row.one()), token


async def listed(connection: AsyncConnection, practice: str, before: str | None, limit: int) -> list[Feed]:
    """The practice's links, the newest first, from after the one of that id; revoked ones too."""
    query = select(feeds).where(feeds.c.practice == practice)
    if before is not None:
        last = select(feeds.c.created_at, feeds.c.id).where(feeds.c.id == before, feeds.c.practice == practice)
        row = (await connection.execute(last)).one_or_none()
        if row is None:
            return []
        older = (feeds.c.created_at < row.created_at) | ((feeds.c.created_at == row.created_at) & (feeds.c.id < row.id))
        query = query.where(older)
    rows = await connection.execute(query.order_by(feeds.c.created_at.desc(), feeds.c.id.desc()).limit(limit))
    return [_feed(row) for row in rows]


async def of_id(connection: AsyncConnection, practice: str, number: str) -> Feed | None:
    """One of the practice's links."""
    query = select(feeds).where(feeds.c.practice == practice, feeds.c.id == number)
    row = (await connection.execute(query)).one_or_none()
    return _feed(row) if row is not None else None


async def revoke(
    connection: AsyncConnection, practice: str, number: str, by: str, actor: str, now: Instant
) -> Feed | None:
    """The link leads nowhere any more; None where there is none of that id. One that was revoked stays as it is."""
    still = (feeds.c.practice == practice, feeds.c.id == number, feeds.c.revoked_at.is_(None))
    done = await connection.execute(update(feeds).where(*still).values(revoked_at=now.to_stdlib(), revoked_by=by))
    if done.rowcount:
        await audit.write(connection, actor, "revoke feed", number, now)
    return await of_id(connection, practice, number)


async def find(connection: AsyncConnection, token: str, now: Instant) -> Feed | None:
    """The link whose token this is and that works, its use noted; None for every other text."""
    query = select(feeds).where(feeds.c.hash == _hash(token), feeds.c.revoked_at.is_(None))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = _feed(row)
    if found.last_used_at is None or now - found.last_used_at >= NOTED_EVERY:
        await connection.execute(update(feeds).where(feeds.c.id == found.id).values(last_used_at=now.to_stdlib()))
    return found


async def note_change(connection: AsyncConnection, number: str, digest: str, now: Instant) -> Instant:
    """The calendar behind the link says something else; since when, which is later than all before."""
    query = select(feeds.c.changed_at, feeds.c.digest).where(feeds.c.id == number).with_for_update()
    before = (await connection.execute(query)).one()
    at = now.round("second", mode="floor")
    if before.changed_at is not None:
        if before.digest == digest:  # another request was here first
            return Instant(before.changed_at)
        at = max(at, Instant(before.changed_at).add(seconds=1))
    await connection.execute(update(feeds).where(feeds.c.id == number).values(digest=digest, changed_at=at.to_stdlib()))
    return at


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _feed(row: Row[Any]) -> Feed:
    return Feed(
        id=row.id,
        practice=row.practice,
        member=row.member,
        schedule=row.schedule,
        created_at=Instant(row.created_at),
        created_by=row.created_by,
        revoked_at=Instant(row.revoked_at) if row.revoked_at else None,
        revoked_by=row.revoked_by,
        last_used_at=Instant(row.last_used_at) if row.last_used_at else None,
        digest=row.digest,
        changed_at=Instant(row.changed_at) if row.changed_at else None,
    )
