"""Reading what each practice goes by now: its version, the records beside it, and the document where it is needed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Override
from routing.opening import Closure
from storage.tables import closures, overrides, plan_versions, practices


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version is current, and the closures and overrides that have not ended."""

    practice: str
    version: int
    closures: tuple[Closure, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The same with the document's text: all that a plan is made of."""

    practice: str
    version: int
    document: str
    closures: tuple[Closure, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def standing(self) -> Standing:
        """Without the document."""
        return Standing(self.practice, self.version, self.closures, self.overrides)


async def standings(connection: AsyncConnection, now: Instant) -> list[Standing]:
    """How every practice stands now."""
    current = practices.c.current_version
    found = await connection.execute(select(practices.c.id, current).where(current.is_not(None)))
    closed = await _closures(connection, now)
    overridden = await _overrides(connection, now)
    return [
        Standing(row.id, row.current_version, tuple(closed.get(row.id, ())), tuple(overridden.get(row.id, ())))
        for row in found
    ]


async def with_documents(connection: AsyncConnection, wanted: Iterable[Standing]) -> list[StoredPlan]:
    """These with their documents."""
    by_key = {(one.practice, one.version): one for one in wanted}
    query = select(plan_versions.c.practice, plan_versions.c.version, plan_versions.c.document).where(
        tuple_(plan_versions.c.practice, plan_versions.c.version).in_(by_key)
    )
    return [
        StoredPlan(one.practice, one.version, row.document, one.closures, one.overrides)
        for row in await connection.execute(query)
        for one in [by_key[row.practice, row.version]]
    ]


async def load_version(connection: AsyncConnection, practice: str, version: int) -> str | None:
    """The document of an older version; None when there is none."""
    document = await connection.scalar(
        select(plan_versions.c.document).where(
            (plan_versions.c.practice == practice) & (plan_versions.c.version == version)
        )
    )
    return str(document) if document is not None else None


async def _closures(connection: AsyncConnection, now: Instant) -> dict[str, list[Closure]]:
    rows = await connection.execute(
        select(closures)
        .where(closures.c.ends_at > now.to_stdlib(), closures.c.ended_at.is_(None))
        .order_by(closures.c.id)
    )
    result: dict[str, list[Closure]] = {}
    for row in rows:
        closure = Closure(Instant(row.starts_at), Instant(row.ends_at), row.author, row.reason)
        result.setdefault(row.practice, []).append(closure)
    return result


async def _overrides(connection: AsyncConnection, now: Instant) -> dict[str, list[Override]]:
    rows = await connection.execute(
        select(overrides)
        .where(overrides.c.ends_at > now.to_stdlib(), overrides.c.ended_at.is_(None))
        .order_by(overrides.c.id)
    )
    result: dict[str, list[Override]] = {}
    for row in rows:
        override = Override(
            row.schedule, row.member, Instant(row.starts_at), Instant(row.ends_at), row.author, row.reason
        )
        result.setdefault(row.practice, []).append(override)
    return result
