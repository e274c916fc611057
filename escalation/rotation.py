"""Whose turn it is, by arithmetic on the wall clock.

The handoffs of a rotation are wall-clock readings: `first + n * length`, where `first` is the handoff time on the first
fitting date on or after the rotation's start; for shifts of months, the handoff time on the day of every so-manieth
month. Turn `n` lasts from handoff `n` until before handoff `n + 1`, each turned into an exact instant by
`wallclock.exact`. So a 12-hour shift that hands off at 19:00 hands off at 07:00 and 19:00 on every date, and a shift of
10 hours at 19:00, 05:00, 15:00, 01:00 and so on. Any whole number of hours is well defined in this way; on a night when
the clocks change, one turn is as much shorter or longer.

Turn 0 is the first member's. Turns before it are numbered -1, -2 and so on, and nobody is on duty in them. (A turn can
be empty: an hourly one that a spring night skips.)

A change of members begins an *era*: from its first turn on, its own cycle of turns counts.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, pairwise
from typing import NamedTuple

from whenever import Date, Instant, Time

from escalation import cycle as cycles
from escalation.cycle import Cycle, cycle
from escalation.roster import LAST_DAY, Rotation
from escalation.wallclock import DAY, HOUR, date_of, exact, reading, reading_of

_WEEK = 7
_YEAR = 12
_SAFE_DAY = 28
"""Every month has it."""


class Turn(NamedTuple):
    """One time on duty, from `start` until before `end`. `number` counts from 0, negative before the start."""

    number: int
    start: Instant
    end: Instant


TurnOf = tuple[Instant, Instant, tuple[str, ...]]
"""From when until before when a turn is these staff ids'. Bare: a year of a hundred schedules has 80,000 of them."""


class _Era(NamedTuple):
    first: int
    """The number of its first turn."""
    cycle: Cycle


def faults(rotation: Rotation) -> tuple[str, ...]:
    """What is wrong with the rotation, in words for whoever writes the plan; empty when it is sound.

    Each says what is wrong; after a semicolon, what mends it.
    """
    found = [*cycles.faults(rotation.members, rotation.shares, rotation.on_duty), *_shift_faults(rotation)]
    if not found:
        for change in rotation.changes:
            told = cycles.faults(change.members, change.shares, rotation.on_duty)
            found += [f"from {change.start} on {fault}" for fault in told]
        dates = [date_of(first_handoff(rotation)), *(change.start for change in rotation.changes)]
        found += [
            f"changes its members from {later} on, which is not after {earlier}; order the changes by date"
            if earlier != dates[0]
            else f"changes its members from {later} on, before its first turn; begin with those members instead"
            for earlier, later in pairwise(dates)
            if later <= earlier
        ]
    return tuple(found)


def _shift_faults(rotation: Rotation) -> Iterator[str]:
    shift = rotation.shift
    lengths = (shift.days, shift.hours, shift.months)
    if min(lengths) < 0 or sum(length > 0 for length in lengths) != 1:
        yield "needs a shift of either whole days, whole hours or whole months; give it a length of at least one"
    if rotation.day is not None and (shift.days <= 0 or shift.days % _WEEK != 0):
        yield "hands off on a weekday, so its shift must be whole weeks; leave the weekday out or change the shift"
    if (rotation.month_day is not None) != (shift.months > 0):
        yield "hands off on a day of the month, so its shift must be whole months; change the day or the shift"
    elif rotation.month_day is not None and not _is_in_every_month(rotation.month_day):
        yield (
            f"hands off on day {rotation.month_day} of the month, which not every month has;"
            ' use a day from 1 to 28, or "last"'
        )
    if rotation.at.nanosecond:
        yield "must hand off at a whole second; write hours and minutes"


def _is_in_every_month(day: int) -> bool:
    return 1 <= day <= _SAFE_DAY or day == LAST_DAY


def turn_at(rotation: Rotation, zone: str, instant: Instant) -> int:
    """The number of the turn that `instant` is in; negative before the first handoff.

    `zone` is an IANA name, for a rotation that has none of its own. ValueError: the shift is not positive (`faults`).
    """
    return turn_of(rotation, zone, instant).number


def turn_bounds(rotation: Rotation, zone: str, turn: int) -> tuple[Instant, Instant]:
    """When `turn` starts, and when it ends (exclusive). ValueError: the shift is not positive."""
    zone = rotation.zone or zone
    return exact(handoff(rotation, turn), zone), exact(handoff(rotation, turn + 1), zone)


def on_duty_at(rotation: Rotation, zone: str, instant: Instant, shifted: int = 0) -> tuple[str, ...]:
    """The staff ids on duty at `instant`, or whose turn is `shifted` turns later; none before the first handoff."""
    return on_duty_in(rotation, turn_at(rotation, zone, instant), shifted)


def on_duty_in(rotation: Rotation, turn: int, shifted: int = 0) -> tuple[str, ...]:
    """Whose the turn of this number is, `shifted` turns ahead; none before the start or without members."""
    if turn < 0:
        return ()
    era = _era_of(rotation, turn + shifted)
    return era.cycle[(turn + shifted - era.first) % len(era.cycle)] if era.cycle else ()


