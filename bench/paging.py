"""Pages: callers who hold by the hundred, and timers among ten thousand open pages."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import psutil
import psycopg

from bench import traffic
from bench.exchange import exchange
from bench.figure import Figure
from bench.house import BenchError, House
from bench.load import Connection, connect, is_right
from bench.webhooks import menu_of, serving

HOLDERS: Final = 500
BURST: Final = 50
"""Calls that come within one second, beside those who hold."""
HOLD_FOR: Final = 30.0
"""Real seconds from the first caller's holding on."""
PAUSE: Final = 12.0
"""Real seconds between two turns of a hold loop: what is said, and a pause."""

OPEN_PAGES: Final = 10_000
DUE_PER_SECOND: Final = 10
DUE_SECONDS: Final = 30


@dataclass(slots=True)
class Holding:
    """What came of the callers' webhooks."""

    seconds: list[float]
    errors: int = 0


async def holding(house: House) -> AsyncIterator[Figure]:
    """500 callers hold, 50 of whom came in one second: every webhook answered, every caller's page there."""
    found = Holding([])
    async with exchange() as api_url, serving(house, TWILIO_API_URL=api_url) as port:
        with house.process("worker", TWILIO_API_URL=api_url, NIGHTBELL_CALLS_PER_SECOND="50"):
            menu = await menu_of(port)
            until = time.perf_counter() + HOLD_FOR
            callers = []
            for n in range(HOLDERS):
                callers.append(asyncio.create_task(_hold(port, menu, n, until, found)))
                # The last ones come together, the others ten a second.
                await asyncio.sleep(1 / BURST if n >= HOLDERS - BURST else HOLD_FOR / 2 / HOLDERS)
            await asyncio.gather(*callers)
    lost = HOLDERS - await _count(house, "SELECT count(DISTINCT call) FROM pages WHERE call LIKE 'CAee%'")
    slowest = sorted(found.seconds)[int(len(found.seconds) * 0.99)] * 1000
    yield Figure(
        f"{HOLDERS} callers holding, {BURST} of them called in one second",
        f"{len(found.seconds):,} webhooks, {found.errors} errors, {lost} pages lost, p99 {slowest:.0f} ms",
        "", "no error, no page lost", found.errors == lost == 0,
    )  # fmt: skip


async def _hold(port: int, menu: str, number: int, until: float, found: Holding) -> None:
    call = traffic.call_sid("ee", number)
    caller = f"+1617556{number:04}"
    connection = await connect(port)
    where = await _turn(connection, "/twilio/voice", call, caller, "", found)
    for keys in ("1", "1"):
        where = await _turn(connection, where or menu, call, caller, keys, found)
    while time.perf_counter() < until:
        where = await _turn(connection, where, call, caller, "", found)
        await asyncio.sleep(PAUSE)
        if not connection.is_open:
            connection = await connect(port)
    connection.close()


async def _turn(connection: Connection, where: str, call: str, caller: str, keys: str, found: Holding) -> str:
    pressed = {"Digits": keys} if keys else {}
    request = traffic.request(where, call, From=caller, Caller=caller, **pressed)
    began = time.perf_counter()
    answer = await connection.send(request)
    found.seconds.append(time.perf_counter() - began)
    if not is_right(answer) or b"something is not working" in answer:
        found.errors += 1
    return traffic.action_of(answer)


async def timers(house: House) -> AsyncIterator[Figure]:
    """How late pages go on, among ten thousand that are open; and what a worker's death adds to it."""
    await _open_many(house)
    async with exchange() as api_url:
        settings = {"TWILIO_API_URL": api_url, "NIGHTBELL_CALLS_PER_SECOND": "100", "NIGHTBELL_CLOCK": ""}
        with house.process("worker", **settings):
            late = await _lateness(house, kill=None)
        p99 = late[int(len(late) * 0.99)]
        yield Figure(
            f"page timers, {OPEN_PAGES:,} open pages, {DUE_PER_SECOND} due each second, p99",
            f"late by {p99:.2f} s (median {late[len(late) // 2]:.2f} s, worst {late[-1]:.2f} s)",
            "", "less than 1 s", p99 < 1,
        )  # fmt: skip
        with ExitStack() as stack:
            stack.enter_context(house.process("worker", **settings))
            victim = stack.enter_context(house.process("worker", **settings))
            late = await _lateness(house, kill=victim)
        yield Figure(
            "the same with two workers, of which one is killed (-9): the worst page",
            f"late by {late[-1]:.2f} s", "", "taken over within 10 s", late[-1] < 10,  # noqa: PLR2004 - DESIGN
        )  # fmt: skip


