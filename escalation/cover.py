"""Who covers for somebody that has time off: what is left open, and who is proposed, whoever was idle longest first."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from whenever import Instant, TimeDelta

from escalation.duties import Duty, render
from escalation.roster import Layer, Leave, Override, OverrideKind, Roster
from escalation.shift import AHEAD, Span, spans_of
from escalation.timeline import pieces

BACK: Final = TimeDelta(hours=24 * 90)
"""How far back, and ahead, it is looked for when somebody was on call last, or is next."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From `start` until before `end` somebody with time off would be on call for the schedule, and nobody instead.

    `proposed`: the staff id of who could cover; None: nobody of those who take turns there is free.
    """

    schedule: str
    start: Instant
    end: Instant
    proposed: str | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """The member takes the place of who has time off. `schedule`, `start`, `end`: None for all that there is."""

    member: str
    schedule: str | None = None
    start: Instant | None = None
    end: Instant | None = None


def with_leave(roster: Roster, leave: Leave, covers: Iterable[Override] = ()) -> Roster:
    """The roster with the time off, and with who covers."""
    return replace(roster, leaves=(*roster.leaves, leave), overrides=(*roster.overrides, *covers))


def overrides_for(roster: Roster, leave: Leave, cover: Cover, author: str, reason: str) -> tuple[Override, ...]:
    """The overrides that a cover comes to: one for each stretch in which the person would be on call."""
    start, end = max(cover.start or leave.start, leave.start), min(cover.end or leave.end, leave.end)
    names = [name for name in roster.schedules if cover.schedule in {None, name}]
    return tuple(
        Override(name, cover.member, *span, author, reason, OverrideKind.REPLACE, leave.member)
        for name in names
        for span in spans_of(roster, name, leave.member, start, end)
    )


def gaps(before: Roster, after: Roster, leave: Leave) -> tuple[Gap, ...]:
    """Where the person would be on call and, with what is in `after`, nobody has their place, in order."""
    found = [gap for name in before.schedules for gap in _gaps(before, after, leave, name)]
    return tuple(sorted(found, key=lambda gap: (gap.start, gap.schedule)))


def _gaps(before: Roster, after: Roster, leave: Leave, schedule: str) -> Iterator[Gap]:
    for start, end in spans_of(before, schedule, leave.member, leave.start, leave.end):
        was, will = render(before, schedule, start, end), render(after, schedule, start, end)
        open_since: Instant | None = None
        for begins, _ in pieces((duty.start for duty in (*was, *will)), start, end):
            members = _at(will, begins)
            is_open = leave.member in members or len(members) < len(_at(was, begins))
            if is_open and open_since is None:
                open_since = begins
            elif not is_open and open_since is not None:
                yield Gap(schedule, open_since, begins)
                open_since = None
        if open_since is not None:
            yield Gap(schedule, open_since, end)


def _at(duties: Sequence[Duty], instant: Instant) -> tuple[str, ...]:
    return duties[bisect_right(duties, instant, key=lambda duty: duty.end)].members


def proposed(roster: Roster, leave: Leave, open_: Sequence[Gap]) -> tuple[Gap, ...]:
    """The gaps with who could cover each: of those who take turns on the schedule, are not away and not on call then.

    Whoever has been off call longest comes first; of those alike, whoever is next on call latest; then by the plan's
    order. A gap through which nobody is free all the time is divided where who is free changes.
    """
    if not open_:
        return ()
    busy = _busy(roster, min(gap.start for gap in open_) - BACK, max(gap.end for gap in open_) + BACK)
    found: list[Gap] = []
    for gap in open_:
        takers = [member for member in candidates(roster, gap.schedule) if member != leave.member]
        for each in _proposed(gap, {member: busy[member] for member in takers}):
            found.append(each)
            if each.proposed is not None:
                insort(busy[each.proposed], (each.start, each.end))
    return tuple(found)


def _proposed(gap: Gap, busy: Mapping[str, list[Span]]) -> Iterator[Gap]:
    """One proposal for the whole gap or, where nobody is free all the time, one after the other."""
    start = gap.start
    while start < gap.end:
        free = {
            member: until for member, spans in busy.items() if (until := _free_until(spans, start, gap.end)) > start
        }
        if free:
            until = max(free.values())
            longest = [member for member, end in free.items() if end == until]
            best: str | None = max(longest, key=lambda member: _idle(busy[member], start, until))
        else:
            ends = [end for spans in busy.values() for _, end in spans if start < end < gap.end]
            until, best = min(ends, default=gap.end), None
        yield Gap(gap.schedule, start, until, best)
        start = until


def candidates(roster: Roster, schedule: str) -> tuple[str, ...]:
    """Those of the staff who take turns in one of the schedule's layers and can be called, in the plan's order."""
    layers = roster.schedules[schedule].layers
    turns = {member for layer in layers for member in _people(roster, layer)}
    return tuple(member for member, person in roster.members.items() if member in turns and person.voice)


def _people(roster: Roster, layer: Layer) -> Iterator[str]:
    if layer.calendar:
        for members in roster.calendars[layer.calendar].values:
            yield from members
        return
    rotation = roster.rotations[layer.rotation]
    yield from rotation.members
    for change in rotation.changes:
        yield from change.members


def _busy(roster: Roster, start: Instant, end: Instant) -> dict[str, list[Span]]:
    """When each of the staff is on call for any schedule, or has time off, in order."""
    busy: dict[str, list[Span]] = {member: [] for member in roster.members}
    for name in roster.schedules:
        for duty in render(roster, name, start, end):
            for member in duty.members:
                busy.setdefault(member, []).append((duty.start, duty.end))
    for leave in roster.leaves:
        busy.setdefault(leave.member, []).append((leave.start, leave.end))
    return {member: sorted(spans) for member, spans in busy.items()}


def _free_until(busy: Iterable[Span], start: Instant, end: Instant) -> Instant:
    """Until when, at most `end`, nothing keeps them from `start` on; `start` itself: something does at once."""
    return min((max(begins, start) for begins, ends in busy if ends > start and begins < end), default=end)


def _idle(busy: Iterable[Span], start: Instant, end: Instant) -> tuple[float, float]:
    """How long they have been free when it begins, and how long they are so after its end, in hours."""
    before = min(((start - ends).total("hours") for _, ends in busy if ends <= start), default=AHEAD.total("hours"))
    after = min(((begins - end).total("hours") for begins, _ in busy if begins >= end), default=AHEAD.total("hours"))
    return before, after
