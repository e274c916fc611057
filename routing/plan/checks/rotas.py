"""The rotations, and the windows of layers, mean one thing."""

from collections.abc import Iterator
from typing import Final

from whenever import TimeDelta

from escalation import rotation as turns
from escalation.roster import LAST_DAY, DailyWindow
from escalation.sparing import quiet_until
from escalation.wallclock import DAY, HOUR, seconds_of
from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding

_WEEK: Final = 7 * DAY
_A_DAY: Final = TimeDelta(hours=24)


def rotation(subject: Subject) -> Iterator[Finding]:
    """The turns of every rotation are well defined."""
    for name, compiled in subject.plan.escalation.roster.rotations.items():
        for fault in turns.faults(compiled):
            words, _, mend = fault.partition("; ")
            told = f"{mend[:1].upper()}{mend[1:]}." if mend else "Compare it with the example plan."
            yield Finding(("rotations", name), f"the rotation {words}", told)
    for name, written in subject.document.rotations.items():
        day = written.from_.day
        if written.shift.months and written.handoff.day is None and day == LAST_DAY:
            mend = "Say the day in `handoff`: `{day: last, at: ...}`, or one from 1 to 28."
            yield Finding(("rotations", name, "from"), f"it hands off on day {day}, which not every month has", mend)


def layer_windows(subject: Subject) -> Iterator[Finding]:
    """The windows of a layer do not overlap each other."""
    for name, schedule in subject.plan.escalation.roster.schedules.items():
        for i, layer in enumerate(schedule.layers):
            at = ("schedules", name, "layers", str(i), "only")
            for one, other, day in _overlapping(layer.only):
                fault = f"{_told(one)} overlaps {_told(other)} on {day}"
                yield Finding(at, fault, "Join the two, or part them.")


def quiet_hours(subject: Subject) -> Iterator[Finding]:
    """Nobody's quiet hours overlap each other, or last a day without an end: a page would wait for days."""
    roster, now = subject.plan.escalation.roster, subject.now
    for i, member in enumerate(subject.document.staff):
        windows = roster.members[member.id].quiet
        for one, other, day in _overlapping(windows):
            fault = f"{_told(one)} overlaps {_told(other)} on {day}"
            yield Finding(("staff", str(i), "quiet"), fault, "Join the two, or part them.")
        edges = (now.add(hours=hours) for hours in range(_WEEK // HOUR))
        if any((end := quiet_until(roster, member.id, edge)) is not None and end - edge > _A_DAY for edge in edges):
            mend = "Let them end within a day; for longer there is time off."
            yield Finding(("staff", str(i), "quiet"), f"the quiet hours of {member.name} last longer than a day", mend)


def _overlapping(windows: tuple[DailyWindow, ...]) -> Iterator[tuple[DailyWindow, DailyWindow, str]]:
    """Each two that share time, once, with the day on which the later one of them begins."""
    for place, one in enumerate(windows):
        for other in windows[:place]:
            for day in sorted(one.days, key=lambda day: day.value):
                begins, ends = _span(one, day.value)
                if any(_meets((begins, ends), _span(other, before.value)) for before in other.days):
                    yield one, other, day.name.capitalize()
                    break


def _span(window: DailyWindow, day: int) -> tuple[int, int]:
    """From when until before when it is open that begins on this day of the week, in seconds of the week."""
    begins, ends = seconds_of(window.start), seconds_of(window.end)
    return day * DAY + begins, day * DAY + (ends if begins < ends else ends + DAY)


def _meets(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether the two share time, also where one goes on into the next week."""
    return any(one[0] + turn < other[1] and other[0] < one[1] + turn for turn in (-_WEEK, 0, _WEEK))


def _told(window: DailyWindow) -> str:
    return f"{window.start.format('HH:mm')}-{window.end.format('HH:mm')}"
