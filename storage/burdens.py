"""What really was: who was on call by the plan of the time, and at which pages they were tried."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.balance import balance
from escalation.burden import Burden, Calendars, Paged, burdens
from escalation.duties import Duty, render
from escalation.oncall import name_of
from escalation.pay import Pay
from escalation.pay_sheet import pay_sheet
from escalation.timeline import Span
from routing.plan import Plan
from routing.plan.beside import Beside, with_beside
from storage.current_plans import leave_of, override_of
from storage.database import Database
from storage.pay_export import pay_csv
from storage.plan_cache import PlanCache
from storage.tables import deliveries, overrides, pages, plan_versions
from storage.tables_calendar import time_off


@dataclass(frozen=True, slots=True)
class Held:
    """Who had what in a period: as it was, and from now on as it is to be. `plan`: the one that counts now."""

    plan: Plan
    calendars: Calendars
    paged: tuple[Paged, ...]
    span: Span

    def burdens(self) -> dict[str, Burden]:
        """Everybody's burden."""
        return burdens(self.plan.escalation.roster, self.calendars, self.paged, self.span)

    @property
    def balance(self) -> Fraction:
        """How evenly the hours are shared out."""
        return balance(self.plan.escalation.roster, self.calendars, *self.span)

    def pay_sheet(self, pay: Pay) -> str:
        """What is owed at these rates, as CSV (`storage.pay_export`)."""
        roster = self.plan.escalation.roster
        lines = pay_sheet(roster, pay, self.calendars, self.paged, self.span)
        return pay_csv(lines, {line.member: name_of(roster, line.member) for line in lines}, pay.currency)


class _Version(NamedTuple):
    number: int
    since: Instant


async def held(database: Database, plans: PlanCache, plan: Plan, span: Span, now: Instant) -> Held:
    """What was and will be in the span, for the practice of the plan, which is its current one.

    The past goes by the versions, overrides and time off that were in force at each moment. Of calendars from elsewhere
    only the last copy is kept: the past goes by it, too. Raises UnavailableError.
    """

    async def load() -> tuple[list[_Version], Beside, tuple[Paged, ...]]:
        async with database.transaction() as connection:
            versions = await _versions(connection, plan.practice, span)
            return versions, await _records(connection, plan.practice, span), await _paged(connection, plan, span)

    versions, beside, paged = await database.in_time(load)
    beside = replace(beside, calendars=plans.beside(plan.practice).calendars)
    past = list[tuple[Plan, Span]]()
    for (number, since), (_, until) in pairwise([*versions, _Version(0, Instant.MAX)]):
        start, end = max(since, span[0]), min(until, span[1], now)
        old = await plans.exact_version(plan.practice, number) if start < end else None
        if old is not None:
            past.append((await asyncio.to_thread(with_beside, old, beside), (start, end)))
    coming = [(plan, (max(span[0], now), span[1]))] if now < span[1] else []
    return Held(plan, await asyncio.to_thread(_rendered, [*past, *coming]), paged, span)


def _rendered(parts: Sequence[tuple[Plan, Span]]) -> dict[str, tuple[Duty, ...]]:
    found = defaultdict[str, list[Duty]](list)
    for plan, span in parts:
        for name in plan.escalation.roster.schedules:
            found[name] += render(plan.escalation.roster, name, *span)
    return {name: tuple(duties) for name, duties in found.items()}


async def _versions(connection: AsyncConnection, practice: str, span: Span) -> list[_Version]:
    """The versions that may have been in force in the span, in order."""
    columns = plan_versions.c
    query = select(columns.version, columns.published_at).where(
        columns.practice == practice, columns.published_at < span[1].to_stdlib()
    )
    rows = (await connection.execute(query.order_by(columns.version))).all()
    return [_Version(row.version, Instant(row.published_at)) for row in rows]


async def _records(connection: AsyncConnection, practice: str, span: Span) -> Beside:
    """The overrides and time off of the span; of those that were ended, until then."""
    return Beside(
        overrides=tuple(
            replace(override_of(row), end=end) for row, end in await _counted(connection, overrides, practice, span)
        ),
        leaves=tuple(
            replace(leave_of(row), end=end) for row, end in await _counted(connection, time_off, practice, span)
        ),
    )


async def _counted(
    connection: AsyncConnection, table: Table, practice: str, span: Span
) -> list[tuple[Row[Any], Instant]]:
    columns = table.c
    query = select(table).where(
        columns.practice == practice,
        columns.starts_at < span[1].to_stdlib(),
        columns.ends_at > span[0].to_stdlib(),
    )
    found = list[tuple[Row[Any], Instant]]()
    for row in await connection.execute(query.order_by(columns.id)):
        end = min(row.ends_at, row.ended_at) if row.ended_at is not None else row.ends_at
        if row.starts_at < end:
            found.append((row, Instant(end)))
    return found


async def _paged(connection: AsyncConnection, plan: Plan, span: Span) -> tuple[Paged, ...]:
    """The pages of the practice at which somebody was tried in the span, each once for each person."""
    tried = deliveries.c
    query = (
        select(tried.page, tried.member, tried.intended_at, pages.c.accepted_by)
        .join(pages, pages.c.id == tried.page)
        .where(
            pages.c.practice == plan.practice,
            tried.intended_at >= span[0].to_stdlib(),
            tried.intended_at < span[1].to_stdlib(),
            # Somebody who could not talk was to be rung later, and that was cancelled before: they were not tried.
            tried.changed_at >= tried.intended_at,
        )
    )
    at, taken = defaultdict[tuple[str, str], list[Instant]](list), set[tuple[str, str]]()
    for row in await connection.execute(query.order_by(tried.intended_at)):
        at[row.page, row.member].append(Instant(row.intended_at))
        taken.update({(row.page, row.member)} if row.accepted_by == row.member else ())
    return tuple(Paged(key[1], tuple(times), key in taken) for key, times in at.items())
