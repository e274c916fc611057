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
    RINGING_NEXT = "ringing the next"
    """The phone of somebody else than who was called first."""
    ACCEPTED = "accepted"
    """A clinician has just taken it and is coming to the phone (by SMS or link: not on the line yet)."""
    TAKEN = "taken"
    """A clinician has it and has not come to the phone by now."""
    JOIN = "join"
    """A clinician is on the line: connect now."""
    DIAL = "dial"
    """No call can be placed: the caller's own leg dials."""
    QUEUED = "queued"
    """Who is called talks to another caller."""
    WAITING = "waiting"
    """It is not urgent, and waits until somebody's quiet hours are over."""
    DIAL_TAKER = "dial taker"
    """A clinician has it, and can be brought to the caller only by being dialled on the caller's own leg."""
    LAST_RESORT = "last resort"
    CLOSED = "closed"
    """Resolved by a person without this caller; or it is about another line."""


class Turn(StrEnum):
    """What the telephone does after the words of a hold turn."""

    WAIT = "wait"
    JOIN = "join"
    DIAL = "dial"
    DIAL_TAKER = "dial taker"
    TRANSFER = "transfer"
    OFFER_PERSON = "offer person"
    """Holding is over: 1 for the last resort, to which staying on the line leads, too; the page goes on."""
    LEAVE = "leave"
    """The caller hangs up and is called back; the page goes on."""


@dataclass(frozen=True, slots=True)
class HoldStep:
    """The words and the action of a turn, and why, for the timeline."""

    turn: Turn
    say: tuple[Utterance, ...]
    why: str


MOST_OFFERS: Final = 2
"""How often a person is offered; who then still says nothing is put through to one."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A caller in the loop. `held`: since the page was opened or joined, of at most `at_most`.

    `turns`: how many turns went before, so that the first one explains and the later ones are short. `offers`: how
    often a person has been offered, since holding is over. `reachable`: a number to call back is known. `place`: in the
    line of those who wait for a clinician, the longest waiting first. `has_person`: there is a last resort to ring;
    else they can leave a message.
    """

    held: TimeDelta
    at_most: TimeDelta
    turns: int
    offers: int = 0
    reachable: bool = True
    place: int = 1
    has_person: bool = True

    @property
    def is_over(self) -> bool:
        """Whether they have held for long enough."""
        return self.offers > 0 or self.held >= self.at_most


def hold(view: PageView, language: str, pressed: str, holding: Holding) -> HoldStep:
    """The next turn. `pressed`: a key, or "" for none."""
    turn, why, *phrases = _onward(view, pressed, holding) or _further(view, pressed, holding)
    if pressed == "*" and turn in {Turn.WAIT, Turn.OFFER_PERSON}:
        # No call-back is promised to a caller whose number nobody knows.
        phrases.insert(0, "no_number_known")
    return HoldStep(turn, tuple(own(key, language, position=holding.place) for key in phrases), why)


_Choice = tuple[Turn, str, *tuple[str, ...]]


def _onward(  # noqa: PLR0911 - one line for each way out of the loop, in the order in which they count
    view: PageView, pressed: str, holding: Holding
) -> _Choice | None:
    match view:
        case PageView.JOIN:
            return Turn.JOIN, "a clinician is on the line", "joining"
        case _ if holding.offers and pressed == "1":
            return Turn.TRANSFER, "the caller asked for a person", "to_last_resort"
        case PageView.CLOSED:
            return Turn.TRANSFER, f"the page is at: {view.value}", "to_last_resort"
        case _ if pressed == "*" and holding.reachable:
            return Turn.LEAVE, "the caller asked to be called back", "callback_chosen", "goodbye"
        case PageView.LAST_RESORT:
            return Turn.TRANSFER, f"the page is at: {view.value}", "to_last_resort"
        case PageView.DIAL:
            return Turn.DIAL, "no call can be placed through Twilio's REST API", "to_last_resort"
        case PageView.DIAL_TAKER:
            return Turn.DIAL_TAKER, "a clinician has accepted on a line of the second provider", "dialling_taker"
        case _:
            return None


def _further(  # noqa: PLR0911 - as above
    view: PageView, pressed: str, holding: Holding
) -> _Choice:
    match view:
        case PageView.ACCEPTED:
            return Turn.WAIT, "a clinician has accepted", "hold_accepted"
        case _ if holding.offers >= MOST_OFFERS:
            return Turn.TRANSFER, "holding is over, and the caller stays on the line", "to_last_resort"
        case _ if holding.is_over or view is PageView.WAITING:
            return _offer(view, pressed, holding)
        case PageView.TAKEN:
            return Turn.WAIT, "a clinician has accepted, and has not come to the phone", "hold_taken"
        case PageView.QUEUED:
            words = "hold_queued" if holding.reachable else "hold_queued_no_star"
            return Turn.WAIT, "who is called talks to another caller", words, "queue_position"
        case PageView.RINGING | PageView.RINGING_NEXT if holding.turns:
            words = "hold_ringing" if view is PageView.RINGING else "hold_ringing_next"
            return Turn.WAIT, "a phone is ringing", words
        case _:
            words = "hold_again" if holding.turns else "hold_first"
            return Turn.WAIT, "paging", words if holding.reachable else f"{words}_no_star"


def _offer(view: PageView, pressed: str, holding: Holding) -> _Choice:
    why = f"held for {holding.held.total('seconds'):.0f} s of at most {holding.at_most.total('seconds'):.0f} s"
    why = "everybody has quiet hours, and the page waits" if view is PageView.WAITING else why
    person = "hold_over_person" if holding.has_person else "hold_over_message"
    person = person if holding.reachable else f"{person}_no_star"
    if holding.offers and pressed not in {"", "*"}:
        return Turn.OFFER_PERSON, why, "wrong_key", person
    if holding.offers:
        return Turn.OFFER_PERSON, why, person
    over = {PageView.TAKEN: "hold_over_taken", PageView.WAITING: "hold_waiting"}.get(view, "hold_over")
    return Turn.OFFER_PERSON, why, over if holding.reachable else f"{over}_no_number", person
