"""What calls and texts teach of a telephone number, and whether that is news."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from escalation.roster import Facts


class Fact(StrEnum):
    """What can be known of a number; the names of `escalation.roster.Facts`."""

    VERIFIED = "verified"
    UNREACHABLE = "unreachable"
    STOPPED = "stopped"
    LANDLINE = "landline"


Learnt = Mapping[Fact, bool]
"""What holds from now on, and what does no longer; of all else nothing was learnt."""

KEY_PRESSED: Final[Learnt] = {Fact.VERIFIED: True, Fact.UNREACHABLE: False}
CALL_PLACED: Final[Learnt] = {Fact.UNREACHABLE: False}
NOT_CALLABLE: Final[Learnt] = {Fact.UNREACHABLE: True}
TEXT_ARRIVED: Final[Learnt] = {Fact.STOPPED: False, Fact.LANDLINE: False}
NOT_TEXTABLE: Final[Learnt] = {Fact.LANDLINE: True}
SAID_STOP: Final[Learnt] = {Fact.STOPPED: True}
SAID_START: Final[Learnt] = {Fact.STOPPED: False}
NOTHING: Final[Learnt] = {}


def is_news(known: Facts, learnt: Learnt) -> bool:
    """Whether anything of it was not known."""
    return any(getattr(known, fact) is not holds for fact, holds in learnt.items())
