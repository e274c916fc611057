"""`make bench`, or `python -m bench [PART ...]` for some parts. Results of them all go to `bench/results.md`."""

import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console
from whenever import Instant

from bench.figure import Figure, markdown, table
from bench.house import SAMPLE, BenchError, House
from bench.on_call import calendar
from bench.paging import holding, timers
from bench.processes import first_answer, memory
from bench.profile import profile
from bench.reports import reports
from bench.webhooks import webhooks

Part = Callable[[House], AsyncIterator[Figure]]
PARTS: Final[tuple[Part, ...]] = (webhooks, first_answer, calendar, holding, timers, memory, reports)
"""Each in the state of the database that those before it leave; `timers` copies a page of `holding`'s."""
RESULTS: Final = Path(__file__).parent / "results.md"
stdout = Console()


async def main(names: list[str]) -> int:
    """Measure; the exit status: 1 when a target is missed."""
    parts = [part for part in PARTS if not names or part.__name__ in names]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="nightbell-bench") as folder:
        house = House.build(Path(folder))
        house.command("apply", str(SAMPLE))
        for part in parts:
            stdout.print(f"measuring {part.__name__} ...", style="dim")
            figures += [figure async for figure in part(house)]
        where_time_goes = "" if names else await profile(house)
    stdout.print(table(figures))
    stdout.print(where_time_goes, markup=False, highlight=False)
    if not names:
        RESULTS.write_text(_report(figures, where_time_goes), encoding="utf-8")
    return int(any(figure.is_met is False for figure in figures))


def _report(figures: list[Figure], where_time_goes: str) -> str:
    return (
        "# What `make bench` measured\n\n"
        f"{Instant.now().format_iso(unit='second')}, {platform.system()} {platform.release()}, {_processors()}, "
        f"Python {platform.python_version()}; PostgreSQL (embedded, fsync on), server, worker and load on the same "
        "machine.\n\n"
        f"{markdown(figures)}\n## Where a webhook's time goes\n\n```\n{where_time_goes}```\n"
    )


def _processors() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines() if "model name" in line]
    return f"{len(names)} x {names[0].partition(':')[2].strip()}" if names else platform.machine()


if __name__ == "__main__":
    try:
        sys.exit(uvloop.run(main(sys.argv[1:])))
    except BenchError as error:
        sys.exit(f"bench: {error}")
