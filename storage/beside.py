"""Closures and overrides as records: listed, looked for in a window, and ended early. `storage.plans` adds them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Override, OverrideKind
from storage.plans import tell
from storage.tables import closures, overrides, practices


@dataclass(frozen=True, slots=True)
class Record:
    """A closure, or an override, which has a schedule and a member. `end` is exclusive.

    `ended_at`, `ended_by`: set where it was taken back; from then on it does not count, whatever its window says.
    """

    id: int
    start: Instant
    end: Instant
    author: str
    reason: str
    ended_at: Instant | None
    ended_by: str | None
    schedule: str = ""
    member: str = ""
    kind: str = ""
    instead_of: str = ""
    origin: str = ""


async def lock_practice(connection: AsyncConnection, practice: str) -> None:
    """Let those who add records to the practice follow each other, until the transaction ends."""
    await connection.execute(select(practices.c.id).where(practices.c.id == practice).with_for_update())


async def closures_of(connection: AsyncConnection, practice: str, before: int | None, limit: int) -> list[Record]:
    """The practice's closures, the newest record first, from before the record of that number."""
    return await _listed(connection, closures, practice, before, limit)


async def overrides_of(connection: AsyncConnection, practice: str, before: int | None, limit: int) -> list[Record]:
    """The practice's overrides, the newest record first, from before the record of that number."""
    return await _listed(connection, overrides, practice, before, limit)


async def closure(connection: AsyncConnection, practice: str, number: int) -> Record | None:
    """One of the practice's closures."""
    return await _one(connection, closures, practice, number)


async def override(connection: AsyncConnection, practice: str, number: int) -> Record | None:
    """One of the practice's overrides."""
    return await _one(connection, overrides, practice, number)


async def number_of(connection: AsyncConnection, practice: str, wanted: Override) -> int:
    """The number of the record that this override stands for and that counts; 0 where there is none."""
    found = await connection.scalar(
        select(overrides.c.id).where(
            overrides.c.practice == practice,
            overrides.c.ended_at.is_(None),
            overrides.c.schedule == wanted.schedule,
            overrides.c.member == wanted.member,
            overrides.c.starts_at == wanted.start.to_stdlib(),
            overrides.c.kind == wanted.kind,
        )
    )
    return int(found or 0)


async def closure_within(connection: AsyncConnection, practice: str, start: Instant, end: Instant) -> Record | None:
    """A closure that counts and shares time with the window."""
    return await _within(connection, closures, practice, start, end)


async def end_closure(connection: AsyncConnection, practice: str, number: int, by: str, now: Instant) -> bool:
    """Take the closure back; False when it had ended, or there is none."""
    return await _end(connection, closures, practice, number, by, now)


async def end_override(connection: AsyncConnection, practice: str, number: int, by: str, now: Instant) -> bool:
    """Take the override back; False when it had ended, or there is none."""
    return await _end(connection, overrides, practice, number, by, now)


async def overrides_with(connection: AsyncConnection, practice: str, origin: str) -> list[Record]:
    """The overrides that came of the same thing and were not taken back."""
    came = (overrides.c.practice == practice, overrides.c.origin == origin, overrides.c.ended_at.is_(None))
    return [_record(row) for row in await connection.execute(select(overrides).where(*came).order_by(overrides.c.id))]


def override_of(record: Record) -> Override:
    """The override that a record of one stands for."""
    return Override(
        schedule=record.schedule,
        member=record.member,
        start=record.start,
        end=record.end,
        author=record.author,
        reason=record.reason,
        kind=OverrideKind(record.kind),
        instead_of=record.instead_of,
    )


async def _listed(
    connection: AsyncConnection, table: Table, practice: str, before: int | None, limit: int
) -> list[Record]:
    query = select(table).where(table.c.practice == practice)
    if before is not None:
        query = query.where(table.c.id < before)
    return [_record(row) for row in await connection.execute(query.order_by(table.c.id.desc()).limit(limit))]


async def _one(connection: AsyncConnection, table: Table, practice: str, number: int) -> Record | None:
    query = select(table).where(table.c.practice == practice, table.c.id == number)
    row = (await connection.execute(query)).one_or_none()
    return _record(row) if row is not None else None


async def _within(
    connection: AsyncConnection, table: Table, practice: str, start: Instant, end: Instant, *more: ColumnElement[bool]
) -> Record | None:
    query = select(table).where(
        table.c.practice == practice,
        table.c.ended_at.is_(None),
        table.c.starts_at < end.to_stdlib(),
        table.c.ends_at > start.to_stdlib(),
        *more,
    )
    row = (await connection.execute(query.order_by(table.c.starts_at).limit(1))).one_or_none()
    return _record(row) if row is not None else None


async def _end(connection: AsyncConnection, table: Table, practice: str, number: int, by: str, now: Instant) -> bool:
    done = await connection.execute(
        update(table)
        .where(
            table.c.practice == practice,
            table.c.id == number,
            table.c.ended_at.is_(None),
            table.c.ends_at > now.to_stdlib(),
        )
        .values(ended_at=now.to_stdlib(), ended_by=by)
    )
    if done.rowcount:
        await tell(connection, practice)
    return bool(done.rowcount)


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id,
        start=Instant(row.starts_at),
        end=Instant(row.ends_at),
        author=row.author,
        reason=row.reason,
        ended_at=Instant(row.ended_at) if row.ended_at else None,
        ended_by=row.ended_by,
        schedule=getattr(row, "schedule", ""),
        member=getattr(row, "member", ""),
        kind=getattr(row, "kind", ""),
        instead_of=getattr(row, "instead_of", ""),
        origin=getattr(row, "origin", ""),
    )
