"""The probe's stopwatch, which a test may hold."""

import asyncio
import time
from typing import Protocol


class Watch(Protocol):
    """Time that only ever goes on, in seconds."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class RealWatch:
    """Real seconds."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)
