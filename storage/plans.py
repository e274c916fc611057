"""Published plans and what stands beside them, in the database."""

from dataclasses import dataclass
from typing import Final

from psycopg.errors import UniqueViolation
from sqlalchemy import RowMapping, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Override
from routing.opening import Closure
from routing.plan import Plan
from storage.errors import NumberTakenError
from storage.tables import closures, numbers, overrides, plan_versions, practices

CHANNEL: Final = "nightbell_plans"
"""PostgreSQL notifies it with a practice's id when a plan or what is beside it has changed."""


async def publish(
    connection: AsyncConnection, plan: Plan, document: str, waived: list[dict[str, str]], author: str, now: Instant
) -> tuple[int, bool]:
    """Make the document the practice's current version; its number, and whether it is new.

    Publishing what is current already changes nothing. Raises NumberTakenError.
    """
    await connection.execute(
        upsert(practices)
        .values(id=plan.practice, name=plan.name, created_at=now.to_stdlib())
        .on_conflict_do_update(index_elements=["id"], set_={"name": plan.name})
    )
    current = await _current(connection, plan.practice)
    if current is not None and current["document"] == document:
        return int(current["version"]), False
    version = await _next_version(connection, plan.practice)
    await connection.execute(
        insert(plan_versions).values(
            practice=plan.practice,
            version=version,
            document=document,
            waived=waived,
            published_at=now.to_stdlib(),
            published_by=author,
        )
    )
    await _claim_numbers(connection, plan)
    await connection.execute(update(practices).where(practices.c.id == plan.practice).values(current_version=version))
    await tell(connection, plan.practice)
    return version, True


async def _next_version(connection: AsyncConnection, practice: str) -> int:
    last = await connection.scalar(
        select(func.max(plan_versions.c.version)).where(plan_versions.c.practice == practice)
    )
    return (last or 0) + 1


async def _current(connection: AsyncConnection, practice: str) -> RowMapping | None:
    # The lock makes two that publish at once follow each other.
    await connection.execute(select(practices.c.id).where(practices.c.id == practice).with_for_update())
    joined = plan_versions.join(
        practices,
        (practices.c.id == plan_versions.c.practice) & (practices.c.current_version == plan_versions.c.version),
    )
    found = await connection.execute(
        select(plan_versions.c.version, plan_versions.c.document).select_from(joined).where(practices.c.id == practice)
    )
    return found.mappings().one_or_none()


async def _claim_numbers(connection: AsyncConnection, plan: Plan) -> None:
    await connection.execute(delete(numbers).where(numbers.c.practice == plan.practice))
    try:
        await connection.execute(insert(numbers), [{"number": n, "practice": plan.practice} for n in plan.numbers])
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise NumberTakenError("one of the plan's numbers belongs to another practice; remove it there first") from None


async def tell(connection: AsyncConnection, practice: str) -> None:
    """Let every process know, once this transaction commits, that the practice has changed."""
    await connection.execute(text("SELECT pg_notify(:channel, :practice)"), {"channel": CHANNEL, "practice": practice})


async def add_closure(connection: AsyncConnection, practice: str, closure: Closure) -> int:
    """Close the practice for a window; the record's number."""
    number = await connection.scalar(
        insert(closures)
        .values(
            practice=practice,
            starts_at=closure.start.to_stdlib(),
            ends_at=closure.end.to_stdlib(),
            author=closure.author,
            reason=closure.reason,
        )
        .returning(closures.c.id)
    )
    await tell(connection, practice)
    return int(number or 0)


async def add_override(connection: AsyncConnection, practice: str, override: Override, origin: str = "") -> int:
    """Put somebody on call for a window; the record's number. `origin`: what it came of, "swap 3"."""
    number = await connection.scalar(
        insert(overrides)
        .values(
            practice=practice,
            schedule=override.schedule,
            member=override.member,
            starts_at=override.start.to_stdlib(),
            ends_at=override.end.to_stdlib(),
            author=override.author,
            reason=override.reason,
            kind=override.kind,
            instead_of=override.instead_of,
            origin=origin,
        )
        .returning(overrides.c.id)
    )
    await tell(connection, practice)
    return int(number or 0)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """What is known of a version besides its text. `waived`: check, path and reason of each waived fault."""

    version: int
    published_at: Instant
    published_by: str
    waived: list[dict[str, str]]


async def versions(connection: AsyncConnection, practice: str, before: int | None, limit: int) -> list[StoredVersion]:
    """The practice's versions, the newest first, from before the version of that number."""
    stored = plan_versions.c
    query = select(stored.version, stored.published_at, stored.published_by, stored.waived)
    query = query.where(stored.practice == practice)
    if before is not None:
        query = query.where(stored.version < before)
    rows = await connection.execute(query.order_by(stored.version.desc()).limit(limit))
    return [StoredVersion(row.version, Instant(row.published_at), row.published_by, row.waived) for row in rows]
