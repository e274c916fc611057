"""What happens when every step has passed.

A caller who holds is transferred to the last resort's numbers, once: the leg that dials them ends in a recording, which
another transfer would cut off, and after it the caller is gone. For one who is gone, the numbers are rung in turn and a
key must be pressed, as for any page. This is tried again every two minutes beyond the ringing itself, five times in
all, with an alert each time; then the operators are alerted once more, whatever the policy says, and the page stays,
still to be accepted by anybody. A page whose policy has no numbers is all alerts.
"""

from dataclasses import replace

from whenever import TimeDelta

from escalation.draft import LAST_RESORT_TRIES, Draft, last_resort_round
from escalation.effects import AlertOperators, TransferCaller
from escalation.page import AttemptState, CallerPresence, PageState, Purpose
from escalation.policy import Means, Policy

PAUSE = TimeDelta(minutes=2)
_SCREENING = TimeDelta(seconds=30)
"""The screening prompt, played twice, and the network: how much longer than it rings a call may take to end."""

_LISTENING = TimeDelta(minutes=3)
"""Whoever picked up may be hearing the caller's recorded reason before they press a key."""


def enter(draft: Draft, why: str) -> None:
    """Come to the last resort. `why` is for people and names nobody."""
    draft.page = replace(
        draft.page, state=PageState.LAST_RESORT, step_until=None, is_waiting=False, last_resort_tries=0
    )
    draft.say(f"Last resort: {why}")
    _try(draft, why)


def due(draft: Draft) -> None:
    """The try has taken its time: the next one, or the last alert."""
    give_up_lost(draft)
    if draft.page.last_resort_tries < LAST_RESORT_TRIES:
        _try(draft, f"after try {draft.page.last_resort_tries} of the last resort nobody has taken the page")
        return
    _end_unheard(draft)
    draft.page = replace(draft.page, due=None)
    _alert(draft, "the last resort has been tried as often as it may be; the page stays open until somebody takes it")


def look_after(draft: Draft) -> None:
    """Where nothing more is tried, come back when what is still under way must be over, though it may not be told.

    Who asked to be rung later may be rung then, or somebody has called in, and the last resort was rung after them.
    """
    if draft.page.state is not PageState.LAST_RESORT or draft.page.due is not None:
        return
    calls = [attempt for attempt in draft.live() if attempt.purpose is not Purpose.TAKEN]
    if calls:
        longest = [a.at + (_SCREENING if a.is_to_come(draft.now) else _LISTENING) for a in calls]
        draft.page = replace(draft.page, due=max(longest) + draft.policy.ring_for)


def caller_left(draft: Draft) -> None:
    """The caller does not hold any more: the numbers are rung about the page."""
    _ring_next(draft)
    if any(draft.live(Means.CALL, Purpose.LAST_RESORT)):
        draft.page = replace(draft.page, due=draft.now + pass_length(draft.policy))


def make_way(draft: Draft) -> None:
    """The caller is put through to the same numbers, which must not be busy with our own calls."""
    for attempt in list(draft.live(Means.CALL, Purpose.LAST_RESORT)):
        draft.end(attempt, AttemptState.CANCELED, "the caller is back and is put through")


def caller_returned(draft: Draft) -> None:
    """The caller holds again."""
    make_way(draft)
    if not draft.policy.last_resort.numbers:
        _alert(draft, "the caller is back and waits, and no step and no number is left")
        return
    _transfer(draft)
    draft.page = replace(draft.page, due=draft.now + pass_length(draft.policy))


def call_ended(draft: Draft) -> None:
    """One of the numbers did not take it: the next one of this try."""
    if draft.page.caller is CallerPresence.GONE:
        _ring_next(draft)


def give_up_lost(draft: Draft) -> None:
    """End what Twilio should have ended long ago.

    A status callback can be lost, and a call that seems to ring for ever would keep its phone from being rung again.
    A person who does press a key on it later is still heard, and one who listens is not cut off.
    """
    for attempt in list(draft.live()):
        limit = _LISTENING if attempt.state is AttemptState.ANSWERED else draft.policy.ring_for + _SCREENING
        if attempt.purpose is Purpose.TAKEN or attempt.at + limit > draft.now:
            continue
        if attempt.means is Means.CALL:
            draft.end(attempt, AttemptState.MISSED, "nothing was heard of the call")
        elif attempt.state is AttemptState.INTENDED:
            draft.mark(attempt, AttemptState.FAILED, "the SMS was never handed over")


def _end_unheard(draft: Draft) -> None:
    """Nothing will ask again what became of these. Who listens is not cut off, and is heard if they press a key.

    Who asked to be rung later is rung all the same.
    """
    for attempt in list(draft.live()):
        if attempt.purpose is Purpose.TAKEN or attempt.is_to_come(draft.now):
            continue
        if attempt.means is Means.CALL:
            draft.mark(attempt, AttemptState.MISSED, "no key was pressed while anything was tried")
        else:
            draft.mark(attempt, AttemptState.LAPSED, "the last resort passed with no answer")


def pass_length(policy: Policy) -> TimeDelta:
    """How long one try of the last resort lasts: its numbers rung one after the other, and a pause."""
    return policy.last_resort.ring_for * len(policy.last_resort.numbers) + PAUSE


def _try(draft: Draft, why: str) -> None:
    draft.page = replace(
        draft.page, last_resort_tries=draft.page.last_resort_tries + 1, due=draft.now + pass_length(draft.policy)
    )
    draft.say(f"Try {draft.page.last_resort_tries} of {LAST_RESORT_TRIES} of the last resort")
    if draft.policy.last_resort.alert_operators or not draft.policy.last_resort.numbers:
        _alert(draft, why)
    if draft.page.put_through:
        draft.say("The caller's own line dials already, or records what they say")
    elif draft.page.caller is CallerPresence.HOLDING and draft.policy.last_resort.numbers:
        _transfer(draft)
    elif draft.page.caller is CallerPresence.GONE:
        _ring_next(draft)


def _transfer(draft: Draft) -> None:
    draft.effects.append(TransferCaller())
    draft.say(f"The caller is put through to {_named(draft.policy)}")


def _ring_next(draft: Draft) -> None:
    """Ring the next number of this try, unless one rings. After Twilio itself failed, the next try is for that."""
    page = draft.page
    tried = [a for a in page.attempts if a.purpose is Purpose.LAST_RESORT and a.round == last_resort_round(page)]
    if any(a.platform for a in tried) or any(draft.live(Means.CALL, Purpose.LAST_RESORT)):
        return
    seen = {attempt.address for attempt in tried}
    for address in draft.policy.last_resort.numbers:
        if address not in seen and not draft.is_ringing((address,)):
            draft.intend("", Means.CALL, address, Purpose.LAST_RESORT)
            draft.say(f"Ringing {_named(draft.policy)} at {address}")
            return


def _alert(draft: Draft, why: str) -> None:
    draft.effects.append(AlertOperators(why))
    draft.say(f"The operators are alerted: {why}")


def _named(policy: Policy) -> str:
    return policy.last_resort.destination or "the last resort"
