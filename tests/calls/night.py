"""A night at Maple Pediatrics: the product and the emulator on loopback, in virtual time, on real PostgreSQL."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from whenever import Instant

from nightbell.app import create_app as create_product
from nightbell.app import replay_journal
from nightbell.composition import Parts, compose
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from nightbell.worker import Worker
from storage import messages
from storage.calls import events_of, noted
from storage.database import CALL_BOUND, sqlalchemy_url
from storage.errors import UnavailableError
from telephony.emulator import Exchange, Phone, PhoneCall, VirtualTimeline, create_app, serving
from telephony.emulator.webhook import Policy
from telephony.signature import HEADER, sign
from telephony.trust import certificates
from tests.calls.people import PARENT, PRACTICE, SAMPLE, SECOND_ACCOUNT, SECOND_NUMBER, SECOND_TOKEN, TOKEN
from tests.calls.proxy import Proxy, Wire

SHORT_BOUND = 0.25
"""Real seconds that a webhook waits for a database that hangs, so that the tests do not; 2 in the product."""


class TimelineClock:
    """The product's clock is the emulator's."""

    def __init__(self, timeline: VirtualTimeline) -> None:
        self._timeline = timeline

    def now(self) -> Instant:
        return self._timeline.now()


class Product:
    """One process of the product: what `nightbell serve` and `nightbell worker` run."""

    def __init__(self, parts: Parts, origin: str, stack: AsyncExitStack) -> None:
        self.parts = parts
        self.origin = origin
        self.worker = Worker(parts)
        self._stack = stack
        self._queue_is_open = False

    async def run_ready(self) -> None:
        if not self._queue_is_open:
            await self._stack.enter_async_context(self.parts.queue.open_async())
            self._queue_is_open = True
        with suppress(procrastinate.exceptions.ConnectorException):
            await self.worker.run_ready()

    async def stop(self) -> None:
        await self._stack.aclose()


async def start_product(
    exchange: Exchange,
    clock: TimelineClock,
    url: str,
    folder: Path,
    port: int,
    *,
    secondary: str = "",
    second: Exchange | None = None,
) -> Product:
    """Start it as the command does; its clock is the timeline's."""
    async with AsyncExitStack() as stack:
        settings = Settings(
            account_sid=exchange.account_sid,
            auth_token=TOKEN,
            auth_token_secondary=secondary,
            api_url=exchange.api_url,
            public_url=f"http://127.0.0.1:{port}",
            data_dir=folder,
            calls_per_second=1000.0,
            calendar_networks="127.0.0.0/8",
            **_second_settings(second),
        )
        parts = await stack.enter_async_context(compose(settings, clock=clock, url=url))
        origin = await stack.enter_async_context(serving(create_product(parts), port))
        return Product(parts, origin, stack.pop_all())


def _second_settings(second: Exchange | None) -> dict[str, Any]:
    if second is None:
        return {}
    return {
        "second_account_sid": second.account_sid,
        "second_auth_token": SECOND_TOKEN,
        "second_api_url": second.api_url,
        "second_number": SECOND_NUMBER,
    }


