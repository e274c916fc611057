"""What being on call asks of each person over a period: hours, nights, days, pages, and the rest in between.

Real hours are counted, so that a spring night has 8; a moment counts once, on however many schedules it is. Days and
nights are those of the practice's clock.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from whenever import Date, Instant, TimeDelta

from escalation.duties import Duty
from escalation.nights import is_at_night, nights, nights_on_duty
from escalation.roster import Roster
from escalation.timeline import Span, union
from escalation.wallclock import DAY, date_of, exact, reading

Calendars = Mapping[str, Sequence[Duty]]
"""Who is on call, by schedule: each in order and without overlaps."""
A_DAY: Final = TimeDelta(hours=8)
"""So much on call on a date is what people call having had that day."""
_FRIDAY: Final = 5


class Paged(NamedTuple):
    """A page at which the member was tried, at these instants, in order; and whether it was they who took it."""

    member: str
    at: tuple[Instant, ...]
    taken: bool


@dataclass(frozen=True, slots=True)
class Burden:
    """What one person had in a period. Lengths are in whole seconds.

    `seconds`: on call for any schedule. `by_schedule`: on each.
    `nights`: at least half of each, from 22:00 to 07:00. `weekend_days`, `holidays`: dates with at least 8 h on call.
    `wake_ups`: of `pages`, those that tried them between 22:00 and 07:00. `longest_run`: on call without a break;
    `shortest_rest`: between two runs, None with fewer than two. Both end with the period.
    """

    seconds: int = 0
    by_schedule: Mapping[str, int] = field(default_factory=dict)
    nights: int = 0
    weekend_days: int = 0
    holidays: int = 0
    pages: int = 0
    taken: int = 0
    wake_ups: int = 0
    longest_run: int = 0
    shortest_rest: int | None = None


def burdens(roster: Roster, calendars: Calendars, paged: Iterable[Paged], span: Span) -> dict[str, Burden]:
    """The burden of everybody on the staff, and of whoever else had one, from the span's start until before its end."""
    spans, pages = on_call_spans(calendars), defaultdict[str, list[Paged]](list)
    for one in paged:
        pages[one.member].append(one)
    dark, dates = nights(roster.zone, *span), days(roster.zone, *span)
    members = dict.fromkeys([*roster.members, *spans, *pages])
    return {
        member: Burden(
            seconds=length(spans.get(member, ())),
            by_schedule=_by_schedule(calendars, member),
            nights=len(nights_on_duty(dark, spans.get(member, ()))),
            **_days_of(roster, dates, spans.get(member, ())),
            **_pages_of(roster, pages[member]),
            **_runs_of(spans.get(member, ())),
        )
        for member in members
    }


def on_call_spans(calendars: Calendars) -> dict[str, list[Span]]:
    """When each person is on call for any of the schedules, as spans that do not touch, in order."""
    found = defaultdict[str, list[Span]](list)
    for duty in (duty for duties in calendars.values() for duty in duties):
        for member in duty.members:
            found[member].append((duty.start, duty.end))
    return {member: union(spans) for member, spans in found.items()}


def length(spans: Iterable[Span]) -> int:
    """How long they are in all, in seconds."""
    return sum(round((end - start).total("seconds")) for start, end in spans)


def days(zone: str, start: Instant, end: Instant) -> tuple[tuple[Date, Instant, Instant], ...]:
    """The dates on the clock in the IANA `zone` that touch the span, each from its first instant until the next date's.

    A day is as long as it is: 23, 24 or 25 hours where the clocks change.
    """
    walls = range(reading(start, zone) // DAY - 1, reading(end, zone) // DAY + 2)
    edges = [(date_of(day * DAY), exact(day * DAY, zone)) for day in walls]
    found = ((date, begins, ends) for (date, begins), (_, ends) in pairwise(edges))
    return tuple(day for day in found if day[1] < end and start < day[2] and day[1] < day[2])


def is_weekend(date: Date) -> bool:
    """Whether it is a Saturday or a Sunday."""
    return date.day_of_week().value > _FRIDAY


def _by_schedule(calendars: Calendars, member: str) -> dict[str, int]:
    found = Counter[str]()
    for name, duties in calendars.items():
        found[name] = length((duty.start, duty.end) for duty in duties if member in duty.members)
    return {name: seconds for name, seconds in found.items() if seconds}


def _days_of(roster: Roster, dates: Sequence[tuple[Date, Instant, Instant]], spans: Sequence[Span]) -> dict[str, int]:
    had = [date for date, start, end in dates if _within(spans, start, end) >= A_DAY.total("seconds")]
    holidays = sum(date in roster.holidays for date in had)
    return {"weekend_days": sum(is_weekend(date) for date in had), "holidays": holidays}


def _within(spans: Sequence[Span], start: Instant, end: Instant) -> int:
    return length((max(a, start), min(b, end)) for a, b in spans if a < end and start < b)


def _pages_of(roster: Roster, pages: Sequence[Paged]) -> dict[str, int]:
    woken = sum(any(is_at_night(at, roster.zone) for at in page.at) for page in pages)
    return {"pages": len(pages), "taken": sum(page.taken for page in pages), "wake_ups": woken}


def _runs_of(spans: Sequence[Span]) -> dict[str, int]:
    runs = [length([span]) for span in spans]
    rests = [length([(before[1], after[0])]) for before, after in pairwise(spans)]
    found = {"longest_run": max(runs, default=0)}
    return found | {"shortest_rest": min(rests)} if rests else found
