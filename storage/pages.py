"""Pages in the database: the row is the page, and its trail is append-only."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    Integer,
    Row,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.effects import Advance
from escalation.page import CallerPresence, Page, PageState
from storage.calls import CALLBACK
from storage.deliveries import SECOND
from storage.errors import NotFoundError
from storage.seal import KeyRing
from storage.tables import calls, deliveries, page_events, pages, replies

JOIN_WITHIN: Final = TimeDelta(minutes=30)
"""The same number pressing urgent again within this joins its open page (DESIGN section 5)."""
MOST_LOOKED_THROUGH: Final = 500
"""Of the second provider's legs, the latest: more than it carries in a night."""

_PAGE: Final = TypeAdapter(Page)


@dataclass(frozen=True, slots=True)
class PageCall:
    """The call that a page is about: its first leg, the leg that holds now, and how to reach the caller."""

    page: Page
    plan_version: int
    call: str
    caller_leg: str
    language: str
    callback: str | None


@dataclass(frozen=True, slots=True)
class PageOpening:
    """What a new page is opened with, besides the page itself."""

    plan_version: int
    call: str
    language: str
    callback: str | None
    caller: str | None


async def insert_page(connection: AsyncConnection, ring: KeyRing, page: Page, opening: PageOpening) -> bool:
    """Store a new page; False when it is there already (a repeated webhook)."""
    done = await connection.execute(
        upsert(pages)
        .values(
            id=page.id,
            practice=page.practice,
            plan_version=opening.plan_version,
            category=page.category,
            call=opening.call,
            caller_leg=opening.call,
            language=opening.language,
            callback_sealed=ring.seal(CALLBACK, opening.callback) if opening.callback else None,
            caller_index=ring.index(opening.caller) if opening.caller else None,
            opened_at=page.opened_at.to_stdlib(),
            **_columns(page),
        )
        .on_conflict_do_nothing()
    )
    return bool(done.rowcount)


def _columns(page: Page) -> dict[str, object]:
    return {
        "state": page.state.value,
        "due": page.due.to_stdlib() if page.due else None,
        "version": page.version,
        "body": _PAGE.dump_python(page, mode="json"),
        "accepted_by": page.accepted_by,
        "accepted_at": page.accepted_at.to_stdlib() if page.accepted_at else None,
        "accepted_step": None if page.accepted_by is None else page.step + 1 if page.accepted_by else 0,
    }


async def find_open(connection: AsyncConnection, ring: KeyRing, page: Page, caller: str) -> str | None:
    """The open page of the same number and policy, opened within the last 30 minutes; the newest, or None.

    Of another policy it may be as slow as that one is.
    """
    found = await connection.scalar(
        select(pages.c.id)
        .where(
            pages.c.practice == page.practice,
            pages.c.caller_index.in_(ring.indexes(caller)),
            pages.c.state != PageState.RESOLVED.value,
            pages.c.opened_at > (page.opened_at - JOIN_WITHIN).to_stdlib(),
            pages.c.body["policy"].astext == page.policy,
        )
        .order_by(pages.c.opened_at.desc())
        .limit(1)
    )
    return str(found) if found is not None else None


@dataclass(frozen=True, slots=True)
class Legs:
    """The two calls that belong into a page's conference, by their SIDs. `over`: the caller's has ended."""

    caller: str
    clinician: str | None
    over: bool


async def legs_of(connection: AsyncConnection, page: str) -> Legs | None:
    """The page's legs; None when there is no such page."""
    own_leg = (deliveries.c.page == pages.c.id) & (
        deliveries.c.attempt == pages.c.body["accepted_attempt"].astext.cast(Integer)
    )
    row = (
        await connection.execute(
            select(pages.c.caller_leg, deliveries.c.sid, calls.c.ended_at)
            .select_from(pages.outerjoin(deliveries, own_leg).outerjoin(calls, calls.c.sid == pages.c.caller_leg))
            .where(pages.c.id == page)
        )
    ).one_or_none()
    return Legs(row.caller_leg, row.sid, row.ended_at is not None) if row else None


async def lock_page(connection: AsyncConnection, ring: KeyRing, page: str) -> PageCall:
    """The page, locked until the transaction ends. Raises NotFoundError."""
    row = (await connection.execute(select(pages).where(pages.c.id == page).with_for_update())).one_or_none()
    return _page_call(ring, row)


async def read_page(connection: AsyncConnection, ring: KeyRing, page: str) -> PageCall:
    """The page as it is now. Raises NotFoundError."""
    return _page_call(ring, (await connection.execute(select(pages).where(pages.c.id == page))).one_or_none())


def _page_call(ring: KeyRing, row: Row[Any] | None) -> PageCall:
    if row is None:
        raise NotFoundError("no such page")
    callback = ring.open(CALLBACK, row.callback_sealed) if row.callback_sealed else None
    page = _PAGE.validate_python(row.body)
    return PageCall(page, row.plan_version, row.call, row.caller_leg, row.language, callback)


async def join_leg(
    connection: AsyncConnection, ring: KeyRing, page: str, leg: str, language: str, callback: str | None
) -> None:
    """A caller who returned: this leg holds for the page now, and this number is the one to call back."""
    values: dict[str, object] = {"caller_leg": leg, "language": language}
    if callback:
        values["callback_sealed"] = ring.seal(CALLBACK, callback)
    await connection.execute(update(pages).where(pages.c.id == page).values(values))


