"""The attempts of pages in the database: which call or text of Twilio's each is, and who carries it out."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    case,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.page import AttemptState
from escalation.policy import Means
from storage.tables import deliveries

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


async def set_sid(connection: AsyncConnection, page: str, attempt: int, sid: str, provider: str = FIRST) -> bool:
    """Remember which call or message an attempt is, and whose; of one that is known already, that is known, too.

    True: it was known as another one until now, which is not known from then on.
    """
    before = await sid_of(connection, page, attempt)
    whose = case((deliveries.c.sid == sid, deliveries.c.provider), else_=provider)
    # Not in its place but besides: of two that the two providers placed, neither was begun twice.
    besides = case((deliveries.c.sid != sid, 1), else_=0)
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.page == page, deliveries.c.attempt == attempt)
        .values(sid=sid, provider=whose, tries=deliveries.c.tries + besides)
    )
    return before is not None and before != sid


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
    """Whether a call to the same address was begun for another attempt, and may have an unknown SID."""
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
    """Of an attempt: whether this provider may have placed a call for it whose SID is not known.

    What was begun more than once may have been placed as often, by either of them, and one SID is known.
    """
    is_known = deliveries.c.sid.is_not(None)
    there = or_(
        is_known & (deliveries.c.tries > 1), ~is_known & (deliveries.c.tries > 0) & (deliveries.c.provider == provider)
    )
    return there if provider == SECOND else or_(there, (deliveries.c.provider == SECOND) & (deliveries.c.unsure > 0))
