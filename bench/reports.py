"""Reports over a practice's million calls."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from typing import Final

from bench.figure import Figure
from bench.filling import fill
from bench.house import House
from storage.database import Database
from storage.report import Span, report

CALLS: Final = 1_000_000
ROUNDS: Final = 7


async def reports(house: House) -> AsyncIterator[Figure]:
    """The whole year at once; the median of some rounds."""
    await asyncio.to_thread(fill, house.database, CALLS)
    database = Database(house.database)
    taken = []
    for _ in range(ROUNDS):
        async with database.transaction() as connection:
            began = time.perf_counter()
            found = await report(connection, Span("filled"))
            taken.append(time.perf_counter() - began)
    await database.close()
    seconds = statistics.median(taken)
    yield Figure(f"report over {found.calls:,} calls", f"{seconds * 1000:.0f} ms", "", "at most 300 ms", seconds <= 0.3)  # noqa: PLR2004 - DESIGN
