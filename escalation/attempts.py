"""What becomes of one attempt, as Twilio's callbacks tell it: repeated, late and out of order."""

from dataclasses import replace

from escalation import acceptance, last_resort, paging, presence
from escalation.draft import Draft
from escalation.events import Answered, Delivered, Doubled, Failed, HandedOver, Missed, Placed, Ringing
from escalation.page import Attempt, AttemptState, PageState, Purpose
from escalation.policy import Means

_CALL = (AttemptState.INTENDED, AttemptState.PLACED, AttemptState.RINGING, AttemptState.ANSWERED)
_SMS = (AttemptState.INTENDED, AttemptState.PLACED, AttemptState.DELIVERED)
_WORDS = {
    AttemptState.PLACED: "is on its way",
    AttemptState.RINGING: "rings",
    AttemptState.ANSWERED: "was picked up",
    AttemptState.DELIVERED: "was delivered",
}


def progress(draft: Draft, event: HandedOver | Placed | Ringing | Answered | Delivered) -> None:
    """Move the attempt forward, never back: of two callbacks out of order the later state stays."""
    attempt = draft.attempt(event.attempt)
    if isinstance(event, HandedOver):
        _hand_over(draft, event, attempt)
        return
    states = _CALL if attempt is not None and attempt.means is Means.CALL else _SMS
    state = _state_of(event)
    if attempt is None or attempt.is_final or state not in states:
        return
    if states.index(state) <= states.index(attempt.state):
        return
    draft.mark(attempt, state)
    draft.say(f"{_titled(draft, attempt)} {_WORDS[state]}")
    if attempt.means is Means.CALL and draft.page.dial_instead:
        draft.page = replace(draft.page, dial_instead=False)


def ended(draft: Draft, event: Missed | Failed | Doubled) -> None:
    """The attempt came to nothing: what follows is tried at once. On the leg of who has the page: they are gone."""
    attempt = draft.attempt(event.attempt)
    if isinstance(event, Doubled):
        _label(draft, attempt)
        return
    if attempt is None or (isinstance(event, Missed) and attempt.means is Means.SMS):
        return
    if attempt.number == draft.page.accepted_attempt:
        presence.leg_ended(draft)
    elif attempt.number == draft.page.apart:
        presence.apart_leg_ended(draft, attempt)
    elif attempt.is_final:
        _note_end(draft, attempt, event)
    else:
        _came_to_nothing(draft, attempt, event)


def _label(draft: Draft, attempt: Attempt | None) -> None:
    """Say once that it is double. Which of the two counts is the shell's: the first heard of, or one with a key."""
    if attempt is None or attempt.doubled:
        return
    changed = replace(attempt, doubled=True)
    page, number = draft.page, attempt.number
    draft.page = replace(page, attempts=(*page.attempts[: number - 1], changed, *page.attempts[number:]))
    draft.say(f"{_titled(draft, attempt)} was placed twice, as Twilio did not answer the first request")


def _hand_over(draft: Draft, event: HandedOver, attempt: Attempt | None) -> None:
    """The attempt is the same, only carried out by somebody else: the page waits for it as it did."""
    why = f"by the second provider: {event.why}"
    if attempt is None or attempt.state is not AttemptState.INTENDED or attempt.why == why:
        return
    draft.mark(attempt, AttemptState.INTENDED, why)
    twice = "ring twice: the first provider did not say whether it placed the call"
    if attempt.means is Means.SMS:
        twice = "come twice: the first provider did not say whether it sent the text"
    doubt = f"; it may {twice}" if event.twice else ""
    draft.say(f"{_titled(draft, attempt)} goes by the second provider ({event.why}){doubt}")


def _note_end(draft: Draft, attempt: Attempt, event: Missed | Failed) -> None:
    """What was given up for lost is over in truth: a key that was pressed on it before is nobody's leg any more."""
    given_up = attempt.means is Means.CALL and attempt.state is AttemptState.MISSED and not attempt.over
    if given_up and draft.page.state is not PageState.RESOLVED:
        draft.mark(attempt, AttemptState.MISSED, event.why, over=True)
        draft.say(f"{_titled(draft, attempt)} is over: {event.why}")


def _came_to_nothing(draft: Draft, attempt: Attempt, event: Missed | Failed) -> None:
    platform = isinstance(event, Failed) and event.platform
    state = AttemptState.MISSED if isinstance(event, Missed) else AttemptState.FAILED
    draft.mark(attempt, state, event.why, platform=platform, over=not platform)
    failed = "could not be made" if isinstance(event, Failed) else "came to nothing"
    draft.say(f"{_titled(draft, attempt)} {failed}: {event.why}")
    if platform and attempt.means is Means.CALL and not draft.page.dial_instead:
        draft.page = replace(draft.page, dial_instead=True)
        draft.say("Twilio itself failed: the caller's own line dials instead")
    _follow(draft, attempt.number)


def _follow(draft: Draft, number: int) -> None:
    attempt = draft.attempt(number)
    if attempt is None or attempt.purpose is Purpose.TAKEN:
        return
    if draft.page.state is PageState.PAGING:
        if attempt.means is Means.SMS and attempt.state is AttemptState.FAILED and not attempt.platform:
            paging.call_instead(draft, attempt)
        paging.go_on(draft)
    elif draft.page.state is PageState.ACCEPTED and attempt.purpose is Purpose.BRIDGE:
        acceptance.bridge_ended(draft, attempt)
    elif draft.page.state is PageState.LAST_RESORT:
        last_resort.call_ended(draft)


def _state_of(event: Placed | Ringing | Answered | Delivered) -> AttemptState:
    match event:
        case Placed():
            return AttemptState.PLACED
        case Ringing():
            return AttemptState.RINGING
        case Answered():
            return AttemptState.ANSWERED
        case Delivered():
            return AttemptState.DELIVERED


def _titled(draft: Draft, attempt: Attempt) -> str:
    means = "call" if attempt.means is Means.CALL else "SMS"
    return f"The {means} to {draft.name(attempt.member)}"
