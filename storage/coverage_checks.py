"""When each practice's calendar was last looked at, and which holes its operators have heard of."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Date, Instant

from routing.watch import Seen, Watch
from storage.tables import plan_versions
from storage.tables_calendar import coverage_checks

COVERAGE = "coverage-hole"
"""The check that a waiver names."""


async def claim(connection: AsyncConnection, practice: str, now: Instant) -> Watch:
    """What the last look found, before the first one nothing; nobody else looks until the transaction ends."""
    first = _values(Watch((), now, ()), now.to_fixed_offset().date(), now)
    await connection.execute(
        upsert(coverage_checks).values(practice=practice, **first).on_conflict_do_nothing(index_elements=["practice"])
    )
    query = select(coverage_checks).where(coverage_checks.c.practice == practice).with_for_update()
    return _watch((await connection.execute(query)).one())


async def keep(connection: AsyncConnection, practice: str, found: Watch, day: Date, now: Instant) -> None:
    """Store what a look found. `day`: of which it is, on the practice's clock."""
    await connection.execute(
        update(coverage_checks).where(coverage_checks.c.practice == practice).values(_values(found, day, now))
    )


def _values(found: Watch, day: Date, now: Instant) -> dict[str, Any]:
    holes = [[one.policy, one.start.timestamp(), one.end.timestamp()] for one in found.seen]
    told = {"until": found.until.timestamp(), "holes": holes}
    return {"checked_at": now.to_stdlib(), "day": day.to_stdlib(), "told": told}


async def accepted(connection: AsyncConnection, practice: str, version: int) -> frozenset[str]:
    """The policies whose holes were waived when the version was published."""
    versions = plan_versions.c
    waived: Iterable[dict[str, str]] | None = await connection.scalar(
        select(versions.waived).where(versions.practice == practice, versions.version == version)
    )
    return frozenset(one["path"].split(".")[1] for one in waived or () if one["check"] == COVERAGE)


def _watch(row: Row[Any]) -> Watch:
    seen = tuple(
        Seen(policy, Instant.from_timestamp(start), Instant.from_timestamp(end))
        for policy, start, end in row.told["holes"]
    )
    return Watch(seen, Instant.from_timestamp(row.told["until"]), ())
