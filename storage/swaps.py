"""Swaps as records. A swap that is done and its overrides are stored in one transaction, or neither is."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.refusal import RefusalKind, RefusedError
from escalation.swap import OPEN, Exchange, Swap, SwapState
from storage.tables_calendar import swaps

CLAIMED_AT_ONCE: Final = 50


async def listed(
    connection: AsyncConnection, practice: str, before: int | None, limit: int, state: SwapState | None = None
) -> list[Swap]:
    """The practice's swaps, the newest first, from before the one of that number."""
    query = select(swaps).where(swaps.c.practice == practice)
    if before is not None:
        query = query.where(swaps.c.id < before)
    if state is not None:
        query = query.where(swaps.c.state == state)
    return [_swap(row) for row in await connection.execute(query.order_by(swaps.c.id.desc()).limit(limit))]


async def open_swaps(connection: AsyncConnection, practice: str) -> tuple[Swap, ...]:
    """Those that may still come to something."""
    query = select(swaps).where(swaps.c.practice == practice, swaps.c.state.in_(OPEN))
    return tuple(_swap(row) for row in await connection.execute(query.order_by(swaps.c.id)))


async def found(connection: AsyncConnection, practice: str, number: int, *, lock: bool = False) -> Swap:
    """One of them; `lock`: nobody else changes it until the transaction ends. Raises RefusedError: there is none."""
    query = select(swaps).where(swaps.c.practice == practice, swaps.c.id == number)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise RefusedError("There is no such swap.", kind=RefusalKind.MISSING)
    return _swap(row)


async def add(connection: AsyncConnection, practice: str, swap: Swap) -> int:
    """Store an offer; its number."""
    wanted = swap.exchange
    values = {
        "practice": practice,
        "schedule": swap.schedule,
        "member": swap.member,
        "starts_at": swap.start.to_stdlib(),
        "ends_at": swap.end.to_stdlib(),
        "state": swap.state,
        "author": swap.author,
        "reason": swap.reason,
        "offered_at": swap.offered_at.to_stdlib(),
        "exchange_schedule": wanted.schedule if wanted else None,
        "exchange_starts_at": wanted.start.to_stdlib() if wanted else None,
        "exchange_ends_at": wanted.end.to_stdlib() if wanted else None,
    }
    return int(await connection.scalar(insert(swaps).values(**values).returning(swaps.c.id)) or 0)


async def keep(connection: AsyncConnection, swap: Swap, override: int | None = None) -> None:
    """Store how the swap stands now. `override`: the first of those that it came to."""
    values: dict[str, Any] = {
        "state": swap.state,
        "taken_by": swap.taken_by or None,
        "taken_at": swap.taken_at.to_stdlib() if swap.taken_at else None,
        "ended_at": swap.ended_at.to_stdlib() if swap.ended_at else None,
        "ended_by": swap.ended_by or None,
    }
    if override is not None:
        values["override"] = override
    await connection.execute(update(swaps).where(swaps.c.id == swap.number).values(**values))


async def claim_begun(connection: AsyncConnection, now: Instant) -> list[tuple[str, Swap]]:
    """Open swaps whose time has come, each with its practice; no other worker has them until the transaction ends."""
    begins = (swaps.c.starts_at <= now.to_stdlib()) | (swaps.c.exchange_starts_at <= now.to_stdlib())
    return await _claimed(connection, select(swaps).where(swaps.c.state.in_(OPEN), begins))


async def claim_untold(connection: AsyncConnection) -> list[tuple[str, Swap]]:
    """Swaps of whose end those concerned were not told, in the same way."""
    told_of = (SwapState.DONE, SwapState.DECLINED, SwapState.EXPIRED)
    return await _claimed(connection, select(swaps).where(swaps.c.told_at.is_(None), swaps.c.state.in_(told_of)))


async def set_told(connection: AsyncConnection, swap: Swap, now: Instant) -> None:
    """Those concerned are told, by jobs that this transaction defers."""
    await connection.execute(update(swaps).where(swaps.c.id == swap.number).values(told_at=now.to_stdlib()))


async def is_told(
    connection: AsyncConnection,
    practice: str,
    schedule: str,
    member: str,
    span: tuple[Instant, Instant],
    since: Instant,
) -> bool:
    """Whether the member has heard since then, by a swap, that they have the schedule in the span, or do not."""
    start, end = span[0].to_stdlib(), span[1].to_stdlib()
    concerned = (swaps.c.member == member) | (swaps.c.taken_by == member)
    given = (swaps.c.schedule == schedule) & (swaps.c.starts_at < end) & (swaps.c.ends_at > start)
    wanted = swaps.c.exchange_schedule == schedule
    wanted &= (swaps.c.exchange_starts_at < end) & (swaps.c.exchange_ends_at > start)
    query = select(swaps.c.id).where(
        swaps.c.practice == practice,
        swaps.c.state == SwapState.DONE,
        swaps.c.ended_at >= since.to_stdlib(),
        concerned,
        given | wanted,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def _claimed(connection: AsyncConnection, query: Select[Any]) -> list[tuple[str, Swap]]:
    query = query.order_by(swaps.c.id).limit(CLAIMED_AT_ONCE).with_for_update(skip_locked=True)
    return [(row.practice, _swap(row)) for row in await connection.execute(query)]


def _swap(row: Row[Any]) -> Swap:
    wanted = row.exchange_schedule
    return Swap(
        schedule=row.schedule,
        member=row.member,
        start=Instant(row.starts_at),
        end=Instant(row.ends_at),
        author=row.author,
        reason=row.reason,
        offered_at=Instant(row.offered_at),
        exchange=Exchange(wanted, Instant(row.exchange_starts_at), Instant(row.exchange_ends_at)) if wanted else None,
        state=SwapState(row.state),
        taken_by=row.taken_by or "",
        taken_at=_instant(row.taken_at),
        ended_at=_instant(row.ended_at),
        ended_by=row.ended_by or "",
        number=row.id,
    )


def _instant(at: datetime | None) -> Instant | None:
    return Instant(at) if at else None
