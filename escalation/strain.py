"""What the calendar asks of each person as the primary: nights in a row, rest, and numbers that nobody ever answered.

The primary is whoever is first on call for a schedule that a policy pages in its first step: a backup sleeps.
"""

from collections.abc import Iterator
from itertools import pairwise

from whenever import Instant, TimeDelta

from escalation.duties import render
from escalation.nights import Night, nights, nights_on_duty
from escalation.oncall import name_of
from escalation.policy import Escalation, TargetKind
from escalation.reach import is_verified
from escalation.roster import Roster
from escalation.thin import Limits, ThinKind, ThinSpot
from escalation.wallclock import lasting, shown

Span = tuple[Instant, Instant]


def strain(escalation: Escalation, start: Instant, end: Instant, limits: Limits) -> Iterator[ThinSpot]:
    """Where the calendar asks more of somebody than the limits allow, from `start` until before `end`."""
    roster = escalation.roster
    dark = nights(roster.zone, start, end)
    for member, spans in primary_spans(escalation, start, end).items():
        yield from _rest(roster, member, spans, limits)
        yield from _too_many(roster, member, _runs(dark, spans), limits)
        person = roster.members.get(member)
        if person is not None and person.voice and not is_verified(roster, member):
            because = f"nobody has ever pressed a key at a number of {person.name}"
            yield ThinSpot(ThinKind.UNVERIFIED, spans[0][0], spans[-1][1], "", (member,), because)


def primary_spans(escalation: Escalation, start: Instant, end: Instant) -> dict[str, list[Span]]:
    """When each person is the primary, as spans that do not touch, in order."""
    first = {
        target.name
        for policy in escalation.policies.values()
        for step in policy.steps[:1]
        for target in step.targets
        if target.kind is TargetKind.SCHEDULE
    }
    found: dict[str, list[Span]] = {}
    duties = (duty for name in sorted(first) for duty in render(escalation.roster, name, start, end))
    for duty in sorted(duties, key=lambda duty: duty.start):
        if duty.member is None:
            continue
        spans = found.setdefault(duty.member, [])
        if spans and duty.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], duty.end))
        else:
            spans.append((duty.start, duty.end))
    return found


def _rest(roster: Roster, member: str, spans: list[Span], limits: Limits) -> Iterator[ThinSpot]:
    least = TimeDelta(hours=limits.rest_hours)
    for (_, ends), (begins, _) in pairwise(spans):
        if begins - ends < least:
            rest = lasting(round((begins - ends).total("seconds")))
            because = f"{name_of(roster, member)} has {rest} of rest from {shown(ends, roster.zone)}"
            yield ThinSpot(ThinKind.REST, ends, begins, "", (member,), because)


def _runs(dark: tuple[Night, ...], spans: list[Span]) -> Iterator[list[Night]]:
    """The person's nights, each run of nights in a row by itself."""
    on_duty, run = set(nights_on_duty(dark, spans)), list[Night]()
    for night in dark:
        if night.date in on_duty:
            run.append(night)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _too_many(roster: Roster, member: str, runs: Iterator[list[Night]], limits: Limits) -> Iterator[ThinSpot]:
    for run in runs:
        if len(run) > limits.nights_in_a_row:
            because = f"{name_of(roster, member)} has {len(run)} nights in a row"
            yield ThinSpot(ThinKind.NIGHTS, run[0].start, run[-1].end, "", (member,), because)
