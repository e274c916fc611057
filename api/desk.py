"""What the API works with. The composition fills it in: the API opens nothing itself."""

import contextlib
from dataclasses import dataclass

from calendars.copying import Calendars
from storage.clock import Clock
from storage.database import Database
from storage.errors import UnavailableError
from storage.jobs import Jobs
from storage.paging import Paging
from storage.plan_cache import PlanCache
from storage.seal import KeyRing


@dataclass(frozen=True, slots=True)
class Desk:
    """The open parts of the process that the API needs."""

    clock: Clock
    ring: KeyRing
    database: Database
    plans: PlanCache
    paging: Paging
    jobs: Jobs
    calendars: Calendars
    origin: str
    """Where the server is reached from outside: https://host."""

    async def reload(self) -> None:
        """Let the next request see what this one has changed.

        What is committed stays so: where the database goes away now, the plans are read when it is back.
        """
        with contextlib.suppress(UnavailableError):
            await self.plans.refresh()