class Night:
    """Everything of one scenario."""

    def __init__(self, exchange: Exchange, timeline: VirtualTimeline, engine: AsyncEngine, folder: Path) -> None:
        self.exchange = exchange
        self.timeline = timeline
        self.clock = TimelineClock(timeline)
        self.folder = folder
        self.worker_is_dead = False
        self.expected_faults: list[str] = []
        """Words of the emulator's faults that belong to the scenario."""
        self.trouble_is_expected = False
        """Whether the scenario makes webhooks fail, so that the spoken fallback is heard."""
        self.callbacks_are_lost = False
        """Whether the end of calls is never told."""
        self.failed_jobs_are_expected = False
        self.proxy: Proxy | None = None
        self.second: Exchange | None = None
        """The second provider's account, with the same telephones."""
        self.api = AsyncExitStack()
        """The first provider's REST API, while it is served."""
        self.product: Product
        self._engine = engine
        self._delayed: dict[int, Instant] = {}
        self._url = ""
        self._port = 0

    @property
    def parts(self) -> Parts:
        return self.product.parts

    @property
    def worker(self) -> Worker:
        return self.product.worker

    def phone(self, number: str) -> Phone:
        return self.exchange.phone(number)

    async def calls(self, number: str, caller_id: str | None = None, to: str = PRACTICE) -> PhoneCall:
        """Somebody calls the practice."""
        return await self.phone(number).dial(to, caller_id)

    # ---- the product's processes ----

    async def start(self, url: str, *, secondary: str = "") -> None:
        self._url = url
        if not self._port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
        self.product = await start_product(
            self.exchange, self.clock, url, self.folder, self._port, secondary=secondary, second=self.second
        )

    async def restart(self) -> None:
        """Stop the server and start it anew."""
        await self.product.stop()
        await self.start(self._url)

    @property
    def exchanges(self) -> list[Exchange]:
        return [self.exchange, *([self.second] if self.second else [])]

    async def first_refuses_connections(self) -> None:
        """Nobody listens at the first provider's REST API; calls come in and go on all the same."""
        await self.api.aclose()

    async def first_listens_again(self) -> None:
        port = urlsplit(self.exchange.api_url).port
        assert port is not None
        await self.api.enter_async_context(serving(create_app(self.exchange), port))

    def database(self, wire: Wire) -> None:
        """Cut the wire to the database, let it hang, or mend it; the worker is away as long as it is not whole."""
        assert self.proxy is not None, "a night with `wire`"
        self.proxy.becomes(wire)
        self.worker_is_dead = wire is not Wire.WORKS
        self.parts.database._bound = SHORT_BOUND if wire is Wire.HANGS else CALL_BOUND

    async def post(
        self, path: str, form: dict[str, str], *, token: str | None = TOKEN, body: bytes | None = None
    ) -> httpx.Response:
        """Send a webhook of one's own making; signed with `token`, or not at all."""
        url = f"{self.product.origin}/twilio/{path.removesuffix('?')}"
        content = urlencode(form).encode() if body is None else body
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if token is not None:
            headers[HEADER] = sign(url, tuple(form.items()), token)
        async with httpx.AsyncClient(verify=certificates(), trust_env=False) as client:
            return await client.post(url, content=content, headers=headers)

    def form(self, sid: str, **fields: str) -> dict[str, str]:
        """What every webhook of a call says."""
        return {
            "AccountSid": self.exchange.account_sid,
            "CallSid": sid,
            "From": PARENT,
            "To": PRACTICE,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            **fields,
        }

    # ---- the worker ----

    async def work(self) -> bool:
        """The worker's part: jobs that are ready, and the sweep. True when there was something."""
        if self.worker_is_dead:
            return False
        now = self.timeline.now()
        await self._let_delayed_jobs_become_ready(now)
        row = (await self.sql(_READY, now=now.to_stdlib()))[0]
        if row.ready:
            await self.product.run_ready()
            return True
        if not row.due:
            return False
        with suppress(UnavailableError):
            await self.worker.wake()
        # A page that stays due although it was swept is a fault of its own, and must not hold the clock.
        return (await self.sql_one("SELECT sum(version) FROM pages")) != row.versions

    async def _let_delayed_jobs_become_ready(self, now: Instant) -> None:
        """Jobs are delayed by the database's real clock; the timeline stands in for it."""
        for row in await self.sql(_LATER):
            self._delayed.setdefault(row.id, now.add(seconds=row.wait))
        ready = [job for job, due in self._delayed.items() if due <= now]
        for job in ready:
            del self._delayed[job]
            await self.sql("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE id = :job", job=job)

    async def next_due(self) -> Instant | None:
        if self.worker_is_dead:
            return None
        due = await self.sql_one("SELECT min(due) FROM pages")
        return min([*self._delayed.values(), *([Instant(due)] if due else [])], default=None)

    # ---- what is stored ----

    async def sql(self, statement: str, **values: object) -> list[Any]:
        """Ask the database, past the product and past the wire."""
        async with self._engine.connect() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def sql_one(self, statement: str, **values: object) -> Any:
        rows = await self.sql(statement, **values)
        return rows[0][0] if rows else None

    async def settle(self) -> None:
        await self.timeline.settle()

    async def passes(self, seconds: float) -> None:
        """Let virtual time pass."""
        await self.timeline.run_for(seconds)

    async def record(self, call: PhoneCall | None = None) -> Any:
        """The call's row; without a call the only one."""
        await self.settle()
        rows = await self.sql("SELECT * FROM calls ORDER BY started_at")
        (row,) = [row for row in rows if call is None or row.sid == call.sid]
        return row

    async def page(self) -> Any:
        """The only page's row."""
        await self.settle()
        (row,) = await self.sql("SELECT * FROM pages")
        return row

    async def message(self) -> Any:
        """The only message, with its fields and number opened."""
        await self.settle()
        (row,) = await self.sql("SELECT * FROM messages")
        return row

    async def sounds(self) -> tuple[tuple[str, str, int], ...]:
        """The recordings of the only message: SID, purpose, seconds."""
        row = await self.message()
        async with self.parts.database.transaction() as connection:
            found = await messages.find(connection, row.id)
            return (await messages.read(connection, self.parts.ring, found, "a test", self.clock.now())).recordings

    async def trail(self) -> str:
        """The pages' trails, as lines."""
        await self.settle()
        rows = await self.sql("SELECT at, trail FROM page_events ORDER BY page, version")
        return "\n".join(line for row in rows for line in row.trail)

    async def alerts(self) -> list[str]:
        await self.settle()
        return [row.why for row in await self.sql("SELECT why FROM alerts ORDER BY id")]

    async def recordings(self) -> list[Any]:
        await self.settle()
        return await self.sql("SELECT * FROM recordings WHERE state = 'completed' ORDER BY made_at")

    async def notes(self, call: PhoneCall | None = None) -> list[tuple[str, str, str]]:
        """The notes of a call: kind, detail, private part."""
        row = await self.record(call)
        async with self.parts.database.engine.connect() as connection:
            found = noted(await events_of(connection, self.parts.ring, row.sid))
        return [(note.kind.value, note.detail, note.private) for note in found]

    def opened(self, field: str, sealed: bytes) -> str:
        return self.parts.ring.open(field, bytes(sealed))

    def opened_json(self, field: str, sealed: bytes) -> Any:
        return self.parts.ring.open_json(field, bytes(sealed))

    def rung(self, number: str) -> int:
        """How often a phone was rung."""
        return sum(call.leg.direction != "inbound" for call in self.phone(number).calls)

    async def replay(self) -> None:
        """What the server does every 5 s: write the journal to the database, until nothing is left in it.

        That takes a while where a connection that hung keeps its locks until the server ends it, after 30 s.
        """
        async with asyncio.timeout(60):
            while not self.parts.site.journal.is_empty():
                if not await replay_journal(self.parts.site):
                    await asyncio.sleep(0.2)

    async def publish(self, document: str) -> None:
        await publish_text(self.parts, document, "a test")
        await self.parts.plans.refresh()

    def counted(self, name: str) -> float:
        """The sum of a counter's values, over its labels."""
        families = self.parts.site.metrics.registry.collect()
        return sum(
            sample.value for family in families for sample in family.samples if sample.name == f"nightbell_{name}_total"
        )


