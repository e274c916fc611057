"""The pay sheet: what a practice owes for being on call, to the cent, in lines that add up.

Each second on a schedule is paid once: as a holiday's, else as a weekend's, else as a night's (22:00 to 07:00), else as
any other. Nothing is rounded but each line's amount, half to even; totals are sums of lines.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from whenever import Instant

from escalation.burden import Calendars, Paged, days, is_weekend, length
from escalation.nights import nights
from escalation.pay import Pay
from escalation.roster import Roster
from escalation.timeline import Span, overlaid, pieces


class Kind(StrEnum):
    """What a line pays for: an hour of a kind, or pages that the person took."""

    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    NIGHT = "night"
    HOUR = "hour"
    PAGE = "page"


class Line(NamedTuple):
    """What is owed to the member for so many seconds of a kind on a schedule, or for so many pages.

    `amount` is `rate` times `factor` for each hour, or `rate` for each page, to the cent.
    """

    member: str
    schedule: str
    kind: Kind
    seconds: int
    pages: int
    rate: Decimal
    factor: Decimal
    amount: Decimal


def pay_sheet(roster: Roster, pay: Pay, calendars: Calendars, paged: Iterable[Paged], span: Span) -> tuple[Line, ...]:
    """The lines, by member, schedule and kind. The calendars are those of the span."""
    seconds = defaultdict[tuple[str, str, Kind], int](int)
    kinds = tuple(_kinds(roster, span))
    for schedule, duties in calendars.items():
        cut = _cut(kinds, [(duty.start, duty.end, duty.members) for duty in duties if duty.members])
        for start, end, kind, members in cut:
            for member in members:
                seconds[member, schedule, kind] += length([(start, end)])
    lines = [_of_hours(pay, key, worked) for key, worked in seconds.items()]
    return tuple(sorted([*lines, *_of_pages(pay, paged)], key=lambda line: line[:3]))


def totals(lines: Sequence[Line]) -> dict[str, Decimal]:
    """What each member is owed in all: the sum of their lines, which are in the members' order."""
    return {
        member: sum((line.amount for line in found), Decimal("0.00"))
        for member, found in groupby(lines, key=lambda line: line.member)
    }


def _kinds(roster: Roster, span: Span) -> Iterator[tuple[Instant, Instant, Kind]]:
    """What kind of hour it is from when to when, through the whole span."""
    dark = overlaid([(night.start, night.end, True) for night in nights(roster.zone, *span)], bool)
    for date, begins, ends in days(roster.zone, *span):
        whole = Kind.HOLIDAY if date in roster.holidays else Kind.WEEKEND if is_weekend(date) else None
        for start, end in pieces(dark.edges, max(begins, span[0]), min(ends, span[1])):
            yield start, end, whole or (Kind.NIGHT if dark.at(start)[0] else Kind.HOUR)


def _cut(
    kinds: Sequence[tuple[Instant, Instant, Kind]], duties: Sequence[tuple[Instant, Instant, tuple[str, ...]]]
) -> Iterator[tuple[Instant, Instant, Kind, tuple[str, ...]]]:
    """The duties, each cut where the kind of hour changes. Both are in order, and neither overlaps itself."""
    at = 0
    for start, end, members in duties:
        while at < len(kinds) and kinds[at][1] <= start:
            at += 1
        place = at
        while place < len(kinds) and kinds[place][0] < end:
            begins, ends, kind = kinds[place]
            yield max(begins, start), min(ends, end), kind, members
            place += 1


def _of_hours(pay: Pay, key: tuple[str, str, Kind], seconds: int) -> Line:
    member, schedule, kind = key
    rates = {Kind.HOLIDAY: pay.holiday, Kind.WEEKEND: pay.weekend, Kind.NIGHT: pay.night, Kind.HOUR: pay.hour}
    rate, factor = rates[kind], pay.schedules.get(schedule, Decimal(1))
    owed = _cents(Fraction(rate) * Fraction(factor) * Fraction(seconds, 3600))
    return Line(member, schedule, kind, seconds, 0, rate, factor, owed)


def _of_pages(pay: Pay, paged: Iterable[Paged]) -> Iterator[Line]:
    taken = defaultdict[str, int](int)
    for page in paged:
        taken[page.member] += page.taken
    for member, count in taken.items():
        if count:
            owed = _cents(Fraction(pay.page) * count)
            yield Line(member, "", Kind.PAGE, 0, count, pay.page, Decimal(1), owed)


def _cents(exact: Fraction) -> Decimal:
    return Decimal(round(exact * 100)).scaleb(-2)
