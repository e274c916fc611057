"""Who is not to be disturbed by a page just now, as far as the database knows."""

from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Disturbed:
    """Who of a practice's staff is on the telephone about another page: being rung, or (`talking`) with its patient.

    `rung`: how often each of the E.164 numbers was called about any page; by whichever practice, as it is one person's.
    """

    engaged: frozenset[str]
    talking: frozenset[str]
    rung: dict[str, int]


async def disturbed(
    connection: AsyncConnection, page: Page, numbers: Collection[str], now: Instant, since: Instant
) -> Disturbed:
    """Who is so now, and how often these numbers were called since then. One round trip."""
    rows = await connection.execute(union_all(*_engaged(page.practice, page.id, now), _rung(numbers, since)))
    found = [(str(row[0]), row[1]) for row in rows]
    engaged = frozenset(who for who, times in found if times in {None, _TALKS})
    talking = frozenset(who for who, times in found if times == _TALKS)
    return Disturbed(engaged, talking, {who: n for who, n in found if n not in {None, _TALKS}})


def _rung(numbers: Collection[str], since: Instant) -> Select[tuple[str, int]]:
    query = select(deliveries.c.address, func.count()).where(
        deliveries.c.address.in_(numbers),
        deliveries.c.intended_at > since.to_stdlib(),
        deliveries.c.means == Means.CALL.value,
        deliveries.c.tries > 0,
    )
    return query.group_by(deliveries.c.address)


def _engaged(practice: str, page: str, now: Instant) -> tuple[Select[Any], Select[Any]]:
    since, none, talks_now = (now - ENGAGED_FOR).to_stdlib(), cast(null(), BigInteger), cast(_TALKS, BigInteger)
    rung = select(deliveries.c.member, none).join(pages, pages.c.id == deliveries.c.page)
    rung = rung.where(
        deliveries.c.means == Means.CALL.value,
        deliveries.c.state.in_(_UNDER_WAY),
        deliveries.c.changed_at > since,
        deliveries.c.page != page,
        deliveries.c.member != "",
        pages.c.practice == practice,
    )
    talks = select(pages.c.accepted_by, talks_now).where(
        pages.c.practice == practice,
        pages.c.state.in_(_TAKEN),
        pages.c.accepted_at > since,
        pages.c.id != page,
        # As `escalation.line.on_the_line`.
        or_(
            pages.c.state == PageState.BRIDGED.value,
            pages.c.body["accepted_attempt"].astext.is_not(None),
            pages.c.body["apart"].astext.is_not(None),
        ),
    )
    return rung, talks


_TALKS: Final = -1
"""In place of a count: they talk to a patient. NULL: they are being rung."""
_UNDER_WAY: Final = (AttemptState.PLACED.value, AttemptState.RINGING.value, AttemptState.ANSWERED.value)
_TAKEN: Final = (PageState.ACCEPTED.value, PageState.BRIDGED.value)
