"""Time off as records: listed, added and ended."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Leave
from storage.beside import Record
from storage.plans import tell
from storage.tables_calendar import time_off


@dataclass(frozen=True, slots=True)
class NewLeave:
    """Time off with its author and reason."""

    leave: Leave
    author: str
    reason: str


async def listed(connection: AsyncConnection, practice: str, before: int | None, limit: int) -> list[Record]:
    """The practice's time off, the newest record first, from before the record of that number."""
    query = select(time_off).where(time_off.c.practice == practice)
    if before is not None:
        query = query.where(time_off.c.id < before)
    return [_record(row) for row in await connection.execute(query.order_by(time_off.c.id.desc()).limit(limit))]


async def found(connection: AsyncConnection, practice: str, number: int) -> Record | None:
    """One of the records."""
    query = select(time_off).where(time_off.c.practice == practice, time_off.c.id == number)
    row = (await connection.execute(query)).one_or_none()
    return _record(row) if row is not None else None


async def within(connection: AsyncConnection, practice: str, leave: Leave) -> Record | None:
    """A record of the same person that counts and shares time with this one."""
    query = select(time_off).where(
        time_off.c.practice == practice,
        time_off.c.member == leave.member,
        time_off.c.ended_at.is_(None),
        time_off.c.starts_at < leave.end.to_stdlib(),
        time_off.c.ends_at > leave.start.to_stdlib(),
    )
    row = (await connection.execute(query.order_by(time_off.c.starts_at).limit(1))).one_or_none()
    return _record(row) if row is not None else None


async def add(connection: AsyncConnection, practice: str, wanted: NewLeave) -> int:
    """Give somebody time off; the record's number."""
    values = {
        "practice": practice,
        "member": wanted.leave.member,
        "starts_at": wanted.leave.start.to_stdlib(),
        "ends_at": wanted.leave.end.to_stdlib(),
        "author": wanted.author,
        "reason": wanted.reason,
    }
    number = await connection.scalar(insert(time_off).values(**values).returning(time_off.c.id))
    await tell(connection, practice)
    return int(number or 0)


async def end(connection: AsyncConnection, practice: str, number: int, by: str, now: Instant) -> None:
    """Take it back."""
    query = update(time_off).where(time_off.c.practice == practice, time_off.c.id == number)
    await connection.execute(query.values(ended_at=now.to_stdlib(), ended_by=by))
    await tell(connection, practice)


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id,
        start=Instant(row.starts_at),
        end=Instant(row.ends_at),
        author=row.author,
        reason=row.reason,
        ended_at=Instant(row.ended_at) if row.ended_at else None,
        ended_by=row.ended_by,
        member=row.member,
    )
