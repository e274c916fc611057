"""A `nightbell` process that can be killed and started anew."""

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from bench.house import DEADLINE
from bench.load import connect
from chaos.spans import Spans

PATIENCE: Final = 20.0
"""Real seconds that a process which was killed may take to be gone."""
LOOK: Final = 0.05
WORKS: Final = b"The worker runs."


class Process:
    """One process of the product, under a name that the database knows it by (`application_name`).

    `alive`: from its start to its death. `working`: from when it says that it runs, or takes connections, to its death.
    """

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path, port: int = 0) -> None:
        self.name = name
        self.port = port
        self.alive = Spans()
        self.working = Spans()
        self.starts = 0
        self._command = [sys.executable, "-m", "nightbell", *command]
        self._environment = {**environment, "PGAPPNAME": name}
        self.log = log
        self._running: psutil.Popen | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not been killed since."""
        return self._running is not None

    @property
    def died(self) -> bool:
        """Whether it has ended by itself, which is nobody's order."""
        return self._running is not None and self._running.poll() is not None

    async def start(self) -> None:
        """Start it, unless it runs, and wait until it works, or is killed."""
        if self._running is not None:
            return
        said = len(self._said)
        with self.log.open("ab") as log:
            running = self._running = psutil.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.starts += 1
        self.alive.begins(time.time())
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until and self._running is running:
            if await self._listens() if self.port else WORKS in self._said[said:]:
                self.working.begins(time.time())
                return
            await asyncio.sleep(LOOK)

    @property
    def _said(self) -> bytes:
        return self.log.read_bytes() if self.log.exists() else b""

    async def _listens(self) -> bool:
        with suppress(OSError):
            (await connect(self.port)).close()
            return True
        return False

    def kill(self) -> bool:
        """`kill -9`; False when it did not run."""
        if self._running is None:
            return False
        running, self._running = self._running, None
        with suppress(psutil.NoSuchProcess):
            running.kill()
        for spans in (self.alive, self.working):
            spans.ends(time.time())
        with suppress(psutil.TimeoutExpired):
            running.wait(PATIENCE)
        return True

    def is_at(self, port: int) -> bool:
        """Whether this local port is an end of one of its connections."""
        if self._running is None:
            return False
        with suppress(psutil.Error):
            return any(getattr(c.laddr, "port", 0) == port for c in self._running.net_connections("tcp"))
        return False


async def start_all(processes: list[Process]) -> None:
    """Start those that do not run."""
    await asyncio.gather(*(process.start() for process in processes))
