"""Who goes on call, and when: the starts of shifts, as people see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from whenever import Instant, TimeDelta

from escalation.duties import Duty, render
from escalation.roster import Roster
from escalation.shift import AHEAD, spans_of

_BEFORE: Final = TimeDelta(nanoseconds=1)
_NEAR: Final = TimeDelta(hours=48)


@dataclass(frozen=True, slots=True)
class Start:
    """`member` goes on call for the schedule at `start`, and stays until before `end` (at most 400 days are looked at).

    `previous`: those who go off call then, the one whose place it is first; nobody, where nobody was on call before or
    all of them stay.
    """

    schedule: str
    member: str
    start: Instant
    end: Instant
    previous: tuple[str, ...]


def starting(roster: Roster, schedule: str, start: Instant, end: Instant) -> tuple[Start, ...]:
    """Who goes on call for the schedule from `start` until before `end`, in order.

    Who merely stays on call, be it in another place among several or for another reason, does not start.
    KeyError: no such schedule, rotation or calendar. ValueError: a rotation with no positive shift.
    """
    if end <= start:
        return ()
    duties = render(roster, schedule, start - _BEFORE, end)
    return tuple(found for before, duty in pairwise(duties) for found in _starts(roster, schedule, before, duty))


def _starts(roster: Roster, schedule: str, before: Duty, duty: Duty) -> Iterator[Start]:
    coming = [member for member in duty.members if member not in before.members]
    going = [member for member in before.members if member not in duty.members]
    for place, member in enumerate(coming):
        previous = (*going[place:], *going[:place])
        yield Start(schedule, member, duty.start, stays_until(roster, schedule, member, duty.start), previous)


def stays_until(roster: Roster, schedule: str, member: str, at: Instant) -> Instant:
    """Until when the member, who is on call at the instant, is so without a break; at most 400 days later.

    The instant itself, where they are not.
    """
    ahead = _NEAR
    while True:
        spans = spans_of(roster, schedule, member, at, at + ahead)
        end = spans[0][1] if spans and spans[0][0] == at else at
        if end < at + ahead or ahead >= AHEAD:
            return end
        ahead = min(ahead * 4, AHEAD)
