"""A month of a schedule as a wall calendar: a row for each week, who is on call and when that changes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text
from whenever import Date, Instant, TimeDelta, Weekday

from escalation.duties import Duty, render
from escalation.roster import Roster
from escalation.timeline import Span, pieces
from escalation.wallclock import midnight, month_span
from routing.plan import Plan

HOLE: Final = "bold white on red"
NOBODY: Final = "yellow"
QUIET: Final = "dim"
HOLIDAY: Final = "*"
"""Beside the number of a day."""
_EARLIER: Final = TimeDelta(hours=1)
_COLOURS: Final = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Entry(NamedTuple):
    """From `at` on, in one day, these staff ids are on call. `goes_on`: they were before midnight, too."""

    at: Instant
    members: tuple[str, ...]
    goes_on: bool
    is_hole: bool


def colours(roster: Roster) -> dict[str, str]:
    """A colour for each of the staff, the same in every month."""
    return {member: _COLOURS[place % len(_COLOURS)] for place, member in enumerate(roster.members)}


def month_table(plan: Plan, schedule: str, first: Date, holes: Sequence[Span], today: Date) -> Table:
    """The month that begins on `first`. `holes`: when a policy that pages the schedule reaches nobody, in order."""
    made = Table(*_DAYS, box=box.SQUARE, show_lines=True, pad_edge=False, padding=(0, 1, 0, 0))
    start, end = month_span(first, plan.zone)
    # From before the month, so that whoever is on call as it begins is not shown as if they began then.
    duties = render(plan.escalation.roster, schedule, start - _EARLIER, end)
    shades = colours(plan.escalation.roster)
    for week in _weeks(first):
        made.add_row(*(_cell(plan, duties, holes, shades, day, today) if day else Text() for day in week))
    return made


def entries(duties: Sequence[Duty], holes: Sequence[Span], day: Span) -> Iterator[Entry]:
    """Who is on call in the course of a day; a piece in which nobody is reached is an entry of its own."""
    edges = {duty.start for duty in duties} | {edge for hole in holes for edge in hole}
    at = 0
    for start, _ in pieces(edges, *day):
        while duties[at].end <= start:
            at += 1
        is_hole = any(begins <= start < end for begins, end in holes)
        yield Entry(start, duties[at].members, start == day[0] and duties[at].start < start, is_hole)


def _cell(
    plan: Plan, duties: Sequence[Duty], holes: Sequence[Span], shades: Mapping[str, str], day: Date, today: Date
) -> Text:
    holiday = HOLIDAY if day in plan.escalation.roster.holidays else ""
    lines = [Text(f"{day.day}{holiday}", "bold reverse" if day == today else "bold")]
    for entry in entries(duties, holes, (midnight(day, plan.zone), midnight(day.add(days=1), plan.zone))):
        when = "" if entry.goes_on else f"{entry.at.to_tz(plan.zone).format('HH:mm')} "
        lines.append(Text().append(when, QUIET).append(_who(entry, shades)))
    return Text("\n").join(lines)


def _who(entry: Entry, shades: Mapping[str, str]) -> Text:
    if not entry.members:
        return Text("nobody", HOLE if entry.is_hole else NOBODY)
    styles = [HOLE if entry.is_hole else shades.get(member, "") for member in entry.members]
    return Text("+").join(Text(member, style) for member, style in zip(entry.members, styles, strict=True))


def _weeks(first: Date) -> Iterator[list[Date | None]]:
    """The days of the month, Monday first, with nothing where a week lies in another month."""
    blank = first.day_of_week().value - Weekday.MONDAY.value
    days = [None] * blank + [first.add(days=n) for n in range(first.days_in_month())]
    for at in range(0, len(days), len(_DAYS)):
        week = days[at : at + len(_DAYS)]
        yield week + [None] * (len(_DAYS) - len(week))
