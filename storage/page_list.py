"""Pages as the API lists them: nothing here is about the patient."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.tables import page_events, pages

_COLUMNS = [column for column in pages.c if not column.name.endswith(("_sealed", "_index"))]


@dataclass(frozen=True, slots=True)
class Happened:
    """What one event made of a page: `lines` for people, which name the staff and nobody else."""

    at: Instant
    event: str
    lines: list[str]


async def listed(
    connection: AsyncConnection, practice: str, states: Sequence[str], after: tuple[Instant, str] | None, limit: int
) -> list[RowMapping]:
    """The practice's pages in these states, the newest first, from behind the one that was opened then."""
    query = select(*_COLUMNS).where(pages.c.practice == practice, pages.c.state.in_(states))
    if after is not None:
        query = query.where(tuple_(pages.c.opened_at, pages.c.id) < (after[0].to_stdlib(), after[1]))
    query = query.order_by(pages.c.opened_at.desc(), pages.c.id.desc()).limit(limit)
    return list((await connection.execute(query)).mappings())


async def find(connection: AsyncConnection, practice: str, page: str) -> RowMapping | None:
    """One of the practice's pages."""
    query = select(*_COLUMNS).where(pages.c.practice == practice, pages.c.id == page)
    return (await connection.execute(query)).mappings().one_or_none()


async def trail(connection: AsyncConnection, page: str) -> list[Happened]:
    """All that happened to the page, in order."""
    query = select(page_events).where(page_events.c.page == page).order_by(page_events.c.version)
    return [Happened(Instant(row.at), row.event, row.trail) for row in await connection.execute(query)]
