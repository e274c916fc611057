"""A calendar as iCalendar (RFC 5545), for programs that subscribe to it.

Times are in UTC, so that no program needs to know a zone's rules; there are no recurrences, so that it needs to expand
none. The same calendar is the same bytes: all stamps are the moment at which it last became another one. That moment
only grows, and so there is no need of SEQUENCE, which is for invitations that people answer.
"""

from datetime import datetime, timedelta
from typing import Final

from icalendar import Alarm, Calendar, Event, vDuration, vText
from whenever import Instant

from calendars.entries import Entries, Entry

REFRESH: Final = timedelta(hours=1)
"""How often programs are asked to fetch it; most take longer."""


def written(found: Entries, changed_at: Instant) -> bytes:
    """The calendar's text. `changed_at`: since when it says what it says."""
    calendar = Calendar()
    calendar.add("PRODID", "-//Nightbell//On call//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    name = vText(found.name)  # of these two the library does not know that they are text, and escapes nothing
    calendar.add("NAME", name)  # RFC 7986; what follows is what programs took before it
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    stamp = changed_at.round("second", mode="floor").to_stdlib()
    for entry in found.entries:
        calendar.add_component(_event(entry, stamp))
    text: bytes = calendar.to_ical()
    return text


def _event(entry: Entry, stamp: datetime) -> Event:
    event = Event()
    event.add("UID", entry.id)
    event.add("DTSTAMP", stamp)
    event.add("LAST-MODIFIED", stamp)
    event.add("DTSTART", entry.start.to_stdlib())
    event.add("DTEND", entry.end.to_stdlib())
    event.add("SUMMARY", entry.summary)
    event.add("DESCRIPTION", entry.description)
    event.add("TRANSP", "TRANSPARENT")  # who is on call is not busy: they can be asked to a meeting
    for ahead in entry.alarms:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", entry.summary)
        alarm.add("TRIGGER", timedelta(seconds=-ahead.total("seconds")))
        event.add_component(alarm)
    return event
