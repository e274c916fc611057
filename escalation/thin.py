"""Thin spots of a calendar: where it has no hole, and hangs by a thread or by a tired person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from whenever import Instant


class ThinKind(StrEnum):
    """What is thin."""

    EMPTY_STEP = "empty step"
    """A step of a policy reaches nobody; another does."""
    ONE_PERSON = "one person"
    """All steps of a policy together reach one person."""
    SAME_PERSON = "same person"
    """The backup is the primary."""
    NIGHTS = "nights in a row"
    """Somebody is the primary for more nights in a row than the plan allows."""
    REST = "little rest"
    """Somebody has less time between two shifts as the primary than the plan allows."""
    UNVERIFIED = "unverified"
    """At none of somebody's numbers has anybody ever pressed a key, and they are the primary."""


@dataclass(frozen=True, slots=True)
class ThinSpot:
    """From `start` until before `end`. `policy`: where it concerns one, else "". `because` is a sentence for people."""

    kind: ThinKind
    start: Instant
    end: Instant
    policy: str
    members: tuple[str, ...]
    because: str


class Limits(NamedTuple):
    """What nobody should be asked for: more nights in a row, or fewer hours of rest. `verified_only`: see `holes`."""

    nights_in_a_row: int = 7
    rest_hours: int = 8
    verified_only: bool = False
