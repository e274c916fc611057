"""The report's figures: how the calls of some days went.

The trade's terms, as they are counted here:
- **speed of answer**: seconds from a call's beginning until a person talked to the caller, of calls that a person
  answered; its mean is the ASA. Prompts and the caller's own thinking are in it.
- **abandoned**: calls that the caller ended with nothing done for them: no person, no message, no page, no information.
- **time to a clinician**: seconds from when a page was opened until a clinician took it, of pages that one took; where
  a page was opened again, the last who took it counts, here and in who took how many.
- percentiles are of nearest rank: of 10 values the p90 is the 9th smallest. A figure of nothing is None.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from whenever import Date


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds, `count` times."""

    count: int
    mean: float | None
    median: int | None
    p90: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How soon pages of a category were taken by a clinician. `target`: seconds, None where it is none of real time.

    `in_time`: how many were taken within it, of `opened` pages.
    """

    category: str
    opened: int
    took: Spread
    target: int | None
    in_time: int | None


@dataclass(frozen=True, slots=True)
class Pages:
    """What became of pages. `by_step` and `by_member` count those that somebody took (step 0, member "": last resort).

    `exhausted`: every step and the last resort were tried, and nobody has taken it. `open`: still being paged.
    `closed_by_hand`: closed without anybody on call having taken it.
    """

    opened: int
    taken: int
    exhausted: int
    open: int
    closed_by_hand: int
    by_step: Mapping[int, int]
    by_member: Mapping[str, int]
    reach: tuple[Reach, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Of the calls that began on these days of the practice's clock and have ended; `under_way` have not.

    `by_hour`: the hour on the practice's clock, and the outcomes of the calls that began in it.
    """

    practice: str | None
    first: Date | None
    last: Date | None
    calls: int
    under_way: int
    by_hour: Mapping[int, Mapping[str, int]]
    by_outcome: Mapping[str, int]
    by_category: Mapping[str, Mapping[str, int]]
    by_served: Mapping[str, int]
    speed_of_answer: Spread
    abandoned_after: Spread
    pages: Pages


def spread(counts: Mapping[int, int]) -> Spread:
    """The spread of the seconds, each as often as counted."""
    total = sum(counts.values())
    if not total:
        return Spread(0, None, None, None)
    mean = sum(seconds * count for seconds, count in counts.items()) / total
    return Spread(total, mean, _rank(counts, math.ceil(total / 2)), _rank(counts, math.ceil(total * 9 / 10)))


def _rank(counts: Mapping[int, int], rank: int) -> int:
    ordered = sorted(counts)
    running = accumulate(counts[seconds] for seconds in ordered)
    return next(seconds for seconds, upto in zip(ordered, running, strict=True) if upto >= rank)
