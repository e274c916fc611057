"""Whether a practice is open, why, and until when.

The hours are read off the wall clock: at an instant, the practice is open when the date and the time on its wall lie
in a window. So in an hour that the clocks skip no window is open, and in one that they repeat a window is open twice.
A closure wins over an exception, an exception over a holiday, a holiday over the week.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import holidays
from whenever import Date, Instant, PlainDateTime, Time, ZonedDateTime

from routing.opening import Closure, Hours, HoursKind, HoursState, Timetable, Window, clock

_HORIZON_DAYS: Final = 400
"""How far ahead a change is looked for. Every holiday and every weekday comes back within it."""


class Ruling(NamedTuple):
    """What decides a moment: its kind, and the name of the exception, holiday or closure that made it so."""

    kind: HoursKind
    name: str = ""
    windows: tuple[Window, ...] = ()


class Run(NamedTuple):
    """A longest stretch of one kind, from `start` until before `end`. The last one ends at the horizon."""

    kind: HoursKind
    start: Instant
    end: Instant


def state(plan: Timetable, now: Instant) -> HoursState:
    """What the hours say now."""
    ruling = ruling_at(plan, now)
    return HoursState(ruling.kind, _because(plan, now, ruling))


def next_open(plan: Timetable, now: Instant) -> Instant | None:
    """When the practice opens next (now, if it is open); None when not within 400 days."""
    return next((run.start for run in runs(plan, now) if run.kind is HoursKind.OPEN), None)


def ruling_at(plan: Timetable, instant: Instant) -> Ruling:
    """What decides the instant."""
    closure = _closure_at(plan.closures, instant)
    if closure is not None:
        return Ruling(HoursKind.CLOSURE, closure.reason)
    wall = instant.to_tz(plan.zone)
    ruling = ruling_of(plan.hours, wall.date())
    minute = wall.hour * 60 + wall.minute
    if ruling.kind is HoursKind.HOLIDAY or any(w.start <= minute < w.end for w in ruling.windows):
        return ruling
    return ruling._replace(kind=HoursKind.CLOSED)


def ruling_of(hours: Hours, date: Date) -> Ruling:
    """What decides a date: open in its windows, or a holiday. An exception with no windows is a holiday too."""
    exception = hours.exceptions.get(date)
    if exception is not None:
        kind = HoursKind.OPEN if exception.windows else HoursKind.HOLIDAY
        return Ruling(kind, exception.name, exception.windows)
    holiday = holidays_of(hours.country, hours.subdivision, date.year).get(date)
    if holiday is not None and not hours.open_on.intersection((holiday, *holiday.split("; "))):
        return Ruling(HoursKind.HOLIDAY, holiday)
    return Ruling(HoursKind.OPEN, windows=hours.weekly.get(date.day_of_week(), ()))


@lru_cache(maxsize=512)
def holidays_of(country: str | None, subdivision: str | None, year: int) -> Mapping[Date, str]:
    """The public holidays of a year by date, with those observed on another day; none for an unknown country."""
    if country is None:
        return {}
    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=year)
    except (NotImplementedError, ValueError):  # a check refuses it at publishing; a call is answered all the same
        return {}
    return {Date(day.year, day.month, day.day): name for day, name in found.items()}


@dataclass(frozen=True, slots=True)
class PracticeHolidays:
    """The dates that the hours make holidays, for `in`: public ones that are kept, and exceptions that are closed."""

    hours: Hours

    def __contains__(self, date: object) -> bool:
        """Whether a `whenever.Date` is a holiday."""
        return isinstance(date, Date) and ruling_of(self.hours, date).kind is HoursKind.HOLIDAY


def _closure_at(closures: tuple[Closure, ...], instant: Instant) -> Closure | None:
    """The closure that covers the instant; of several, the one that lasts longest."""
    covering = [closure for closure in closures if closure.start <= instant < closure.end]
    return max(covering, key=lambda closure: closure.end, default=None)


# ---- changes ----------------------------------------------------------------------------------------------------


def runs(plan: Timetable, start: Instant) -> Iterator[Run]:
    """The stretches of each kind from `start` to the horizon, without gaps; at least one."""
    kind, since, instant = ruling_at(plan, start).kind, start, start
    for instant in _edges(plan, start):
        changed = ruling_at(plan, instant).kind
        if changed is not kind:
            yield Run(kind, since, instant)
            kind, since = changed, instant
    yield Run(kind, since, max(instant, since.add(seconds=1)))


def _edges(plan: Timetable, start: Instant) -> Iterator[Instant]:
    """The instants after `start` at which the kind can change, in order, and the horizon."""
    # Where clocks jump at midnight, a date's edges can lie before it begins (no clock shows them), or after it ends.
    date, last, waiting = start.to_tz(plan.zone).date(), start, set[Instant]()
    for _ in range(_HORIZON_DAYS):
        waiting |= _edges_of(plan, date)
        if date == Date.MAX:
            yield from sorted(edge for edge in waiting if edge > last)
            return
        date = date.next_day()
        until = _midnight(date, plan.zone)
        for edge in sorted(edge for edge in waiting if last < edge < until):
            yield edge
            last = edge
        waiting = {edge for edge in waiting if edge >= until}
    yield _midnight(date, plan.zone)


def _edges_of(plan: Timetable, date: Date) -> set[Instant]:
    """Where the kind can change on a date: midnight, its windows, a jump of the clocks, closures."""
    begin = _midnight(date, plan.zone)
    end = begin if date == Date.MAX else _midnight(date.next_day(), plan.zone)
    edges = {begin}
    edges.update(edge for c in plan.closures for edge in (c.start, c.end) if begin <= edge < end)
    walls = [
        date.at(Time(minute // 60, minute % 60))
        for window in ruling_of(plan.hours, date).windows
        for minute in (window.start, window.end)
        if minute < 24 * 60
    ]
    edges.update(_exact(wall, plan.zone) for wall in walls)
    if end - begin != _DAY:
        edges.update(wall.assume_tz(plan.zone, disambiguation="later").to_instant() for wall in walls)
        edges.update(_jumps(begin.to_tz(plan.zone), end))
    return edges


_DAY: Final = Instant.from_utc(2026, 1, 2) - Instant.from_utc(2026, 1, 1)


def _jumps(begin: ZonedDateTime, end: Instant) -> Iterator[Instant]:
    """When the clocks jump between the two."""
    jump = begin.next_transition()
    while jump is not None and jump.to_instant() < end:
        yield jump.to_instant()
        jump = jump.next_transition()


def _midnight(date: Date, zone: str) -> Instant:
    """When the date begins; where the clocks skip midnight, that is the jump itself."""
    return date.at(Time.MIDNIGHT).assume_tz(zone, disambiguation="compatible").to_instant()


def _exact(wall: PlainDateTime, zone: str) -> Instant:
    return wall.assume_tz(zone, disambiguation="earlier").to_instant()


# ---- reasons ----------------------------------------------------------------------------------------------------


def _because(plan: Timetable, now: Instant, ruling: Ruling) -> str:
    """The ruling in a sentence that a manager can read."""
    wall = now.to_tz(plan.zone)
    moment = f"{weekday_name(wall)} {clock(wall.hour * 60 + wall.minute)}"
    hours = f"the {ruling.name} hours" if ruling.name else "the weekly hours"
    if ruling.kind is HoursKind.OPEN:
        minute = wall.hour * 60 + wall.minute
        closes = next(clock(w.end) for w in ruling.windows if w.start <= minute < w.end)
        return f"{moment} is within {hours} (until {closes})"
    opens = _opens(plan, now)
    if ruling.kind is HoursKind.CLOSURE:
        closure = _closure_at(plan.closures, now)
        author = closure.author if closure else ""
        return f"{moment} is within a closure by {author}: {ruling.name} ({opens})"
    if ruling.kind is HoursKind.HOLIDAY:
        return f"{weekday_name(wall)} {wall.date()} is {ruling.name}, a day off ({opens})"
    return f"{moment} is outside {hours} ({opens})"


def _opens(plan: Timetable, now: Instant) -> str:
    opening = next_open(plan, now)
    if opening is None:
        return "no opening in the next year"
    wall = opening.to_tz(plan.zone)
    far = now.to_tz(plan.zone).date().add(days=6) < wall.date()
    return f"next open {weekday_name(wall)} {f'{wall.date()} ' if far else ''}{clock(wall.hour * 60 + wall.minute)}"


def weekday_name(wall: ZonedDateTime) -> str:
    """`Monday`."""
    return wall.day_of_week().name.capitalize()
