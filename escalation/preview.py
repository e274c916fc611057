"""What a change would do: who is called instead of whom, from when to when.

Both sides are rendered by the very function that calls are decided by (`escalation.duties.render`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from whenever import Instant

from escalation.balance import balance
from escalation.burden import length
from escalation.duties import Duty, render
from escalation.policy import Escalation, TargetKind
from escalation.roster import Roster
from escalation.timeline import Span, pieces, union
from escalation.wallclock import lasting


@dataclass(frozen=True, slots=True)
class Difference:
    """From `start` until before `end`, the schedule has the staff ids `after` on call in place of `before`."""

    schedule: str
    start: Instant
    end: Instant
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What changes from `start` until before `end`. `seconds`: how long it is in all, each moment counted once.

    `by_person`: by staff id, how many seconds on call each gains or loses, on any of the schedules. `balance`: how
    evenly being on call is shared out before and after (`escalation.balance`).
    """

    start: Instant
    end: Instant
    differences: tuple[Difference, ...]
    seconds: int
    by_person: dict[str, int]
    balance: tuple[Fraction, Fraction]
    is_ahead: bool = False
    """Whether it starts later than now: what is said of it is of the days from then on."""

    @property
    def hours(self) -> Fraction:
        """How many hours change."""
        return Fraction(self.seconds, 3600)

    @property
    def summary(self) -> str:
        """One sentence for people."""
        days = round((self.end - self.start).total("hours") / 24)
        which = f"the {days} days from its start on" if self.is_ahead else f"the next {days} days"
        if not self.seconds:
            return f"This changes nothing about who is called in {which}."
        return f"This changes who is called in {lasting(self.seconds)} of {which}."


def needed(escalation: Escalation) -> tuple[str, ...]:
    """The schedules that some policy pages, in the plan's order."""
    paged = {
        target.name
        for policy in escalation.policies.values()
        for step in policy.steps
        for target in step.targets
        if target.kind is TargetKind.SCHEDULE
    }
    return tuple(name for name in escalation.roster.schedules if name in paged)


def preview(before: Roster, after: Roster, start: Instant, end: Instant) -> Preview:
    """Every difference between the two, on every schedule that either has. KeyError, ValueError: as `render`."""
    names = dict.fromkeys([*after.schedules, *before.schedules])
    was, will = ({name: _rendered(roster, name, (start, end)) for name in names} for roster in (before, after))
    found = [one for name in names for one in _differences(name, was[name], will[name], (start, end))]
    found.sort(key=lambda one: (one.start, one.schedule))
    gained: dict[str, int] = defaultdict(int)
    for one in found:
        seconds = length([(one.start, one.end)])
        for member in one.after:
            gained[member] += seconds
        for member in one.before:
            gained[member] -= seconds
    changed = {member: seconds for member, seconds in sorted(gained.items()) if seconds}
    covered = length(union((one.start, one.end) for one in found))
    even = balance(before, was, start, end), balance(after, will, start, end)
    return Preview(start, end, tuple(found), covered, changed, even)


def _differences(name: str, was: Sequence[Duty], will: Sequence[Duty], span: Span) -> Iterable[Difference]:
    found: list[Difference] = []
    at_was = at_will = 0
    for begins, end in pieces((duty.start for duty in (*was, *will)), *span) if span[0] < span[1] else ():
        at_was += was[at_was].end <= begins
        at_will += will[at_will].end <= begins
        old, new = was[at_was].members, will[at_will].members
        if old == new:
            continue
        goes_on = found and (found[-1].end, found[-1].before, found[-1].after) == (begins, old, new)
        start = found.pop().start if goes_on else begins
        found.append(Difference(name, start, end, old, new))
    return found


def _rendered(roster: Roster, name: str, span: Span) -> tuple[Duty, ...]:
    """A schedule that one of the two does not have has nobody on call, and who is none of the staff is nobody."""
    if name not in roster.schedules:
        return (Duty((), *span),)
    found = render(roster, name, *span)
    if all(member in roster.members for duty in found for member in duty.members):
        return found
    return tuple(replace(duty, members=tuple(m for m in duty.members if m in roster.members)) for duty in found)