async def _open_many(house: House) -> None:
    """Copy one open page, which a call has made, ten thousand times. None of the copies is due for a day."""
    async with await psycopg.AsyncConnection.connect(house.database) as connection:
        await connection.execute("SET timezone = 'UTC'")
        await connection.execute("CREATE TABLE bench_due (id text PRIMARY KEY, due timestamptz)")
        await connection.execute("UPDATE calls SET ended_at = now() WHERE ended_at IS NULL")
        await connection.execute(_FAR_OFF)
        done = await connection.execute(_COPY, {"copies": OPEN_PAGES})
        if done.rowcount != OPEN_PAGES:
            raise BenchError("there was no open page to copy")
        await connection.execute("ANALYZE")


_FAR_OFF: Final = """
    UPDATE pages SET due = now() + interval '1 day', body = body || jsonb_build_object(
        'due', to_char(now() + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'step_until', to_char(now() + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    WHERE due IS NOT NULL
"""
_COPY: Final = """
    INSERT INTO pages SELECT copy.* FROM
        (SELECT * FROM pages WHERE state = 'paging' AND due IS NOT NULL LIMIT 1) AS p,
        generate_series(1, %(copies)s) AS n,
        jsonb_populate_record(NULL::pages, to_jsonb(p) || jsonb_build_object(
            'id', 'bench-' || n, 'body', p.body || jsonb_build_object('id', 'bench-' || n), 'caller_index', NULL
        )) AS copy
"""


async def _lateness(house: House, kill: psutil.Process | None) -> list[float]:
    """Let some of the open pages be due one after the other; by how many seconds each went on too late, in order."""
    async with await psycopg.AsyncConnection.connect(house.database, autocommit=True) as connection:
        pages = {"first": 1 if kill is None else 1 + DUE_SECONDS * DUE_PER_SECOND, "rate": DUE_PER_SECOND}
        pages |= {"last": pages["first"] + DUE_SECONDS * DUE_PER_SECOND - 1}
        await connection.execute("SET timezone = 'UTC'")
        await asyncio.sleep(4)  # until the worker works
        await connection.execute(_DUE, pages)
        await asyncio.sleep(DUE_SECONDS / 2)
        if kill is not None:
            kill.kill()
        until = time.perf_counter() + DUE_SECONDS + 30
        while time.perf_counter() < until:
            await asyncio.sleep(1)
            found = await (await connection.execute(_LATE, pages)).fetchall()
            if len(found) == DUE_SECONDS * DUE_PER_SECOND:
                return sorted(float(row[0]) for row in found)
        raise BenchError(f"only {len(found)} of {DUE_SECONDS * DUE_PER_SECOND} pages went on")


_DUE: Final = """
    WITH moments AS (
        SELECT 'bench-' || n AS id, now() + interval '2 s' + (n - %(first)s) * interval '1 s' / %(rate)s AS due
        FROM generate_series(%(first)s::int, %(last)s) AS n
    ), texts AS (
        SELECT id, due, to_char(due, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS text FROM moments
    ), noted AS (
        INSERT INTO bench_due SELECT id, due FROM texts
    )
    UPDATE pages p SET due = t.due, body = p.body || jsonb_build_object('due', t.text, 'step_until', t.text)
    FROM texts t WHERE p.id = t.id
"""
_LATE: Final = """
    SELECT extract(epoch FROM min(e.at) - b.due) AS late
    FROM bench_due b JOIN page_events e ON e.page = b.id AND e.event = 'Due'
    WHERE substr(b.id, 7)::int BETWEEN %(first)s AND %(last)s
    GROUP BY b.id, b.due
"""


async def _count(house: House, query: str) -> int:
    async with await psycopg.AsyncConnection.connect(house.database) as connection:
        row = await (await connection.execute(query)).fetchone()
        return int(row[0]) if row else 0
