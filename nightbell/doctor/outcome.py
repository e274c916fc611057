"""What a check of `nightbell doctor` has to say."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only WRONG makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "could not be checked"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line: `says` tells how it is, `mend` what to do about it. Neither holds a secret or patient data."""

    level: Level
    says: str
    mend: str = ""


def ok(says: str) -> Outcome:
    """All is well."""
    return Outcome(Level.OK, says)


def warning(says: str, mend: str) -> Outcome:
    """It works, and wants somebody's attention."""
    return Outcome(Level.WARNING, says, mend)


def wrong(says: str, mend: str) -> Outcome:
    """Calls or pages will fail."""
    return Outcome(Level.WRONG, says, mend)


def unknown(says: str, mend: str = "") -> Outcome:
    """It could not be checked; `says` tells why."""
    return Outcome(Level.UNKNOWN, says, mend)
