"""How those who go on call are told, and the test page that they answer at the start. A pure state machine.

asked -> answered                                they pressed a key or replied
asked -> asked again -> answered | unanswered    at half-time, and when the time is over: who was on call before stays
unanswered -> answered                           late, and they are on call again
asked | asked again -> moot                      they are not on call any more
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from whenever import Instant, TimeDelta

from escalation.oncall import name_of, on_call
from escalation.policy import Means
from escalation.reach import reached_by
from escalation.roster import Override, OverrideKind, Roster
from escalation.starting import Start, stays_until
from escalation.window import LONGEST, kept

AUTHOR: Final = "Nightbell"
"""Of the overrides by which somebody stays on call."""
ASK: Final = "ask"
"""The kind of the notice that is a test page; the others tell of a start."""


class NoticeState(StrEnum):
    """Where a notice stands."""

    TOLD = "told"
    WITHDRAWN = "withdrawn"
    """They were told, and then that they are not on call after all."""
    ASKED = "asked"
    ASKED_AGAIN = "asked again"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    MOOT = "moot"


OPEN: Final = frozenset({NoticeState.ASKED, NoticeState.ASKED_AGAIN})


class NoticeEvent(StrEnum):
    """What happens to a test page."""

    DUE = "due"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told, or asked, about a start. `due`: when a test page goes on; None: it waits for nothing.

    `answer_by`: until when a test page may be answered. `override`: the number of that by which somebody else stays on
    call. `number` is the record's.
    """

    start: Start
    kind: str
    state: NoticeState
    due: Instant | None = None
    answer_by: Instant | None = None
    override: int | None = None
    number: int = 0


def telling(start: Start, ahead: Iterable[TimeDelta], now: Instant) -> Notice | None:
    """What they are to be told now, if anything: one notice for the latest of the times that has passed.

    `ahead`: how long before the start they are told. From the start on, nothing.
    """
    passed = [lead for lead in ahead if start.start - lead <= now < start.start]
    if not passed:
        return None
    return Notice(start, f"tell {round(min(passed).total('minutes'))}", NoticeState.TOLD)


def asking(roster: Roster, start: Start, within: TimeDelta, now: Instant) -> Notice | None:
    """The test page that is to be sent now, if any: from the start on, as long as it may take to answer.

    Where it is late itself, half of that time is left at least. None is sent to who stays on call for another.
    """
    if not start.start <= now < start.start + within or _stays_on(roster, start):
        return None
    until = max(start.start + within, now + within / 2)
    return Notice(start, ASK, NoticeState.ASKED, kept(now + (until - now) / 2), kept(until))


def _stays_on(roster: Roster, start: Start) -> bool:
    """Whether they are on call then because somebody did not answer."""
    found = roster.overridden(start.schedule).at(start.start)[0]
    return any(each.author == AUTHOR and each.member == start.member for each in found)


def has_it(roster: Roster, start: Start, at: Instant) -> bool:
    """Whether they are on call for the schedule at the instant."""
    found = on_call(roster, start.schedule, at) if start.schedule in roster.schedules else None
    return found is not None and start.member in found.members


def advance(roster: Roster, notice: Notice, event: NoticeEvent, now: Instant) -> Notice:
    """The notice after the event; the same where it changes nothing."""
    if notice.state not in OPEN:
        late = notice.state is NoticeState.UNANSWERED and now < notice.start.end
        return _at(notice, NoticeState.ANSWERED) if late and event is NoticeEvent.ANSWERED else notice
    if not has_it(roster, notice.start, now):
        return _at(notice, NoticeState.MOOT)
    if event is NoticeEvent.ANSWERED:
        return _at(notice, NoticeState.ANSWERED)
    if notice.answer_by is None or now >= notice.answer_by:
        return _at(notice, NoticeState.UNANSWERED)
    return replace(notice, state=NoticeState.ASKED_AGAIN, due=notice.answer_by)


def _at(notice: Notice, state: NoticeState) -> Notice:
    return replace(notice, state=state, due=None)


def stand_ins(roster: Roster, start: Start, now: Instant) -> Iterator[Override]:
    """The overrides by which somebody who was on call before stays so, the best first: until the shift ends.

    Whoever has time off, cannot be reached, or is on call anyway does not; time off that begins meanwhile ends it.
    """
    found = on_call(roster, start.schedule, now)
    end = min(stays_until(roster, start.schedule, start.member, now), now + LONGEST)
    reason = f"{name_of(roster, start.member)} did not answer the test page at the start of the shift"
    for member in start.previous:
        if found is None or member in found.members or not reached_by(roster, member, frozenset(Means)):
            continue
        until = _time_off(roster, member, now, end)
        if until > now:
            window = kept(now), kept(until)
            yield Override(start.schedule, member, *window, AUTHOR, reason, OverrideKind.REPLACE, start.member)


def _time_off(roster: Roster, member: str, start: Instant, end: Instant) -> Instant:
    """When the member's next time off begins, `end` at the latest."""
    return next((piece.start for piece in roster.away.within(start, end) if member in piece.value), end)
