"""How a page reaches a person: the policy, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from whenever import TimeDelta

from escalation.roster import Roster


class Means(StrEnum):
    """A way to reach one of the staff."""

    CALL = "call"
    SMS = "sms"


class TargetKind(StrEnum):
    """What a step's target names."""

    SCHEDULE = "schedule"
    """Whoever is on call for it when the step begins."""
    ROTATION = "rotation"
    """All its members, whoever's turn it is first."""
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step pages."""

    kind: TargetKind
    name: str


class Ring(StrEnum):
    """How several people, or several numbers of one, are rung."""

    IN_TURN = "in turn"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """Page `targets` by these means, and wait for this long before the next step."""

    targets: tuple[Target, ...]
    by: tuple[Means, ...]
    wait: TimeDelta
    ring: Ring = Ring.IN_TURN


@dataclass(frozen=True, slots=True)
class LastResort:
    """What happens when every step of every round has passed: E.164 numbers to transfer to, and an alert."""

    numbers: tuple[str, ...]
    destination: str | None
    alert_operators: bool
    ring_for: TimeDelta


RING_AGAIN_AFTER = TimeDelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """`rounds` is how often all steps are walked in all (the plan's `repeat` + 1).

    `ring_for`: how long one phone rings. `ring_again_after`: who cannot talk now is rung again after this.
    `reopen_after`: accepted, but the patient not reached within this: the page is opened again. `hold_at_most`: how
    long the caller is kept on the line.
    """

    name: str
    steps: tuple[PolicyStep, ...]
    rounds: int
    ring_for: TimeDelta
    hold_at_most: TimeDelta
    reopen_after: TimeDelta
    last_resort: LastResort
    ring_again_after: TimeDelta = RING_AGAIN_AFTER
    urgent: bool = True
    """Whether its pages reach people in their quiet hours, and may ring them more often than others."""


@dataclass(frozen=True, slots=True)
class RingLimit:
    """How often one person is rung within so long, over all pages."""

    most: int
    within: TimeDelta


@dataclass(frozen=True, slots=True)
class Escalation:
    """A practice's policies with the people they page: what `advance` needs besides the page.

    `engaged`: the staff ids of those who are on the telephone about another page now, `talking` those of them who talk
    to its patient. `rung`: how often each was called about pages within the limit's time.
    """

    roster: Roster
    policies: Mapping[str, Policy]
    engaged: frozenset[str] = frozenset()
    talking: frozenset[str] = frozenset()
    ring_limit: RingLimit | None = None
    rung: Mapping[str, int] = field(default_factory=dict)
