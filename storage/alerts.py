"""Alerts to operators: stored with what they are about, in the same transaction, and then told by the worker, once.

The same trouble is told again only after a while, or when it was over; what came meanwhile is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.alerting import URGENT, AlertKind, Last, is_news
from routing.synthetic import PROBE
from storage import jobs
from storage.deliveries import FIRST
from storage.jobs import Jobs
from storage.tables import alerts, deliveries, pages

__all__ = ["UNSTORED", "URGENT", "Alert", "AlertKind", "Raised", "raise_alert"]

UNSTORED: Final = 0
"""Stands for the number of an alert that could not be stored."""
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


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
    over_at: Instant | None


async def raise_alert(connection: AsyncConnection, queue: Jobs, alert: Alert, now: Instant) -> None:
    """Store the alert and have it told; or count it, where the same was raised a short while ago."""
    await connection.execute(_LOCK, {"key": alert.key})
    row = await _last(connection, alert.key)
    last = Last(Instant(row.at), over=row.over_at is not None) if row is not None else None
    if row is not None and not is_news(alert.kind, last, now, queue.alerts_again):
        counted = {"times": row.times + 1, "last_at": now.to_stdlib()}
        await connection.execute(update(alerts).where(alerts.c.id == row.id).values(**counted))
        return
    stored = {"kind": alert.kind.value, "practice": alert.practice or None, "page": alert.page or None}
    at = now.to_stdlib()
    values = {**stored, "why": alert.why, "key": alert.key, "at": at, "last_at": at}
    number = await connection.scalar(insert(alerts).values(**values).returning(alerts.c.id))
    await queue.defer(connection, jobs.ALERT, {"alert": int(number or 0)}, priority=jobs.URGENT)


async def _last(connection: AsyncConnection, key: str) -> Row[Any] | None:
    query = select(alerts).where(alerts.c.key == key).order_by(alerts.c.id.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


async def going_on(connection: AsyncConnection, kind: AlertKind, since: Instant) -> list[Raised]:
    """The alerts of the kind that were raised since then and are not over."""
    recent = (alerts.c.kind == kind.value) & (alerts.c.at > since.to_stdlib()) & alerts.c.over_at.is_(None)
    return [_raised(row) for row in await connection.execute(select(alerts).where(recent).order_by(alerts.c.id))]


async def end(connection: AsyncConnection, queue: Jobs, over: Sequence[Raised], why: str, now: Instant) -> None:
    """What these are about, the first of them first, is over: have that told once, `why` in words for people."""
    mine = alerts.c.id.in_([one.number for one in over]) & alerts.c.over_at.is_(None)
    ended = await connection.execute(update(alerts).where(mine).values(over_at=now.to_stdlib()).returning(alerts.c.id))
    if ended.all():
        minutes = (now - over[0].at).total("minutes")
        alert = Alert(
            AlertKind.OVER, f"{why}, after {minutes:.0f} min", over[0].alert.practice, subject=str(over[0].number)
        )
        await raise_alert(connection, queue, alert, now)


async def has_worked(connection: AsyncConnection, since: Instant) -> bool:
    """Whether Twilio has taken a call or a text about a page since then; of the first provider, which is watched."""
    # By the pages of about that time, for which there is an index; the watchdog's are only noted.
    lately = select(pages.c.id).where(
        pages.c.opened_at > (since - TimeDelta(hours=24)).to_stdlib(), pages.c.practice != PROBE
    )
    taken = (
        deliveries.c.sid.is_not(None)
        & (deliveries.c.provider == FIRST)
        & (deliveries.c.intended_at > since.to_stdlib())
    )
    query = select(deliveries.c.page).where(deliveries.c.page.in_(lately), taken).limit(1)
    return (await connection.execute(query)).one_or_none() is not None


async def find(connection: AsyncConnection, number: int) -> Raised | None:
    """The alert of this number."""
    row = (await connection.execute(select(alerts).where(alerts.c.id == number))).one_or_none()
    return _raised(row) if row else None


async def untold(connection: AsyncConnection, alert: Alert) -> int | None:
    """The number of the last alert of the same, where nobody has told it yet."""
    last = await _last(connection, alert.key)
    return int(last.id) if last is not None and last.told_at is None else None


async def claim(connection: AsyncConnection, number: int, now: Instant, until: Instant) -> Raised | None:
    """The alert, to be told by whoever asks, until then alone. None: nothing is to be told, or not now."""
    free = or_(alerts.c.not_before.is_(None), alerts.c.not_before <= now.to_stdlib())
    mine = (alerts.c.id == number) & alerts.c.told_at.is_(None) & alerts.c.over_at.is_(None) & free
    row = (
        await connection.execute(update(alerts).where(mine).values(not_before=until.to_stdlib()).returning(alerts))
    ).one_or_none()
    return _raised(row) if row else None


async def waits_until(connection: AsyncConnection, number: int) -> Instant | None:
    """When it can be told, where somebody tells it now or tried in vain. None: nothing is to be told any more."""
    waiting = (alerts.c.id == number) & alerts.c.told_at.is_(None) & alerts.c.over_at.is_(None)
    at = await connection.scalar(select(alerts.c.not_before).where(waiting))
    return Instant(at) if at else None


async def put_off(connection: AsyncConnection, number: int, until: Instant) -> None:
    """Nobody could be told of it: not before then again."""
    await connection.execute(update(alerts).where(alerts.c.id == number).values(not_before=until.to_stdlib()))


async def times_before(connection: AsyncConnection, raised: Raised) -> int:
    """How often the same came within the day before it."""
    since = (raised.at - TimeDelta(hours=24)).to_stdlib()
    query = text("SELECT coalesce(sum(times), 0) FROM alerts WHERE key = :key AND id < :id AND at > :since")
    found = await connection.scalar(query, {"key": raised.key, "id": raised.number, "since": since})
    return int(found or 0)


async def mark_told(connection: AsyncConnection, number: int, now: Instant) -> None:
    """By one way at least, somebody was told."""
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
    # Those from before alerts had kinds are pages' for the most part; a version to come may have others.
    kind = AlertKind(row.kind) if row.kind in set(AlertKind) else AlertKind.PAGE
    alert = Alert(kind, row.why, row.practice or "", row.page or "")
    told, confirmed, over = (Instant(at) if at else None for at in (row.told_at, row.confirmed_at, row.over_at))
    last = Instant(row.last_at) if row.last_at else Instant(row.at)
    return Raised(row.id, row.key, alert, Instant(row.at), row.times, last, told, confirmed, row.confirmed_by, over)
