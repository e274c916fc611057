"""Another calendar's server, on loopback: it answers as a test tells it to, and remembers what it was asked."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Elsewhere:
    """`says`: the answer for each path; 404 for others."""

    def __init__(self) -> None:
        self.says: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.origin = ""
        self._was_asked = asyncio.Condition()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return self.origin.replace("127.0.0.1", host) + path

    async def is_asked(self, times: int) -> None:
        """Wait until it was asked so often in all."""
        async with asyncio.timeout(10), self._was_asked:
            await self._was_asked.wait_for(lambda: len(self.asked) >= times)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Elsewhere"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._under_way: set[asyncio.Task[None]] = set()
        yield self
        server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                path = head[0].split(" ")[1]
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                self.asked.append((path, headers))
                async with self._was_asked:
                    self._was_asked.notify_all()
                await self.says.get(path, status(404))(writer)
                await writer.drain()
        finally:
            self._under_way.discard(task)
            writer.close()


def head(code: int, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Said", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(code: int, **headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(code, Content_Length="0", **headers))

    return answer


def content(body: bytes, **headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, Content_Length=str(len(body)), **headers) + body)

    return answer


def endless(piece: bytes, first: bytes = b"", **headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, **headers) + first)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return answer


def trickling() -> Answer:
    """A byte now and then: no single wait is long."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200))
        while True:
            writer.write(b"B")
            await writer.drain()
            await asyncio.sleep(0.02)

    return answer


async def silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * (megabytes << 20))
