"""The plans in this process's memory: what every webhook decides by, without asking the database.

Kept fresh by LISTEN/NOTIFY and a poll, and copied to disk, so that a process that starts while the database is down
still answers from the last published plans.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
import structlog
from pydantic import TypeAdapter

from routing.plan import Beside, Plan, PlanFaults, compile_plan, read, with_beside
from routing.plan.publish import NOTHING_BESIDE
from routing.synthetic import is_synthetic
from storage import current_plans, plans
from storage.clock import Clock
from storage.current_plans import Standing, StoredPlan
from storage.database import Database, libpq_url
from storage.errors import UnavailableError
from storage.outage import Outage

POLL_EVERY: Final = 30.0
"""Real seconds between two looks at the database, in case a notification was missed."""
RECONNECT_AFTER: Final = 2.0
DOCUMENTS_AT_ONCE: Final = 50

_STORED: Final = TypeAdapter(StoredPlan)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Contents:
    by_number: dict[str, str] = field(default_factory=dict)
    current: dict[str, Plan] = field(default_factory=dict)
    beside: dict[str, Beside] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    """Of the practices that were read from the database."""
    older: dict[tuple[str, int], Plan | None] = field(default_factory=dict)
    """None: there is no such version, or this program cannot read it."""
    joined: dict[tuple[str, int], tuple[Beside, Plan]] = field(default_factory=dict)
    """The older ones with what stands beside them, and that itself."""


class PlanCache:
    """The current plans, by dialled number and by practice, and older versions while calls still use them."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder
        self._contents = _Contents()
        self._reading = asyncio.Lock()
        self.loaded_from_disk = False

    def by_number(self, dialled: str) -> Plan | None:
        """The plan of the practice that the dialled number belongs to."""
        practice = self._contents.by_number.get(dialled)
        return self._contents.current.get(practice) if practice is not None else None

    def current(self, practice: str) -> Plan | None:
        """The practice's current plan."""
        return self._contents.current.get(practice)

    def beside(self, practice: str) -> Beside:
        """What stands beside the practice's plan; nothing for one that is not known."""
        return self._contents.beside.get(practice, NOTHING_BESIDE)

    def all(self) -> tuple[Plan, ...]:
        """Every practice's current plan; not that of the watchdog, which is found by its name and number alone."""
        return tuple(plan for plan in self._contents.current.values() if not is_synthetic(plan.practice))

    async def version(self, practice: str, version: int) -> Plan | None:
        """The plan as it was in that version, with what is beside it now.

        The current one stands in where that version cannot be had: a call then goes on by today's plan rather than
        not at all. None: the practice is not known.
        """
        try:
            return await self.exact_version(practice, version)
        except UnavailableError:
            return self._contents.current.get(practice)

    async def exact_version(self, practice: str, version: int) -> Plan | None:
        """The same for what can wait, as a page can: it is asked again, instead of going on by steps not its own.

        The current one stands in only where there is no such version, or none that this program can read any more.
        Raises UnavailableError.
        """
        present = self._contents.current.get(practice)
        if present is None or present.version == version:
            return present
        key = (practice, version)
        older = self._contents.older.get(key)
        if key not in self._contents.older:
            older = await self._load_older(practice, version)
            if older is not None or version < present.version:  # a later one may be published yet
                self._contents.older[key] = older
        return await self._with_beside_now(older) if older else present

    async def _with_beside_now(self, older: Plan) -> Plan:
        """Made once for each change beside it: a page asks at its every step."""
        beside, key = self.beside(older.practice), (older.practice, older.version)
        made = self._contents.joined.get(key)
        if made is None or made[0] is not beside:
            made = beside, await asyncio.to_thread(with_beside, older, beside)
            self._contents.joined[key] = made
        return made[1]

    async def _load_older(self, practice: str, version: int) -> Plan | None:
        async def load() -> str | None:
            async with self._database.statement() as connection:
                return await current_plans.load_version(connection, practice, version)

        document = await self._database.in_time(load)
        return _compile(StoredPlan(practice, version, document)) if document is not None else None

    async def refresh(self) -> None:
        """Read the current plans that are not known yet, and copy them to disk. Raises UnavailableError."""
        # One after the other, or what was read earlier could be taken later, over what is newer.
        async with self._reading, self._database.transaction() as connection:
            known = self._contents.standing
            found = await current_plans.standings(connection, self._clock.now())
            news = [one for one in found if known.get(one.practice) != one]
            # A few at a time: the room that a thousand documents take at once would stay with the process for good.
            for some in (news[at : at + DOCUMENTS_AT_ONCE] for at in range(0, len(news), DOCUMENTS_AT_ONCE)):
                standing = {one.practice: one for one in some}
                for stored in await current_plans.with_documents(connection, some):
                    await self._take(stored, standing[stored.practice])
        self.loaded_from_disk = False

    async def _take(self, stored: StoredPlan, standing: Standing) -> None:
        before = self._contents.standing.get(stored.practice)
        present = self._contents.current.get(stored.practice)
        known = present if before is not None and before.version == stored.version else None
        # In a thread: no practice's calls wait for another's calendar, however full that is.
        plan = await asyncio.to_thread(_joined, known, stored)
        if plan is None:
            return
        if present is not None and present.version != plan.version:
            self._contents.older[present.practice, present.version] = present
        self._put(stored, plan)
        self._contents.standing[plan.practice] = standing
        try:
            await asyncio.to_thread(self._copy_to_disk, stored)
        except OSError as error:
            # Calls are answered from memory all the same; a full disk is for the operators to hear of.
            _log.error("plan_not_copied", practice=stored.practice, error=type(error).__name__)

    def _put(self, stored: StoredPlan, plan: Plan) -> None:
        contents = self._contents
        gone = [n for n, owner in contents.by_number.items() if owner == plan.practice and n not in plan.numbers]
        for number in gone:
            del contents.by_number[number]
        contents.by_number.update(dict.fromkeys(plan.numbers, plan.practice))
        contents.current[plan.practice] = plan
        contents.beside[plan.practice] = stored.beside

    def _copy_to_disk(self, stored: StoredPlan) -> None:
        # The staff's own numbers are in it.
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{stored.practice}.json"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(_STORED.dump_json(stored))
        fresh.replace(path)

    def load_from_disk(self) -> int:
        """Take the copies on disk for practices that memory does not have; how many there were."""
        taken = 0
        for path in sorted(self._folder.glob("*.json")):
            try:
                stored = _STORED.validate_json(path.read_bytes())
            except (OSError, ValueError) as error:
                _log.error("plan_copy_unreadable", file=path.name, error=type(error).__name__)
                continue
            plan = _compile(stored)
            if plan is not None and stored.practice not in self._contents.current:
                self._put(stored, plan)
                taken += 1
        self.loaded_from_disk = taken > 0
        return taken

    async def run(self, changed: Callable[[], None] = lambda: None) -> None:
        """Follow the database for as long as the process lives; `changed` is called after each refresh."""
        outage = Outage("following_plans")
        while True:
            try:
                await self._follow(changed, outage)
            except (UnavailableError, psycopg.Error, OSError) as error:
                outage.failed(type(error).__name__)
                await asyncio.sleep(RECONNECT_AFTER)

    async def _follow(self, changed: Callable[[], None], outage: Outage) -> None:
        listener = await psycopg.AsyncConnection.connect(
            libpq_url(self._database.url), autocommit=True, connect_timeout=2
        )
        async with listener:
            await listener.execute(f"LISTEN {plans.CHANNEL}")
            while True:
                await self.refresh()
                outage.worked()
                changed()
                async for notice in listener.notifies(timeout=POLL_EVERY, stop_after=1):
                    _log.info("plan_changed", practice=notice.payload)


def _joined(known: Plan | None, stored: StoredPlan) -> Plan | None:
    """The plan with what is beside it: `known`, where its version did not change."""
    return with_beside(known, stored.beside) if known is not None else _compile(stored)


def _compile(stored: StoredPlan) -> Plan | None:
    try:
        plan = compile_plan(read(stored.document), stored.version)
    except PlanFaults as faults:
        # It was published by this program, so a later version of it must have become stricter: keep what we have.
        _log.error("plan_unreadable", practice=stored.practice, version=stored.version, faults=len(faults.faults))
        return None
    return with_beside(plan, stored.beside)
