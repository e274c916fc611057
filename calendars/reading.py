"""From the text of an iCalendar feed to its events, as exact instants.

Hostile feeds can make this take long: it is run in a process of its own (`calendars.apart`), and so imports little.
A feed that is broken in part is refused whole: an event that were left out would be a hole that nobody sees.
"""

import re
import warnings
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.prop import vDDDLists, vDDDTypes
from recurring_ical_events import CalendarQuery
from whenever import PlainDateTime

from calendars.errors import ReadError, TooMuchError

Read = tuple[int, int, str]
"""An event: from, until before (epoch seconds), and its title."""

MOST_COMPONENTS: Final = 20_000
MOST_EVENTS: Final = 20_000
MOST_AT_ONCE: Final = 200
"""Events that share an instant: the calendar of a whole hospital has some eighty."""
EARLIEST: Final = 0
LATEST: Final = 4_102_444_800
"""Epoch seconds: 1970 and 2100. An event that begins before or ends after, as "for ever" is written, is cut there."""
LONGEST_TITLE: Final = 300
NO_TITLE: Final = "(no title)"
"""What an event without a title is called, so that it is told as an unknown name, and can be ignored by it."""

_WARPED: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_TIMES: Final = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
_RARE_ENOUGH: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_LENGTH: Final = "X-NIGHTBELL-LENGTH"
"""The DURATION of an event that repeats: it is taken away where the event is expanded, and told as an end."""
_DAY: Final = timedelta(days=1)
_BEGIN: Final = re.compile(r"^BEGIN:", re.IGNORECASE | re.MULTILINE)
_FRAME: Final = re.compile(r"^(BEGIN|END):VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE)
_WRONG_ADDRESS: Final = "Take the address that ends in .ics, or that the other calendar calls iCal, ICS or secret."
_TOLD_THEM: Final = "Whoever keeps the other calendar has to mend it there"


def events_in(content: bytes, zone: str, start: int, end: int) -> list[Read]:
    """The events that share time with the span (epoch seconds), in order of their starts; recurrences expanded.

    Times without a zone, and whole days, are wall-clock time in `zone`. Cancelled events, and those that cover no time,
    are left out; what lasts from before 1970 or until after 2100 is cut there. Raises ReadError.
    """
    text = content.decode("utf-8-sig", errors="replace")
    count = _check_frame(text)
    with warnings.catch_warnings(action="ignore"):
        try:
            parts = list(_parsed(text, count, zone))
            found = [_read(event, zone) for event in _occurrences(parts, zone, start, end)]
        except OverflowError:
            raise ReadError("an event lies at the end of all time", f"{_TOLD_THEM}.") from None
    cut = ((max(begins, EARLIEST), min(ends, LATEST), title) for begins, ends, title in found)
    wanted = sorted({read for read in cut if read[0] < read[1] and read[0] < end and read[1] > start})
    _check_at_once(wanted)
    return wanted


def _check_at_once(events: Iterable[Read]) -> None:
    """Raise TooMuchError where more events share an instant than a calendar of shifts has. They are in order."""
    ending: list[int] = []
    for begins, ends, _ in events:
        while ending and ending[0] <= begins:
            ending.pop(0)
        insort(ending, ends)
        if len(ending) > MOST_AT_ONCE:
            mend = "Let it hold only the calendar of those on call."
            raise TooMuchError(f"more than {MOST_AT_ONCE} of its events are at the same time", mend)


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


def _parsed(text: str, count: int, zone: str) -> Iterator[Component]:
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
        _check_order(event, number, zone)
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


def _check_order(event: Component, number: int, zone: str) -> None:
    """Raise ReadError where it ends before it starts, as clocks show it: left out, it would be a hole unseen."""
    begins, last, length = (_value(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if _is_cancelled(event):
        return
    if last is not None:
        clocks = [_wall(begins), _wall(last)]
        of_one_kind = (clocks[0].tzinfo is None) == (clocks[1].tzinfo is None)
        is_reversed = clocks[1] < clocks[0] if of_one_kind else _instant(last, zone) < _instant(begins, zone)
    else:
        is_reversed = length is not None and length < timedelta()
    if is_reversed:
        raise ReadError(f"event {number} ends before it starts", f"{_TOLD_THEM}.")


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
        for event in _expanded(_of_one_clock(same, zone), start, end) if recurs else _latest(uid, same):
            count += 1
            if count > MOST_EVENTS:
                raise TooMuchError(f"it comes to more than {MOST_EVENTS} events", "Let fewer of its events repeat.")
            if not _is_cancelled(event):
                yield event


def _is_cancelled(event: Component) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _latest(uid: str, same: list[Component]) -> Iterable[Component]:
    """The newest revisions of one event; events that share an id without being revisions are all of them meant."""
    newest = max(_revision(event) for event in same) if uid else 0
    return (event for event in same if not uid or _revision(event) == newest)


def _revision(event: Component) -> int:
    value = str(event.get("SEQUENCE", "0"))
    return int(value) if value.isdecimal() and len(value) < 10 else 0  # noqa: PLR2004 - an integer of RFC 5545


def _of_one_clock(same: list[Component], zone: str) -> list[Component]:
    """The parts of a series, such that the library finds each of its exceptions, and keeps its length."""
    parts = [_floating(event, zone) for event in same]
    series = next((event for event in parts if "RECURRENCE-ID" not in event), None)
    if series is not None:
        begins = _value(series, "DTSTART")
        for event in parts:
            _align(event, begins, zone)
    for event in parts:
        event.pop(_LENGTH, None)
        if isinstance(_value(event, "DURATION"), timedelta) and "DTEND" not in event:
            event[_LENGTH] = event["DURATION"]
    return parts


def _align(event: Component, begins: date, zone: str) -> None:
    """Tell the event's place in its series by days where that has days, by times where it has times.

    Mixed, as some programs write them, the library takes a night's date in UTC, and so the neighbouring night as well.
    """

    def aligned(moment: Any) -> Any:  # noqa: ANN401 - a date, a datetime or a period of them
        if not isinstance(moment, date):
            return moment
        if isinstance(begins, datetime):
            return moment if isinstance(moment, datetime) else datetime.combine(moment, begins.timetz())
        if not isinstance(moment, datetime):
            return moment
        return (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo is not None else moment).date()

    for name in ("EXDATE", "RDATE", "RECURRENCE-ID"):
        told = [_with(value, aligned) for value in _values(event, name)]
        if told:
            event[name] = told if isinstance(event[name], list) else told[0]


def _with(value: Any, change: Callable[[Any], Any]) -> vDDDTypes | vDDDLists:  # noqa: ANN401 - a value of the library's
    if isinstance(value, vDDDLists):
        return vDDDLists([change(one.dt) for one in value.dts])
    changed = vDDDTypes(change(value.dt))
    if "RANGE" in value.params:
        changed.params["RANGE"] = value.params["RANGE"]
    return changed


def _floating(event: Component, zone: str) -> Component:
    """The event; where it starts at a time without a zone, all its times are told as clocks in `zone` show them."""
    begins = _value(event, "DTSTART")
    if isinstance(begins, datetime) and begins.tzinfo is None:
        for name in _TIMES:
            shown = [_with(value, partial(_shown, zone=ZoneInfo(zone))) for value in _values(event, name)]
            if shown:
                event[name] = shown if isinstance(event[name], list) else shown[0]
    return event


def _shown(time: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401 - a date, a datetime or a period of them
    if isinstance(time, tuple):
        return tuple(_shown(each, zone) for each in time)
    aware = isinstance(time, datetime) and time.tzinfo is not None
    return time.astimezone(zone).replace(tzinfo=None) if aware else time


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
    title, written = _title(event), _value(event, _LENGTH)
    if written is not None and _wall(last) - _wall(begins) == written:  # unlike, it is the end of one date of its own
        last, length = None, written
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
    wall = _wall(time)
    plain = PlainDateTime(wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second)
    try:
        return plain.assume_tz(zone, disambiguation="compatible").to_instant().timestamp()
    except ValueError:  # at the edge of all time
        return EARLIEST if time.year < 2000 else LATEST  # noqa: PLR2004 - either edge


def _wall(time: date) -> datetime:
    return time if isinstance(time, datetime) else datetime(time.year, time.month, time.day)  # noqa: DTZ001 - on the wall


def _title(event: Component) -> str:
    written = ", ".join(str(value) for value in _values(event, "SUMMARY"))
    words = "".join(letter if letter.isprintable() else " " for letter in written)
    return " ".join(words.split())[:LONGEST_TITLE] or NO_TITLE
