"""From the text of an iCalendar feed to its events, as exact instants.

Hostile feeds can make this take long: it is run in a process of its own (`calendars.apart`), and so imports little.
A feed that is broken in part is refused whole: an event that were left out would be a hole that nobody sees.
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.prop import vDDDLists, vDDDTypes
from recurring_ical_events import CalendarQuery
from whenever import Instant, PlainDateTime

from calendars.errors import ReadError, TooMuchError

Read = tuple[int, int, str]
"""An event: from, until before (epoch seconds), and its title."""

MOST_COMPONENTS: Final = 20_000
MOST_EVENTS: Final = 20_000
LONGEST_TITLE: Final = 300
NO_TITLE: Final = "(no title)"
"""What an event without a title is called, so that it is told as an unknown name, and can be ignored by it."""

_WARPED: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_TIMES: Final = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
_RARE_ENOUGH: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_DAY: Final = timedelta(days=1)
_BEGIN: Final = re.compile(r"^BEGIN:", re.IGNORECASE | re.MULTILINE)
_FRAME: Final = re.compile(r"^(BEGIN|END):VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE)
_WRONG_ADDRESS: Final = "Take the address that ends in .ics, or that the other calendar calls iCal, ICS or secret."
_TOLD_THEM: Final = "Whoever keeps the other calendar has to mend it there"


def events_in(content: bytes, zone: str, start: int, end: int) -> list[Read]:
    """The events that share time with the span (epoch seconds), in order of their starts; recurrences expanded.

    Times without a zone, and whole days, are wall-clock time in `zone`. Cancelled events, and those that cover no time,
    are left out. Raises ReadError.
    """
    text = content.decode("utf-8-sig", errors="replace")
    count = _check_frame(text)
    with warnings.catch_warnings(action="ignore"):
        parts = list(_parsed(text, count))
        found = [_read(event, zone) for event in _occurrences(parts, zone, start, end)]
    wanted = {(begins, ends, title) for begins, ends, title in found if begins < ends and begins < end and ends > start}
    return sorted(wanted)


def _check_frame(text: str) -> int:
    """How many calendars it holds. Raises ReadError for what is no calendar, or not a whole one, or too much of one."""
    frames = [found[1].upper() for found in _FRAME.finditer(text)]
    if not frames:
        what = "it is a web page" if text.lstrip()[:1] == "<" else "it is no iCalendar file"
        raise ReadError(f"{what}: it does not begin with BEGIN:VCALENDAR", _WRONG_ADDRESS)
    if frames != ["BEGIN", "END"] * (len(frames) // 2):
        raise ReadError("it is cut off: it has no END:VCALENDAR", "It is fetched again by itself; look whether it ends")
    if sum(1 for _ in _BEGIN.finditer(text)) > MOST_COMPONENTS:
        raise TooMuchError(f"it has more than {MOST_COMPONENTS} parts", "Let it hold less of the past.")
    return len(frames) // 2


def _parsed(text: str, count: int) -> Iterator[Component]:
    """Every event as it is written."""
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError(f"it breaks the rules of iCalendar ({type(error).__name__})", f"{_TOLD_THEM}.") from None
    if len(calendars) != count:
        raise ReadError("it is cut off, or what begins in it does not end", f"{_TOLD_THEM}.")
    events = (event for calendar in calendars for event in calendar.walk("VEVENT"))
    for number, event in enumerate(events, 1):
        _check_event(event, number)
        yield event


def _check_event(event: Component, number: int) -> None:
    unread = {str(name) for name, _ in event.errors} & set(_WARPED)
    if broken := sorted(unread or set(_of_another_kind(event))):
        raise ReadError(f"the {', '.join(broken)} of event {number} cannot be read", f"{_TOLD_THEM}.")
    for name in _TIMES:
        for value in _values(event, name):
            _check_zone(value, number)
    for rule in _values(event, "RRULE"):
        kind = str((rule.get("FREQ") or [""])[0]).upper()
        if kind not in _RARE_ENOUGH:
            mend = "Let it repeat daily or less often: an hour is not a shift."
            raise ReadError(f"event {number} repeats {kind.lower() or 'in no known way'}", mend)


def _of_another_kind(event: Component) -> Iterator[str]:
    """The properties that are there twice, or hold no date or time; and a start that is not there at all."""
    for name, kind in (("DTSTART", date), ("DTEND", date), ("DURATION", timedelta)):
        value = event.get(name)
        if name == "DTSTART" if value is None else not isinstance(getattr(value, "dt", None), kind):
            yield name


def _values(event: Component, name: str) -> list[Any]:
    value = event.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _check_zone(value: Any, number: int) -> None:  # noqa: ANN401 - a value of the library's
    """Raise ReadError where a time names a zone that nobody knows: it would silently be taken for another's."""
    named = value.params.get("TZID")
    times = [one.dt for one in value.dts] if hasattr(value, "dts") else [value.dt]
    if named and any(isinstance(time, datetime) and time.tzinfo is None for time in times):
        mend = f"{_TOLD_THEM}: name an IANA zone, such as America/New_York, or define it in a VTIMEZONE."
        raise ReadError(f"event {number} is in a time zone that is not known", mend)


