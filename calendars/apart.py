"""Reading a feed in a process of its own (`calendars.reader`), which is ended when it takes too long.

A few lines of iCalendar can ask for more time than anybody has (a rule that never comes true, tried until the year
9999), and no thread can be stopped. The process has no settings and no secrets, and what it knows of time zones ends
with it: a feed may define a zone under any name. Nor does this process hold the libraries that read.
"""

import asyncio
import json
import os
import sys
from typing import Final

from calendars.errors import CalendarError, ReadError, TooMuchError

CPU_SECONDS: Final = 10
WITHIN: Final = 30.0
"""Real seconds, in which it has those of the processor also on a busy machine."""
_KEPT: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZDIR", "PYTHONTZPATH")
_KINDS: Final[dict[str, type[CalendarError]]] = {"ReadError": ReadError, "TooMuchError": TooMuchError}


def too_much() -> TooMuchError:
    """What is said of a feed that takes too long."""
    mend = "Its events may repeat in a way that never comes true: look at those that repeat, or let it hold fewer."
    return TooMuchError("it takes more time or memory to read than a calendar should", mend)


async def read(content: bytes, zone: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """What `calendars.reading.events_in` finds. Raises ReadError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "calendars.reader", zone, str(start), str(end), str(CPU_SECONDS),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            told, _ = await process.communicate(content)
    except TimeoutError:
        raise too_much() from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise too_much()
    found = json.loads(told)
    if isinstance(found, dict):
        raise _KINDS[found["kind"]](found["what"], found["mend"])
    return [(begins, ends, title) for begins, ends, title in found]
