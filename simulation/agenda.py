"""Virtual time: processes that wait, and the heap of what comes next."""

from collections.abc import Generator
from heapq import heappop, heappush
from typing import Any, TypeVar

T = TypeVar("T")
Process = Generator[float, None, T]
"""Yields how many virtual seconds it waits, and returns its result to whoever runs it with `yield from`."""


class CrashedError(Exception):
    """The process that did the work was killed at this point. What it had committed stays."""


class Task:
    """A process on the agenda. A cancelled one goes no further."""

    __slots__ = ("is_cancelled", "process")

    def __init__(self, process: Process[Any]) -> None:
        self.process = process
        self.is_cancelled = False

    def cancel(self) -> None:
        """Let it stop where it waits."""
        self.is_cancelled = True


class Agenda:
    """What happens when. `now`: virtual seconds since the world began."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Task]] = []
        self._count = 0

    def spawn(self, process: Process[Any], delay: float = 0.0) -> Task:
        """Begin the process in `delay` seconds."""
        task = Task(process)
        self._push(delay, task)
        return task

    def run(self, until: float) -> bool:
        """Let everything happen; False when something is still to come at `until`. Raises what a process raises.

        Of what happens at the same instant, what was put on the agenda first comes first.
        """
        heap = self._heap
        while heap:
            at, _, task = heappop(heap)
            if task.is_cancelled:
                task.process.close()
                continue
            if at > until:
                return False
            self.now = at
            try:
                delay = next(task.process)
            except (StopIteration, CrashedError):
                continue
            self._push(delay, task)
        return True

    def _push(self, delay: float, task: Task) -> None:
        self._count += 1
        heappush(self._heap, (self.now + delay, self._count, task))
