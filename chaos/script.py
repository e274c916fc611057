"""The script of a run: which faults come when, all from the seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from chaos.commit_points import NAMES
from chaos.faults import REST_MODES, Fault, Kill, KillAt, KillPostgres, StopPostgres, Webhooks

SHORT: Final = 90.0
"""Real seconds of a run below which PostgreSQL is not stopped for as long as else."""
OUTAGE: Final = 30.0
SHORT_OUTAGE: Final = 10.0
PAUSE: Final = (2.0, 6.0)
"""Real seconds between the beginnings of two faults."""


@dataclass(frozen=True, slots=True)
class Act:
    """A fault that comes `at` so many real seconds from the beginning, and `lasts` so many."""

    at: float
    lasts: float
    fault: Fault

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  for {self.lasts:4.1f} s  {self.fault}"


def script(seed: int, seconds: float) -> list[Act]:
    """The acts of a run of so many real seconds: each kind comes before one comes again."""
    random = Random(seed)
    acts: list[Act] = []
    at = random.uniform(3, 6)
    while at < seconds:
        for fault, lasts in _deck(random, OUTAGE if seconds >= SHORT else SHORT_OUTAGE):
            if at >= seconds:
                break
            acts.append(Act(round(at, 1), round(min(lasts, max(2.0, seconds - at)), 1), fault))
            at += random.uniform(*PAUSE)
    return acts


def _deck(random: Random, outage: float) -> Iterable[tuple[Fault, float]]:
    kills = [Kill((name,)) for name in ("serve-1", "serve-2", "worker-1", "worker-2")]
    together = [Kill(("worker-1", "worker-2")), Kill(("serve-1", "serve-2"))]
    deck: list[tuple[Fault, float]] = [
        *((kill, random.uniform(1, 8)) for kill in kills),
        *((kill, random.uniform(1, 4)) for kill in together),
        *((KillAt(point), random.uniform(6, 12)) for point in NAMES),
        (StopPostgres(), outage),
        (KillPostgres(), random.uniform(1, 5)),
        *((mode, random.uniform(4, 12)) for mode in REST_MODES),
        *((Webhooks(random.randrange(1 << 30), shuffled), random.uniform(8, 20)) for shuffled in (True, False)),
    ]
    random.shuffle(deck)
    return deck
