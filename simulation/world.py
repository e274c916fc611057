"""One small world: what its parts share. Its seed decides everything in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from whenever import Instant, TimeDelta

from escalation.policy import Escalation
from simulation import practice
from simulation.agenda import Agenda
from simulation.faults import Fault, Faults
from simulation.practice import START
from simulation.store import Row

FARTHEST_JUMP: Final = 3600.0
WITH_SECOND: Final = 0.3
"""Of all worlds, those with a second provider."""


@dataclass(slots=True)
class Machine:
    """A process with a clock: the server, or one of two workers. `skew`: seconds that its clock is ahead."""

    agenda: Agenda
    name: str
    skew: float = 0.0

    def clock(self) -> Instant:
        """What it takes for the time."""
        return START + TimeDelta(seconds=self.agenda.now + self.skew)


@dataclass(frozen=True, slots=True)
class Act:
    """What a person really did about a page. `attempt`: on this leg; `by`: as the words of `AcceptedBy`."""

    at: float
    member: str
    by: str
    attempt: int | None


@dataclass(slots=True)
class World:
    """`delayed`: seconds by which injected faults may have held up any page, all in all.

    `has_second`: a second provider is set.
    """

    seed: int
    random: Random
    agenda: Agenda
    faults: Faults
    version: Escalation
    """The plan that the pages were opened with, or what stands in for it, with what is beside it now."""
    server: Machine
    workers: tuple[Machine, Machine]
    rows: list[Row] = field(default_factory=list)
    acts: dict[str, list[Act]] = field(default_factory=dict)
    down_until: float = -1.0
    rest_down_until: float = -1.0
    delayed: float = 0.0
    has_second: bool = False
    plans: list[Escalation] = field(default_factory=list)
    telling: Callable[[str], None] | None = None

    @classmethod
    def of(cls, seed: int, allowed: tuple[Fault, ...], telling: Callable[[str], None] | None = None) -> "World":
        """The world of this seed, at its beginning."""
        random, agenda = Random(seed), Agenda()
        faults = Faults(random, allowed)
        plan = practice.draw(random)
        workers = (Machine(agenda, "worker 1"), Machine(agenda, "worker 2"))
        return cls(
            seed, random, agenda, faults, plan, Machine(agenda, "server"), workers, plans=[plan], telling=telling,
            has_second=random.random() < WITH_SECOND,
        )  # fmt: skip

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self.agenda.now

    def tell(self, *words: object) -> None:
        """For the replay: what happens outside of the page's own trail."""
        if self.telling is not None:
            self.telling(f"{self.now:10.3f} s  {' '.join(str(word) for word in words)}")

    def chance(self, probability: float) -> bool:
        """Whether it happens, this often."""
        return self.random.random() < probability

    def between(self, least: float, most: float) -> float:
        """Some seconds."""
        return self.random.uniform(least, most)

    def plan_of(self, row: Row) -> Escalation:
        """By what the page goes on, as `storage.paging` finds it: any policy is better than a silent page."""
        plan = self.version
        if row.page.policy in plan.policies:
            return plan
        substitute = next(iter(plan.policies.values()))
        return Escalation(plan.roster, {**plan.policies, row.page.policy: substitute})

    def act(self, row: Row, member: str, by: str, attempt: int | None = None) -> None:
        """A person does something about the page. Only phones with people at them call this."""
        self.acts.setdefault(row.page.id, []).append(Act(self.now, member, by, attempt))
        self.tell(row.page.id, member or "the last resort", "really:", by, "on", attempt)
