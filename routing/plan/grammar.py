"""The small grammars of the plan: durations, days, windows, deadlines, numbers. Each raises MisreadError."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers
from whenever import Date, Time, TimeDelta, Weekday

from escalation.roster import LAST_DAY, Shift
from routing.opening import After, Deadline, NextOfficeDay, OfficeMinutes, Window
from routing.plan.faults import MisreadError, did_you_mean

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_UNIT: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "second"),
    **dict.fromkeys(("m", "min", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "week", "weeks"), "week"),
}
_AMOUNT: Final = re.compile(r"([0-9]{1,6}) ?([a-z]+)")
_MONTHS: Final = re.compile(r"([1-9][0-9]?) months?")
_OFFICE: Final = re.compile(r"([0-9]{1,5}) office (minutes?|hours?)")
_NEXT_DAY: Final = re.compile(r"next office day (?:at )?([0-9:]+)")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")
_DAY_OF_MONTH: Final = re.compile(r"[0-9]{1,2}")
_MONEY: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,4})?")
_LONGEST_URL: Final = 2000
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_FICTIONAL: Final = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}")
_DAYS: Final = {day.name.lower()[:3]: day for day in Weekday}
_ALL_DAYS: Final = ("daily", "every day")
MIDNIGHT: Final = 1440


def duration(text: str) -> TimeDelta:
    """`20s`, `3m`, `10 minutes`, `12 hours`, `1 week`; a day is 24 hours."""
    return TimeDelta(seconds=_seconds(text))


def _seconds(text: str) -> int:
    count, unit = _amount(text)
    return count * _SECONDS[unit]


def _amount(text: str) -> tuple[int, str]:
    found = _AMOUNT.fullmatch(text.strip().lower())
    unit = _UNIT.get(found[2]) if found else None
    if not found or not unit:
        mend = 'Write a number and a unit, such as "20s", "3m", "12 hours" or "1 week".'
        raise MisreadError("duration", f"{quoted(text)} is not a duration", mend)
    return int(found[1]), unit


def shift(text: str) -> Shift:
    """`1 week`, `2 days`, `12 hours`, `1 month`: calendar days, wall-clock hours or calendar months."""
    if months := _MONTHS.fullmatch(text.strip().lower()):
        return _in_ten_years(text, Shift(months=int(months[1])))
    count, unit = _amount(text)
    if count == 0 or unit in {"second", "minute"}:
        mend = 'Write "12 hours", "1 day", "1 week" or "1 month".'
        raise MisreadError("rotation", f"{quoted(text)} is not the length of a shift", mend)
    if unit == "hour":
        return _in_ten_years(text, Shift(hours=count))
    return _in_ten_years(text, Shift(days=count * (7 if unit == "week" else 1)))


def _in_ten_years(text: str, found: Shift) -> Shift:
    if found.months > 120 or found.days > 3660 or found.hours > 24 * 3660:  # noqa: PLR2004 - ten years, each
        raise MisreadError("rotation", f"{quoted(text)} is longer than ten years", 'Write "1 week", for example.')
    return found


def minutes(text: str) -> int:
    """`08:30` as minutes since midnight; `24:00` is 1440."""
    if not _CLOCK.fullmatch(text.strip()):
        mend = 'Write hours and minutes from "00:00" to "23:59", in quotes.'
        raise MisreadError("time", f"{quoted(text)} is not a time of day", mend)
    hour, minute = text.strip().split(":")
    return int(hour) * 60 + int(minute)


def time(text: str) -> Time:
    """`19:00` as a wall-clock time; `24:00` is midnight."""
    hour, minute = divmod(minutes(text) % MIDNIGHT, 60)
    return Time(hour, minute)


def window(text: str) -> Window:
    """`08:30-12:00`. Whether it may go over midnight (`19:00-07:00`) is for its place in the plan to say."""
    start, dash, end = text.replace("\N{EN DASH}", "-").partition("-")
    if not dash:
        mend = 'Write two times with a dash, such as "08:30-12:00".'
        raise MisreadError("window", f"{quoted(text)} is not a window of time", mend)
    made = Window(minutes(start), minutes(end))
    if made.start == MIDNIGHT:
        raise MisreadError("window", f"{quoted(text)} begins at 24:00", 'Begin it at "00:00".')
    return made


def days(text: str) -> frozenset[Weekday]:
    """`mon-fri`, `sat`, `mon,wed`, `sat-mon`, `daily`."""
    if text.strip().lower() in _ALL_DAYS:
        return frozenset(Weekday)
    found: set[Weekday] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = weekday(first), weekday(last or first)
        count = (end.value - begin.value) % 7 + 1
        found.update(Weekday((begin.value - 1 + i) % 7 + 1) for i in range(count))
    return frozenset(found)


def weekday(text: str) -> Weekday:
    """`mon` or `Monday`."""
    word = text.strip().lower()
    day = _DAYS.get(word[:3])
    if day is None or not day.name.lower().startswith(word):
        mend = f'{did_you_mean(word, _DAYS)} Write days as "mon", "mon-fri" or "mon,wed".'
        raise MisreadError("days", f"{quoted(text)} is not a day of the week", mend)
    return day


def handoff_day(text: str) -> Weekday | int:
    """`mon`, or the day of the month: a number, or `last` (`escalation.roster.LAST_DAY`)."""
    word = text.strip().lower()
    if word == "last":
        return LAST_DAY
    if not _DAY_OF_MONTH.fullmatch(word):
        return weekday(text)
    if int(word) == 0:
        raise MisreadError("rotation", "no month has a day 0", "Use a day from 1 to 28, or `last`.")
    return int(word)


def date(text: str) -> Date:
    """`2026-12-24`."""
    if _DATE.fullmatch(text.strip()):
        try:
            found = Date.parse_iso(text.strip())
        except ValueError:
            pass
        else:
            if found.year // 100 == 20:  # noqa: PLR2004 - before and after it, arithmetic ends at the edge of all time
                return found
            raise MisreadError("date", f"{quoted(text)} is of another century", "Write a date from 2000 to 2099.")
    raise MisreadError("date", f"{quoted(text)} is not a date", "Write year-month-day, such as 2026-12-24.")


def deadline(text: str) -> Deadline:
    """`10m`, `30 office minutes`, `2 office hours`, `next office day 12:00`."""
    words = " ".join(text.lower().split())
    if office := _OFFICE.fullmatch(words):
        return OfficeMinutes(int(office[1]) * (60 if office[2].startswith("hour") else 1))
    if next_day := _NEXT_DAY.fullmatch(words):
        return NextOfficeDay(time(next_day[1]))
    try:
        return After(min(_seconds(words), 366 * _SECONDS["day"]))
    except MisreadError:
        mend = 'Write "10m", "30 office minutes" or "next office day 12:00".'
        raise MisreadError("deadline", f"{quoted(text)} is not a deadline", mend) from None


def money(text: str) -> Decimal:
    """`25`, `25.00`, `12.5`: an exact amount, in whatever currency the practice pays."""
    if not _MONEY.fullmatch(text.strip()):
        mend = 'Write an amount in quotes, with at most four digits behind the point, such as "25.00".'
        raise MisreadError("pay", f"{quoted(text)} is not an amount", mend)
    return Decimal(text.strip())


def feed_url(text: str) -> str:
    """The address of an iCalendar feed: https, http or webcal (which is fetched by https), with no name or password."""
    url = re.sub(r"^webcal://", "https://", text.strip())
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or len(url) > _LONGEST_URL or not url.isprintable():
        mend = (
            "Write the feed's address as the other calendar shows it, such as https://calendar.example.org/oncall.ics."
        )
        raise MisreadError("calendar", "this is not the address of a calendar", mend)
    if parts.username is not None or parts.password is not None:
        mend = "Ask the other calendar for a secret link instead."
        raise MisreadError("calendar", "the address holds a name or password", mend)
    return url


def zone(text: str) -> str:
    """An IANA zone such as America/New_York."""
    if text not in _zones():
        meant = next((zone for zone in _zones() if zone.casefold() == text.casefold()), "")
        mend = f"Write it as {meant}." if meant else "Write an IANA zone, such as America/New_York."
        raise MisreadError("zone", f"{quoted(text)} is not a time zone", mend)
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Exactly as IANA writes them; without what stands for the machine's own zone, or for none."""
    return frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


@lru_cache(maxsize=4096)
def number(text: str) -> str:
    """An E.164 telephone number that can be called: not impossible, not premium-rate. 555-01xx is allowed."""
    mend = 'Write it with its country code and in quotes, such as "+16175550100".'
    bare = re.sub(r"[ ().-]", "", text)
    if not _E164.fullmatch(bare):
        raise MisreadError("number", f"{quoted(text)} is not a telephone number", mend)
    if _FICTIONAL.fullmatch(bare):
        return bare
    try:
        parsed = phonenumbers.parse(bare)
    except phonenumbers.NumberParseException:
        raise MisreadError("number", f"{quoted(text)} is not a telephone number", mend) from None
    if not phonenumbers.is_valid_number(parsed):
        raise MisreadError("number", f"{quoted(text)} cannot be a telephone number in its country", mend)
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise MisreadError("number", f"{quoted(text)} is a premium-rate number", "Use an ordinary number.")
    return bare


def quoted(text: object) -> str:
    """A value as a fault shows it: in quotes, and short."""
    words = str(text)
    return f'"{words[:40]}..."' if len(words) > 43 else f'"{words}"'  # noqa: PLR2004 - room for the three dots
