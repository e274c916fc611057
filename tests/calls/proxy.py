"""A wire between the product and PostgreSQL that a test can cut, leave hanging, and mend."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SOCKET = ".s.PGSQL.5432"


class Wire(Enum):
    """What the wire does."""

    WORKS = "works"
    CUT = "cut"
    """Connections break, new ones are refused."""
    HANGS = "hangs"
    """Connections are made, and nothing ever comes back."""


class Proxy:
    """Passes bytes on between a socket of its own and the server's."""

    def __init__(self, url: str) -> None:
        self._server_socket = str(Path(parse_qs(urlsplit(url).query)["host"][0]) / _SOCKET)
        self._folder = tempfile.mkdtemp(prefix="wire")
        self.url = f"{url.partition('?')[0]}?host={self._folder}"
        self._works = asyncio.Event()
        self._works.set()
        self._state = Wire.WORKS
        self._streams: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_unix_server(self._accept, f"{self._folder}/{_SOCKET}")
        try:
            yield self
        finally:
            server.close()
            self._break_all()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            shutil.rmtree(self._folder, ignore_errors=True)

    def becomes(self, state: Wire) -> None:
        self._state = state
        if state is Wire.HANGS:
            self._works.clear()
            return
        # A connection that hung is dead when the wire is mended: its answers are lost.
        self._break_all()
        self._works.set()

    def _break_all(self) -> None:
        for stream in list(self._streams):
            stream.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state is Wire.CUT:
            writer.transport.abort()
            return
        there, back = await asyncio.open_unix_connection(self._server_socket)
        self._streams |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.get_running_loop().create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._works.wait()
                sink.write(data)
        sink.transport.abort()
        self._streams.discard(sink)
