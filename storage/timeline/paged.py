"""From a page's trail, attempts, message and alerts to what a manager reads. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping
from whenever import Instant

from storage.timeline.entries import SERVER, Entry, Kind, Tried

_BY_EVENT: Final = {
    "Accepted": Kind.ACCEPTED,
    "PatientReached": Kind.CONNECTED,
    "Resolved": Kind.RESOLVED,
}
_CONNECTED: Final = re.compile(r" are connected$")
_NUMBER: Final = re.compile(r" at \+[0-9]+")
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class PageEvent:
    """One row of a page's trail."""

    page: str
    version: int
    at: Instant
    event: str
    trail: tuple[str, ...]


def page_entries(events: Iterable[PageEvent]) -> list[Entry]:
    """An entry for each sentence of the trail; where an event has none, one that names it."""
    return [entry for event in events for entry in _of(event)]


def _of(event: PageEvent) -> Iterable[Entry]:
    key = f"page:{event.page}:{event.version}"
    details: Mapping[str, object] = {"event": key, "page": event.page, "happened": event.event}
    # The staff's own numbers are in the plan; the timeline says who, not where.
    lines = [_NUMBER.sub("", line) for line in event.trail] or [_WORDS.sub(" ", event.event).capitalize()]
    for n, line in enumerate(lines):
        kind = _BY_EVENT.get(event.event, Kind.PAGED) if n == 0 else Kind.PAGED
        kind = Kind.CONNECTED if _CONNECTED.search(line) else kind
        yield Entry(event.at, kind, SERVER, line, details)


def tried(row: RowMapping, purpose: str, name: str) -> Tried:
    """An attempt, from its delivery's row; `name` is whom it was at."""
    at, changed = Instant(row["intended_at"]), Instant(row["changed_at"])
    return Tried(
        page=row["page"],
        number=row["attempt"],
        who=name,
        means=row["means"],
        purpose=purpose,
        at=at,
        seconds=max(0, round((changed - at).total("seconds"))),
        state=row["state"],
        why=row["why"],
    )


def opened_entry(at: Instant, page: str, category: str) -> Entry:
    """A page began."""
    return Entry(at, Kind.PAGE_OPENED, SERVER, f"A page is opened ({category})", {"page": page})


def alert_entry(at: Instant, why: str) -> Entry:
    """The operators were told."""
    return Entry(at, Kind.ALERTED, SERVER, f"The operators are alerted: {why}")


def done_entry(at: Instant, category: str, by: str) -> Entry:
    """A message was answered."""
    return Entry(at, Kind.MESSAGE, by, f"The message ({category}) is done")


def recording_entry(at: Instant, sid: str, purpose: str, seconds: int | None) -> Entry:
    """A recording is there to be heard."""
    long = "" if seconds is None else f", {seconds} s"
    return Entry(at, Kind.RECORDED, SERVER, f"The recording ({purpose}{long}) is ready", {"recording": sid})
