"""Whose turn it is, by arithmetic on the wall clock.

The handoffs of a rotation are the wall-clock readings `first + n * length`, where `first` is the handoff time on the
first fitting date on or after the rotation's start. Turn `n` lasts from handoff `n` until before handoff `n + 1`, each
turned into an exact instant by `wallclock.exact`. So a 12-hour shift that hands off at 19:00 hands off at 07:00 and
19:00 on every date, and a shift of 10 hours at 19:00, 05:00, 15:00, 01:00 and so on. Any whole number of hours is well
defined in this way; on a night when the clocks change, one turn is as much shorter or longer.

Turn 0 is the first member's. Turns before it are numbered -1, -2 and so on, and nobody is on duty in them. (A turn can
be empty: of an hourly rotation handing off at the half hour, the turn from 02:30 that a spring night skips. With shifts
shorter than the jump of the clocks, which is 1-hour shifts in Antarctica/Troll alone, handoffs would cross.)
"""

from typing import NamedTuple

from whenever import Instant

from escalation.roster import Rotation
from escalation.wallclock import DAY, HOUR, exact, reading, reading_of

_WEEK = 7


class Turn(NamedTuple):
    """One member's time on duty, from `start` until before `end`. `number` counts from 0, negative before the start."""

    number: int
    start: Instant
    end: Instant


def faults(rotation: Rotation) -> tuple[str, ...]:
    """What is wrong with the rotation, in words for whoever writes the plan; empty when it is sound."""
    shift = rotation.shift
    found = []
    if not rotation.members:
        found.append("has no members; name at least one")
    if shift.days < 0 or shift.hours < 0 or (shift.days > 0) == (shift.hours > 0):
        found.append("needs a shift of either whole days or whole hours, at least one")
    if rotation.day is not None and (shift.hours > 0 or shift.days % _WEEK != 0):
        found.append("hands off on a weekday, so its shift must be whole weeks; leave the weekday out or change it")
    if rotation.at.nanosecond:
        found.append("must hand off at a whole second")
    return tuple(found)


def turn_at(rotation: Rotation, zone: str, instant: Instant) -> int:
    """The number of the turn that `instant` is in; negative before the first handoff.

    `zone` is an IANA name. ValueError: the shift is not positive (see `faults`).
    """
    return turn_of(rotation, zone, instant).number


def turn_bounds(rotation: Rotation, zone: str, turn: int) -> tuple[Instant, Instant]:
    """When `turn` starts, and when it ends (exclusive). ValueError: the shift is not positive."""
    first, length = first_handoff(rotation), shift_length(rotation)
    return exact(first + turn * length, zone), exact(first + (turn + 1) * length, zone)


def member_at(rotation: Rotation, zone: str, instant: Instant, shifted: int = 0) -> str | None:
    """The staff id on duty at `instant`, or whose turn is `shifted` turns later; None before the first handoff."""
    return member_of(rotation, turn_at(rotation, zone, instant), shifted)


def member_of(rotation: Rotation, turn: int, shifted: int = 0) -> str | None:
    """Whose the turn of this number is, `shifted` turns ahead; None before the start or without members."""
    if turn < 0 or not rotation.members:
        return None
    return rotation.members[(turn + shifted) % len(rotation.members)]


def turn_of(rotation: Rotation, zone: str, instant: Instant) -> Turn:
    """The turn that `instant` is in. ValueError: the shift is not positive.

    The clock's reading says which turn it is, except within the jump of a clock change: there the exact handoffs do.
    """
    first, length = first_handoff(rotation), shift_length(rotation)
    number = (reading(instant, zone) - first) // length
    start, end = exact(first + number * length, zone), exact(first + (number + 1) * length, zone)
    while end <= instant:
        number += 1
        start, end = end, exact(first + (number + 1) * length, zone)
    while start > instant:
        number -= 1
        start, end = exact(first + number * length, zone), start
    return Turn(number, start, end)


def first_handoff(rotation: Rotation) -> int:
    """The wall-clock reading at which turn 0 starts."""
    day = reading_of(rotation.start, rotation.at)
    if rotation.day is None:
        return day
    return day + (rotation.day.value - rotation.start.day_of_week().value) % _WEEK * DAY


def shift_length(rotation: Rotation) -> int:
    """How long a turn lasts on the wall clock, in seconds. ValueError: it is not positive."""
    length = rotation.shift.days * DAY + rotation.shift.hours * HOUR
    if length <= 0:
        raise ValueError(f"the rotation {rotation.name} needs a shift of at least one hour or day")
    return length
