"""Swaps: somebody offers a time of theirs, and somebody else takes it. A pure state machine.

offered -> done                       taken, where the practice need not approve
offered -> taken -> done | declined   where it has to
offered | taken -> withdrawn          by whoever offered it
offered | taken -> expired            its time has come: who was on call stays so
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from whenever import Instant

from escalation.oncall import name_of
from escalation.refusal import refused, stands_in_the_way
from escalation.roster import Roster
from escalation.wallclock import shown


class SwapState(StrEnum):
    """Where a swap stands."""

    OFFERED = "offered"
    TAKEN = "taken"
    """Somebody took it, and the practice has to approve."""
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN: Final = frozenset({SwapState.OFFERED, SwapState.TAKEN})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A time of the taker's on a schedule, which whoever offers the swap wants for it."""

    schedule: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Swap:
    """`member` offers what they have on the schedule from `start` until before `end`; it need not match a shift.

    `exchange`: what they want for it; None: nothing. `number`: 0 before it is stored.
    """

    schedule: str
    member: str
    start: Instant
    end: Instant
    author: str
    reason: str
    offered_at: Instant
    exchange: Exchange | None = None
    state: SwapState = SwapState.OFFERED
    taken_by: str = ""
    taken_at: Instant | None = None
    ended_at: Instant | None = None
    ended_by: str = ""
    number: int = 0

    @property
    def begins(self) -> Instant:
        """When the first of the two times begins: until then it must be settled."""
        return min(self.start, self.exchange.start) if self.exchange is not None else self.start


@dataclass(frozen=True, slots=True)
class Taken:
    """The member takes it; `approval`: whether the practice then has to approve."""

    member: str
    by: str
    approval: bool


@dataclass(frozen=True, slots=True)
class Approved:
    """The practice approves."""

    by: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The practice does not approve."""

    by: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Whoever offered it takes it back."""

    by: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Its time may have come."""


Event = Taken | Approved | Declined | Withdrawn | Begun


def advance(roster: Roster, swap: Swap, event: Event, now: Instant) -> Swap:
    """The swap after the event. Raises RefusedError where it cannot happen: then nothing changes.

    `Begun` is never refused: it ends an open swap whose time has come, and else does nothing.
    """
    if isinstance(event, Begun):
        is_over = swap.state in OPEN and swap.begins <= now
        return _ended(swap, SwapState.EXPIRED, now, "") if is_over else swap
    _check_open(roster, swap, now)
    match event:
        case Taken():
            return _taken(roster, swap, event, now)
        case Withdrawn():
            return _ended(swap, SwapState.WITHDRAWN, now, event.by)
        case Approved() | Declined():
            if swap.state is SwapState.OFFERED:
                raise stands_in_the_way(
                    "Nobody has taken the swap yet, so that there is nothing to approve or decline."
                )
            state = SwapState.DONE if isinstance(event, Approved) else SwapState.DECLINED
            return _ended(swap, state, now, event.by)


def _taken(roster: Roster, swap: Swap, event: Taken, now: Instant) -> Swap:
    if event.member == swap.member:
        mend = "Somebody else has to take it; or withdraw the offer."
        raise refused("A swap with oneself is none.", "member", "it is who offers the swap", mend)
    if swap.state is SwapState.TAKEN:
        raise stands_in_the_way(f"{taker(roster, swap)} took it, and it waits for approval. Nothing was changed.")
    after = replace(swap, state=SwapState.TAKEN, taken_by=event.member, taken_at=now)
    return after if event.approval else _ended(after, SwapState.DONE, now, event.by)


def _check_open(roster: Roster, swap: Swap, now: Instant) -> None:
    told = {
        SwapState.DONE: f"{taker(roster, swap)} took it. To undo it, end its overrides, or offer it again.",
        SwapState.DECLINED: "The swap was declined. Offer it again, if it is to be taken by somebody else.",
        SwapState.WITHDRAWN: "The swap was withdrawn.",
        SwapState.EXPIRED: "The swap's time has come, and who was on call stayed so. `override take-over` does it now.",
    }.get(swap.state)
    if told is None and swap.begins <= now:
        told = f"The swap's time has come ({shown(swap.begins, roster.zone)}): who was on call stays so."
    if told is not None:
        raise stands_in_the_way(f"{told} Nothing was changed.")


def taker(roster: Roster, swap: Swap) -> str:
    """The name of who took it."""
    return name_of(roster, swap.taken_by)


def _ended(swap: Swap, state: SwapState, now: Instant, by: str) -> Swap:
    return replace(swap, state=state, ended_at=now, ended_by=by)
