"""Pages in the database: the row is the page, its trail is append-only, its attempts are deliveries."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    case,
    cast,
    func,
    insert,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.effects import Advance
from escalation.page import AttemptState, CallerPresence, Page, PageState
from escalation.policy import Means
from storage.calls import CALLBACK
from storage.errors import NotFoundError
from storage.seal import KeyRing
from storage.tables import calls, deliveries, page_events, pages, replies

JOIN_WITHIN: Final = TimeDelta(minutes=30)
"""The same number pressing urgent again within this joins its open page (DESIGN section 5)."""

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


FIRST: Final = "first"
SECOND: Final = "second"
"""The providers: whose account a call or text is of."""


async def know_sid(connection: AsyncConnection, page: str, attempt: int, sid: str, provider: str = FIRST) -> str | None:
    """Which call an attempt is: the one known already, else this one; None when there is no such attempt."""
    found = await connection.scalar(
        update(deliveries)
        .where(deliveries.c.page == page, deliveries.c.attempt == attempt)
        .values(
            sid=func.coalesce(deliveries.c.sid, sid),
            provider=case((deliveries.c.sid.is_(None), provider), else_=deliveries.c.provider),
        )
        .returning(deliveries.c.sid)
    )
    return str(found) if found is not None else None


async def set_sid(connection: AsyncConnection, page: str, attempt: int, sid: str, provider: str = FIRST) -> None:
    """Remember which call or message an attempt is, and whose; of one that is known already, that is known, too."""
    whose = case((deliveries.c.sid == sid, deliveries.c.provider), else_=provider)
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.page == page, deliveries.c.attempt == attempt)
        .values(sid=sid, provider=whose)
    )


async def sid_of(connection: AsyncConnection, page: str, attempt: int) -> str | None:
    """Twilio's SID of the attempt's call or message, when it is known."""
    found = await connection.scalar(
        select(deliveries.c.sid).where(deliveries.c.page == page, deliveries.c.attempt == attempt)
    )
    return str(found) if found else None


async def provider_of(connection: AsyncConnection, page: str, attempt: int) -> tuple[str, int]:
    """Whose the attempt is, and how often it was begun there."""
    query = select(deliveries.c.provider, deliveries.c.tries)
    row = (await connection.execute(query.where(deliveries.c.page == page, deliveries.c.attempt == attempt))).first()
    return (row.provider, row.tries) if row else (FIRST, 0)


async def attempt_on(connection: AsyncConnection, page: str, sid: str) -> int | None:
    """The attempt of the page that this call of Twilio's is; None when it is none."""
    query = select(deliveries.c.attempt).where(deliveries.c.page == page, deliveries.c.sid == sid)
    found = await connection.scalar(query)
    return int(found) if found is not None else None


async def leg_of_page(connection: AsyncConnection, sid: str) -> tuple[str, int] | None:
    """The page and the attempt that this call of Twilio's is; None when it is none."""
    query = select(deliveries.c.page, deliveries.c.attempt).where(deliveries.c.sid == sid)
    row = (await connection.execute(query)).first()
    return (row.page, row.attempt) if row else None


CLAIM: Final = "15 seconds"
"""How long a worker may take to hand an attempt to Twilio before another one looks after it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt to be handed to its provider now, by whoever holds this. `tries`: how often that was begun before.

    `unsure`: how many of those at the first provider may have been carried out.
    """

    address: str
    intended_at: Instant
    tries: int
    provider: str = FIRST
    unsure: int = 0


async def claim(connection: AsyncConnection, page: str, attempt: int) -> Claim | None:
    """Claim an attempt that is still only intended. None: nothing is to be done, or another worker is at it.

    The claim runs out by the database's own clock, since a worker that died does not give it back.
    """
    row = (
        await connection.execute(
            update(deliveries)
            .where(
                deliveries.c.page == page,
                deliveries.c.attempt == attempt,
                deliveries.c.state == AttemptState.INTENDED.value,
                deliveries.c.sid.is_(None),
                or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until < func.now()),
            )
            .values(
                tries=deliveries.c.tries + 1,
                unsure=deliveries.c.unsure + case((deliveries.c.provider == FIRST, 1), else_=0),
                claimed_until=func.now() + text(f"interval '{CLAIM}'"),
            )
            .returning(
                deliveries.c.address,
                deliveries.c.intended_at,
                deliveries.c.tries,
                deliveries.c.provider,
                deliveries.c.unsure,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    unsure = row.unsure - (row.provider == FIRST)
    return Claim(row.address, Instant(row.intended_at), row.tries - 1, row.provider, unsure)


async def release(connection: AsyncConnection, page: str, attempt: int, unsure: int) -> None:
    """Give a claim back, to be taken up by a later job. `unsure`: as many of its tries may have been carried out."""
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.page == page, deliveries.c.attempt == attempt)
        .values(claimed_until=None, unsure=unsure)
    )


async def hand_over(connection: AsyncConnection, page: str, attempt: int, tries: int, unsure: int) -> bool:
    """Give the claim back, for the second provider to carry the attempt out.

    False, and nothing is changed: its call has named itself, or somebody else has begun it after these tries.
    """
    done = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.page == page,
            deliveries.c.attempt == attempt,
            deliveries.c.state == AttemptState.INTENDED.value,
            deliveries.c.provider == FIRST,
            deliveries.c.tries == tries,
            deliveries.c.sid.is_(None),
        )
        .values(provider=SECOND, tries=0, unsure=unsure, claimed_until=None)
    )
    return bool(done.rowcount)


