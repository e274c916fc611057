"""When a practice is open, as data. Clock times are minutes since midnight on the wall of the practice's zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from whenever import Date, Instant, Time, Weekday


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Open from minute `start` (0 to 1439) until before minute `end` (1 to 1440, which is midnight) of one date."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{clock(self.start)}-{clock(self.end)}"


def clock(minutes: int) -> str:
    """Minutes since midnight as people write them: 510 is 08:30, 1440 is 24:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class ExceptionDay:
    """The hours of one date, whatever the week and the holidays say. No windows: closed all day."""

    windows: tuple[Window, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Hours:
    """The opening hours. `country` (ISO 3166) and `subdivision` name the public holidays, None for none.

    `open_on`: holidays by name on which the weekly hours count all the same.
    """

    weekly: Mapping[Weekday, tuple[Window, ...]]
    country: str | None = None
    subdivision: str | None = None
    open_on: frozenset[str] = frozenset()
    exceptions: Mapping[Date, ExceptionDay] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Closure:
    """Closed from `start` until before `end`, whatever the hours say: a record beside the plan."""

    start: Instant
    end: Instant
    author: str
    reason: str


class HoursKind(StrEnum):
    """What the hours say of a moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    CLOSURE = "closure"


@dataclass(frozen=True, slots=True)
class HoursState:
    """What the hours say now, and why in words."""

    kind: HoursKind
    because: str


@dataclass(frozen=True, slots=True)
class After:
    """A deadline so many seconds later, at any hour."""

    seconds: int


@dataclass(frozen=True, slots=True)
class OfficeMinutes:
    """A deadline after so many minutes of opening hours."""

    minutes: int


@dataclass(frozen=True, slots=True)
class NextOfficeDay:
    """A deadline at a wall-clock time on the next day whose opening is still to come."""

    at: Time


Deadline = After | OfficeMinutes | NextOfficeDay


class Timetable(Protocol):
    """What has opening hours: a plan. `zone` is an IANA name."""

    @property
    def zone(self) -> str:
        """The IANA zone of the wall clock."""

    @property
    def hours(self) -> Hours:
        """The weekly hours, holidays and exceptions."""

    @property
    def closures(self) -> tuple[Closure, ...]:
        """The closures beside the plan."""
