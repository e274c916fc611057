"""The audit trail: who read or changed what. Each entry is marked with a hash over itself and the entry before.

The chain shows that an entry was changed or taken out of its middle; who may write to the database can still cut off
its end, so keep a copy of the last mark elsewhere. `subject` is an id, never patient data.
"""

from hashlib import sha256
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.tables import audit

_LOCK: Final = 0x6E69_6768_7462  # "nightb": one writer at a time, or two entries would follow the same one
_FIRST: Final = b""


async def write(connection: AsyncConnection, actor: str, action: str, subject: str, now: Instant) -> None:
    """Add an entry, in the transaction of what it is about."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    query = select(audit.c.id, audit.c.mark).order_by(audit.c.id.desc()).limit(1)
    last = (await connection.execute(query)).one_or_none()
    number, before = (last.id + 1, last.mark) if last else (1, _FIRST)
    at = now.round("second")
    mark = _mark(before, number, at, actor, action, subject)
    await connection.execute(
        insert(audit).values(id=number, at=at.to_stdlib(), actor=actor, action=action, subject=subject, mark=mark)
    )


async def verify(connection: AsyncConnection) -> tuple[int, int | None]:
    """How many entries there are, and the first that does not follow from the one before (None: the chain holds)."""
    count, before = 0, _FIRST
    async with connection.stream(select(audit).order_by(audit.c.id)) as rows:
        async for row in rows:
            count += 1
            mark = _mark(before, count, Instant(row.at), row.actor, row.action, row.subject)
            if row.id != count or row.mark != mark:
                return count, row.id
            before = row.mark
    return count, None


def _mark(before: bytes, number: int, at: Instant, *words: str) -> bytes:
    parts = (str(number), at.format_iso(), *words)
    return sha256(before + "\0".join(parts).encode()).digest()