async def unplaced(connection: AsyncConnection, since: Instant, limit: int = 200) -> list[tuple[str, int, str]]:
    """Attempts that were intended before `since` and that nobody is at: page, number, means."""
    rows = await connection.execute(
        select(deliveries.c.page, deliveries.c.attempt, deliveries.c.means)
        .where(
            deliveries.c.state == AttemptState.INTENDED.value,
            deliveries.c.sid.is_(None),
            deliveries.c.changed_at < since.to_stdlib(),
            or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until < func.now()),
        )
        .limit(limit)
    )
    return [(row.page, row.attempt, row.means) for row in rows]


async def known_sids(connection: AsyncConnection, sids: list[str]) -> set[str]:
    """Those of the SIDs that belong to an attempt already."""
    rows = await connection.execute(select(deliveries.c.sid).where(deliveries.c.sid.in_(sids)))
    return {row.sid for row in rows}


UNKNOWN_FOR: Final = TimeDelta(minutes=5)
"""How long before another one an attempt was begun whose call may still be live: its ringing and its prompts."""


async def is_another_unknown(connection: AsyncConnection, page: str, attempt: int, claimed: Claim) -> bool:
    """Whether a call to the same address was begun for another attempt, and may have an unknown SID.

    What was begun more than once may have been placed as often, and one SID is known.
    """
    found = await connection.execute(
        select(deliveries.c.page)
        .where(
            deliveries.c.address == claimed.address,
            deliveries.c.means == Means.CALL.value,
            _maybe_unknown(claimed.provider),
            deliveries.c.intended_at > (claimed.intended_at - UNKNOWN_FOR).to_stdlib(),
            or_(deliveries.c.page != page, deliveries.c.attempt != attempt),
        )
        .limit(1)
    )
    return found.first() is not None


def _maybe_unknown(provider: str) -> ColumnElement[bool]:
    """Of an attempt: whether this provider may have placed a call for it whose SID is not known."""
    begun = or_(deliveries.c.tries > 1, (deliveries.c.tries > 0) & deliveries.c.sid.is_(None))
    there = (deliveries.c.provider == provider) & begun
    return there if provider == SECOND else or_(there, (deliveries.c.provider == SECOND) & (deliveries.c.unsure > 0))


ENGAGED_FOR: Final = TimeDelta(minutes=30)
"""How long a call or a talk may count that Twilio told nothing more of."""


async def disturbed(
    connection: AsyncConnection, page: Page, numbers: Collection[str], now: Instant, since: Instant
) -> tuple[frozenset[str], dict[str, int]]:
    """Who of the practice's staff is being rung about another page, or on the line with its patient.

    And how often each of the E.164 numbers was called about any page since then; by whichever practice, as it is one
    person's phone. One round trip.
    """
    rows = await connection.execute(union_all(*_engaged(page.practice, page.id, now), _rung(numbers, since)))
    found = [(str(row[0]), row[1]) for row in rows]
    return frozenset(who for who, times in found if times is None), {who: n for who, n in found if n is not None}


def _rung(numbers: Collection[str], since: Instant) -> Select[tuple[str, int]]:
    query = select(deliveries.c.address, func.count()).where(
        deliveries.c.address.in_(numbers),
        deliveries.c.intended_at > since.to_stdlib(),
        deliveries.c.means == Means.CALL.value,
        deliveries.c.tries > 0,
    )
    return query.group_by(deliveries.c.address)


def _engaged(practice: str, page: str, now: Instant) -> tuple[Select[Any], Select[Any]]:
    since, none = (now - ENGAGED_FOR).to_stdlib(), cast(null(), BigInteger)
    rung = select(deliveries.c.member, none).join(pages, pages.c.id == deliveries.c.page)
    rung = rung.where(
        deliveries.c.means == Means.CALL.value,
        deliveries.c.state.in_(_UNDER_WAY),
        deliveries.c.changed_at > since,
        deliveries.c.page != page,
        deliveries.c.member != "",
        pages.c.practice == practice,
    )
    talks = select(pages.c.accepted_by, none).where(
        pages.c.practice == practice,
        pages.c.state.in_(_TAKEN),
        pages.c.accepted_at > since,
        pages.c.id != page,
        # As `escalation.presence.on_the_line`.
        or_(
            pages.c.state == PageState.BRIDGED.value,
            pages.c.body["accepted_attempt"].astext.is_not(None),
            pages.c.body["apart"].astext.is_not(None),
        ),
    )
    return rung, talks


_UNDER_WAY: Final = (AttemptState.PLACED.value, AttemptState.RINGING.value, AttemptState.ANSWERED.value)
_TAKEN: Final = (PageState.ACCEPTED.value, PageState.BRIDGED.value)


async def queued(connection: AsyncConnection, practice: str, limit: int = 50) -> list[str]:
    """The practice's pages that nobody has taken, the oldest first."""
    query = select(pages.c.id).where(pages.c.practice == practice, pages.c.state == PageState.PAGING.value)
    return [row.id for row in await connection.execute(query.order_by(pages.c.opened_at).limit(limit))]


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
