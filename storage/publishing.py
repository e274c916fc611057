"""Publishing a plan: the one way for the command, the API and the tests. It is refused whole, or published whole."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from routing.plan import Beside, Plan, PlanFaults, Publishable, publishable, read
from routing.plan.publish import NOTHING_BESIDE
from storage import current_plans, plans
from storage.beside import lock_practice
from storage.database import Database

_CHECKING: Final = ThreadPoolExecutor(1, "checking")
"""One plan at a time: every further thread that computes is one more that a call waits for."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it. `is_new`: False when the very same document was current already."""

    plan: Plan
    version: int
    is_new: bool
    waived: tuple[str, ...]


async def checked(document: str, now: Instant, beside: Beside) -> Publishable:
    """What `publishable` says, in a thread, so that no call waits for it. Raises PlanFaults with all faults."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKING, publishable, document, now, 0, beside)


async def publish(database: Database, document: str, author: str, now: Instant) -> Published:
    """Check and publish the document. Raises PlanFaults with all faults, NumberTakenError, UnavailableError."""
    beside = await _beside(database, document, now)
    found = await checked(document, now, beside)
    return await publish_checked(database, found, beside, document, author, now)


async def _beside(database: Database, document: str, now: Instant) -> Beside:
    """What stands beside the plan of the practice that the document is about; of one with faults, nothing."""
    try:
        practice = read(document).practice
    except PlanFaults:
        return NOTHING_BESIDE  # `checked` tells of the faults, all of them
    async with database.transaction() as connection:
        return await current_plans.beside_of(connection, practice, now)


async def publish_checked(
    database: Database, found: Publishable, beside: Beside, document: str, author: str, now: Instant
) -> Published:
    """Publish the document that `checked` found to be fit, with this beside it.

    Where something else stands beside it by now, such as time off that was given meanwhile, it is judged again: nobody
    changes the calendar between the last judgement and the publishing. Raises PlanFaults, NumberTakenError,
    UnavailableError.
    """
    while True:
        async with database.transaction() as connection:
            await lock_practice(connection, found.plan.practice)
            present = await current_plans.beside_of(connection, found.plan.practice, now)
            if present == beside:
                return await _publish(connection, found, document, author, now)
        beside, found = present, await checked(document, now, present)


async def _publish(
    connection: AsyncConnection, found: Publishable, document: str, author: str, now: Instant
) -> Published:
    waived = [{"check": w.fault.check, "path": w.fault.path, "because": w.because} for w in found.waived]
    version, is_new = await plans.publish(connection, found.plan, document, waived, author, now)
    return Published(found.plan, version, is_new, tuple(f"{w['path']}: {w['because']}" for w in waived))
