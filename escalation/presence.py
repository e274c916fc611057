"""Who is on the line: the caller holds, leaves and comes back; the two come into the conference and go.

The conference has no clock: who is alone there hears "one moment, please" until somebody fetches them. So whoever is
left alone by what happens to the page is moved, and one whom the other should have joined is not waited with for long.
"""

from dataclasses import replace

from whenever import Instant, TimeDelta

from escalation import acceptance, last_resort, paging
from escalation.draft import Draft
from escalation.effects import BridgeCaller, CancelCall, FetchClinician, ReturnCaller
from escalation.events import CallerJoined, Noted
from escalation.page import Attempt, CallerPresence, Note, Page, PageState

MEET_WITHIN = TimeDelta(seconds=45)
"""How long one of the two may be in the conference without the other: a move, or a turn of the loop, takes less."""


FREE_AFTER = TimeDelta(seconds=20)
"""How long after the key a leg that cannot come into the conference has ended, should that never be told."""


def caller_left(draft: Draft) -> None:
    """The page goes on without the caller: it is now about a call-back.

    A caller who leaves a conversation has been reached. With whom the caller's own leg dialled, that ends it; else the
    page closes when the clinician leaves too, or when the news of that does not come within `reopen_after`.
    """
    page = draft.page
    if page.state is PageState.RESOLVED or page.caller is CallerPresence.GONE:
        return
    draft.page = replace(page, caller=CallerPresence.GONE, put_through=False)
    draft.say("The caller is not on the line any more")
    if page.state is PageState.ACCEPTED and page.accepted_attempt is not None:
        acceptance.connect(draft)
    elif page.state is PageState.ACCEPTED and page.apart is not None:
        _ring_if_free(draft)
    elif page.state is PageState.BRIDGED and page.accepted_attempt is None:
        close(draft, f"{draft.name(page.accepted_by)} and the patient have talked")
    elif page.state is PageState.BRIDGED:
        draft.page = replace(draft.page, due=draft.now + draft.policy.reopen_after)
    elif page.state is PageState.LAST_RESORT:
        last_resort.caller_left(draft)


def call_back_asked(draft: Draft) -> None:
    """A clinician who is on the line comes before the call-back: they are being connected at this moment."""
    page = draft.page
    connecting = page.state is PageState.ACCEPTED and page.accepted_attempt is not None
    if not connecting and page.state is not PageState.BRIDGED:
        caller_left(draft)


def caller_returned(draft: Draft) -> None:
    """The caller holds again: nobody waits for a timer that was set while they were gone."""
    if draft.page.state is PageState.RESOLVED or draft.page.caller is CallerPresence.HOLDING:
        return
    _is_back(draft, "The caller is back on the line")
    match draft.page.state:
        case PageState.PAGING if paging.has_next(draft):
            paging.next_step(draft)
        case PageState.PAGING:
            draft.say("It is the last step: whoever is being rung may still take it")
        case PageState.ACCEPTED:
            acceptance.connect(draft)
            _fetch(draft)
        case PageState.LAST_RESORT if not draft.policy.last_resort.numbers:
            # Alerts are all that is left of this page; a caller who holds again has the policy begin anew.
            acceptance.reopen(draft, "the caller is back on the line")
        case PageState.LAST_RESORT:
            last_resort.caller_returned(draft)


def still_there(draft: Draft) -> None:
    """The loop, in which the caller is, follows the page; only who was told that they had left must be."""
    if draft.page.state is PageState.RESOLVED or draft.page.caller is CallerPresence.HOLDING:
        return
    _is_back(draft, "The caller is still on the line")
    if draft.page.state is PageState.ACCEPTED and draft.page.accepted_attempt is None:
        acceptance.ring_accepter(draft)
    elif draft.page.state is PageState.ACCEPTED:
        _fetch(draft)
    elif draft.page.state is PageState.LAST_RESORT:
        last_resort.make_way(draft)


def put_through(draft: Draft) -> None:
    """The caller's own leg dials: it is out of the loop, and comes back to it only when somebody fetches it."""
    page = draft.page
    if page.caller is CallerPresence.HOLDING and not page.put_through and page.state is not PageState.BRIDGED:
        draft.page = replace(page, put_through=True)
        draft.say("The caller's own line dials")


