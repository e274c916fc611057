"""Nights, as the people who work them count them: from 22:00 to 07:00 on the clock of the practice.

A night is 9 hours long, but 8 or 10 when the clock changes in it; what matters is half of it, whatever its length.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from whenever import Date, Instant, Time

from escalation.wallclock import DAY, date_of, exact, reading, seconds_of

DUSK: Final = Time(22)
DAWN: Final = Time(7)
"""A page between these two wakes somebody up."""


class Night(NamedTuple):
    """The night that begins on the evening of `date`, from `start` until before `end`."""

    date: Date
    start: Instant
    end: Instant


def nights(zone: str, start: Instant, end: Instant) -> tuple[Night, ...]:
    """All nights in the IANA `zone` that touch the span from `start` until before `end`, in order."""
    first, last = reading(start, zone) // DAY - 1, reading(end, zone) // DAY
    found = (_night(day * DAY, zone) for day in range(first, last + 1))
    return tuple(night for night in found if night.start < end and start < night.end)


def _night(midnight: int, zone: str) -> Night:
    begins, ends = midnight + seconds_of(DUSK), midnight + DAY + seconds_of(DAWN)
    return Night(date_of(midnight), exact(begins, zone), exact(ends, zone))


def is_at_night(instant: Instant, zone: str) -> bool:
    """Whether the clock in the IANA `zone` shows 22:00 or later, or not yet 07:00."""
    time = instant.to_tz(zone).time()
    return time >= DUSK or time < DAWN


def nights_on_duty(dark: Sequence[Night], spans: Sequence[tuple[Instant, Instant]]) -> list[Date]:
    """The nights of which the spans cover at least half. Both are in order; the spans do not overlap."""
    found, at = list[Date](), 0
    for night in dark:
        while at < len(spans) and spans[at][1] <= night.start:
            at += 1
        if 2 * _seconds_within(night, spans, at) >= (night.end - night.start).total("seconds"):
            found.append(night.date)
    return found


def _seconds_within(night: Night, spans: Sequence[tuple[Instant, Instant]], at: int) -> float:
    seconds = 0.0
    while at < len(spans) and spans[at][0] < night.end:
        seconds += (min(spans[at][1], night.end) - max(spans[at][0], night.start)).total("seconds")
        at += 1
    return seconds
