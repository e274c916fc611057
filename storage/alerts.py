"""Alerts to operators: what the worker told them, or tried to; for the record."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.tables import alerts


async def raise_alert(
    connection: AsyncConnection, practice: str | None, why: str, now: Instant, page: str | None = None
) -> None:
    """Store an alert. `why` is for people and holds nothing about a patient."""
    await connection.execute(insert(alerts).values(practice=practice, at=now.to_stdlib(), why=why, page=page))