async def store_advance(connection: AsyncConnection, before: Page, result: Advance, event: str, now: Instant) -> None:
    """Write what `advance` returned: the row, the trail, and each changed attempt."""
    page = result.page
    columns = _columns(page)
    if before.state is not page.state:  # what is noted of a page that is resolved does not resolve it anew
        columns["resolved_at"] = now.to_stdlib() if page.state is PageState.RESOLVED else None
    await connection.execute(update(pages).where(pages.c.id == page.id).values(**columns))
    await connection.execute(
        insert(page_events).values(
            page=page.id, version=page.version, at=now.to_stdlib(), event=event, trail=list(result.trail)
        )
    )
    known = {attempt.number: attempt for attempt in before.attempts}
    changed = [attempt for attempt in page.attempts if known.get(attempt.number) != attempt]
    if changed:
        statement = upsert(deliveries)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["page", "attempt"],
                set_={"state": statement.excluded.state, "why": statement.excluded.why,
                      "changed_at": statement.excluded.changed_at},
            ),
            [
                {
                    "page": page.id,
                    "attempt": attempt.number,
                    "means": attempt.means.value,
                    "member": attempt.member,
                    "address": attempt.address,
                    "state": attempt.state.value,
                    "why": attempt.why,
                    "intended_at": attempt.at.to_stdlib(),
                    "changed_at": attempt.at.to_stdlib(),
                    "tries": 0,
                }
                for attempt in changed
            ],
        )  # fmt: skip


async def overdue(connection: AsyncConnection, now: Instant, limit: int = 200) -> list[str]:
    """Pages whose due time has passed, the most overdue first."""
    rows = await connection.execute(
        select(pages.c.id).where(pages.c.due <= now.to_stdlib()).order_by(pages.c.due).limit(limit)
    )
    return [row.id for row in rows]


async def queued(connection: AsyncConnection, practice: str, limit: int = 50) -> list[str]:
    """The practice's pages that wait for somebody who was on the telephone, the oldest first."""
    query = select(pages.c.id).where(
        pages.c.practice == practice,
        pages.c.state == PageState.PAGING.value,
        pages.c.body["is_queued"].astext == "true",
    )
    return [row.id for row in await connection.execute(query.order_by(pages.c.opened_at).limit(limit))]


async def practice_called_by_second(
    connection: AsyncConnection, ring: KeyRing, number: str, since: Instant
) -> str | None:
    """The practice on whose behalf the second provider last called this number: of its staff, or about a page, back.

    Which number was called back is sealed; the second provider carries few pages, and those of then are looked through.
    """
    legs = select(pages.c.practice, deliveries.c.address, pages.c.callback_sealed).join(
        deliveries, deliveries.c.page == pages.c.id
    )
    recent = legs.where(deliveries.c.provider == SECOND, deliveries.c.intended_at > since.to_stdlib())
    for row in await connection.execute(recent.order_by(deliveries.c.intended_at.desc()).limit(MOST_LOOKED_THROUGH)):
        back = ring.open(CALLBACK, row.callback_sealed) if row.callback_sealed else None
        if number in {row.address, back}:
            return str(row.practice)
    return None


async def practice_waited_for(connection: AsyncConnection, ring: KeyRing, caller: str, since: Instant) -> str | None:
    """The practice with an open page of this caller's."""
    found = await connection.scalar(
        select(pages.c.practice)
        .where(
            pages.c.caller_index.in_(ring.indexes(caller)),
            pages.c.state != PageState.RESOLVED.value,
            pages.c.opened_at > since.to_stdlib(),
        )
        .order_by(pages.c.opened_at.desc())
        .limit(1)
    )
    return str(found) if found is not None else None


async def place_in_line(connection: AsyncConnection, page: Page) -> int:
    """How many callers of the practice wait for a clinician, up to and with the page's own."""
    older = select(func.count()).where(
        pages.c.practice == page.practice,
        pages.c.state == PageState.PAGING.value,
        pages.c.opened_at < page.opened_at.to_stdlib(),
        pages.c.body["caller"].astext == CallerPresence.HOLDING.value,
    )
    return int(await connection.scalar(older) or 0) + 1


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page that somebody may still take or has taken."""

    id: str
    state: str
    accepted_by: str | None


async def open_pages_of(connection: AsyncConnection, practice: str, member: str) -> list[OpenPage]:
    """The practice's unresolved pages about which this member was called or texted, the oldest first."""
    rows = await connection.execute(
        select(pages.c.id, pages.c.state, pages.c.accepted_by)
        .where(
            pages.c.practice == practice,
            pages.c.state != PageState.RESOLVED.value,
            pages.c.id.in_(select(deliveries.c.page).where(deliveries.c.member == member)),
        )
        .order_by(pages.c.opened_at)
    )
    return [OpenPage(row.id, row.state, row.accepted_by) for row in rows]


async def answered_by(connection: AsyncConnection, message: str, page: str, now: Instant) -> str:
    """Which page the text answers: the one that it answered before, else this one ("" for none)."""
    statement = upsert(replies).values(message=message, page=page, at=now.to_stdlib())
    same = statement.on_conflict_do_update(index_elements=["message"], set_={"page": replies.c.page})
    return str(await connection.scalar(same.returning(replies.c.page)))


async def has_answered(connection: AsyncConnection, message: str) -> bool:
    """Whether the text has answered a page already, and now comes again."""
    query = select(replies.c.page).where(replies.c.message == message, replies.c.page != "")
    return (await connection.execute(query)).first() is not None
