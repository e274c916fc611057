"""Who is not to be disturbed by a page just now, as far as the database knows."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Select,
    cast,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.page import AttemptState, Page, PageState
from escalation.policy import Means
from storage.tables import deliveries, pages

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
