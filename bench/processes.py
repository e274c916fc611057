"""A process: how soon it answers, and how much memory it takes with a thousand practices."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Final

from bench import traffic
from bench.figure import Figure
from bench.house import SAMPLE, BenchError, House, free_port, listens, running
from bench.load import Connection, connect, is_right

PRACTICES: Final = 1000
MEGABYTE: Final = 1 << 20
AREAS: Final = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212)
"""Each has a hundred fictional numbers."""


async def first_answer(house: House) -> AsyncIterator[Figure]:
    """From starting the command until a webhook is answered; the best of three, as the disk's cache is ours then."""
    reference = [sys.executable, "-m", "bench.reference"]
    bare = min([await _until_answered(house, reference, n) for n in range(3)])
    ours = min(
        [await _until_answered(house, [sys.executable, "-m", "nightbell", "serve", "--port"], n) for n in range(3)]
    )
    yield Figure(
        "from `serve` to its first answer", f"{ours:.2f} s", f"bare route {bare:.2f} s", "at most 3 s", ours <= 3  # noqa: PLR2004 - DESIGN
    )  # fmt: skip


async def _until_answered(house: House, command: list[str], number: int) -> float:
    port = free_port()
    request = traffic.request("/twilio/voice", traffic.call_sid("d0", number))
    began = time.perf_counter()
    with running([*command, str(port)], house.environment(), house.log):
        await listens(port)
        connection = await connect(port)
        if not is_right(await connection.send(request)):
            raise BenchError("the first webhook was refused")
        return time.perf_counter() - began


async def memory(house: House) -> AsyncIterator[Figure]:
    """The server's memory with one practice, and with a thousand."""
    one = await _resident(house)
    await _publish_many(house)
    many = await _resident(house)
    yield Figure(
        f"memory of `serve` with {PRACTICES:,} practices", f"{many:.0f} MB", f"with one practice {one:.0f} MB",
        "at most 200 MB", many <= 200,  # noqa: PLR2004 - DESIGN
    )  # fmt: skip


async def _resident(house: House) -> float:
    port = free_port()
    with house.process("serve", "--port", str(port)) as process:
        await listens(port)
        connection: Connection = await connect(port)
        await connection.send(traffic.request("/twilio/voice", traffic.call_sid("d1", int(time.time()))))
        await asyncio.sleep(0.5)
        return float(process.memory_info().rss) / MEGABYTE


async def _publish_many(house: House) -> None:
    """Store the sample's plan under other names and numbers, past the checks, which it has passed."""
    import psycopg  # noqa: PLC0415 - only here

    async with await psycopg.AsyncConnection.connect(house.database) as connection:
        cursor = connection.cursor()
        for n in range(1, PRACTICES):
            number = f"+1{AREAS[n // 100]}55501{n % 100:02}"
            document = SAMPLE.read_text(encoding="utf-8")
            document = document.replace("maple-pediatrics", f"practice-{n}").replace("+16175550100", number)
            await cursor.execute(
                "INSERT INTO practices (id, name, created_at, current_version) VALUES (%s, %s, now(), 1)",
                (f"practice-{n}", "A practice"),
            )
            await cursor.execute(
                "INSERT INTO plan_versions (practice, version, document, waived, published_at, published_by) "
                "VALUES (%s, 1, %s, '[]', now(), 'bench')",
                (f"practice-{n}", document),
            )
            await cursor.execute("INSERT INTO numbers (number, practice) VALUES (%s, %s)", (number, f"practice-{n}"))
