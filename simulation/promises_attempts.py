"""What must hold of a page's attempts at every transaction; see `simulation.promises`."""

from typing import Final

from whenever import seconds

from escalation.effects import CancelCall, PlaceCall, SendSms
from escalation.events import Accepted, PutOff
from escalation.page import AttemptState, Purpose
from escalation.policy import Means
from simulation.moment import BrokenError, Moment

ONCE_AGAIN: Final = 2
"""How often an address may be tried in one step by one means: after Twilio itself failed, once more."""
SWEPT_WITHIN: Final = seconds(30)
_WITHOUT_WORDS: Final = frozenset({AttemptState.ACCEPTED, AttemptState.DECLINED, AttemptState.PUT_OFF})
_PUT_OFF: Final = " cannot talk now: rung again "
_CALLED_IN: Final = " has called in"
_BEGINS: Final = ("Ringing ", "Texting ", "Telling ", "Trying ")


def the_others_are_told(at: Moment) -> None:
    """When somebody takes the page, no other phone goes on ringing for it, and whoever was texted is told."""
    page = at.page
    if page.accepted_by is None or at.before.accepted_by is not None:
        return
    live = [a for a in page.attempts if not a.is_final and a.purpose not in {Purpose.TAKEN, Purpose.BRIDGE}]
    if live:
        raise BrokenError(the_others_are_told, f"attempt {live[0].number} goes on")
    told = {a.address for a in at.new if a.purpose is Purpose.TAKEN}
    last = {a.address: a for a in at.before.attempts if a.means is Means.SMS}
    for text in last.values():
        reached = text.purpose is Purpose.PAGE and text.state in {AttemptState.PLACED, AttemptState.DELIVERED}
        if reached and text.member != page.accepted_by and text.member not in page.passed and text.address not in told:
            raise BrokenError(the_others_are_told, f"{text.member} was texted as attempt {text.number}")


def ended_calls_are_hung_up(at: Moment) -> None:
    """A call that the page gives up, and that Twilio did not report as over, is ended at Twilio."""
    hung_up = {effect.attempt for effect in at.result.effects if isinstance(effect, CancelCall)}
    for old, new in at.changed():
        given_up = new.state is AttemptState.CANCELED and not old.is_final
        if given_up and new.means is Means.CALL and new.number not in hung_up:
            raise BrokenError(ended_calls_are_hung_up, f"attempt {new.number}")


def every_attempt_is_carried_out(at: Moment) -> None:
    """Each new attempt has exactly one effect, and no effect is about an attempt that is not stored.

    But for those who call in themselves: their attempt is there already.
    """
    begun = sorted(e.attempt for e in at.result.effects if isinstance(e, PlaceCall | SendSms))
    if begun != [attempt.number for attempt in at.new if attempt.state is not AttemptState.ANSWERED]:
        raise BrokenError(every_attempt_is_carried_out, f"effects for {begun}")


def the_trail_shows_every_attempt(at: Moment) -> None:
    """The trail tells of each attempt as it begins, and each that came to nothing says why."""
    told = sum(
        1
        for sentence in at.result.trail
        if sentence.startswith(_BEGINS) or _PUT_OFF in sentence or _CALLED_IN in sentence
    )
    if told < len(at.new):
        raise BrokenError(the_trail_shows_every_attempt, f"{len(at.new)} attempts begin: {at.result.trail}")
    for old, new in at.changed():
        ended = old.state is not new.state and new.is_final and new.purpose is not Purpose.TAKEN
        if ended and not new.why and new.state not in _WITHOUT_WORDS:
            raise BrokenError(the_trail_shows_every_attempt, f"attempt {new.number} is {new.state}, and not why")


_BY_A_PERSON: Final = {(Accepted, AttemptState.ACCEPTED), (PutOff, AttemptState.PUT_OFF)}


def a_final_attempt_stays(at: Moment) -> None:
    """What came of an attempt is not undone, except by a person who presses a key or answers late."""
    for old, new in at.changed():
        undone = old.is_final and old.state is not new.state and old.purpose is not Purpose.TAKEN
        late = (type(at.event), new.state) in _BY_A_PERSON
        if undone and not late:
            raise BrokenError(a_final_attempt_stays, f"attempt {new.number}: {old.state} became {new.state}")


def no_phone_is_rung_twice_at_once(at: Moment) -> None:
    """A page never has two calls to one phone under way, unless who shares it asked to be rung at this very time."""
    rung = [a for a in at.page.attempts if a.number not in at.row.called_in]
    live = [(a.address, a.member) for a in rung if a.means is Means.CALL and not a.is_final]
    if any(a.state is AttemptState.PUT_OFF for a in at.page.attempts):
        twice = len(live) != len(set(live))
    else:
        twice = len(live) != len({address for address, _ in live})
    if twice:
        raise BrokenError(no_phone_is_rung_twice_at_once, f"{live}")


def attempts_are_bounded(at: Moment) -> None:
    """In one step an address is tried once by each means, and once more after Twilio itself failed."""
    for new in at.new:
        if new.purpose not in {Purpose.PAGE, Purpose.LAST_RESORT} or new.number in at.row.called_in:
            continue
        key = (new.purpose, new.step, new.round, new.means, new.address)
        # Two people may share a phone for calls; each is one reason to call it.
        alike = [a for a in at.page.attempts if (a.purpose, a.step, a.round, a.means, a.address) == key]
        same = [a for a in alike if a.number not in at.row.called_in]
        asked = sum(a.later for a in alike)  # by a key, which may be pressed on an earlier step's call
        owners = len({a.member for a in same})
        if len(same) > ONCE_AGAIN * owners + asked:
            raise BrokenError(attempts_are_bounded, f"{len(same)} attempts at {key}")


def nothing_stays_unplaced(at: Moment) -> None:
    """An attempt whose job is lost is found by the sweep, long before the page would give it up."""
    for old, new in at.changed():
        given_up = old.state is AttemptState.INTENDED and new.state in {AttemptState.MISSED, AttemptState.FAILED}
        latest = old.at + SWEPT_WITHIN + seconds(at.world.delayed)
        if given_up and not at.row.deliveries[new.number].tries and at.clock > latest:
            raise BrokenError(nothing_stays_unplaced, f"attempt {new.number} is given up: {new.why}")


def nobody_who_passed_is_paged(at: Moment) -> None:
    """Who has passed the page on is left alone about it. They may call in about it all the same."""
    for new in at.new:
        called = new.purpose is Purpose.PAGE and new.number not in at.row.called_in
        if called and new.member in at.page.passed:
            raise BrokenError(nobody_who_passed_is_paged, new.member)


OF_ATTEMPTS: Final = (
    the_others_are_told,
    ended_calls_are_hung_up,
    every_attempt_is_carried_out,
    the_trail_shows_every_attempt,
    a_final_attempt_stays,
    no_phone_is_rung_twice_at_once,
    attempts_are_bounded,
    nothing_stays_unplaced,
    nobody_who_passed_is_paged,
)
