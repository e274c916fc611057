"""Slots that all processes share: one outbound call per account and interval, one ringing of a desk at a time.

A slot that is closed for long is also how something is done only once, whichever worker comes first.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TAKE = text(
    """
    INSERT INTO pace AS p (account, next_at) VALUES (:name, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (account) DO UPDATE SET next_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE p.next_at <= clock_timestamp()
    RETURNING 0
    """
)
_LEFT = text("SELECT extract(epoch FROM next_at - clock_timestamp()) FROM pace WHERE account = :name")


async def take_slot(connection: AsyncConnection, name: str, seconds: float) -> float:
    """Take the slot and close it for so many real seconds: 0.0; or how long it is closed still."""
    if (await connection.execute(_TAKE, {"name": name, "seconds": seconds})).one_or_none() is not None:
        return 0.0
    left = await connection.scalar(_LEFT, {"name": name})
    return max(0.01, float(left or 0.0))


async def forget_slots(connection: AsyncConnection) -> None:
    """Forget the slots that have been open for an hour, and which page a text answered a week ago."""
    await connection.execute(
        text(
            "WITH slots AS (DELETE FROM pace WHERE next_at < clock_timestamp() - interval '1 hour') "
            "DELETE FROM replies WHERE at < clock_timestamp() - interval '7 days'"
        )
    )
