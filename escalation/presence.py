"""Who is on the line: the caller holds, leaves and comes back; the clinician joins and leaves."""

from dataclasses import replace

from escalation import acceptance, last_resort, paging
from escalation.draft import Draft
from escalation.page import BridgeCaller, CallerPresence, PageState

_WITH_CLINICIAN = frozenset({PageState.ACCEPTED, PageState.BRIDGED})


def caller_left(draft: Draft) -> None:
    """The page goes on without the caller: it is now about a call-back.

    A caller who leaves a conversation has been reached; the page closes when the clinician leaves too, or when the
    news of that does not come within the policy's `reopen_after`.
    """
    if draft.page.state is PageState.RESOLVED or draft.page.caller is CallerPresence.GONE:
        return
    draft.page = replace(draft.page, caller=CallerPresence.GONE, caller_joined=False)
    draft.say("The caller is not on the line any more")
    if draft.page.state is PageState.ACCEPTED and draft.page.accepted_attempt is not None:
        acceptance.connect(draft)
    elif draft.page.state is PageState.BRIDGED:
        draft.page = replace(draft.page, due=draft.now + draft.policy.reopen_after)
    elif draft.page.state is PageState.LAST_RESORT:
        last_resort.caller_left(draft)


def caller_returned(draft: Draft) -> None:
    """The caller holds again: nobody waits for a timer that was set while they were gone."""
    if draft.page.state is PageState.RESOLVED or draft.page.caller is CallerPresence.HOLDING:
        return
    draft.page = replace(draft.page, caller=CallerPresence.HOLDING)
    draft.say("The caller is back on the line")
    match draft.page.state:
        case PageState.PAGING:
            paging.next_step(draft)
        case PageState.ACCEPTED:
            acceptance.connect(draft)
        case PageState.LAST_RESORT:
            last_resort.caller_returned(draft)
        case PageState.BRIDGED:
            draft.page = replace(draft.page, due=None)
            draft.effects.append(BridgeCaller())


def caller_joined(draft: Draft) -> None:
    """The caller (or the patient called back) is in the conference."""
    if draft.page.state is PageState.RESOLVED or draft.page.caller_joined:
        return
    draft.page = replace(draft.page, caller=CallerPresence.HOLDING, caller_joined=True)
    draft.say("The caller is in the conference")
    _meet(draft)


def clinician_joined(draft: Draft) -> None:
    """Who has the page is in the conference, on the leg on which they pressed 1.

    Without such a leg this is nothing: what merely picked up may be a voicemail, and a patient who is left with one
    would count as reached.
    """
    page = draft.page
    if page.state is not PageState.ACCEPTED or page.accepted_attempt is None or page.clinician_joined:
        return
    draft.page = replace(page, clinician_joined=True)
    draft.say(f"{draft.name(page.accepted_by)} is in the conference")
    _meet(draft)


def clinician_left(draft: Draft) -> None:
    """The clinician's leg ended: after a conversation the page is done; before it they still have the page.

    A caller who holds meanwhile does not wait for the page to be opened again: the clinician is rung back at once.
    """
    page = draft.page
    if page.state not in _WITH_CLINICIAN or page.accepted_attempt is None:
        return
    draft.page = replace(page, clinician_joined=False, accepted_attempt=None)
    draft.say(f"{draft.name(page.accepted_by)} is not on the line any more")
    if page.state is PageState.BRIDGED:
        close(draft, f"{draft.name(page.accepted_by)} and the patient have talked")
    elif page.caller is CallerPresence.HOLDING:
        acceptance.ring_accepter(draft)


def close(draft: Draft, why: str) -> None:
    """The page is done: nothing is awaited, and nobody is rung about it any more."""
    if draft.page.state is PageState.RESOLVED:
        return
    draft.say(f"Resolved: {why}")
    keep = draft.page.accepted_by
    draft.page = replace(draft.page, state=PageState.RESOLVED, due=None, step_until=None)
    acceptance.stand_down(draft, "the page is resolved", keep)


def _meet(draft: Draft) -> None:
    page = draft.page
    if page.state is PageState.ACCEPTED and page.caller_joined and page.clinician_joined:
        draft.page = replace(page, state=PageState.BRIDGED, due=None)
        draft.say(f"{draft.name(page.accepted_by)} and the patient are connected")
