"""A telephone exchange's worth of HTTP: requests made beforehand, sent over kept-alive connections, and timed.

Times are real seconds. The client is a protocol on uvloop and costs some 30 us a request, so that on two cores it is
the server that is measured.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

_HEAD_ENDS: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass(slots=True)
class Timings:
    """What came of a run: each answer's seconds, in the order of the answers, and how long the whole took.

    `wrong`: answers of another status than 200 or 204.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.took

    def quantile(self, share: float) -> float:
        """The time within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection(asyncio.Protocol):
    """One kept-alive connection, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio's protocol."""
        self._received += data
        end = self._received.find(_HEAD_ENDS)
        if end < 0 or self._answer is None:
            return
        head = self._received[:end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < end + len(_HEAD_ENDS) + length:
            return
        answer, self._received = self._received, b""
        self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio's protocol."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))

    @property
    def is_open(self) -> bool:
        """False when the server has closed it, as servers do with idle ones."""
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, request: bytes) -> bytes:
        """Send one request; its whole answer."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


async def connect(port: int) -> Connection:
    """A connection to the port on loopback."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def is_right(answer: bytes) -> bool:
    """Whether the answer's status is 200 or 204."""
    return answer[9:12] in {b"200", b"204"}


async def closed_loop(port: int, conversations: Iterable[Sequence[bytes]], connections: int) -> Timings:
    """Each connection holds one conversation after the other; the next request follows at once on an answer."""
    timings = Timings()
    waiting = deque(conversations)
    opened = [await connect(port) for _ in range(connections)]

    async def talk(connection: Connection) -> None:
        while waiting:
            for request in waiting.popleft():
                await _timed(connection, request, time.perf_counter(), timings)

    began = time.perf_counter()
    await asyncio.gather(*map(talk, opened))
    timings.took = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return timings


async def open_loop(port: int, requests: Sequence[bytes], rate: float) -> Timings:
    """The requests arrive at fixed times, `rate` a second, whatever became of those before.

    An answer's time counts from when its request was due, so that a server that stalls is charged for all who wait.
    """
    timings = Timings()
    free: list[Connection] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one(request: bytes, due: float) -> None:
        while free and not free[-1].is_open:
            free.pop()
        connection = free.pop() if free else await connect(port)
        await _timed(connection, request, due, timings)
        free.append(connection)

    began = time.perf_counter()
    for n, request in enumerate(requests):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(request, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    timings.took = time.perf_counter() - began
    for connection in free:
        connection.close()
    return timings


async def _timed(connection: Connection, request: bytes, since: float, timings: Timings) -> None:
    answer = await connection.send(request)
    timings.seconds.append(time.perf_counter() - since)
    timings.wrong += not is_right(answer)
