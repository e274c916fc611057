"""The proof that a policy has no hole: at every instant, some step reaches somebody.

A step reaches somebody when one of those it would page then has a number for one of the step's means. The last resort
does not count. The proof looks at each instant by itself; a page opened just before a handoff walks into the next
instants, which are proved as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from whenever import Instant

from escalation.duties import render
from escalation.oncall import name_of
from escalation.policy import Escalation, Means, Policy, PolicyStep, Target, TargetKind
from escalation.roster import Member


@dataclass(frozen=True, slots=True)
class Hole:
    """From `start` until before `end` these steps (counted from 0) reach nobody; `because` says why, one for each."""

    start: Instant
    end: Instant
    steps: tuple[int, ...]
    because: tuple[str, ...]


def holes(escalation: Escalation, policy: Policy, start: Instant, end: Instant) -> tuple[Hole, ...]:
    """Every interval from `start` until before `end` in which no step of the policy reaches anybody.

    A policy without steps is one hole. KeyError: a step names a schedule or rotation that does not exist; ValueError: a
    rotation with no positive shift.
    """
    return tuple(hole for hole in empty_steps(escalation, policy, start, end) if len(hole.steps) == len(policy.steps))


def empty_steps(escalation: Escalation, policy: Policy, start: Instant, end: Instant) -> tuple[Hole, ...]:
    """Every interval in which some step reaches nobody (and is skipped), as something to warn about."""
    if end <= start:
        return ()
    names = {t.name for step in policy.steps for t in step.targets if t.kind is TargetKind.SCHEDULE}
    duties = {name: render(escalation.roster, name, start, end) for name in names}
    edges = sorted({start, end, *(duty.start for name in names for duty in duties[name])})
    at = dict.fromkeys(names, 0)
    found: list[Hole] = []
    for begins, ends in pairwise(edges):
        for name in names:
            at[name] += duties[name][at[name]].end <= begins
        now = {name: duties[name][at[name]].member for name in names}
        empty = [(i, _empty(escalation, step, now)) for i, step in enumerate(policy.steps)]
        _add(found, begins, ends, [(i, why) for i, why in empty if why is not None], none=not policy.steps)
    return tuple(found)


def _add(found: list[Hole], start: Instant, end: Instant, empty: list[tuple[int, str]], *, none: bool) -> None:
    """Add what is empty from `start` to `end`, to the last hole if it is the same and goes on."""
    if not empty and not none:
        return
    steps, because = tuple(i for i, _ in empty), tuple(why for _, why in empty)
    if found and found[-1].end == start and (found[-1].steps, found[-1].because) == (steps, because):
        start = found.pop().start
    found.append(Hole(start, end, steps, because))


def _empty(escalation: Escalation, step: PolicyStep, now: Mapping[str, str | None]) -> str | None:
    """Why the step reaches nobody, with these on call; None when it reaches somebody."""
    reasons = []
    for target in step.targets:
        members = list(_named(escalation, target, now))
        if any(_is_reached(escalation.roster.members.get(member), step.by) for member in members):
            return None
        who = ", ".join(name_of(escalation.roster, member) for member in members)
        reasons.append(f"{who} has no number for {' or '.join(step.by)}" if who else f"{target.name} has nobody")
    return "; ".join(reasons) or "it pages nobody"


def _named(escalation: Escalation, target: Target, now: Mapping[str, str | None]) -> Iterator[str]:
    match target.kind:
        case TargetKind.MEMBER:
            yield target.name
        case TargetKind.ROTATION:
            yield from escalation.roster.rotations[target.name].members
        case TargetKind.SCHEDULE:
            member = now[target.name]
            if member is not None:
                yield member


def _is_reached(member: Member | None, by: tuple[Means, ...]) -> bool:
    if member is None:
        return False
    return (Means.CALL in by and bool(member.voice)) or (Means.SMS in by and member.sms is not None)
