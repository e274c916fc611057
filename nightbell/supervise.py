"""Background work that must not end: a page's timers hang on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import structlog

from storage.outage import Outage
from webhooks.signed import where

_log = structlog.get_logger(__name__)

PAUSE: Final = 2.0
"""Real seconds before work that came to an end begins again, and at least before work that failed does."""
ENDS_WITHIN: Final = 8.0
"""Real seconds in which what is cancelled should have ended: a worker gives its jobs 5 of them."""


async def for_ever(name: str, work: Callable[[], Awaitable[object]], pause: float = PAUSE) -> None:
    """Do the work again and again until cancelled, whatever it raises.

    What a database in a failover, a broken row or a bug can raise is not a list that one could complete; each failure
    is logged with its place and never with a value, and once until it works again.
    """
    outage = Outage("background_work", work=name)
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - see above
            outage.failed(type(error).__name__, where=where(error))
            await asyncio.sleep(max(pause, PAUSE))
        else:
            outage.worked()
            await asyncio.sleep(pause)


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel them, and wait until they have ended, but not for ever.

    A cancellation can be lost on the way: `asyncio.wait_for` of Python 3.11 swallows one that comes as its result does,
    and so a worker told to stop while its queue was starting went on for ever. What is left is cancelled once more by
    `asyncio.run`.
    """
    waiting = set(tasks)
    for task in waiting:
        task.cancel()
    _, left = await asyncio.wait(waiting, timeout=ENDS_WITHIN)
    if left:
        _log.warning("not_ended", tasks=len(left))