def all_from(rotation: Rotation, turn: int) -> tuple[str, ...]:
    """All who take turns when `turn` comes, by the order of their turns from it on. `turn` is 0 or later."""
    era = _era_of(rotation, turn)
    place = (turn - era.first) % len(era.cycle) if era.cycle else 0
    return tuple(dict.fromkeys(member for turn in era.cycle[place:] + era.cycle[:place] for member in turn))


def turn_of(rotation: Rotation, zone: str, instant: Instant) -> Turn:
    """The turn that `instant` is in. ValueError: the shift is not positive.

    The clock's reading says which turn it is, except within the jump of a clock change: there the exact handoffs do.
    """
    zone = rotation.zone or zone
    number = number_at(rotation, reading(instant, zone))
    start, end = exact(handoff(rotation, number), zone), exact(handoff(rotation, number + 1), zone)
    while end <= instant:
        number += 1
        start, end = end, exact(handoff(rotation, number + 1), zone)
    while start > instant:
        number -= 1
        start, end = exact(handoff(rotation, number), zone), start
    return Turn(number, start, end)


def turns_from(rotation: Rotation, zone: str, turn: int, shifted: int = 0) -> Iterator[TurnOf]:
    """The turns from `turn` on, which is 0 or later, without end: what `turn_bounds` and `on_duty_in` say of each."""
    zone = rotation.zone or zone
    # Most rotations have turns of one length and one cycle; what is the same for every turn is asked for once.
    length = 0 if rotation.shift.months else shift_length(rotation)
    cycle_of_all = () if rotation.changes else _only_cycle(rotation)
    wall = handoff(rotation, turn)
    start = exact(wall, zone)
    for number in count(turn):
        wall = wall + length if length else handoff(rotation, number + 1)
        end = exact(wall, zone)
        duty = cycle_of_all[(number + shifted) % len(cycle_of_all)] if cycle_of_all else None
        yield start, end, on_duty_in(rotation, number, shifted) if duty is None else duty
        start = end


def first_handoff(rotation: Rotation) -> int:
    """The wall-clock reading at which turn 0 starts."""
    return handoff(rotation, 0)


def handoff(rotation: Rotation, turn: int) -> int:
    """The wall-clock reading at which `turn` starts."""
    if rotation.shift.months:
        month = _first_month(rotation) + turn * rotation.shift.months
        return reading_of(_on_month_day(rotation, month), rotation.at)
    return _first_of_days(rotation) + turn * shift_length(rotation)


def number_at(rotation: Rotation, wall: int) -> int:
    """The number of the turn in whose wall-clock readings `wall` is."""
    if not rotation.shift.months:
        return (wall - _first_of_days(rotation)) // shift_length(rotation)
    date = date_of(wall)
    number = (date.year * _YEAR + date.month - 1 - _first_month(rotation)) // rotation.shift.months
    return number if handoff(rotation, number) <= wall else number - 1


def shift_length(rotation: Rotation) -> int:
    """How long a turn of days or hours lasts on the wall clock, in seconds. ValueError: it is not positive."""
    length = rotation.shift.days * DAY + rotation.shift.hours * HOUR
    if length <= 0:
        raise ValueError(f"the rotation {rotation.name} needs a shift of at least one hour or day")
    return length


def _era_of(rotation: Rotation, turn: int) -> _Era:
    if not rotation.changes:
        return _Era(0, _only_cycle(rotation))
    return next(era for era in _eras(rotation) if era.first <= turn)


@lru_cache(maxsize=4096)
def _eras(rotation: Rotation) -> tuple[_Era, ...]:
    """The eras, the last one first. An era that a later one overtakes before its first turn has no turn."""
    found = [_Era(0, _only_cycle(rotation))]
    for change in rotation.changes:
        midnight = reading_of(change.start, Time(0))
        first = max(number_at(rotation, midnight - 1) + 1, 0)
        found.append(_Era(first, cycle(change.members, change.shares, rotation.on_duty)))
    return tuple(reversed(found))


def _only_cycle(rotation: Rotation) -> Cycle:
    return cycle(rotation.members, rotation.shares, rotation.on_duty)


def _first_of_days(rotation: Rotation) -> int:
    day = reading_of(rotation.start, rotation.at)
    if rotation.day is None:
        return day
    return day + (rotation.day.value - rotation.start.day_of_week().value) % _WEEK * DAY


def _first_month(rotation: Rotation) -> int:
    """The month (counted from year 0) of the first handoff on or after the rotation's start."""
    month = rotation.start.year * _YEAR + rotation.start.month - 1
    return month if _on_month_day(rotation, month) >= rotation.start else month + 1


def _on_month_day(rotation: Rotation, month: int) -> Date:
    first = Date(month // _YEAR, month % _YEAR + 1, 1)
    if rotation.month_day in (None, LAST_DAY):
        return first.add(months=1).subtract(days=1)
    return first.replace(day=rotation.month_day)
