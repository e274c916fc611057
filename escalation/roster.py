"""Who can be on call: staff, rotations, schedules and overrides, as data.

Handoffs are wall-clock times in the practice's IANA zone; everything that is asked and answered is an exact
`whenever.Instant`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whenever import Date, Instant, Time, Weekday


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff. Numbers are E.164; `voice` is tried in its order."""

    id: str
    name: str
    voice: tuple[str, ...]
    sms: str | None


@dataclass(frozen=True, slots=True)
class Shift:
    """How long each turn of a rotation lasts: whole wall-clock days, or whole wall-clock hours (of any number).

    `days` are calendar days (a day of 23 or 25 hours is one day). `hours` are wall-clock hours: a 12-hour shift that
    hands off at 19:00 hands off at 07:00 and 19:00 on every date, also on a night when the clocks change.
    Exactly one of the two is positive.
    """

    days: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members take turns. The first turn starts at `at` on `start` (a wall-clock date), or on the first `day` after it.

    `day`: the weekday of the handoff for shifts of whole weeks, else None. Before the first turn nobody is on duty.
    """

    name: str
    members: tuple[str, ...]
    shift: Shift
    at: Time
    day: Weekday | None
    start: Date


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From `start` to `end` wall-clock time on the dates whose weekday is in `days`; over midnight if end <= start."""

    days: frozenset[Weekday]
    start: Time
    end: Time


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation in a schedule; `only`: the windows in which it counts (empty: always).

    `shifted`: how many turns ahead of the rotation this layer is (1: whoever is next, for a backup).
    """

    rotation: str
    only: tuple[DailyWindow, ...] = ()
    shifted: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers; the first layer with someone on duty wins."""

    name: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """From `start` until before `end`, `member` is on call for `schedule`, whatever its layers say."""

    schedule: str
    member: str
    start: Instant
    end: Instant
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Roster:
    """All that decides who is on call. `zone` is an IANA name. Of overlapping overrides the one given last wins."""

    zone: str
    members: Mapping[str, Member]
    rotations: Mapping[str, Rotation]
    schedules: Mapping[str, Schedule]
    overrides: tuple[Override, ...] = field(default=())
