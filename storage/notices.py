"""Routine notices to the staff, before they are texted: kept until then, so that several go in one text."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from storage.tables_calendar import notices

CLAIMED_FOR: Final = TimeDelta(minutes=1)
"""How long notices are left to whoever began to send them."""
FORGOTTEN_AFTER: Final = TimeDelta(hours=24 * 7)
_notices: Final = notices.c


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one of the staff. `latest`: by when the first of it is to be told. `told_at`: their last ones."""

    practice: str
    member: str
    latest: Instant
    told_at: Instant | None


async def add(
    connection: AsyncConnection, practice: str, member: str, words: str, latest: Instant, now: Instant
) -> None:
    """Keep one until it is told, by `latest`. The same words, while they wait, are one."""
    there = select(_notices.id).where(
        _notices.practice == practice, _notices.member == member, _notices.words == words, _notices.told_at.is_(None)
    )
    if (await connection.execute(there.limit(1))).first() is None:
        values = {"practice": practice, "member": member, "words": words}
        times = {"latest": latest.to_stdlib(), "made_at": now.to_stdlib()}
        await connection.execute(insert(notices).values(**values, **times))


async def waiting(connection: AsyncConnection, now: Instant, limit: int = 100) -> list[Waiting]:
    """For whom anything waits that nobody is sending, the most pressing first."""
    free = (
        select(_notices.practice, _notices.member, func.min(_notices.latest).label("latest"))
        .where(_notices.told_at.is_(None), _notices.claimed_until <= now.to_stdlib())
        .group_by(_notices.practice, _notices.member)
        .subquery()
    )
    last = select(func.max(_notices.told_at)).where(
        _notices.practice == free.c.practice, _notices.member == free.c.member
    )
    query = select(free, last.scalar_subquery().label("told_at")).order_by(free.c.latest).limit(limit)
    return [_waiting(row) for row in await connection.execute(query)]


async def claim(connection: AsyncConnection, of: Waiting, now: Instant) -> list[tuple[int, str]]:
    """All that waits for them, to be sent by whoever gets it: the numbers and the words, the oldest first."""
    query = (
        update(notices)
        .where(
            _notices.practice == of.practice,
            _notices.member == of.member,
            _notices.told_at.is_(None),
            _notices.claimed_until <= now.to_stdlib(),
        )
        .values(claimed_until=(now + CLAIMED_FOR).to_stdlib())
        .returning(_notices.id, _notices.words)
    )
    return sorted((row.id, row.words) for row in await connection.execute(query))


async def put_off(connection: AsyncConnection, of: Waiting, now: Instant, until: Instant) -> None:
    """Let what waits for them wait until then, out of the way of what may be told before."""
    query = update(notices).where(
        _notices.practice == of.practice,
        _notices.member == of.member,
        _notices.told_at.is_(None),
        _notices.claimed_until <= now.to_stdlib(),
    )
    await connection.execute(query.values(claimed_until=until.to_stdlib()))


async def release(connection: AsyncConnection, numbers: list[int], now: Instant) -> None:
    """They were claimed, and are not sent yet."""
    await connection.execute(update(notices).where(_notices.id.in_(numbers)).values(claimed_until=now.to_stdlib()))


async def mark_told(connection: AsyncConnection, numbers: list[int], now: Instant) -> None:
    """They were told, or cannot be. What is a week old is forgotten."""
    await connection.execute(update(notices).where(_notices.id.in_(numbers)).values(told_at=now.to_stdlib()))
    old = (now - FORGOTTEN_AFTER).to_stdlib()
    await connection.execute(delete(notices).where(or_(_notices.told_at < old, _notices.latest < old)))


def _waiting(row: Row[Any]) -> Waiting:
    told_at = Instant(row.told_at) if row.told_at is not None else None
    return Waiting(row.practice, row.member, Instant(row.latest), told_at)
