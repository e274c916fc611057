"""The webhooks: closed loop and open loop, beside two FastAPI routes that do less."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bench import traffic
from bench.figure import Figure
from bench.house import BenchError, House, free_port, listens, running
from bench.load import Timings, closed_loop, connect, is_right, open_loop

CONNECTIONS: Final = 16
CALLS: Final = 4000
"""Of the closed loop; each is two webhooks. A tenth as many again go before them and are not counted."""
RATE: Final = 200
SECONDS: Final = 30
"""Of the open loop."""


async def webhooks(house: House) -> AsyncIterator[Figure]:
    """Measure, reference first."""
    async with reference(house) as port:
        bare = await _closed(port, "a1", "/twilio/voice")
        bare_open = await _open(port, "a2", "/twilio/voice")
    async with reference(house, house.database) as port:
        trip = await _closed(port, "a3", "/twilio/voice")
        trip_open = await _open(port, "a4", "/twilio/voice")
    async with serving(house) as port:
        menu = await menu_of(port)
        ours = await _closed(port, "b1", menu)
        ours_open = await _open(port, "b2", menu)
    share = ours.rate / bare.rate
    yield Figure(
        f"webhook, closed loop, {CONNECTIONS} connections",
        f"{ours.rate:,.0f}/s, p99 {_ms(ours, 0.99)}",
        f"bare route {bare.rate:,.0f}/s; with one round trip to PostgreSQL {trip.rate:,.0f}/s",
    )
    yield Figure("... of the bare route's rate", f"{share:.2f}", "1", "at least 0.6", share >= 0.6)  # noqa: PLR2004 - DESIGN
    for name, quantile, most in (("p99", 0.99, 0.025), ("p99.9", 0.999, 0.1)):
        yield Figure(
            f"webhook, open loop, {RATE}/s for {SECONDS} s, {name}",
            _ms(ours_open, quantile),
            f"bare route {_ms(bare_open, quantile)}; with one round trip {_ms(trip_open, quantile)}",
            f"at most {most * 1000:.0f} ms",
            ours_open.quantile(quantile) <= most,
        )


@asynccontextmanager
async def reference(house: House, *database: str) -> AsyncIterator[int]:
    """The reference's port."""
    port = free_port()
    with running([sys.executable, "-m", "bench.reference", str(port), *database], house.environment(), house.log):
        await listens(port)
        yield port


@asynccontextmanager
async def serving(house: House, **settings: str) -> AsyncIterator[int]:
    """The port of a `nightbell serve`."""
    port = free_port()
    with house.process("serve", "--port", str(port), **settings):
        await listens(port)
        yield port


async def menu_of(port: int) -> str:
    """Where the night's menu goes. Raises BenchError when the server does not answer a call with it."""
    connection = await connect(port)
    answer = await connection.send(traffic.request("/twilio/voice", traffic.call_sid("ff", 1)))
    connection.close()
    if not is_right(answer):
        raise BenchError(answer.decode())
    return traffic.action_of(answer)


async def _closed(port: int, series: str, menu: str) -> Timings:
    conversations = list(traffic.conversations(series, CALLS + CALLS // 10, menu))
    await closed_loop(port, conversations[CALLS:], CONNECTIONS)
    return _right(await closed_loop(port, conversations[:CALLS], CONNECTIONS))


async def _open(port: int, series: str, menu: str) -> Timings:
    calls = traffic.conversations(series, RATE * SECONDS // 2, menu)
    await asyncio.sleep(1)  # what the closed loop left behind is done by then, on both sides
    return _right(await open_loop(port, [request for call in calls for request in call], RATE))


def _right(timings: Timings) -> Timings:
    if timings.wrong:
        raise BenchError(f"{timings.wrong} webhooks were not answered")
    return timings


def _ms(timings: Timings, quantile: float) -> str:
    return f"{timings.quantile(quantile) * 1000:.1f} ms"
