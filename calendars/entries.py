"""What a person's or a schedule's calendar says: each shift with its exact window, as `escalation.duties` renders it.

The same shift has the same id in every rendering, whenever that is made: the days around the span are rendered too, so
that no shift is cut at its edge, and one without an end in sight is told month by month.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from whenever import Date, Instant, Time, TimeDelta

from escalation.duties import Duty, render
from escalation.oncall import name_of
from escalation.roster import Roster
from routing.plan import Plan

PAST: Final = TimeDelta(hours=24 * 31)
AHEAD: Final = TimeDelta(hours=24 * 180)
MARGIN: Final = TimeDelta(hours=24 * 62)
"""What is rendered besides, at either end: two of the longest months."""
LONGEST: Final = TimeDelta(hours=24 * 31)
"""A shift that is longer is told month by month."""
_FORM: Final = "1"
"""To be changed with what is written of an entry: the calendars that there are then count as changed."""

Span = tuple[Instant, Instant]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose calendar it is: a person's, by staff id, or a schedule's. The other is None."""

    member: str | None
    schedule: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """From `start` until before `end` somebody is on call. `alarms`: how long before the start it is to be told."""

    id: str
    start: Instant
    end: Instant
    summary: str
    description: str
    alarms: tuple[TimeDelta, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A calendar: its name, its entries in order, and a digest that is the same for the same calendar."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def digest(self) -> str:
        """Of all that is written of them."""
        told = [
            (
                e.id,
                e.start.timestamp(),
                e.end.timestamp(),
                e.summary,
                e.description,
                [a.total("seconds") for a in e.alarms],
            )
            for e in self.entries
        ]
        return sha256(repr((_FORM, self.name, told)).encode()).hexdigest()


def rendered_since(plan: Plan, now: Instant) -> Instant:
    """From when on exceptions have a say in the calendar."""
    return _span(plan, now)[0] - MARGIN


def entries_of(plan: Plan, roster: Roster, subject: Subject, now: Instant) -> Entries:
    """The calendar, from 31 days before the practice's present day to 180 days after it.

    `roster`: the plan's, with the overrides and time off of that span. Who is no longer in the plan has an empty one.
    """
    span = _span(plan, now)
    if subject.member is not None:
        name = f"{name_of(roster, subject.member)}: on call ({plan.name})"
        found = [
            entry for schedule in roster.schedules for entry in _of_member(plan, roster, schedule, subject.member, span)
        ]
    else:
        schedule = subject.schedule or ""
        name = f"{schedule}: on call ({plan.name})"
        found = list(_of_schedule(plan, roster, schedule, span)) if schedule in roster.schedules else []
    return Entries(name, tuple(sorted(found, key=lambda entry: (entry.start, entry.id))))


def _span(plan: Plan, now: Instant) -> Span:
    """Whole days, so that it says the same all day long."""
    midnight = _midnight(now.to_tz(plan.zone).date(), plan.zone)
    return midnight - PAST, midnight + AHEAD


def _of_member(plan: Plan, roster: Roster, schedule: str, member: str, span: Span) -> Iterator[Entry]:
    alarms = plan.calendar.starts[schedule].tell if schedule in plan.calendar.starts else ()
    goes_on = False
    for duty in render(roster, schedule, span[0] - MARGIN, span[1] + MARGIN):
        if member in duty.members:
            for i, piece in enumerate(_pieces(duty, plan.zone)):
                if _is_in(piece, span):
                    told = () if goes_on or i else alarms
                    yield _entry(plan, schedule, member, piece, _words(plan, roster, schedule, duty, member), told)
        goes_on = member in duty.members


def _of_schedule(plan: Plan, roster: Roster, schedule: str, span: Span) -> Iterator[Entry]:
    """No alarms: who follows a schedule is not who goes on call at each of its shifts."""
    for duty in render(roster, schedule, span[0] - MARGIN, span[1] + MARGIN):
        if duty.members:
            names = [name_of(roster, member) for member in duty.members]
            about = f"{names[0]} is the primary for {schedule} at {plan.name}{_beside(names[1:])}."
            words = f"{', '.join(names)}: {schedule} ({plan.name})", about
            for piece in _pieces(duty, plan.zone):
                if _is_in(piece, span):
                    yield _entry(plan, schedule, ",".join(duty.members), piece, words, ())


def _words(plan: Plan, roster: Roster, schedule: str, duty: Duty, member: str) -> tuple[str, str]:
    others = [name_of(roster, other) for other in duty.members if other != member]
    if duty.member == member:
        summary, about = "On call", f"You are the primary for {schedule} at {plan.name}{_beside(others)}."
    else:
        summary = f"On call beside {others[0]}"
        about = f"You are on call for {schedule} at {plan.name} beside {others[0]}, who is the primary."
    return f"{summary}: {schedule} ({plan.name})", about


def _beside(names: list[str]) -> str:
    return f"; beside them: {', '.join(names)}" if names else ""


def _entry(
    plan: Plan, schedule: str, member: str, piece: Span, words: tuple[str, str], alarms: tuple[TimeDelta, ...]
) -> Entry:
    of = f"{plan.practice}|{schedule}|{member}|{piece[0].timestamp()}"
    return Entry(f"{sha256(of.encode()).hexdigest()[:32]}@nightbell", *piece, *words, alarms)


def _pieces(duty: Duty, zone: str) -> Iterator[Span]:
    """The duty, cut where months begin on the practice's clock if it is a long one."""
    start = duty.start
    if duty.end - duty.start > LONGEST:
        wall = start.to_tz(zone).date()
        month = Date(wall.year, wall.month, 1).add(months=1)
        while (cut := _midnight(month, zone)) < duty.end:
            yield start, cut
            start, month = cut, month.add(months=1)
    yield start, duty.end


def _midnight(day: Date, zone: str) -> Instant:
    return day.at(Time.MIDNIGHT).assume_tz(zone, disambiguation="compatible").to_instant()


def _is_in(piece: Span, span: Span) -> bool:
    return piece[1] > span[0] and piece[0] < span[1]
