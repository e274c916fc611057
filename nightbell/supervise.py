"""Background work that must not end: a page's timers hang on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from storage.outage import Outage
from webhooks.signed import where

PAUSE: Final = 2.0
"""Real seconds before work that came to an end begins again, and at least before work that failed does."""


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
