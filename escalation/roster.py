"""Who can be on call: staff, rotations, schedules, and what stands beside them (overrides, time off), as data.

Handoffs are wall-clock times in an IANA zone; everything that is asked and answered is an exact `whenever.Instant`.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from whenever import Date, Instant, Time, Weekday

from escalation.timeline import Timeline, overlaid

LAST_DAY: Final = 31
"""Stands for the last day of any month in `Rotation.month_day`."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff. Numbers are E.164; `voice` is tried in its order. `quiet`: only urgent pages come then."""

    id: str
    name: str
    voice: tuple[str, ...]
    sms: str | None
    quiet: tuple["DailyWindow", ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """How long each turn of a rotation lasts: whole wall-clock days, whole wall-clock hours, or calendar months.

    `days` are calendar days (a day of 23 or 25 hours is one day). `hours` are wall-clock hours: a 12-hour shift that
    hands off at 19:00 hands off at 07:00 and 19:00 on every date, also on a night when the clocks change.
    Exactly one of the three is positive.
    """

    days: int = 0
    hours: int = 0
    months: int = 0


Shares = tuple[tuple[str, int], ...]
"""Staff ids with how many turns they take for each turn of the others; whoever is not named takes one."""


@dataclass(frozen=True, slots=True)
class Change:
    """From the first turn that starts on or after the wall-clock date `start`, these members take turns.

    The first of them takes that turn. The turns before it stay as they were.
    """

    start: Date
    members: tuple[str, ...]
    shares: Shares = ()


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members take turns. The first turn starts at `at` on `start` (a wall-clock date), or on the first `day` after it.

    `day`: the weekday of the handoff for shifts of whole weeks, else None. `month_day`: the day of the month (1 to 28,
    or LAST_DAY) for shifts of months, else None. `zone`: an IANA name, "" for the practice's. `on_duty`: how many
    people have each turn together. Before the first turn nobody is on duty.
    """

    name: str
    members: tuple[str, ...]
    shift: Shift
    at: Time
    day: Weekday | None
    start: Date
    month_day: int | None = None
    zone: str = ""
    on_duty: int = 1
    shares: Shares = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From `start` to `end` wall-clock time on the dates whose weekday is in `days`; over midnight if end <= start."""

    days: frozenset[Weekday]
    start: Time
    end: Time


ALL_DAY: Final = DailyWindow(frozenset(Weekday), Time(0), Time(0))


class OnHolidays(StrEnum):
    """Whether a layer counts on holidays."""

    TOO = "too"
    ONLY = "only"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation, or a calendar from elsewhere, in a schedule. Exactly one of `rotation` and `calendar` is given.

    `only`: the windows in which it counts (empty: always). `holidays`: which of the windows count, by the date on
    which they begin; a layer without windows then counts from midnight to midnight. `shifted`: how many turns ahead of
    the rotation this layer is (1: whoever is next, for a backup).
    """

    rotation: str
    only: tuple[DailyWindow, ...] = ()
    shifted: int = 0
    holidays: OnHolidays = OnHolidays.TOO
    calendar: str = ""

    @property
    def windows(self) -> tuple[DailyWindow, ...]:
        """When it counts, holidays aside; empty: at every instant."""
        return self.only or (() if self.holidays is OnHolidays.TOO else (ALL_DAY,))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers; the first layer with someone on duty wins."""

    name: str
    layers: tuple[Layer, ...]


class OverrideKind(StrEnum):
    """What an override does to the people that the layers give."""

    REPLACE = "replace"
    """Its member is on call in place of everybody, or in place of one person (`instead_of`)."""
    ADD = "add"
    """Its member is on call as well, behind the others."""
    REMOVE = "remove"
    """Its member is not on call."""


@dataclass(frozen=True, slots=True)
class Override:
    """From `start` until before `end`, what this says of `member` holds for `schedule`, whatever its layers say.

    `instead_of`: for REPLACE, the staff id whose place the member takes while that person is on call; "": of all.
    """

    schedule: str
    member: str
    start: Instant
    end: Instant
    author: str
    reason: str
    kind: OverrideKind = OverrideKind.REPLACE
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """Time off: from `start` until before `end` no layer and no policy has this member; an override still does."""

    member: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one telephone number.

    `verified`: somebody who was called there pressed a key. `unreachable`: Twilio cannot call it. `stopped`: whoever
    has it texted STOP. `landline`: it cannot be texted.
    """

    verified: bool = False
    unreachable: bool = False
    stopped: bool = False
    landline: bool = False


Shifts = Timeline[tuple[str, ...]]
"""A calendar from elsewhere: the staff ids on duty by instant."""
NO_FACTS: Final = Facts()
_NOTHING: Final[Timeline[tuple[Override, ...]]] = Timeline(())


@dataclass(frozen=True, slots=True)
class Roster:
    """All that decides who is on call. `zone` is an IANA name. Overrides are in the order in which they were given.

    `holidays`: the dates on which holiday layers count. `calendars`: calendars from elsewhere, by the plan's name for
    them. `numbers`: what is known of E.164 numbers, where anything is.
    """

    zone: str
    members: Mapping[str, Member]
    rotations: Mapping[str, Rotation]
    schedules: Mapping[str, Schedule]
    overrides: tuple[Override, ...] = ()
    leaves: tuple[Leave, ...] = ()
    holidays: Container[Date] = frozenset()
    calendars: Mapping[str, Shifts] = field(default_factory=dict)
    numbers: Mapping[str, Facts] = field(default_factory=dict)
    _overridden: Mapping[str, Timeline[tuple[Override, ...]]] = field(init=False, repr=False, compare=False)
    _away: Timeline[frozenset[str]] = field(init=False, repr=False, compare=False)
    _place: Mapping[Override, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index what is asked for at every instant."""
        by_schedule: dict[str, list[tuple[Instant, Instant, Override]]] = {}
        for override in self.overrides:
            by_schedule.setdefault(override.schedule, []).append((override.start, override.end, override))
        overridden = {name: overlaid(spans, tuple) for name, spans in by_schedule.items()}
        spans = [(leave.start, leave.end, leave.member) for leave in self.leaves]
        object.__setattr__(self, "_overridden", overridden)
        object.__setattr__(self, "_away", overlaid(spans, _set))
        object.__setattr__(self, "_place", {override: n for n, override in enumerate(self.overrides)})

    def overridden(self, schedule: str) -> Timeline[tuple[Override, ...]]:
        """The overrides of the schedule that are in force, by instant, in the order in which they were given."""
        return self._overridden.get(schedule, _NOTHING)

    def in_order(self, overrides: Iterable[Override]) -> list[Override]:
        """These overrides of the roster in the order in which they were given. KeyError: another's."""
        return sorted(overrides, key=self._place.__getitem__)

    @property
    def away(self) -> Timeline[frozenset[str]]:
        """Who has time off, by instant."""
        return self._away


def _set(members: Sequence[str]) -> frozenset[str]:
    return frozenset(members)
