"""A schedule over a span of time: who is on call from when to when, as exact intervals.

Most of a calendar is as its layers say, and is claimed layer by layer. Where overrides or time off are in force, each
stretch between two changes is resolved as `on_call` resolves an instant (`escalation.precedence`).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whenever import Instant

from escalation.precedence import last_whole, resolve
from escalation.roster import Layer, OnHolidays, Roster, Rotation
from escalation.rotation import turn_at, turns_from
from escalation.timeline import Span, pieces, union
from escalation.wallclock import date_of, exact, occurrences, reading

Claim = tuple[Instant, Instant, tuple[str, ...]]
"""From, until before, and the staff ids."""


@dataclass(frozen=True, slots=True)
class Duty:
    """From `start` until before `end` these staff ids are on call, the primary first; none: nobody is."""

    members: tuple[str, ...]
    start: Instant
    end: Instant

    @property
    def member(self) -> str | None:
        """The primary; None when nobody is on call."""
        return self.members[0] if self.members else None


def render(roster: Roster, schedule: str, start: Instant, end: Instant) -> tuple[Duty, ...]:
    """Who is on call for the schedule of this name, from `start` until before `end`, without a gap or an overlap.

    At every instant it says what `on_call` says. Neighbours differ in their members. Empty when `end <= start`.
    KeyError: no such schedule, rotation or calendar. ValueError: a rotation with no positive shift.
    """
    if end <= start:
        return ()
    layers = [layer_claims(roster, layer, start, end) for layer in roster.schedules[schedule].layers]
    people = {member for claims in layers for claim in claims for member in claim[2]}
    free, exceptional = _by_rule(roster, schedule, people, (start, end))
    claims = [claim for span in exceptional for claim in _resolved(roster, schedule, layers, span)]
    for layer in layers:
        if free:
            taken, free = _claim(free, layer)
            claims += taken
    return _merged(sorted([*claims, *((*span, ()) for span in free)], key=lambda claim: claim[0]))


def _by_rule(roster: Roster, schedule: str, people: set[str], span: Span) -> tuple[list[Span], list[Span]]:
    """The stretches in which the layers alone decide, and those in which overrides or time off have a say."""
    overridden, away = roster.overridden(schedule), roster.away
    if not overridden.edges and not away.edges:
        return [span], []
    by_rule: list[Span] = []
    exceptional: list[Span] = []
    for start, end in pieces((*overridden.edges, *away.edges), *span):
        plain = not overridden.at(start)[0] and people.isdisjoint(away.at(start)[0])
        (by_rule if plain else exceptional).append((start, end))
    return by_rule, exceptional


def _resolved(roster: Roster, schedule: str, layers: Sequence[Sequence[Claim]], span: Span) -> Iterator[Claim]:
    """The calendar of a stretch through which the same overrides are in force and the same people away."""
    overrides, away = roster.overridden(schedule).at(span[0])[0], roster.away.at(span[0])[0]
    # Where one person is in place of everybody, the layers are not asked, and nothing changes with them.
    near = [] if last_whole(overrides) is not None else [_touching(claims, span) for claims in layers]
    for start, end in pieces((edge for claims in near for claim in claims for edge in claim[:2]), *span):
        yield start, end, resolve((_claimed(claims, start) for claims in near), overrides, away).members


def _touching(claims: Sequence[Claim], span: Span) -> Sequence[Claim]:
    first = max(bisect_right(claims, span[0], key=lambda claim: claim[0]) - 1, 0)
    return claims[first : bisect_right(claims, span[1], key=lambda claim: claim[0])]


def _claimed(claims: Sequence[Claim], instant: Instant) -> tuple[str, ...]:
    """Whom the claims, which do not overlap, give at the instant."""
    place = bisect_right(claims, instant, key=lambda claim: claim[0])
    return claims[place - 1][2] if place and instant < claims[place - 1][1] else ()


def layer_claims(roster: Roster, layer: Layer, start: Instant, end: Instant) -> list[Claim]:
    """Whom the layer gives, where its windows are open and its rotation has started or its calendar has somebody."""
    if layer.calendar:
        within = roster.calendars[layer.calendar].within(start, end)
        turns = [(piece.start, piece.end, piece.value) for piece in within if piece.value]
    else:
        turns = _turns(roster.rotations[layer.rotation], roster.zone, layer.shifted, (start, end))
    return _claim(_windows(roster, layer, start, end), turns)[0] if layer.windows else turns


def _turns(rotation: Rotation, zone: str, shifted: int, span: Span) -> list[Claim]:
    """The turns of the rotation that touch the span."""
    found, until = list[Claim](), span[1]
    for turn in turns_from(rotation, zone, max(turn_at(rotation, zone, span[0]), 0), shifted):
        begins, ends, members = turn
        if begins >= until:
            break
        if begins < ends and members:
            found.append(turn)
    return found


def _windows(roster: Roster, layer: Layer, start: Instant, end: Instant) -> list[Span]:
    """When any of the layer's windows is open, as spans that do not touch."""
    since, until = reading(start, roster.zone), reading(end, roster.zone)
    walls = {wall for window in layer.windows for wall in occurrences(window, since, until)}
    if layer.holidays is not OnHolidays.TOO:
        walls = {wall for wall in walls if counts_on(roster, layer, wall[0])}
    return union((exact(begins, roster.zone), exact(ends, roster.zone)) for begins, ends in walls)


def counts_on(roster: Roster, layer: Layer, begins: int) -> bool:
    """Whether a window of the layer that opens at this wall-clock reading counts, as far as holidays go."""
    if layer.holidays is OnHolidays.TOO:
        return True
    return (date_of(begins) in roster.holidays) == (layer.holidays is OnHolidays.ONLY)


def _claim(free: list[Span], wanted: Sequence[Claim]) -> tuple[list[Claim], list[Span]]:
    """What of the free time the claims take, and what they leave. Both in order, without overlaps."""
    taken, left, at = list[Claim](), list[Span](), 0
    for begins, ends in free:
        cursor = begins
        while at < len(wanted) and wanted[at][1] <= begins:
            at += 1
        while at < len(wanted) and wanted[at][0] < ends:
            claim_begins, claim_ends, members = wanted[at]
            if claim_begins > cursor:
                left.append((cursor, claim_begins))
                cursor = claim_begins
            if claim_ends > ends:
                taken.append((cursor, ends, members))
                cursor = ends
                break
            taken.append((cursor, claim_ends, members))
            cursor, at = claim_ends, at + 1
        if cursor < ends:
            left.append((cursor, ends))
    return taken, left


def _merged(claims: list[Claim]) -> tuple[Duty, ...]:
    """The claims, which leave no gap, with those that follow on from the same members made one."""
    starts = [claim for i, claim in enumerate(claims) if i == 0 or claims[i - 1][2] != claim[2]]
    ends = [*(claim[0] for claim in starts[1:]), *(claim[1] for claim in claims[-1:])]
    return tuple(Duty(claim[2], claim[0], end) for claim, end in zip(starts, ends, strict=True))
