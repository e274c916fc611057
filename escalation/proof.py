"""The proof of a whole plan over a span of time: the holes of each policy, and the thin spots, with exact windows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from whenever import Instant

from escalation.coverage import Hole, Now, empty_steps, holes, walked
from escalation.oncall import name_of
from escalation.policy import Escalation, Policy, TargetKind
from escalation.reach import reached_by
from escalation.roster import Roster
from escalation.strain import strain
from escalation.thin import Limits, ThinKind, ThinSpot

_Span = tuple[Instant, Instant]
_Spot = tuple[ThinKind, Instant, Instant, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The proof over a span: the holes of each policy (none: it is proved), and the thin spots, in order."""

    start: Instant
    end: Instant
    holes: Mapping[str, tuple[Hole, ...]]
    thin: tuple[ThinSpot, ...]

    @property
    def is_proved(self) -> bool:
        """Whether there is no hole."""
        return not any(self.holes.values())


def coverage(escalation: Escalation, start: Instant, end: Instant, limits: Limits) -> Coverage:
    """Prove every policy from `start` until before `end`, with what stands beside the plan.

    KeyError: a step names a schedule or rotation that does not exist; ValueError: a rotation with no positive shift.
    """
    policies = escalation.policies.values()
    found = {
        policy.name: holes(escalation, policy, start, end, verified_only=limits.verified_only) for policy in policies
    }
    thin = [spot for policy in policies for spot in _of_policy(escalation, policy, (start, end), limits)]
    thin += strain(escalation, start, end, limits)
    return Coverage(start, end, found, tuple(sorted(thin, key=lambda spot: (spot.start, spot.kind, spot.policy))))


def _of_policy(escalation: Escalation, policy: Policy, span: _Span, limits: Limits) -> Iterator[ThinSpot]:
    for gap in empty_steps(escalation, policy, *span, verified_only=limits.verified_only):
        if len(gap.steps) < len(policy.steps):
            told = ", ".join(f"step {i + 1}: {why}" for i, why in zip(gap.steps, gap.because, strict=True))
            yield ThinSpot(ThinKind.EMPTY_STEP, gap.start, gap.end, policy.name, (), f"{policy.name}, {told}")
    spots = (
        (kind, start, end, members)
        for start, end, now in walked(escalation.roster, policy, *span)
        for kind, members in _thin_now(escalation.roster, policy, now, limits)
    )
    for kind, start, end, members in _merged(spots):
        yield ThinSpot(kind, start, end, policy.name, members, _because(escalation.roster, policy, kind, members[0]))


def _thin_now(roster: Roster, policy: Policy, now: Now, limits: Limits) -> Iterator[tuple[ThinKind, tuple[str, ...]]]:
    reached = {
        member
        for step in policy.steps
        for target in step.targets
        for member in now[target][0]
        if member not in now[target][1] and reached_by(roster, member, step.by, verified_only=limits.verified_only)
    }
    if len(reached) == 1:
        yield ThinKind.ONE_PERSON, tuple(reached)
        return
    first: dict[str, str] = {}
    for target, (members, _) in now.items():
        if target.kind is TargetKind.SCHEDULE and members and first.setdefault(members[0], target.name) != target.name:
            yield ThinKind.SAME_PERSON, (members[0],)


def _because(roster: Roster, policy: Policy, kind: ThinKind, member: str) -> str:
    who = name_of(roster, member)
    if kind is ThinKind.ONE_PERSON:
        return f"{policy.name} reaches {who} and nobody else"
    return f"{policy.name} has {who} as the primary and as the backup"


def _merged(spots: Iterable[_Spot]) -> list[_Spot]:
    """The spots with those that follow on from the same made one. They come in the order of their starts."""
    found: list[_Spot] = []
    open_: dict[tuple[ThinKind, tuple[str, ...]], int] = {}
    for kind, start, end, members in spots:
        place = open_.get((kind, members))
        if place is not None and found[place][2] == start:
            found[place] = (kind, found[place][1], end, members)
        else:
            open_[kind, members] = len(found)
            found.append((kind, start, end, members))
    return found