def dialled_in_vain(draft: Draft) -> None:
    """Who has the page is rung as anybody is who took it away from a telephone; the caller is back in the loop."""
    page = draft.page
    if page.state not in {PageState.ACCEPTED, PageState.PAGING}:
        return
    draft.page = replace(page, put_through=False, apart=None)
    if page.state is PageState.ACCEPTED and page.apart is not None:
        draft.say(f"The caller's own line did not reach {draft.name(page.accepted_by)}")
        acceptance.ring_accepter(draft)
    else:
        draft.say("The caller's own line reached nobody")


def part(draft: Draft, leg: Attempt) -> None:
    """Who has the page is on a leg that cannot come to the caller: it ends, and the caller's own leg dials them."""
    draft.page = replace(draft.page, accepted_attempt=None, apart=leg.number)
    draft.say(
        f"{draft.name(draft.page.accepted_by)} is on a line of the second provider, which cannot be connected with the"
        " caller's: it ends, and the caller's own line dials them"
    )


def apart_leg_ended(draft: Draft, leg: Attempt) -> None:
    """Their phone is free: the caller's own leg may dial it now; or, where the caller has left, they are rung."""
    if leg.over:
        return
    draft.mark(leg, leg.state, leg.why, over=True)
    draft.say(f"{draft.name(draft.page.accepted_by)} is not on that line any more")
    if draft.page.caller is CallerPresence.HOLDING:
        draft.effects.append(BridgeCaller())
    else:
        _ring_if_free(draft)


def to_dial(page: Page, now: Instant) -> Attempt | None:
    """The attempt whose address the caller's own leg is to dial now, since who has the page can be reached so alone."""
    if page.state is not PageState.ACCEPTED or page.apart is None:
        return None
    leg = page.attempts[page.apart - 1]
    return leg if leg.over or now >= leg.at + FREE_AFTER else None


def caller_joined(draft: Draft, event: CallerJoined) -> None:
    """The caller is in the conference, or was, when the news comes after the end of the call."""
    if draft.page.caller_room == event.room:
        return
    if draft.page.caller is CallerPresence.GONE:
        if event.gone:
            _was_there(draft, event.room)
            return
        still_there(draft)
    if draft.page.caller is CallerPresence.GONE or draft.page.state is PageState.BRIDGED:
        return
    draft.page = replace(draft.page, caller_room=event.room, put_through=False)
    draft.say("The caller is in the conference")
    if draft.page.state is PageState.ACCEPTED and draft.page.accepted_attempt is not None:
        _meet(draft)
    else:
        return_caller(draft)


def clinician_joined(draft: Draft, room: str) -> None:
    """Who has the page is in the conference, on the leg on which they pressed 1.

    Without such a leg this is nothing: what merely picked up may be a voicemail, and a patient who is left with one
    would count as reached.
    """
    page = draft.page
    if page.state is not PageState.ACCEPTED or page.accepted_attempt is None or page.clinician_room == room:
        return
    draft.page = replace(page, clinician_room=room)
    draft.say(f"{draft.name(page.accepted_by)} is in the conference")
    _meet(draft)


def clinician_left(draft: Draft, room: str) -> None:
    """The talk is over. Who comes out of a room in which nobody was is being moved, or is gone, as their leg tells."""
    page = draft.page
    if page.state is PageState.BRIDGED and page.accepted_attempt is not None and page.clinician_room == room:
        close(draft, f"{draft.name(page.accepted_by)} and the patient have talked")


def leg_ended(draft: Draft) -> None:
    """The clinician's leg ended: after a conversation the page is done; before it they still have the page.

    A caller who holds meanwhile does not wait for the page to be opened again: out of the conference, where nobody
    would come, and the clinician is rung back at once.
    """
    page = draft.page
    if page.state is PageState.BRIDGED:
        close(draft, f"{draft.name(page.accepted_by)} and the patient have talked")
    if page.state is not PageState.ACCEPTED:
        return
    draft.page = replace(page, accepted_attempt=None, caller_room="", clinician_room="")
    draft.say(f"{draft.name(page.accepted_by)} is not on the line any more")
    if page.caller is CallerPresence.HOLDING:
        return_caller(draft)
        acceptance.ring_accepter(draft)


def not_met(draft: Draft) -> None:
    """One of them has been in the conference for long enough without the other."""
    page = draft.page
    if page.caller_room and page.accepted_attempt is not None:
        draft.say(f"The caller is in the conference and {draft.name(page.accepted_by)} is not")
        draft.effects.append(CancelCall(page.accepted_attempt))
        leg_ended(draft)
    else:
        draft.say(f"{draft.name(page.accepted_by)} is in the conference and the caller is not")
        draft.effects.append(BridgeCaller())
        draft.page = replace(page, meet_by=draft.now + MEET_WITHIN)