_READY = """
    SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())
        AS ready, (SELECT count(*) FROM pages WHERE due <= :now) AS due, (SELECT sum(version) FROM pages) AS versions
"""
_LATER = """
    SELECT id, greatest(0, extract(epoch FROM scheduled_at - now()))::float AS wait FROM procrastinate_jobs
    WHERE status = 'todo' AND scheduled_at > now()
"""


def point(exchange: Exchange, origin: str, number: str = PRACTICE) -> None:
    exchange.own_number(
        number,
        voice_url=f"{origin}/twilio/voice",
        fallback_url=f"{origin}/twilio/voice/fallback",
        status_url=f"{origin}/twilio/voice/status",
        sms_url=f"{origin}/twilio/sms",
    )


@asynccontextmanager
async def open_night(
    start: Instant,
    database_url: str,
    folder: Path,
    *,
    document: str | None = None,
    wired: bool = False,
    secondary: str = "",
    second: bool = False,
) -> AsyncIterator[Night]:
    """The stage of a scenario. `wired`: the product reaches the database over a wire that can be cut.

    `second`: there is a second provider.
    """
    timeline = VirtualTimeline(start)
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(
            Exchange(timeline, auth_token=TOKEN, webhook_policy=Policy(read=12.0), calls_per_second=1000.0)
        )
        api = await stack.enter_async_context(AsyncExitStack())
        exchange.api_url = await api.enter_async_context(serving(create_app(exchange)))
        engine = create_async_engine(
            sqlalchemy_url(database_url),
            isolation_level="AUTOCOMMIT",
            pool_size=2,
            connect_args={"prepare_threshold": 1},
        )
        stack.push_async_callback(engine.dispose)
        night = Night(exchange, timeline, engine, folder)
        night.api = api
        if second:
            night.second = await _second(stack, exchange)
        if wired:
            night.proxy = await stack.enter_async_context(Proxy(database_url).open())
        await night.start(night.proxy.url if night.proxy else database_url, secondary=secondary)
        stack.push_async_callback(_stop, night)
        await night.publish(document or SAMPLE.read_text())
        point(exchange, night.product.origin)
        if night.second is not None:
            night.second.own_number(SECOND_NUMBER, sms_url=f"{night.product.origin}/twilio/sms")
        timeline.settle_hooks.append(night.work)
        timeline.due_hooks.append(night.next_due)
        yield night


async def _second(stack: AsyncExitStack, first: Exchange) -> Exchange:
    """Another account on the same night; the telephones are the same, whoever rings them."""
    second = Exchange(first.timeline, SECOND_ACCOUNT, SECOND_TOKEN, webhook_policy=Policy(read=12.0),
                      calls_per_second=1000.0)  # fmt: skip
    second.phones = first.phones
    stack.push_async_callback(second.webhooks.close)
    second.api_url = await stack.enter_async_context(serving(create_app(second)))
    return second


async def _stop(night: Night) -> None:
    if night.proxy is not None:
        night.proxy.becomes(Wire.WORKS)
    await night.product.stop()
