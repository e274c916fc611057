"""Calendars from elsewhere: what was fetched of them, and the names in them that mean nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from whenever import Instant, TimeDelta

from routing.plan.beside import Beside, Event, unknown_in
from routing.plan.calendar import Feed

AHEAD: Final = TimeDelta(hours=24 * 90)
"""How far ahead names must be known: as far as the calendar is proved."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a calendar said when it was fetched. `content`: the zone that it was read in, and a digest of its text.

    `etag`, `modified`: what its server calls this state of it; "" for none. `url` is a secret.
    """

    url: str = field(repr=False)
    events: tuple[Event, ...]
    content: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """Calendars that were fetched because there was no copy of them: by the plan's name, the copy or what is wrong."""

    copies: Mapping[str, Copy] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def joined(self, beside: Beside) -> Beside:
        """What stands beside the plan, with these calendars."""
        if not self.copies and not self.missing:
            return beside
        fetched = {name: copy.events for name, copy in self.copies.items()}
        return replace(beside, calendars={**beside.calendars, **fetched}, missing=dict(self.missing))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words that mean nobody, in so many events, the first of which starts then."""

    words: str
    start: Instant
    events: int


def unknown_ahead(feed: Feed, events: Iterable[Event], now: Instant) -> tuple[Unknown, ...]:
    """The words that mean nobody in what is or comes within 90 days, the soonest first."""
    found: dict[str, tuple[Instant, int]] = {}
    for start, end, words in events:
        if end > now and start < now + AHEAD:
            for part in unknown_in(feed, words):
                first, count = found.get(part, (start, 0))
                found[part] = (min(first, start), count + 1)
    unknown = [Unknown(words, first, count) for words, (first, count) in found.items()]
    return tuple(sorted(unknown, key=lambda one: (one.start, one.words)))