def return_caller(draft: Draft) -> None:
    """Out of the conference, if that is where they are; a leg that dials by itself is left alone."""
    page = draft.page
    if page.caller is CallerPresence.HOLDING and not page.put_through:
        draft.effects.append(ReturnCaller())
        draft.say("The caller is brought back to the hold loop")


def close(draft: Draft, why: str) -> None:
    """The page is done: nothing is awaited, nobody is rung about it any more, and nobody is left alone in its room."""
    if draft.page.state is PageState.RESOLVED:
        return
    draft.say(f"Resolved: {why}")
    keep, maybe_in_room = draft.page.accepted_by, is_maybe_in_room(draft.page)
    draft.page = replace(draft.page, state=PageState.RESOLVED, due=None, step_until=None, apart=None)
    acceptance.stand_down(draft, "the page is resolved", keep)
    if maybe_in_room:
        return_caller(draft)


def note(draft: Draft, event: Noted) -> None:
    """Keep how it went. Nothing where nobody has the page, since there is nobody to know."""
    page = draft.page
    if page.accepted_by is None or (page.note, page.noted_on) == (event.note, event.on):
        return
    draft.page = replace(page, note=event.note, noted_on=event.on)
    draft.say(f"{draft.name(page.accepted_by)} notes: {event.note}")
    if event.note is Note.REACHED:
        close(draft, "the patient was reached")
    elif event.note is Note.EMERGENCY:
        close(draft, "the patient was sent to emergency")


def is_maybe_in_room(page: Page) -> bool:
    """Whether the caller may be in the conference, or on the way to it, and not in a talk, whose end tells itself."""
    return page.state is not PageState.BRIDGED and (page.accepted_attempt is not None or bool(page.caller_room))


def is_to_be_moved(page: Page) -> bool:
    """Whether the caller's leg should be taken to its next hold turn: asked when an order to do so is carried out.

    The order may be late, or the second of two: by then the caller may have come there by the loop, and talk.
    """
    if page.caller is CallerPresence.GONE:
        return False
    match page.state:
        case PageState.BRIDGED:
            return False
        case PageState.ACCEPTED if page.accepted_attempt is not None:
            return not page.caller_room
        case _:
            return not page.put_through


def _is_back(draft: Draft, words: str) -> None:
    """The caller is on the line, and in no room. A talk that they had left is over: its room ended with them.

    A clinician who went into the conference meanwhile, when nobody was to come, is from now on waiting there.
    """
    page = draft.page
    draft.page = replace(page, caller=CallerPresence.HOLDING, caller_room="")
    if page.state is PageState.ACCEPTED and page.clinician_room:
        draft.page = replace(draft.page, meet_by=draft.now + MEET_WITHIN)
    draft.say(words)
    if page.state is PageState.BRIDGED:
        # The time in which the patient must be reached begins anew: with the first one it may be over already.
        draft.page = replace(draft.page, state=PageState.ACCEPTED, accepted_at=draft.now, clinician_room="", due=None)


def _fetch(draft: Draft) -> None:
    leg = draft.attempt(draft.page.accepted_attempt)
    if leg is not None and leg.apart:
        part(draft, leg)
    elif leg is not None:
        draft.effects.append(FetchClinician(leg.number))
    apart = draft.attempt(draft.page.apart)
    if apart is not None and not apart.over:
        draft.effects.append(CancelCall(apart.number))


def _ring_if_free(draft: Draft) -> None:
    """The caller is not there to dial who has the page: they are rung as soon as their phone is free."""
    if draft.page.apart is not None and to_dial(draft.page, draft.now) is not None:
        draft.page = replace(draft.page, apart=None)
        acceptance.ring_accepter(draft)


def _was_there(draft: Draft, room: str) -> None:
    if draft.page.state is PageState.ACCEPTED and draft.page.accepted_attempt is not None:
        draft.page = replace(draft.page, caller_room=room)
        draft.say("The caller had been in the conference")
        _meet(draft)


def _meet(draft: Draft) -> None:
    page = draft.page
    if page.caller_room != page.clinician_room:
        draft.page = replace(page, meet_by=draft.now + MEET_WITHIN)
        return
    gone = page.caller is CallerPresence.GONE
    draft.page = replace(page, state=PageState.BRIDGED, due=draft.now + draft.policy.reopen_after if gone else None)
    draft.say(f"{draft.name(page.accepted_by)} and the patient are connected")
