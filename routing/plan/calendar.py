"""What a plan asks of its calendar: feeds from elsewhere, shift starts, limits, swaps and pay. Plain frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whenever import TimeDelta

from escalation.pay import Pay

__all__ = ["CalendarRules", "Feed", "Pay", "ShiftStart"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar from elsewhere, at a secret address.

    `names`: the staff id by the (case-folded) words of an event; `ignored`: words that are nobody's.
    """

    url: str = field(repr=False)
    names: Mapping[str, str]
    ignored: frozenset[str]
    refresh: TimeDelta
    stale_after: TimeDelta


@dataclass(frozen=True, slots=True)
class ShiftStart:
    """How those who go on call are told. `tell`: how long before, the longest first. `confirm`: by when they answer.

    `confirm` is counted from the start of the shift; None: nobody needs to.
    """

    tell: tuple[TimeDelta, ...]
    confirm: TimeDelta | None


@dataclass(frozen=True, slots=True)
class CalendarRules:
    """By name: `feeds` of calendars, `starts` of schedules. `warn_days`: how early operators hear of an empty shift."""

    feeds: Mapping[str, Feed] = field(default_factory=dict)
    starts: Mapping[str, ShiftStart] = field(default_factory=dict)
    nights_in_a_row: int = 7
    rest_hours: int = 8
    verified_only: bool = False
    warn_days: int = 14
    swaps_approved: bool = False
    pay: Pay | None = None
