"""Reading what each practice goes by now: its version, what stands beside it, and the document where it is needed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Row, Select, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.roster import Facts, Leave, Override, OverrideKind
from routing.opening import Closure
from routing.plan.beside import Beside, Event
from storage.tables import closures, overrides, plan_versions, practices
from storage.tables_calendar import calendar_copies, number_facts, time_off

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version is current, and what stands beside it; of calendars from elsewhere, which copy (`digests`)."""

    practice: str
    version: int
    beside: Beside = field(default_factory=Beside)
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The same with the document's text and the calendars' events: all that a plan is made of."""

    practice: str
    version: int
    document: str
    beside: Beside = field(default_factory=Beside)


async def standings(connection: AsyncConnection, now: Instant) -> list[Standing]:
    """How every practice stands now."""
    current = practices.c.current_version
    found = await connection.execute(select(practices.c.id, current).where(current.is_not(None)))
    beside, digests = await _beside(connection, now), await _digests(connection)
    return [Standing(row.id, row.current_version, beside[row.id], digests[row.id]) for row in found]


async def with_documents(connection: AsyncConnection, wanted: Iterable[Standing]) -> list[StoredPlan]:
    """These with their documents and the events of their calendars."""
    by_key = {(one.practice, one.version): one for one in wanted}
    query = select(plan_versions.c.practice, plan_versions.c.version, plan_versions.c.document).where(
        tuple_(plan_versions.c.practice, plan_versions.c.version).in_(by_key)
    )
    rows = (await connection.execute(query)).all()
    calendars = await _calendars(connection, [one.practice for one in by_key.values() if one.digests])
    return [
        StoredPlan(
            row.practice,
            row.version,
            row.document,
            replace(by_key[row.practice, row.version].beside, calendars=calendars[row.practice]),
        )
        for row in rows
    ]


async def beside_of(connection: AsyncConnection, practice: str, now: Instant) -> Beside:
    """What stands beside the practice's plan now, calendars and all; nothing for a practice that is not known."""
    beside = (await _beside(connection, now, practice))[practice]
    return replace(beside, calendars=(await _calendars(connection, [practice]))[practice])


async def exceptions_since(
    connection: AsyncConnection, practice: str, since: Instant
) -> tuple[tuple[Override, ...], tuple[Leave, ...]]:
    """The practice's overrides and time off that are not over at `since`, also those that are by now."""
    overridden = _in_force(select(overrides).where(overrides.c.practice == practice), overrides, since)
    away = _in_force(select(time_off).where(time_off.c.practice == practice), time_off, since)
    given = (await _by_practice(connection, overridden, override_of))[practice]
    return tuple(given), tuple((await _by_practice(connection, away, leave_of))[practice])


async def load_version(connection: AsyncConnection, practice: str, version: int) -> str | None:
    """The document of an older version; None when there is none."""
    document = await connection.scalar(
        select(plan_versions.c.document).where(
            (plan_versions.c.practice == practice) & (plan_versions.c.version == version)
        )
    )
    return str(document) if document is not None else None


async def _beside(connection: AsyncConnection, now: Instant, practice: str | None = None) -> defaultdict[str, Beside]:
    """What stands beside each plan, calendars aside; of one practice, where one is given."""

    def of(table: Table) -> Select[Any]:
        return select(table) if practice is None else select(table).where(table.c.practice == practice)

    closed = await _by_practice(connection, _in_force(of(closures), closures, now), _closure)
    overridden = await _by_practice(connection, _in_force(of(overrides), overrides, now), override_of)
    away = await _by_practice(connection, _in_force(of(time_off), time_off, now), leave_of)
    known = await _by_practice(connection, of(number_facts), lambda row: (row.number, _facts(row)))
    found = defaultdict(Beside)
    for name in {*closed, *overridden, *away, *known}:
        found[name] = Beside(
            closures=tuple(closed[name]),
            overrides=tuple(overridden[name]),
            leaves=tuple(away[name]),
            numbers=dict(known[name]),
        )
    return found


def _in_force(query: Select[Any], table: Table, now: Instant) -> Select[Any]:
    """The records that count now or will, in the order in which they were given."""
    return query.where(table.c.ends_at > now.to_stdlib(), table.c.ended_at.is_(None)).order_by(table.c.id)


async def _by_practice(
    connection: AsyncConnection, query: Select[Any], made: Callable[[Row[Any]], T]
) -> defaultdict[str, list[T]]:
    found = defaultdict[str, list[T]](list)
    for row in await connection.execute(query):
        found[row.practice].append(made(row))
    return found


def _closure(row: Row[Any]) -> Closure:
    return Closure(Instant(row.starts_at), Instant(row.ends_at), row.author, row.reason)


def override_of(row: Row[Any]) -> Override:
    """The override in a row of `overrides`."""
    return Override(
        schedule=row.schedule,
        member=row.member,
        start=Instant(row.starts_at),
        end=Instant(row.ends_at),
        author=row.author,
        reason=row.reason,
        kind=OverrideKind(row.kind),
        instead_of=row.instead_of,
    )


def leave_of(row: Row[Any]) -> Leave:
    """The time off in a row of `time_off`."""
    return Leave(row.member, Instant(row.starts_at), Instant(row.ends_at))


def _facts(row: Row[Any]) -> Facts:
    return Facts(
        verified=row.verified_at is not None,
        unreachable=row.unreachable_at is not None,
        stopped=row.stopped_at is not None,
        landline=row.landline_at is not None,
    )


async def _digests(connection: AsyncConnection) -> defaultdict[str, dict[str, str]]:
    copies = calendar_copies.c
    found = defaultdict[str, dict[str, str]](dict)
    query = select(copies.practice, copies.calendar, copies.digest).where(copies.fetched_at.is_not(None))
    for row in await connection.execute(query):
        found[row.practice][row.calendar] = row.digest
    return found


async def _calendars(connection: AsyncConnection, wanted: list[str]) -> defaultdict[str, dict[str, tuple[Event, ...]]]:
    found = defaultdict[str, dict[str, tuple[Event, ...]]](dict)
    if wanted:
        copies = calendar_copies.c
        query = select(copies.practice, copies.calendar, copies.shifts)
        query = query.where(copies.practice.in_(wanted), copies.fetched_at.is_not(None))
        for row in await connection.execute(query):
            found[row.practice][row.calendar] = tuple(
                (Instant.from_timestamp(start), Instant.from_timestamp(end), words) for start, end, words in row.shifts
            )
    return found
