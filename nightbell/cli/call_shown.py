"""A call's timeline as a manager reads it, in 80 columns."""

from collections.abc import Iterator
from typing import Final

from rich.table import Table
from rich.text import Text

from storage.records import CallRecord
from storage.timeline import CALLER, Entry, Kind, Timeline, Tried

_MEANS: Final = {"call": "was rung", "sms": "was texted"}
_PURPOSES: Final = {"bridge": "to be connected", "taken": "that it is taken care of"}
_STATES: Final = {
    "intended": "not handed to Twilio yet",
    "placed": "on its way",
    "ringing": "ringing",
    "answered": "picked up",
    "delivered": "delivered",
    "accepted": "took the page",
    "declined": "passed it on",
    "missed": "not taken",
    "failed": "failed",
    "canceled": "called off",
    "lapsed": "no reply",
}


def told(timeline: Timeline) -> Iterator[str | Table | Text]:
    """The parts to be printed, from the top."""
    record = timeline.record
    local = record.started_at.to_tz(timeline.zone)
    yield f"{timeline.practice_name}, {local.format('EEE YYYY-MM-DD HH:mm:ss')} ({timeline.zone})"
    yield f"call {record.sid}, plan version {record.version}"
    if timeline.caller:
        yield f"from {timeline.caller}"
    yield from _summary(record)
    yield ""
    yield _entries(timeline)
    if timeline.attempts:
        yield ""
        yield "Who was rung and texted"
        yield _attempts(timeline)
    yield ""
    yield "Why it was answered like this"
    for reason in record.reasons:
        yield f"  {reason}"


def _summary(record: CallRecord) -> Iterator[str]:
    yield f"outcome: {record.outcome or 'under way'}{f', {record.category}' if record.category else ''}"
    if record.answered_by:
        yield f"answered by {record.answered_by} after {span_of(record.waited)}, talked {span_of(record.talked) or '-'}"
    if record.to_clinician is not None:
        yield f"a clinician took the page after {span_of(record.to_clinician)}"
    if record.abandoned_after is not None:
        yield f"the caller gave up after {span_of(record.abandoned_after)}"
    if record.seconds is not None:
        yield f"lasted {span_of(record.seconds)}"


def span_of(seconds: int | None) -> str:
    """A duration as minutes and seconds: 2:05; "" for none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02}"


def _entries(timeline: Timeline) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = ""
    for entry in timeline.entries:
        clock = entry.at.to_tz(timeline.zone).format("HH:mm:ss")
        table.add_row("" if clock == before else clock, _mark(entry), Text(_sentence(entry)))
        before = clock
    return table


def _mark(entry: Entry) -> str:
    """Who acts, at a glance: the caller, or the server."""
    if entry.kind is Kind.HEARD:
        return "hears"
    return "caller" if entry.who == CALLER else ""


def _sentence(entry: Entry) -> str:
    private = f" [{entry.details['private']}]" if "private" in entry.details else ""
    seconds = entry.details.get("seconds")
    held = f", for {span_of(seconds)}" if entry.kind is Kind.HELD and isinstance(seconds, int) and seconds else ""
    return f"{entry.text}{held}{private}"


def _attempts(timeline: Timeline) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for attempt in timeline.attempts:
        table.add_row(attempt.at.to_tz(timeline.zone).format("HH:mm:ss"), Text(_tried(attempt)))
    return table


def _tried(attempt: Tried) -> str:
    purpose = _PURPOSES.get(attempt.purpose)
    why = f" ({attempt.why})" if attempt.why else ""
    after = f" after {span_of(attempt.seconds)}" if attempt.seconds else ""
    what = f"{_MEANS.get(attempt.means, attempt.means)}{f' {purpose}' if purpose else ''}"
    return f"{attempt.who} {what}: {_STATES.get(attempt.state, attempt.state)}{after}{why}"
