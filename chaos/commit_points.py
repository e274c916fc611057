"""Commit points by name: the moment at which the database or Twilio's side has seen something, and who did it.

There is no switch for this in the product. Triggers of our own tell of rows as they are committed, with the
`application_name` of the process that wrote them; on Twilio's side it is who holds the other end of the connection.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import psycopg
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.house import BenchError
from chaos.postgres import Postgres
from chaos.process import Process

BEFORE_REST: Final = "Twilio is asked to place a call"
AFTER_REST: Final = "Twilio has placed a call, and has not answered"

_ROWS: Final = {
    "a page is opened": "INSERT ON pages FOR EACH ROW",
    "a page is accepted": "UPDATE ON pages FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state = 'accepted')",
    "a page is bridged": "UPDATE ON pages FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state = 'bridged')",
    "a delivery is intended": "INSERT ON deliveries FOR EACH ROW WHEN (NEW.means = 'call')",
    "a delivery is claimed": "UPDATE ON deliveries FOR EACH ROW WHEN (NEW.tries > OLD.tries)",
    "a delivery gets its SID": "UPDATE ON deliveries FOR EACH ROW WHEN (OLD.sid IS NULL AND NEW.sid IS NOT NULL)",
    "a call begins": "INSERT ON calls FOR EACH ROW",
    "a call is closed": "UPDATE ON calls FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)",
}
NAMES: Final = (*_ROWS, BEFORE_REST, AFTER_REST)

_SCHEMA: Final = """
    CREATE SCHEMA chaos;
    CREATE TABLE chaos.moved (
        page text, version int, due timestamptz, at timestamptz DEFAULT clock_timestamp()
    );
    CREATE FUNCTION chaos.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_notify('chaos', TG_ARGV[0] || '|' || current_setting('application_name'));
        RETURN NULL;
    END $$;
    CREATE FUNCTION chaos.move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO chaos.moved (page, version, due) VALUES (OLD.id, OLD.version, OLD.due);
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_move AFTER UPDATE ON pages FOR EACH ROW
        WHEN (OLD.due IS NOT NULL AND OLD.version <> NEW.version) EXECUTE FUNCTION chaos.move();
"""
"""`chaos.moved`: until when each version of a page stood still, beside when it was due."""

Strike = Callable[[Process], None]


class CommitPoints:
    """`strike(point, what)`: the next process that comes to the point meets this, once."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = dict.fromkeys(NAMES, 0)
        self._strikes: dict[str, Strike] = {}
        self._processes: list[Process] = []

    def knows(self, processes: list[Process]) -> None:
        """These are the processes that can come to a point."""
        self._processes = processes

    def strike(self, point: str, what: Strike) -> None:
        """Have the next process that comes to the point struck."""
        self._strikes[point] = what

    def spare(self, point: str) -> bool:
        """Strike nobody there any more; whether nobody was struck yet."""
        return self._strikes.pop(point, None) is not None

    def _reached(self, point: str, process: Process | None) -> None:
        self.seen[point] += 1
        if process is not None and process.runs and (what := self._strikes.pop(point, None)) is not None:
            what(process)

    # ---- in the database ----

    @asynccontextmanager
    async def listening(self, postgres: Postgres) -> AsyncIterator[None]:
        """Hear what is committed, while the block runs."""
        await _install(postgres.url)
        ready = asyncio.Event()
        task = asyncio.create_task(self._listen(postgres.url, ready))
        try:
            await ready.wait()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self, url: str, ready: asyncio.Event) -> None:
        while True:
            with suppress(psycopg.OperationalError):  # PostgreSQL is away: it is part of the play
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=2) as connection:
                    await connection.execute("LISTEN chaos")
                    ready.set()
                    async for told in connection.notifies():
                        point, _, name = told.payload.partition("|")
                        self._reached(point, next((p for p in self._processes if p.name == name), None))
            await asyncio.sleep(0.2)

    # ---- on Twilio's side ----

    def watched(self, app: ASGIApp) -> ASGIApp:
        """Twilio's side, that tells when it is asked for a call and when it has placed one."""

        async def watch(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/Calls.json"):
                await app(scope, receive, send)
                return
            asks = self._at(scope)
            self._reached(BEFORE_REST, asks)

            async def answer(message: object) -> None:
                if isinstance(message, dict) and message["type"] == "http.response.start":
                    self._reached(AFTER_REST, asks)
                await send(message)  # type: ignore[arg-type] # what came is handed on

            await app(scope, receive, answer)

        return watch

    def _at(self, scope: Scope) -> Process | None:
        """Who asks; looked for only when somebody is to be struck."""
        if not {BEFORE_REST, AFTER_REST} & self._strikes.keys():
            return None
        return next((process for process in self._processes if process.is_at(scope["client"][1])), None)


async def _install(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(_SCHEMA)
        for number, (point, when) in enumerate(_ROWS.items()):
            trigger = f"CREATE TRIGGER chaos_{number} AFTER {when} EXECUTE FUNCTION chaos.tell('{point}')"
            await connection.execute(trigger.encode())


def check(point: str) -> str:
    """The point's name. Raises BenchError when there is none of that name."""
    if point not in NAMES:
        raise BenchError(f"no commit point {point!r}; there are: {', '.join(NAMES)}")
    return point
