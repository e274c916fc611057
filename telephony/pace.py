"""The rate of outbound calls: one per second and account, unless Twilio allows more. Urgent ones go first."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Waiting:
    rank: tuple[int, int]
    turn: asyncio.Future[None] = field(compare=False)


class Pacer:
    """Gives turns, the highest priority first and among equals the first come, no faster than `take` allows.

    `take` asks the account's clock, shared by all processes, for a slot: 0.0 when it was granted, else how many real
    seconds to wait before asking again.
    """

    def __init__(self, take: Callable[[], Awaitable[float]]) -> None:
        self._take = take
        self._waiting: list[_Waiting] = []
        self._count = itertools.count()
        self._giving: asyncio.Task[None] | None = None

    async def turn(self, priority: int) -> None:
        """Wait until it is this call's turn."""
        waiting = _Waiting((-priority, next(self._count)), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiting)
        if self._giving is None or self._giving.done():
            self._giving = asyncio.create_task(self._give())
        await waiting.turn

    async def _give(self) -> None:
        while self._somebody_waits():
            try:
                delay = await self._take()
            except Exception as error:  # noqa: BLE001 - whoever waits must learn of any error, or waits for ever
                self._fail(error)
                return
            if delay > 0:
                await asyncio.sleep(delay)
                continue
            # Who was first may have been cancelled while the slot was asked for: then it is the next one's.
            if self._somebody_waits():
                heapq.heappop(self._waiting).turn.set_result(None)

    def _somebody_waits(self) -> bool:
        """True when a slot is wanted; who was cancelled meanwhile is forgotten and takes none."""
        while self._waiting and self._waiting[0].turn.cancelled():
            heapq.heappop(self._waiting)
        return bool(self._waiting)

    def _fail(self, error: Exception) -> None:
        while self._waiting:
            first = heapq.heappop(self._waiting)
            if not first.turn.cancelled():
                first.turn.set_exception(error)
