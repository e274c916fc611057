"""The hold loop: what a caller who waits for a clinician hears and may do, one turn at a time. Pure.

Each turn is a webhook, so the server knows that the caller is still there. A turn ends in one of the `Turn` actions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from whenever import TimeDelta

from ivr.prompts import Utterance, own

PAUSE: Final = TimeDelta(seconds=6)
"""Of quiet after each hold message, during which `*` works."""


class PageView(StrEnum):
    """What the caller's turn needs to know of the page."""

    PAGING = "paging"
    RINGING = "ringing"
    """Somebody's phone rings."""
    ACCEPTED = "accepted"
    """A clinician has it and is coming to the phone (by SMS or link: not on the line yet)."""
    JOIN = "join"
    """A clinician is on the line: connect now."""
    DIAL = "dial"
    """No call can be placed: the caller's own leg dials."""
    LAST_RESORT = "last resort"
    CLOSED = "closed"
    """Resolved by a person without this caller."""


class Turn(StrEnum):
    """What the telephone does after the words of a hold turn."""

    WAIT = "wait"
    JOIN = "join"
    DIAL = "dial"
    TRANSFER = "transfer"
    OFFER_PERSON = "offer person"
    """Holding is over: 1 for the last resort, else the call may end; the page goes on."""
    LEAVE = "leave"
    """The caller hangs up and is called back; the page goes on."""


@dataclass(frozen=True, slots=True)
class HoldStep:
    """The words and the action of a turn, and why, for the timeline."""

    turn: Turn
    say: tuple[Utterance, ...]
    why: str


def hold(view: PageView, language: str, *, pressed: str, held: TimeDelta, at_most: TimeDelta, turns: int) -> HoldStep:
    """The next turn. `pressed`: a key, or "" for none; `held`: since the page was opened or joined.

    `turns`: how many turns went before, so that the first one explains and the later ones are short.
    """
    turn, why, *phrases = _choice(view, pressed, held, at_most, turns)
    return HoldStep(turn, tuple(own(key, language) for key in phrases), why)


def _choice(  # noqa: PLR0911 - one line for each thing that can be the case, in the order in which they count
    view: PageView, pressed: str, held: TimeDelta, at_most: TimeDelta, turns: int
) -> tuple[Turn, str, *tuple[str, ...]]:
    match view:
        case PageView.JOIN:
            return Turn.JOIN, "a clinician is on the line", "joining"
        case _ if pressed == "*":
            return Turn.LEAVE, "the caller asked to be called back", "callback_chosen", "goodbye"
        case PageView.LAST_RESORT | PageView.CLOSED:
            return Turn.TRANSFER, f"the page is at: {view.value}", "to_last_resort"
        case PageView.DIAL:
            return Turn.DIAL, "no call can be placed through Twilio's REST API", "to_last_resort"
        case PageView.PAGING | PageView.RINGING if held >= at_most:
            why = f"held for {held.total('seconds'):.0f} s of at most {at_most.total('seconds'):.0f} s"
            return Turn.OFFER_PERSON, why, "hold_over", "hold_over_person"
        case PageView.ACCEPTED:
            return Turn.WAIT, "a clinician has accepted", "hold_accepted"
        case PageView.RINGING if turns:
            return Turn.WAIT, "a phone is ringing", "hold_ringing"
        case _:
            return Turn.WAIT, "paging", "hold_again" if turns else "hold_first"
