"""When somebody is on call, and where the shift that goes on now ends."""

from typing import Final, NamedTuple

from whenever import Instant, TimeDelta

from escalation.duties import render
from escalation.oncall import on_call
from escalation.refusal import refused, stands_in_the_way
from escalation.roster import Override, Roster
from escalation.window import LONGEST, kept

Span = tuple[Instant, Instant]
AHEAD: Final = TimeDelta(hours=24 * 400)
"""How far ahead an end is looked for."""


class Passing(NamedTuple):
    """Somebody gives a schedule to somebody else, from now until `until`: None, the end of the shift.

    `giver`: a staff id; None: whoever is the primary.
    """

    schedule: str
    giver: str | None
    taker: str
    until: Instant | None
    author: str
    reason: str


def spans_of(roster: Roster, schedule: str, member: str, start: Instant, end: Instant) -> tuple[Span, ...]:
    """When the member is on call for the schedule, be it first or not, as spans that do not touch, in order."""
    found: list[Span] = []
    for duty in render(roster, schedule, start, end):
        if member not in duty.members:
            continue
        if found and found[-1][1] == duty.start:
            found[-1] = (found[-1][0], duty.end)
        else:
            found.append((duty.start, duty.end))
    return tuple(found)


def shift_end(roster: Roster, schedule: str, at: Instant) -> Instant | None:
    """Until when those on call at the instant are so for the same reason: a turn, or an override. None: no end known.

    Where nobody is on call: when somebody next is.
    """
    found, end = on_call(roster, schedule, at), at
    if found is None:
        end = render(roster, schedule, at, at + AHEAD)[0].end
        return end if end < at + AHEAD else None
    present = found
    while present.members == found.members and present.because == found.because:
        end = present.until
        if end >= at + AHEAD:
            return None
        following = on_call(roster, schedule, end)
        if following is None:
            break
        present = following
    return end


def passed_on(roster: Roster, wanted: Passing, now: Instant) -> Override:
    """The override by which the taker has the giver's place from now on. Raises RefusedError."""
    now, present = kept(now), on_call(roster, wanted.schedule, now)
    members = present.members if present is not None else ()
    giver = wanted.giver or (members[0] if members else "")
    if giver == wanted.taker:
        raise refused("Nothing would change.", "member", "they are on call already", "Choose somebody else.")
    if giver and giver not in members:
        others = " and ".join(roster.members[m].name if m in roster.members else m for m in members) or "nobody"
        raise stands_in_the_way(f"They are not on call for {wanted.schedule} now: {others} is. Nothing was changed.")
    until = wanted.until if wanted.until is not None else shift_end(roster, wanted.schedule, now)
    if until is None:
        raise refused("The shift has no end.", "until", "it is not given", "Say until when.")
    if until <= now:
        raise refused("The window cannot be.", "until", "it is over already", "Choose an end that is still to come.")
    if until - now > LONGEST:
        raise refused("The window cannot be.", "until", "it is more than a year away", "Look at the year.")
    return Override(wanted.schedule, wanted.taker, now, kept(until), wanted.author, wanted.reason, instead_of=giver)
