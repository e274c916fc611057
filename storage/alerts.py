"""Alerts to operators: stored with what they are about, in the same transaction, and then told by the worker, once.

The same trouble is told again only after a while; what came meanwhile is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from storage import jobs
from storage.jobs import Jobs
from storage.tables import alerts

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


class AlertKind(StrEnum):
    """What an alert is about, for whoever sorts them."""

    PAGE = "page"
    """A page at its last resort, or a step of a policy for which nobody is on call."""
    CALENDAR = "calendar"
    """A hole that is to come, a calendar from elsewhere that cannot be had, a test page without an answer."""
    STAFF = "staff"
    """A number of the staff's that cannot be reached any more, or wrong PINs from one."""
    TWILIO = "twilio"
    """Twilio refuses the account's requests, or does not answer."""
    UNKNOWN_NUMBER = "unknown number"
    UNSIGNED = "unsigned traffic"
    WORKER = "worker"
    """No worker gives a sign of life, or pages and jobs wait for one."""


AGAIN: Final[Mapping[AlertKind, TimeDelta]] = {
    AlertKind.UNKNOWN_NUMBER: TimeDelta(hours=1),
    AlertKind.UNSIGNED: TimeDelta(hours=1),
}
"""How long the same is not told again, where it is not this:"""
AGAIN_AFTER: Final = TimeDelta(minutes=15)
URGENT: Final = frozenset({AlertKind.PAGE, AlertKind.TWILIO, AlertKind.WORKER})
"""Those for which an operator may be woken."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`why` is for people and holds nothing about a patient. `practice`: "" for the server's own; `page`: "" for none.

    `subject`: what it is about, where its words change from time to time: two of the same are one.
    """

    kind: AlertKind
    why: str
    practice: str = ""
    page: str = ""
    subject: str = ""

    @property
    def key(self) -> str:
        """The same for the same trouble."""
        parts = (self.kind.value, self.practice, self.page, self.subject or self.why)
        return sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Raised:
    """A stored alert. `times`: how often it came since then, itself included; `last_at`: the last time."""

    number: int
    key: str
    alert: Alert
    at: Instant
    times: int
    last_at: Instant
    told_at: Instant | None
    confirmed_at: Instant | None
    confirmed_by: str | None


async def raise_alert(connection: AsyncConnection, queue: Jobs, alert: Alert, now: Instant) -> None:
    """Store the alert and have it told; or count it, where the same was raised a short while ago."""
    await connection.execute(_LOCK, {"key": alert.key})
    last = await _last(connection, alert.key)
    if last is not None and now < Instant(last.at) + AGAIN.get(alert.kind, AGAIN_AFTER):
        counted = {"times": last.times + 1, "last_at": now.to_stdlib()}
        await connection.execute(update(alerts).where(alerts.c.id == last.id).values(**counted))
        return
    stored = {"kind": alert.kind.value, "practice": alert.practice or None, "page": alert.page or None}
    at = now.to_stdlib()
    values = {**stored, "why": alert.why, "key": alert.key, "at": at, "last_at": at}
    number = await connection.scalar(insert(alerts).values(**values).returning(alerts.c.id))
    await queue.defer(connection, jobs.ALERT, {"alert": int(number or 0)}, priority=jobs.URGENT)


async def _last(connection: AsyncConnection, key: str) -> Row[Any] | None:
    query = select(alerts).where(alerts.c.key == key).order_by(alerts.c.id.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


async def find(connection: AsyncConnection, number: int) -> Raised | None:
    """The alert of this number."""
    row = (await connection.execute(select(alerts).where(alerts.c.id == number))).one_or_none()
    return _raised(row) if row else None


async def untold(connection: AsyncConnection, alert: Alert) -> int | None:
    """The number of the last alert of the same, where nobody has told it yet."""
    last = await _last(connection, alert.key)
    return int(last.id) if last is not None and last.told_at is None else None


async def times_before(connection: AsyncConnection, raised: Raised) -> int:
    """How often the same came within the day before it."""
    since = (raised.at - TimeDelta(hours=24)).to_stdlib()
    query = text("SELECT coalesce(sum(times), 0) FROM alerts WHERE key = :key AND id < :id AND at > :since")
    found = await connection.scalar(query, {"key": raised.key, "id": raised.number, "since": since})
    return int(found or 0)


async def mark_told(connection: AsyncConnection, number: int, now: Instant) -> None:
    """Everybody has been told, or been tried to."""
    await connection.execute(update(alerts).where(alerts.c.id == number).values(told_at=now.to_stdlib()))


async def confirm(connection: AsyncConnection, number: int, by: str, now: Instant) -> None:
    """A person has heard it. The first one counts."""
    mine = (alerts.c.id == number) & alerts.c.confirmed_at.is_(None)
    await connection.execute(update(alerts).where(mine).values(confirmed_at=now.to_stdlib(), confirmed_by=by))


async def listed(connection: AsyncConnection, practice: str | None, before: int | None, limit: int) -> list[Raised]:
    """The practice's alerts (None: the server's own), the newest first, from before the one of that number."""
    query = select(alerts).where(alerts.c.practice == practice if practice else alerts.c.practice.is_(None))
    if before is not None:
        query = query.where(alerts.c.id < before)
    rows = await connection.execute(query.order_by(alerts.c.id.desc()).limit(limit))
    return [_raised(row) for row in rows]


def _raised(row: Row[Any]) -> Raised:
    # Those from before alerts had kinds are pages' for the most part.
    kind = AlertKind(row.kind) if row.kind else AlertKind.PAGE
    alert = Alert(kind, row.why, row.practice or "", row.page or "")
    told, confirmed = (Instant(at) if at else None for at in (row.told_at, row.confirmed_at))
    last = Instant(row.last_at) if row.last_at else Instant(row.at)
    return Raised(row.id, row.key, alert, Instant(row.at), row.times, last, told, confirmed, row.confirmed_by)
