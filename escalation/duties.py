"""A schedule over a span of time: who is on call from when to when, as exact intervals."""

from dataclasses import dataclass

from whenever import Instant

from escalation.roster import Layer, Roster, Rotation
from escalation.rotation import first_handoff, shift_length, turn_at
from escalation.wallclock import exact, occurrences, reading

Span = tuple[Instant, Instant]
Claim = tuple[Instant, Instant, str]
"""From, until before, and the staff id."""


@dataclass(frozen=True, slots=True)
class Duty:
    """From `start` until before `end` this staff id is on call; None: nobody is."""

    member: str | None
    start: Instant
    end: Instant


def render(roster: Roster, schedule: str, start: Instant, end: Instant) -> tuple[Duty, ...]:
    """Who is on call for the schedule of this name, from `start` until before `end`, without a gap or an overlap.

    At every instant it says what `on_call` says. Neighbours differ in their member. Empty when `end <= start`.
    KeyError: no such schedule or rotation. ValueError: a rotation with no positive shift.
    """
    free, claims = [(start, end)] if start < end else [], list[Claim]()
    for override in reversed(roster.overrides):
        if override.schedule == schedule and override.start < override.end:
            taken, free = _claim(free, [(override.start, override.end, override.member)])
            claims += taken
    for layer in roster.schedules[schedule].layers:
        if free:
            taken, free = _claim(free, _layer(roster, layer, start, end))
            claims += taken
    return _merged(sorted([*claims, *((*span, None) for span in free)], key=lambda claim: claim[0]))


def _layer(roster: Roster, layer: Layer, start: Instant, end: Instant) -> list[Claim]:
    """Whom the layer gives, where its windows are open and its rotation has started."""
    turns = _turns(roster.rotations[layer.rotation], roster.zone, layer.shifted, (start, end))
    return _claim(_windows(roster, layer, start, end), turns)[0] if layer.only else turns


def _turns(rotation: Rotation, zone: str, shifted: int, span: Span) -> list[Claim]:
    """The turns of the rotation that touch the span."""
    first, length = first_handoff(rotation), shift_length(rotation)
    number = max(turn_at(rotation, zone, span[0]), 0)
    begins, found = exact(first + number * length, zone), list[Claim]()
    members, size = rotation.members, len(rotation.members)
    while begins < span[1] and members:
        ends = exact(first + (number + 1) * length, zone)
        if begins < ends:
            found.append((begins, ends, members[(number + shifted) % size]))
        begins, number = ends, number + 1
    return found


def _windows(roster: Roster, layer: Layer, start: Instant, end: Instant) -> list[Span]:
    """When any of the layer's windows is open, as spans that do not touch."""
    since, until = reading(start, roster.zone), reading(end, roster.zone)
    walls = {wall for window in layer.only for wall in occurrences(window, since, until)}
    union: list[Span] = []
    for begins, ends in sorted((exact(begins, roster.zone), exact(ends, roster.zone)) for begins, ends in walls):
        if union and begins <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], ends))
        elif begins < ends:
            union.append((begins, ends))
    return union


def _claim(free: list[Span], wanted: list[Claim]) -> tuple[list[Claim], list[Span]]:
    """What of the free time the claims take, and what they leave. Both in order, without overlaps."""
    taken, left, at = list[Claim](), list[Span](), 0
    for begins, ends in free:
        cursor = begins
        while at < len(wanted) and wanted[at][1] <= begins:
            at += 1
        while at < len(wanted) and wanted[at][0] < ends:
            claim_begins, claim_ends, member = wanted[at]
            if claim_begins > cursor:
                left.append((cursor, claim_begins))
                cursor = claim_begins
            if claim_ends > ends:
                taken.append((cursor, ends, member))
                cursor = ends
                break
            taken.append((cursor, claim_ends, member))
            cursor, at = claim_ends, at + 1
        if cursor < ends:
            left.append((cursor, ends))
    return taken, left


def _merged(claims: list[tuple[Instant, Instant, str | None]]) -> tuple[Duty, ...]:
    """The claims, which leave no gap, with those that follow on from the same member made one."""
    starts = [claim for i, claim in enumerate(claims) if i == 0 or claims[i - 1][2] != claim[2]]
    ends = [*(claim[0] for claim in starts[1:]), *(claim[1] for claim in claims[-1:])]
    return tuple(Duty(claim[2], claim[0], end) for claim, end in zip(starts, ends, strict=True))
