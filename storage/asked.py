"""How a change of the calendar is asked for, and the plan that it is judged by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from routing.effect import Effect, effect
from routing.plan import Plan, PlanFaults, compile_plan, read, with_beside
from storage import beside, current_plans
from storage.database import Database
from storage.tables import practices


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and when. `by` is kept with the record, `actor` in the audit trail.

    `waiver`: why a hole that the change makes is accepted; "": it is not. `dry_run`: say what it would do, no more.
    """

    by: str
    actor: str
    now: Instant
    waiver: str = ""
    dry_run: bool = False

    def with_waiver(self, reason: str) -> str:
        """The reason as it is kept: a hole that was accepted is told with it."""
        return f"{reason} (a hole is accepted: {self.waiver})" if self.waiver else reason


@asynccontextmanager
async def changing(database: Database, plan: Plan, now: Instant) -> AsyncIterator[tuple[AsyncConnection, Plan]]:
    """A transaction in which nobody else changes the practice's calendar, and the plan with what is beside it now.

    What is judged by it still holds when the transaction commits. Raises UnavailableError.
    """
    async with database.transaction() as connection:
        await beside.lock_practice(connection, plan.practice)
        query = select(practices.c.current_version).where(practices.c.id == plan.practice)
        version = (await connection.execute(query)).scalar_one()
        if version != plan.version:
            document = await current_plans.load_version(connection, plan.practice, version)
            plan = await asyncio.to_thread(_compiled, document, version, plan)
        present = await current_plans.beside_of(connection, plan.practice, now)
        yield connection, await asyncio.to_thread(with_beside, plan, present)


def _compiled(document: str | None, version: int, present: Plan) -> Plan:
    """The plan of the document, or the present one where this program cannot read it (see `storage.plan_cache`)."""
    try:
        return compile_plan(read(document), version) if document is not None else present
    except PlanFaults:
        return present


async def judged(before: Plan, after: Plan, span: tuple[Instant, Instant], now: Instant) -> Effect:
    """What the change does, computed in a thread, so that no call waits for it."""
    return await asyncio.to_thread(effect, before, after, *span, now)
