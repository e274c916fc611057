"""Group commit: events that come in the same moment share one statement, and each is told after its commit.

While one statement is under way the next events gather, so that a busy server makes few large statements and an idle
one a small one at once. Whatever is wrong with one event, or with the row of its call, costs no other its place: a
group that fails is written again one by one.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from whenever import TimeDelta

from storage.call_events import Write, write_event, write_events
from storage.calls import Written
from storage.database import Database
from storage.errors import ContendedError, UnavailableError
from storage.seal import KeyRing

AT_ONCE: Final = 2
"""Statements under way: the second does not wait for the first one's commit."""
MOST: Final = 64
"""Events in a statement."""
LOCK_BOUND: Final = TimeDelta(milliseconds=300)
"""How long a group waits for a call that somebody else has locked; then its events part company."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    write: Write
    answer: asyncio.Future[Written]


class GroupCommit:
    """Writes the events that the webhooks of one process keep."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database
        self._ring = ring
        self._waiting: deque[_Waiting] = deque()
        self._flushing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def write(self, write: Write) -> asyncio.Future[Written]:
        """Write the event, once; the answer is there when it is committed.

        Raises UnavailableError, or what PostgreSQL says is wrong with this very event.
        """
        answer: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(write, answer))
        if self._flushing < AT_ONCE:
            self._flushing += 1
            self._start(self._flush())
        return answer

    async def close(self) -> None:
        """Leave what is under way; who waits is told that it was cancelled."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush(self) -> None:
        try:
            while group := self._take():
                await self._write(group)
        finally:
            self._flushing -= 1

    def _take(self) -> list[_Waiting]:
        """The next group: those who wait longest, one event of a call, since a statement changes a row only once."""
        group: dict[str, _Waiting] = {}
        others: list[_Waiting] = []
        while self._waiting and len(group) < MOST:
            one = self._waiting.popleft()
            if group.setdefault(one.write.head.sid, one) is not one:
                others.append(one)
        self._waiting.extendleft(reversed(others))
        return list(group.values())

    async def _write(self, group: list[_Waiting]) -> None:
        async def write() -> list[Written]:
            async with self._database.statement() as connection:
                return await write_events(connection, self._ring, [one.write for one in group], LOCK_BOUND)

        try:
            found = await self._database.in_time(write)
        except ContendedError:
            self._part(group)
        except UnavailableError as error:
            for one in group:
                _fail(one, error)
        except Exception:  # noqa: BLE001 - each is told what is wrong with it when it is written alone
            self._part(group)
        else:
            for one, its in zip(group, found, strict=True):
                if not one.answer.done():
                    one.answer.set_result(its)

    def _part(self, group: list[_Waiting]) -> None:
        """Write each alone, and wait for none of them here: one may wait long for a lock."""
        for one in group:
            self._start(self._write_alone(one))

    async def _write_alone(self, one: _Waiting) -> None:
        try:
            async with self._database.statement() as connection:
                found = await write_event(connection, self._ring, one.write)
        except Exception as error:  # noqa: BLE001 - who waits is told, whatever it is
            _fail(one, error)
        else:
            if not one.answer.done():
                one.answer.set_result(found)


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.answer.done():
        one.answer.set_exception(error)
