"""A night at Maple Pediatrics: the product and the emulator on loopback, in virtual time, on real PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from whenever import Instant, ZonedDateTime

from nightbell.app import create_app as create_product
from nightbell.app import replay_journal
from nightbell.composition import Parts, compose
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from nightbell.worker import Worker
from storage.calls import events_of, noted
from telephony.emulator import Exchange, Phone, VirtualTimeline, create_app, serving
from telephony.emulator.webhook import Policy

PRACTICE = "+16175550100"
PARENT = "+16175550180"
DESK_1, DESK_2 = "+16175550111", "+16175550112"
CHEN, OSEI, OSEI_LANDLINE, PATEL, RUIZ = (
    "+16175550121",
    "+16175550122",
    "+16175550132",
    "+16175550123",
    "+16175550124",
)
SERVICE = "+18885550199"
OPERATOR = "+16175550190"
TOKEN = "made-up-token"

SUNDAY_NIGHT = ZonedDateTime(2026, 11, 22, 2, 10, tz="America/New_York").to_instant()
MONDAY_MORNING = ZonedDateTime(2026, 11, 23, 10, 0, tz="America/New_York").to_instant()

SAMPLE = Path(__file__).parents[2] / "nightbell/samples/maple-pediatrics.yaml"


class TimelineClock:
    """The product's clock is the emulator's; wake-ups come from the sweep, as they do for a worker that died."""

    def __init__(self, timeline: VirtualTimeline) -> None:
        self._timeline = timeline

    def now(self) -> Instant:
        return self._timeline.now()

    def real_delay(self, until: Instant) -> float:
        return 3600.0 if until > self._timeline.now() else 0.0


class Night:
    """Everything of one scenario."""

    def __init__(self, parts: Parts, exchange: Exchange, timeline: VirtualTimeline, product: str) -> None:
        self.parts = parts
        self.exchange = exchange
        self.timeline = timeline
        self.product = product
        self.worker = Worker(parts)
        self.worker_is_dead = False
        self.expected_faults: list[str] = []

    def phone(self, number: str) -> Phone:
        return self.exchange.phone(number)

    async def work(self) -> bool:
        """The worker's part: jobs that are ready, and the sweep. True when there was something."""
        if self.worker_is_dead:
            return False
        ready = (
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
        )
        if await self.sql_one(ready):
            await self.worker.run_ready()
            return True
        due = "SELECT count(*) FROM pages WHERE due <= :now"
        if await self.sql_one(due, now=self.timeline.now().to_stdlib()):
            await self.worker.sweep()
            return True
        return False

    async def next_due(self) -> Instant | None:
        if self.worker_is_dead:
            return None
        due = await self.sql_one("SELECT min(due) FROM pages")
        return Instant(due) if due else None

    async def sql(self, statement: str, **values: object) -> list[Any]:
        async with self.parts.database.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def sql_one(self, statement: str, **values: object) -> Any:
        rows = await self.sql(statement, **values)
        return rows[0][0] if rows else None

    async def settle(self) -> None:
        await self.timeline.settle()

    async def record(self) -> Any:
        """The only call's row."""
        await self.settle()
        (row,) = await self.sql("SELECT * FROM calls")
        return row

    async def page(self) -> Any:
        """The only page's row."""
        await self.settle()
        (row,) = await self.sql("SELECT * FROM pages")
        return row

    async def trail(self) -> str:
        """The pages' trails, as lines."""
        await self.settle()
        rows = await self.sql("SELECT at, trail FROM page_events ORDER BY page, version")
        return "\n".join(line for row in rows for line in row.trail)

    async def notes(self) -> list[tuple[str, str, str]]:
        """The notes of the only call: kind, detail, private part."""
        row = await self.record()
        async with self.parts.database.engine.connect() as connection:
            found = noted(await events_of(connection, self.parts.ring, row.sid))
        return [(note.kind.value, note.detail, note.private) for note in found]

    def opened(self, field: str, sealed: bytes) -> str:
        return self.parts.ring.open(field, bytes(sealed))

    async def replay(self) -> int:
        return await replay_journal(self.parts.site)

    async def publish(self, document: str) -> None:
        await publish_text(self.parts, document, "a test")
        await self.parts.plans.refresh()


def point(exchange: Exchange, product: str, number: str = PRACTICE) -> None:
    exchange.own_number(
        number,
        voice_url=f"{product}/twilio/voice",
        fallback_url=f"{product}/twilio/voice/fallback",
        status_url=f"{product}/twilio/voice/status",
        sms_url=f"{product}/twilio/sms",
    )


@asynccontextmanager
async def open_night(
    start: Instant, database_url: str, folder: Path, *, document: str | None = None
) -> AsyncIterator[Night]:
    timeline = VirtualTimeline(start)
    async with AsyncExitStack() as stack:
        policy = Policy(read_timeout=8.0) if "read_timeout" in Policy.__dataclass_fields__ else Policy()
        exchange = await stack.enter_async_context(
            Exchange(timeline, auth_token=TOKEN, webhook_policy=policy, calls_per_second=1000.0)
        )
        exchange.api_url = await stack.enter_async_context(serving(create_app(exchange)))
        settings = Settings(
            account_sid=exchange.account_sid,
            auth_token=TOKEN,
            api_url=exchange.api_url,
            public_url="http://placeholder.invalid",
            data_dir=folder,
            calls_per_second=1000.0,
        )
        clock = TimelineClock(timeline)
        parts = await stack.enter_async_context(compose(settings, clock=clock, url=database_url))
        await publish_text(parts, document or SAMPLE.read_text(), "a test")
        await parts.plans.refresh()
        product = await stack.enter_async_context(serving(create_product(parts)))
        parts.site.urls.origin = product
        parts.site.media.origin = product
        point(exchange, product)
        await stack.enter_async_context(parts.queue.open_async())
        night = Night(parts, exchange, timeline, product)
        timeline.settle_hooks.append(night.work)
        timeline.due_hooks.append(night.next_due)
        yield night
        await night.settle()
        unexpected = [f for f in exchange.faults if not any(word in str(f) for word in night.expected_faults)]
        assert unexpected == []


@pytest.fixture
async def night(database_url: str, tmp_path: Path) -> AsyncIterator[Night]:
    """02:10 on a Sunday."""
    async with open_night(SUNDAY_NIGHT, database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def day(database_url: str, tmp_path: Path) -> AsyncIterator[Night]:
    """10:00 on a Monday."""
    async with open_night(MONDAY_MORNING, database_url, tmp_path) as opened:
        yield opened