def _occurrences(events: list[Component], zone: str, start: int, end: int) -> Iterator[Component]:
    """The events as they happen. What does not recur is taken as it is, which is quick, whatever its UID."""
    by_uid = defaultdict[str, list[Component]](list)
    for event in events:
        by_uid[str(event.get("UID", ""))].append(event)
    count = 0
    for uid, same in by_uid.items():
        recurs = any(name in event for event in same for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        for event in (
            _expanded([_floating(event, zone) for event in same], start, end) if recurs else _latest(uid, same)
        ):
            count += 1
            if count > MOST_EVENTS:
                raise TooMuchError(f"it comes to more than {MOST_EVENTS} events", "Let fewer of its events repeat.")
            if str(event.get("STATUS", "")).upper() != "CANCELLED":
                yield event


def _latest(uid: str, same: list[Component]) -> Iterable[Component]:
    """The newest revisions of one event; events that share an id without being revisions are all of them meant."""
    newest = max(_revision(event) for event in same) if uid else 0
    return (event for event in same if not uid or _revision(event) == newest)


def _revision(event: Component) -> int:
    value = str(event.get("SEQUENCE", "0"))
    return int(value) if value.isdecimal() and len(value) < 10 else 0  # noqa: PLR2004 - an integer of RFC 5545


def _floating(event: Component, zone: str) -> Component:
    """The event; where it starts at a time without a zone, all its times are told as clocks in `zone` show them."""
    begins = _value(event, "DTSTART")
    if isinstance(begins, datetime) and begins.tzinfo is None:
        for name in _TIMES:
            shown = [_shown(value, ZoneInfo(zone)) for value in _values(event, name)]
            if shown:
                event[name] = shown if isinstance(event[name], list) else shown[0]
    return event


def _shown(value: Any, zone: ZoneInfo) -> vDDDTypes | vDDDLists:  # noqa: ANN401 - a value of the library's
    def shown(time: Any) -> Any:  # noqa: ANN401 - a date, a datetime or a period of them
        if isinstance(time, tuple):
            return tuple(shown(each) for each in time)
        aware = isinstance(time, datetime) and time.tzinfo is not None
        return time.astimezone(zone).replace(tzinfo=None) if aware else time

    if isinstance(value, vDDDLists):
        return vDDDLists([shown(one.dt) for one in value.dts])
    return vDDDTypes(shown(value.dt))


def _expanded(same: list[Component], start: int, end: int) -> Iterable[Component]:
    series = Calendar()
    for event in same:
        series.add_component(event)
    # A day more at both ends: times without a zone are compared as if they were UTC.
    span = (datetime.fromtimestamp(start, UTC) - _DAY, datetime.fromtimestamp(end, UTC) + _DAY)
    try:
        found: list[Component] = CalendarQuery(series).between(*span)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        what = f"how an event repeats cannot be understood ({type(error).__name__})"
        raise ReadError(what, f"{_TOLD_THEM}.") from None
    return found


def _read(event: Component, zone: str) -> Read:
    begins, last, length = (_value(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    title = _title(event)
    if last is not None:
        return _instant(begins, zone), _instant(last, zone), title
    if length is None:  # RFC 5545, 3.6.1: a day, or no time at all
        length = timedelta() if isinstance(begins, datetime) else _DAY
    # Days are counted on the wall, hours as they pass (RFC 5545, 3.3.6).
    days = timedelta(days=length.days)
    return _instant(begins, zone), _instant(begins + days, zone) + int((length - days).total_seconds()), title


def _value(event: Component, name: str) -> Any:  # noqa: ANN401 - a date, a datetime or a timedelta
    value: Any = event.get(name)
    return value.dt if value is not None else None


def _instant(time: date, zone: str) -> int:
    """Epoch seconds. Of a time that a clock change doubles the first; one that it skips, by the offset before it."""
    if isinstance(time, datetime) and time.tzinfo is not None:
        return int(time.timestamp())
    wall = datetime(time.year, time.month, time.day) if not isinstance(time, datetime) else time  # noqa: DTZ001 - on the wall
    plain = PlainDateTime(wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second)
    try:
        return plain.assume_tz(zone, disambiguation="compatible").to_instant().timestamp()
    except ValueError:  # at the edge of all time
        return Instant.MIN.timestamp() if time.year < 2000 else Instant.MAX.timestamp()  # noqa: PLR2004 - either edge


def _title(event: Component) -> str:
    words = "".join(letter if letter.isprintable() else " " for letter in str(event.get("SUMMARY", "")))
    return " ".join(words.split())[:LONGEST_TITLE] or NO_TITLE
