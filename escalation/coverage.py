"""The proof that a policy has no hole: at every instant, some step reaches somebody.

A step reaches somebody when one of those it would page then can be reached by one of the step's means and does not have
time off. The last resort does not count: it is for when nobody answers, not for when nobody was asked. The proof looks
at each instant by itself; a page opened just before a handoff walks into the next instants, which are proved as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from whenever import Instant

from escalation.duties import Duty, layer_claims, render
from escalation.oncall import name_of, paged
from escalation.policy import Escalation, Policy, PolicyStep, Target, TargetKind
from escalation.reach import reached_by, unreached_because
from escalation.roster import Roster
from escalation.rotation import turn_bounds, turn_of
from escalation.timeline import pieces

_AWAY: Final = "{} has time off"


@dataclass(frozen=True, slots=True)
class Hole:
    """From `start` until before `end` these steps (counted from 0) reach nobody; `because` says why, one for each."""

    start: Instant
    end: Instant
    steps: tuple[int, ...]
    because: tuple[str, ...]


def holes(
    escalation: Escalation, policy: Policy, start: Instant, end: Instant, *, verified_only: bool = False
) -> tuple[Hole, ...]:
    """Every interval from `start` until before `end` in which no step of the policy reaches anybody.

    A policy without steps is one hole. `verified_only`: a number at which nobody has ever pressed a key is as none.
    KeyError: a step names a schedule or rotation that does not exist; ValueError: a rotation with no positive shift.
    """
    empty = empty_steps(escalation, policy, start, end, verified_only=verified_only)
    return tuple(hole for hole in empty if len(hole.steps) == len(policy.steps))


def empty_steps(
    escalation: Escalation, policy: Policy, start: Instant, end: Instant, *, verified_only: bool = False
) -> tuple[Hole, ...]:
    """Every interval in which some step reaches nobody (and is skipped), as something to warn about."""
    found: list[Hole] = []
    for begins, ends, now in walked(escalation.roster, policy, start, end):
        why = [(i, _empty(escalation.roster, step, now, verified_only)) for i, step in enumerate(policy.steps)]
        _add(found, begins, ends, [(i, told) for i, told in why if told is not None], none=not policy.steps)
    return tuple(found)


Now = Mapping[Target, tuple[tuple[str, ...], frozenset[str]]]
"""Whom each target of a policy pages, and who of them has time off."""


def walked(roster: Roster, policy: Policy, start: Instant, end: Instant) -> Iterator[tuple[Instant, Instant, Now]]:
    """The stretches from `start` until before `end` through which the same people are paged, in order."""
    if end <= start:
        return
    wanted = list(dict.fromkeys(target for step in policy.steps for target in step.targets))
    calendars = {target: paged_over(roster, target, start, end) for target in wanted}
    edges = sorted(
        {start, end, *(duty.start for duties in calendars.values() for duty in duties)}
        | _away_edges(roster, start, end)
    )
    at = dict.fromkeys(wanted, 0)
    for begins, ends in pairwise(edges):
        away, now = roster.away.at(begins)[0], {}
        for target, duties in calendars.items():
            at[target] += duties[at[target]].end <= begins
            members = duties[at[target]].members
            now[target] = (members, away.intersection(members) if away else away)
        yield begins, ends, now


def paged_over(roster: Roster, target: Target, start: Instant, end: Instant) -> tuple[Duty, ...]:
    """Whom a target pages (`escalation.oncall.paged`) from `start` until before `end`, without a gap."""
    if target.kind is TargetKind.SCHEDULE:
        return render(roster, target.name, start, end)
    edges = set(roster.away.edges)
    if target.kind is TargetKind.ROTATION:
        edges |= _rotation_edges(roster, target.name, start, end)
    return tuple(Duty(paged(roster, target, begins), begins, ends) for begins, ends in pieces(edges, start, end))


def _rotation_edges(roster: Roster, name: str, start: Instant, end: Instant) -> set[Instant]:
    """When those whom the whole rotation pages may change: its turns, and what decides in the schedules it is in."""
    rotation, edges = roster.rotations[name], set[Instant]()
    number = turn_of(rotation, roster.zone, start).number
    while (edge := turn_bounds(rotation, roster.zone, number)[1]) < end:
        edges.add(edge)
        number += 1
    for schedule in roster.schedules.values():
        timeline = roster.overridden(schedule.name)
        if timeline.edges and any(layer.rotation == name for layer in schedule.layers):
            edges.update(timeline.edges)
            claims = (claim for layer in schedule.layers for claim in layer_claims(roster, layer, start, end))
            edges.update(edge for begins, ends, _ in claims for edge in (begins, ends))
    return edges


def _away_edges(roster: Roster, start: Instant, end: Instant) -> set[Instant]:
    return {edge for edge in roster.away.edges if start < edge < end}


def _add(found: list[Hole], start: Instant, end: Instant, empty: list[tuple[int, str]], *, none: bool) -> None:
    """Add what is empty from `start` to `end`, to the last hole if it is the same and goes on."""
    if not empty and not none:
        return
    steps, because = tuple(i for i, _ in empty), tuple(why for _, why in empty)
    if found and found[-1].end == start and (found[-1].steps, found[-1].because) == (steps, because):
        start = found.pop().start
    found.append(Hole(start, end, steps, because))


def _empty(roster: Roster, step: PolicyStep, now: Now, verified_only: bool) -> str | None:
    """Why the step reaches nobody, with these people paged; None when it reaches somebody."""
    reasons = []
    for target in step.targets:
        members, away = now[target]
        told = []
        for member in members:
            if member in away:
                told.append(_AWAY.format(name_of(roster, member)))
            elif reached_by(roster, member, step.by, verified_only=verified_only):
                return None
            else:
                told.append(unreached_because(roster, member, step.by))
        reasons.append(", ".join(told) or f"{_nobody(roster, target)}")
    return "; ".join(reasons) or "it pages nobody"


def _nobody(roster: Roster, target: Target) -> str:
    if target.kind is TargetKind.MEMBER:
        return _AWAY.format(name_of(roster, target.name))
    return f"{target.name} has nobody"
