"""The wall clock as a count of seconds, so that handoffs are reckoned with whole numbers.

A *reading* is what the clock on the wall shows, counted in seconds as if every day had 24 hours (since 1970-01-01 00:00
on that clock). Days of 23 and 25 hours exist only where a reading is turned into an exact instant: `exact` gives the
first instant at which the clock shows the reading or a later one. So what a spring night skips (02:30) happens at the
next instant (03:00), and a time that an autumn night has twice is the first of the two; and of two readings the later
one never comes first.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from whenever import Date, Instant, PlainDateTime, Time, TimeDelta, Weekday

from escalation.roster import DailyWindow

DAY = 86_400
HOUR = 3_600
_UTC = TimeDelta.ZERO
_REMEMBERED: Final = 16_384
"""Handoffs, which most calendars of a server share: some 3 MB."""
_SLACK = 4 * HOUR
"""More than any clock has ever jumped in a year that a plan can be about."""
_WEEKDAYS = (
    Weekday.THURSDAY,
    Weekday.FRIDAY,
    Weekday.SATURDAY,
    Weekday.SUNDAY,
    Weekday.MONDAY,
    Weekday.TUESDAY,
    Weekday.WEDNESDAY,
)
"""By day number modulo 7: 1970-01-01 was a Thursday."""


def reading(instant: Instant, zone: str) -> int:
    """What the clock in the IANA `zone` shows at `instant`, in whole seconds. TimeZoneNotFoundError: no such zone."""
    return instant.to_tz(zone).to_plain().assume_utc().timestamp()


def reading_of(date: Date, time: Time) -> int:
    """The reading of a wall-clock date and time."""
    return date.at(time).assume_utc().timestamp()


def date_of(wall: int) -> Date:
    """The date of a reading."""
    return Instant.from_timestamp(wall).to_fixed_offset(_UTC).date()


@lru_cache(maxsize=_REMEMBERED)
def exact(wall: int, zone: str) -> Instant:
    """The instant at which the clock in the IANA `zone` shows the reading `wall`; see above for skipped and doubled."""
    plain = Instant.from_timestamp(wall).to_fixed_offset(_UTC).to_plain()
    found = plain.assume_tz(zone, disambiguation="compatible")
    return found.to_instant() if found.to_plain() == plain else _after_the_gap(plain, zone)


def _after_the_gap(plain: PlainDateTime, zone: str) -> Instant:
    """The instant at which the clock jumps over what it never shows, found by halving: a jump is rare and short."""
    before, after = (
        plain.assume_tz(zone, disambiguation=side).to_instant().timestamp() for side in ("earlier", "later")
    )
    offset = Instant.from_timestamp(before).to_tz(zone).offset
    while after - before > 1:
        middle = (before + after) // 2
        if Instant.from_timestamp(middle).to_tz(zone).offset == offset:
            before = middle
        else:
            after = middle
    return Instant.from_timestamp(after)


def midnight(date: Date, zone: str) -> Instant:
    """The first instant of the date on the clock in the IANA `zone`."""
    return exact(reading_of(date, Time(0)), zone)


def month_span(first: Date, zone: str) -> tuple[Instant, Instant]:
    """The month that begins on `first`, on the clock in the IANA `zone`: from its start until before the next one's."""
    return midnight(first, zone), midnight(first.add(months=1), zone)


def month_of(instant: Instant, zone: str) -> tuple[Instant, Instant]:
    """The month that the instant is in, on the clock in the IANA `zone`; see `month_span`."""
    return month_span(instant.to_tz(zone).date().replace(day=1), zone)


def lasting(seconds: int) -> str:
    """A length of time as people say it, to the minute: `24 min`, `12 h`, `4 h 50 min`."""
    hours, minutes = divmod(round(abs(seconds) / 60), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])


def shown(instant: Instant, zone: str) -> str:
    """`instant` as people write it in `zone`, to the minute: "2026-11-16 08:00"."""
    return instant.to_tz(zone).format("YYYY-MM-DD HH:mm")


def seconds_of(time: Time) -> int:
    """The seconds since midnight on the clock."""
    return time.hour * HOUR + time.minute * 60 + time.second


def occurrences(window: DailyWindow, since: int, until: int) -> Iterator[tuple[int, int]]:
    """The window's start and end readings, in order, of all that may touch the readings `since` to `until`.

    Generous by some hours at both edges, because a clock change moves an edge; the caller compares exact instants.
    Whether they begin on a holiday is for the caller to ask (`date_of`).
    """
    begins, ends = seconds_of(window.start), seconds_of(window.end)
    if ends <= begins:
        ends += DAY
    for day in range(since // DAY - 1, until // DAY + 2):
        midnight = day * DAY
        if _WEEKDAYS[day % 7] in window.days and midnight + ends > since - _SLACK:
            yield midnight + begins, midnight + ends
