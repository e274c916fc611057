"""Virtual time: it stands still while anybody is busy and jumps to the next thing due when all is quiet."""

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from whenever import Instant

from telephony.emulator.timeline import Condition, DueHook, SettleHook, Timeline, TimelineStuckError

QUIET_TURNS = 4
"""Turns of the event loop that must pass with nobody busy: a finished future wakes its waiter one turn later."""


class VirtualTimeline(Timeline):
    """For tests: deterministic, and as fast as the work itself.

    ``settle_hooks`` run whenever the emulator is quiet and return True if they did something (the product's worker
    running the jobs that are ready). ``due_hooks`` name the next instant at which they will have something to do.
    ``stuck_after`` is in real seconds: how long the emulator may stay busy before that is called a fault.
    """

    def __init__(self, start: Instant, *, stuck_after: float = 60.0) -> None:
        super().__init__()
        self.default_limit = 600.0
        self.settle_hooks: list[SettleHook] = []
        self.due_hooks: list[DueHook] = []
        self._now = start
        self._stuck_after = stuck_after
        self._alarms: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._order = count()
        self._busy: set[object] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._driving = asyncio.Lock()

    def now(self) -> Instant:
        """Say what virtual time it is."""
        return self._now

    async def wait_for(self, future: asyncio.Future[Any], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Park until ``future`` is done or the virtual clock has been moved on by ``timeout`` seconds."""
        if future.done():
            return True
        task = asyncio.current_task()
        mine = task if task in self._tasks else None
        park: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake(_: object) -> None:
            self._mark(mine, busy=True)
            if not park.done():
                park.set_result(None)

        alarm = self._alarm(timeout)
        for each in (future, alarm):
            each.add_done_callback(wake)
        self._mark(mine, busy=False)
        try:
            await park
        finally:
            self._mark(mine, busy=True)
            future.remove_done_callback(wake)
            alarm.remove_done_callback(wake)
            alarm.cancel()
        return future.done()

    async def until(self, condition: Condition, limit: float | None = None) -> bool:
        """Settle and advance until ``condition`` holds; several may wait at once, one at a time drives."""
        deadline = self._now.add(seconds=self.default_limit if limit is None else limit)
        while True:
            async with self._driving:
                await self._settle()
                if condition():
                    return True
                due = await self._next_due()
                if due is None:
                    return False
                if due > deadline:
                    self._jump(deadline)  # the time was waited, in vain
                    return False
                self._jump(due)

    async def settle(self) -> None:
        """Wait until no emulator task is busy and no settle hook has anything left to do."""
        async with self._driving:
            await self._settle()

    async def advance_once(self) -> bool:
        """Move to the earliest thing due and wake whoever waits for it; False when nobody waits for anything."""
        async with self._driving:
            due = await self._next_due()
            if due is None:
                return False
            self._jump(due)
            return True

    async def run_for(self, seconds: float) -> None:
        """Let so many virtual seconds pass, with all that happens in them."""
        end = self._now.add(seconds=seconds)
        async with self._driving:
            await self._settle()
            while (due := await self._next_due()) is not None and due <= end:
                self._jump(due)
                await self._settle()
            self._jump(max(end, self._now))
            await self._settle()

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Count a request being served as busy, so that time stands still for it."""
        token = (name, next(self._order))
        self._mark(token, busy=True)
        try:
            yield
        finally:
            self._mark(token, busy=False)

    def _alarm(self, timeout: float | None) -> asyncio.Future[None]:
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if timeout is not None:
            due = self._now.add(seconds=max(0.0, timeout))
            if due == self._now:
                alarm.set_result(None)
            else:
                heapq.heappush(self._alarms, (due, next(self._order), alarm))
        return alarm

    async def _settle(self) -> None:
        while True:
            await self._wait_quiet()
            self.raise_crashes()
            did_something = [await hook() for hook in self.settle_hooks]
            if not any(did_something) and await self._stays_quiet():
                self.raise_crashes()
                return

    async def _wait_quiet(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._stuck_after):
                    await self._quiet.wait()
            except TimeoutError:
                raise TimelineStuckError(f"still busy after {self._stuck_after} s: {self._who_is_busy()}") from None
            if await self._stays_quiet():
                return

    async def _stays_quiet(self) -> bool:
        for _ in range(QUIET_TURNS):
            if self._busy:
                return False
            await asyncio.sleep(0)
        return not self._busy

    async def _next_due(self) -> Instant | None:
        while self._alarms and self._alarms[0][2].done():
            heapq.heappop(self._alarms)
        due = [self._alarms[0][0]] if self._alarms else []
        hooked = [await hook() for hook in self.due_hooks]
        # What a hook calls due although settling left it alone will not happen: it must not hold the clock.
        due += [each for each in hooked if each is not None and each > self._now]
        return min(due, default=None)

    def _jump(self, instant: Instant) -> None:
        self._now = max(self._now, instant)
        while self._alarms and self._alarms[0][0] <= self._now:
            alarm = heapq.heappop(self._alarms)[2]
            if not alarm.done():
                alarm.set_result(None)

    def _mark(self, who: object, *, busy: bool) -> None:
        if who is None:
            return
        if busy:
            self._busy.add(who)
            self._quiet.clear()
        else:
            self._busy.discard(who)
            if not self._busy:
                self._quiet.set()

    def _who_is_busy(self) -> str:
        return ", ".join(sorted(w.get_name() if isinstance(w, asyncio.Task) else str(w) for w in self._busy))

    def _started(self, task: asyncio.Task[Any]) -> None:
        self._mark(task, busy=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        super()._finished(task)
        self._mark(task, busy=False)
