"""When something was there: stretches of real time, in Unix seconds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

Stretch = tuple[float, float]


@dataclass(slots=True)
class Spans:
    """The stretches in which one thing was there. `since`: when the present one began; None while it is away."""

    past: list[Stretch] = field(default_factory=list)
    since: float | None = None

    def begins(self, at: float) -> None:
        """It is there from now on."""
        if self.since is None:
            self.since = at

    def ends(self, at: float) -> None:
        """It is away from now on."""
        if self.since is not None:
            self.past.append((self.since, at))
            self.since = None

    def all(self) -> list[Stretch]:
        """Every stretch, the present one without an end."""
        return [*self.past, *([(self.since, math.inf)] if self.since is not None else [])]


def union(several: Iterable[Spans]) -> list[Stretch]:
    """When any of them was there."""
    joined: list[Stretch] = []
    for begin, end in sorted(stretch for spans in several for stretch in spans.all()):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def both(one: Iterable[Stretch], other: Iterable[Stretch]) -> list[Stretch]:
    """When both were there."""
    others = list(other)
    cut = [(max(a, c), min(b, d)) for a, b in one for c, d in others]
    return sorted((begin, end) for begin, end in cut if begin < end)


def gaps(stretches: Iterable[Stretch], begin: float, end: float) -> list[Stretch]:
    """What of the time from `begin` to `end` is in none of the stretches, which are in order and apart."""
    found, at = [], begin
    for first, last in stretches:
        if first > at:
            found.append((at, min(first, end)))
        at = max(at, last)
        if at >= end:
            break
    if at < end:
        found.append((at, end))
    return [(a, b) for a, b in found if a < b]


def longest(stretches: Iterable[Stretch]) -> float:
    """Seconds of the longest one; 0 when there is none."""
    return max((end - begin for begin, end in stretches), default=0.0)
