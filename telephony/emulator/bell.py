"""Waiting for a condition: whoever changes something rings, whoever waits looks again."""

import asyncio
from collections.abc import Callable

from telephony.emulator.timeline import Timeline, seconds_between


class Bell:
    """A place to wait for a change."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Make every waiter look at its condition again."""
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            if not each.done():
                each.set_result(None)
        self._timeline.changed()

    async def until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Park until ``condition`` holds or ``timeout`` seconds have passed. What the condition raises is raised."""
        deadline = None if timeout is None else self._timeline.now().add(seconds=max(0.0, timeout))
        while not condition():
            left = None if deadline is None else seconds_between(self._timeline.now(), deadline)
            if left is not None and left <= 0:
                return False
            ring: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(ring)
            try:
                await self._timeline.wait_for(ring, left)
            finally:
                self._waiting.discard(ring)
        return True
