"""What people were told and asked about the starts of their shifts, as records: each once, however many workers."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.shift_start import ASK, OPEN, Notice, NoticeState
from escalation.starting import Start
from storage.tables_calendar import shift_notices

DUE_AT_ONCE: Final = 50
_KEY: Final = ["practice", "schedule", "member", "starts_at", "kind"]
_notices = shift_notices.c


async def add(connection: AsyncConnection, practice: str, notice: Notice, now: Instant) -> int | None:
    """Store a notice; its number. None: it is there already, whoever stored it."""
    start = notice.start
    statement = upsert(shift_notices).values(
        practice=practice,
        schedule=start.schedule,
        member=start.member,
        starts_at=start.start.to_stdlib(),
        kind=notice.kind,
        ends_at=start.end.to_stdlib(),
        made_at=now.to_stdlib(),
        previous=",".join(start.previous),
        answer_by=_stored(notice.answer_by),
        **_state(notice, now),
    )
    made = await connection.scalar(statement.on_conflict_do_nothing(index_elements=_KEY).returning(_notices.id))
    return int(made) if made is not None else None


async def keep(connection: AsyncConnection, notice: Notice, now: Instant) -> None:
    """Store where the notice stands."""
    values = {**_state(notice, now), "override": notice.override}
    await connection.execute(update(shift_notices).where(_notices.id == notice.number).values(**values))


def _state(notice: Notice, now: Instant) -> dict[str, Any]:
    return {"state": notice.state, "due_at": _stored(notice.due), "changed_at": now.to_stdlib()}


async def found(connection: AsyncConnection, practice: str, number: int) -> Notice | None:
    """One of the practice's notices."""
    query = select(shift_notices).where(_notices.practice == practice, _notices.id == number)
    row = (await connection.execute(query)).one_or_none()
    return _notice(row) if row is not None else None


async def due(connection: AsyncConnection, now: Instant) -> list[tuple[str, int]]:
    """The test pages that go on now, each with its practice, the most overdue first."""
    query = select(_notices.practice, _notices.id).where(_notices.due_at <= now.to_stdlib())
    rows = await connection.execute(query.order_by(_notices.due_at).limit(DUE_AT_ONCE))
    return [(row.practice, row.id) for row in rows]


async def claim(connection: AsyncConnection, number: int, now: Instant) -> Notice | None:
    """A test page that is due, for this transaction alone; None: another worker has it, or had it."""
    query = select(shift_notices).where(_notices.id == number, _notices.due_at <= now.to_stdlib())
    row = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return _notice(row) if row is not None else None


async def open_of(connection: AsyncConnection, practice: str, member: str, *, lock: bool = False) -> list[Notice]:
    """The member's test pages that wait for an answer. `lock`: until the transaction ends."""
    query = _asked(practice, member).where(_notices.state.in_(OPEN))
    return await _all(connection, query, lock=lock)


async def unanswered_of(
    connection: AsyncConnection, practice: str, member: str, now: Instant, *, lock: bool = False
) -> list[Notice]:
    """Those that they have not answered in time, of shifts that still go on."""
    query = _asked(practice, member).where(_notices.state == NoticeState.UNANSWERED, _notices.ends_at > now.to_stdlib())
    return await _all(connection, query, lock=lock)


async def is_within_asked(connection: AsyncConnection, practice: str, start: Start) -> bool:
    """Whether the member was asked already at an earlier start of a shift in which this one lies."""
    at = start.start.to_stdlib()
    query = _asked(practice, start.member).where(
        _notices.schedule == start.schedule, _notices.starts_at < at, _notices.ends_at > at
    )
    return bool(await _all(connection, query.limit(1)))


async def told_of(connection: AsyncConnection, practice: str, now: Instant) -> list[tuple[Notice, Instant]]:
    """What people were told of starts that are still to come, and when; for this transaction alone."""
    query = select(shift_notices).where(
        _notices.practice == practice,
        _notices.starts_at > now.to_stdlib(),
        _notices.state.in_((NoticeState.TOLD, NoticeState.WITHDRAWN)),
    )
    rows = await connection.execute(query.order_by(_notices.id).with_for_update(skip_locked=True))
    return [(_notice(row), Instant(row.changed_at)) for row in rows]


def _asked(practice: str, member: str) -> Select[Any]:
    mine: tuple[ColumnElement[bool], ...] = (_notices.practice == practice, _notices.member == member)
    return select(shift_notices).where(*mine, _notices.kind == ASK).order_by(_notices.id)


async def _all(connection: AsyncConnection, query: Select[Any], *, lock: bool = False) -> list[Notice]:
    return [_notice(row) for row in await connection.execute(query.with_for_update() if lock else query)]


def _notice(row: Row[Any]) -> Notice:
    previous = tuple(row.previous.split(",")) if row.previous else ()
    return Notice(
        start=Start(row.schedule, row.member, Instant(row.starts_at), Instant(row.ends_at), previous),
        kind=row.kind,
        state=NoticeState(row.state),
        due=_instant(row.due_at),
        answer_by=_instant(row.answer_by),
        override=row.override,
        number=row.id,
    )


def _stored(at: Instant | None) -> datetime | None:
    return at.to_stdlib() if at else None


def _instant(at: datetime | None) -> Instant | None:
    return Instant(at) if at else None
