"""What people are told about the starts of shifts. Times are those of the practice's wall clock; nothing of a patient.

A text to one of the staff begins with the practice's name, which whoever sends it puts before these words.
"""

from collections.abc import Sequence

from whenever import Instant

from escalation.oncall import name_of, on_call
from escalation.roster import Override, Roster
from escalation.shift import AHEAD
from escalation.shift_start import Notice
from escalation.starting import Start
from escalation.wallclock import shown


def going_on(roster: Roster, start: Start, end: Instant, *, confirm: bool) -> str:
    """To who goes on call, ahead of it. `end`: as it is known now. `confirm`: whether a test page will come."""
    asked = " You will be asked to confirm when it starts." if confirm else ""
    return f"You are on call for {start.schedule} {_span(roster, start.start, end)}.{asked}"


def not_on_call(roster: Roster, start: Start) -> str:
    """To who was told so, and is not on call after all."""
    found = on_call(roster, start.schedule, start.start) if start.schedule in roster.schedules else None
    names = " and ".join(name_of(roster, member) for member in found.members) if found is not None else ""
    instead = f": {names} {'is' if found and len(found.members) == 1 else 'are'}" if names else ""
    return f"You are not on call for {start.schedule} {_span(roster, start.start, start.end)} after all{instead}."


def asked(roster: Roster, notices: Sequence[Notice]) -> str:
    """To who is on call now and must answer. The notices are all of the same person's that are open."""
    parts = [f"{n.start.schedule} {_until(roster, n.start.start, n.start.end)}" for n in notices]
    by = min((n.answer_by for n in notices if n.answer_by is not None), default=None)
    late = f" Without an answer by {shown(by, roster.zone)[-5:]}, the operators are told." if by is not None else ""
    return f"Test page: you are on call for {' and '.join(parts)}. Reply 1 to confirm.{late}"


def thanks(roster: Roster, notices: Sequence[Notice]) -> str:
    """To who has answered."""
    parts = [f"{n.start.schedule} {_until(roster, n.start.start, n.start.end)}" for n in notices]
    return f"Thank you. You are on call for {' and '.join(parts)}."


def stays_on(roster: Roster, notice: Notice, override: Override) -> str:
    """To who was on call before and stays so."""
    who = name_of(roster, notice.start.member)
    until = _until(roster, override.start, override.end)
    return f"You stay on call for {notice.start.schedule} {until}: {who} has not answered the test page."


def replaced(roster: Roster, notice: Notice, override: Override) -> str:
    """To who has not answered in time."""
    who, until = name_of(roster, override.member), _until(roster, override.start, override.end)
    return (
        f"You have not answered the test page: {who} stays on call for {notice.start.schedule} {until}, instead of you."
        " Reply 1 to have it back."
    )


def released(roster: Roster, notice: Notice) -> str:
    """To who stayed on call until now."""
    return f"You are not on call for {notice.start.schedule} any more: {name_of(roster, notice.start.member)} is."


def alert(roster: Roster, notice: Notice, override: Override | None) -> str:
    """To the operators, of a test page without an answer. `override`: by which somebody stays on call; None: nobody."""
    start = notice.start
    who, since = name_of(roster, start.member), shown(start.start, roster.zone)
    told = f"{who} has not answered the test page of {start.schedule}, on call since {since}"
    if override is not None:
        until = _until(roster, override.start, override.end)
        return f"{told}: {name_of(roster, override.member)}, who was on call before, stays so {until}"
    before = " and ".join(name_of(roster, member) for member in start.previous)
    why = f"{before}, who was on call before, cannot stay" if before else "nobody was on call before who could stay"
    return f"NOBODY HAS CONFIRMED {start.schedule}: {told}; {why}. Call {who}, or put somebody else on call"


def answered_late(roster: Roster, notice: Notice, override: Override | None) -> str:
    """To the operators, once it is mended."""
    who = name_of(roster, notice.start.member)
    freed = f"; {name_of(roster, override.member)} is released" if override is not None else ""
    return f"{who} has answered the test page late and is on call for {notice.start.schedule}{freed}"


def _span(roster: Roster, start: Instant, end: Instant) -> str:
    until = _until(roster, start, end)
    return f"from {shown(start, roster.zone)} {until.replace('until ', 'to ', 1) if end - start < AHEAD else until}"


def _until(roster: Roster, start: Instant, end: Instant) -> str:
    """A shift of which no end is known has none."""
    return f"until {shown(end, roster.zone)}" if end - start < AHEAD else "until further notice"
