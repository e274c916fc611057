"""Calendars from elsewhere can be had, and each of their events is somebody's."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from whenever import Instant

from routing.plan.calendar import Feed
from routing.plan.checks.subject import Subject
from routing.plan.compile_calendar import staff_words
from routing.plan.elsewhere import Unknown, unknown_ahead
from routing.plan.faults import Finding

_TOLD: Final = 20


def calendar_feed(subject: Subject) -> Iterator[Finding]:
    """There is a copy of each calendar."""
    for name in subject.plan.calendar.feeds:
        what, mend = subject.beside.missing.get(name, ("", ""))
        if not what and name not in subject.beside.calendars:
            what, mend = "it was not fetched", "Publish the plan, or check it, where the network can be reached."
        if what:
            why = f"the calendar `{name}` cannot be had: {what}"
            yield Finding(("calendars", name, "url"), why, mend)


def calendar_names(subject: Subject) -> Iterator[Finding]:
    """Everybody whom a calendar names in the next 90 days is one of the staff, or to be ignored."""
    for name, feed in subject.plan.calendar.feeds.items():
        unknown = unknown_ahead(feed, subject.beside.calendars.get(name, ()), subject.now)
        for i, one in enumerate(unknown[:_TOLD]):
            more = len(unknown) - _TOLD if i == _TOLD - 1 else 0
            yield _unknown(subject, name, feed, one, f"; {more} more such names follow" if more > 0 else "")


def calendar_words(subject: Subject) -> Iterator[Finding]:
    """What a calendar calls somebody means one person."""
    shared = {word: members for word, members in staff_words(subject.document).items() if len(members) > 1}
    for name, written in subject.document.calendars.items():
        seen: dict[str, str] = {}
        for word, member in written.names.items():
            if seen.setdefault(word.casefold(), member) != member:
                fault = f"`{word}` means {seen[word.casefold()]} and {member}: case does not count"
                yield Finding(("calendars", name, "names", word), fault, "Let it mean one of them.")
        for word in sorted(set(written.ignore) & set(written.names)):
            fault = f"`{word}` is to be ignored, and means {written.names[word]}"
            yield Finding(("calendars", name, "ignore"), fault, "Take it out of `names:` or of `ignore:`.")
        for word, members in shared.items():
            if word not in seen:
                mend = f"Say whom it means in `names:`, such as `{word}: {members[0]}`, or give them names that differ."
                yield Finding(("calendars", name, "names"), f"`{word}` may mean {' or '.join(members)}", mend)


def _unknown(subject: Subject, calendar: str, feed: Feed, one: Unknown, more: str) -> Finding:
    others = f" and {one.events - 1} more" if one.events > 1 else ""
    when = _day(one.start, subject.plan.zone)
    fault = f"`{one.words}`, in an event of {when}{others}, is none of the staff{more}"
    near = get_close_matches(one.words, feed.names, n=1, cutoff=0.7)
    member = feed.names[near[0]] if near else "<staff id>"
    mend = f"Add `{one.words}: {member}` to its `names:`, or the words to its `ignore:`."
    return Finding(("calendars", calendar, "names"), fault, mend)


def _day(instant: Instant, zone: str) -> str:
    return instant.to_tz(zone).format("YYYY-MM-DD HH:mm")
