"""The time that everything in the emulator waits on: real, or virtual and driven by a test.

An emulator task is one started by :meth:`Timeline.spawn`. It may wait only in :meth:`Timeline.sleep`,
:meth:`Timeline.wait_for` (both count as idle) or in real input and output (which counts as busy).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from whenever import Instant

Condition = Callable[[], bool]
SettleHook = Callable[[], Awaitable[bool]]
DueHook = Callable[[], Awaitable[Instant | None]]


class TimelineStuckError(AssertionError):
    """The emulator stayed busy for longer than any request may take: a task waits outside the timeline."""


def seconds_between(earlier: Instant, later: Instant) -> float:
    """Seconds from ``earlier`` to ``later``; negative when they are the other way round."""
    return float((later - earlier).total("seconds"))


class Timeline(ABC):
    """A clock, and the tasks that wait on it. All durations are seconds of the timeline, not of the wall."""

    default_limit: float
    """How long :meth:`until` waits when not told, in seconds of the timeline."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._crashes: list[BaseException] = []
        self._news: set[asyncio.Future[None]] = set()

    @abstractmethod
    def now(self) -> Instant:
        """Say what time it is."""

    @abstractmethod
    async def wait_for(self, future: asyncio.Future[Any], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Park until ``future`` is done (True) or ``timeout`` seconds have passed (False); parked counts as idle."""

    @abstractmethod
    async def until(self, condition: Condition, limit: float | None = None) -> bool:
        """Let time run until ``condition`` holds; False when ``limit`` passed first or nothing is left to happen.

        Raises what an emulator task raised, if one crashed.
        """

    async def sleep(self, seconds: float) -> None:
        """Park for so many seconds."""
        await self.wait_for(asyncio.get_running_loop().create_future(), max(0.0, seconds))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str | None = None) -> asyncio.Task[Any]:
        """Start an emulator task. Its exception, if any, is raised from the next :meth:`until`."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        self._started(task)
        task.add_done_callback(self._finished)
        return task

    @contextmanager
    def working(self, _name: str) -> Iterator[None]:
        """Count a stretch of somebody else's task (a request being served) as busy."""
        yield

    def changed(self) -> None:
        """Say that something happened that somebody may be waiting for."""
        news, self._news = self._news, set()
        for each in news:
            if not each.done():
                each.set_result(None)

    async def happens(self, condition: Condition, real_seconds: float) -> bool:
        """Wait, without driving time, until ``condition`` holds; False after so many real seconds."""
        end = monotonic() + real_seconds
        while not condition():
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._news.add(news)
            await asyncio.wait({news}, timeout=max(0.0, end - monotonic()))
            self._news.discard(news)
            if monotonic() >= end:
                return condition()
        return True

    async def close(self) -> None:
        """Cancel every task and wait until they are gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def crashed(self, error: BaseException) -> None:
        """Keep an exception of the emulator's own for the next :meth:`until`."""
        self._crashes.append(error)

    def raise_crashes(self) -> None:
        """Raise the first exception that an emulator task died of, once."""
        if self._crashes:
            crashes, self._crashes = self._crashes, []
            raise crashes[0]

    def _started(self, task: asyncio.Task[Any]) -> None:  # noqa: B027  (only virtual time counts tasks)
        """Hear that a task was started."""

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.crashed(error)
        self.changed()


class RealTimeline(Timeline):
    """Real time, ``rate`` times as fast, counted from ``start`` (now, when not given)."""

    def __init__(self, start: Instant | None = None, rate: float = 1.0) -> None:
        super().__init__()
        self.default_limit = 60.0
        self._start = start or Instant.now()
        self._zero = Instant.now()
        self._rate = rate

    def now(self) -> Instant:
        """Say what time it is: the start plus what passed since, times the rate."""
        return self._start.add(seconds=seconds_between(self._zero, Instant.now()) * self._rate)

    async def wait_for(self, future: asyncio.Future[Any], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait for ``future``, at most ``timeout`` timeline seconds; tells whether it is done."""
        await asyncio.wait({future}, timeout=None if timeout is None else timeout / self._rate)
        return future.done()

    async def until(self, condition: Condition, limit: float | None = None) -> bool:
        """Wait until ``condition`` holds, looking again at each change."""

        def holds() -> bool:
            self.raise_crashes()
            return condition()

        return await self.happens(holds, (self.default_limit if limit is None else limit) / self._rate)
