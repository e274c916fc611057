"""The state machine of a page: what an event makes of it, what is to be done, and why.

Pure and total: the same page, event and time give the same answer, every event has one in every state, and one that
comes late, twice, out of order, or for an attempt that the page does not have, changes nothing and raises nothing.
"""

from dataclasses import replace

from whenever import Instant, TimeDelta

from escalation import acceptance, attempts, last_resort, paging, presence
from escalation.draft import LAST_RESORT_TRIES, Draft
from escalation.effects import Advance
from escalation.events import (
    Accepted,
    Answered,
    CallBackAsked,
    CallerJoined,
    CallerLeft,
    CallerReturned,
    CallMe,
    ClinicianJoined,
    ClinicianLeft,
    Declined,
    Delivered,
    DialledIn,
    DialledInVain,
    Doubled,
    Due,
    Event,
    Failed,
    Freed,
    HandedOver,
    MessageLeft,
    Missed,
    Noted,
    Opened,
    PatientReached,
    Placed,
    PutOff,
    PutThrough,
    Resolved,
    Ringing,
    StillThere,
)
from escalation.page import Page, PageState
from escalation.policy import Escalation, Policy

Movement = (
    CallerLeft
    | CallBackAsked
    | StillThere
    | PutThrough
    | DialledInVain
    | CallerReturned
    | CallerJoined
    | ClinicianJoined
    | ClinicianLeft
    | Freed
)
"""Who is on the line, and where."""


def advance(escalation: Escalation, page: Page, event: Event, now: Instant) -> Advance:
    """What `event` at `now` makes of `page`. KeyError: the escalation lacks the page's policy, or what that names."""
    draft = Draft(escalation, page, now)
    match event:
        case Opened():
            _open(draft)
        case Due():
            _due(draft)
        case HandedOver() | Placed() | Ringing() | Answered() | Delivered():
            attempts.progress(draft, event)
        case Missed() | Failed() | Doubled():
            attempts.ended(draft, event)
        case Accepted() | Declined() | PutOff() | DialledIn() | CallMe():
            acceptance.answered(draft, event)
        case Resolved(by, reason):
            presence.close(draft, f"by {draft.name(by)}: {reason}")
        case PatientReached():
            presence.close(draft, "the patient was reached")
        case Noted():
            presence.note(draft, event)
        case MessageLeft():
            _message(draft)
        case _:
            _move(draft, event)
    last_resort.look_after(draft)
    return draft.finish()


def longest(policy: Policy) -> TimeDelta:
    """The longest that a page can go unanswered before it comes to its last resort: every step of every round.

    Counted from `Opened`, when each wake-up comes at the page's `due`. Nothing prolongs it: a step's time is fixed when
    it begins, and what fails or is passed on only shortens it. But for quiet hours, where the policy is not urgent.
    """
    return sum((step.wait for step in policy.steps), TimeDelta.ZERO) * policy.rounds


def longest_last_resort(policy: Policy) -> TimeDelta:
    """The longest that the last resort is tried before the operators are alerted for the last time.

    Counted from `LAST_RESORT` with a caller who does not leave and come back meanwhile, and with nobody who asked to be
    rung later: they are waited for, after the last alert.
    """
    return last_resort.pass_length(policy) * LAST_RESORT_TRIES


def _open(draft: Draft) -> None:
    if draft.page.state is PageState.PAGING and draft.page.step_until is None:
        paging.next_step(draft)


def _due(draft: Draft) -> None:
    """A wake-up that comes early, or twice, does nothing."""
    page = draft.page
    if page.due is None or draft.now < page.due:
        return
    match page.state:
        case PageState.PAGING:
            paging.due(draft)
        case PageState.ACCEPTED:
            acceptance.due(draft)
        case PageState.LAST_RESORT:
            last_resort.due(draft)
        case PageState.BRIDGED:
            presence.close(draft, "the patient has talked to the clinician and left")
        case PageState.RESOLVED:
            pass


def _message(draft: Draft) -> None:
    if not draft.page.message_left:
        draft.page = replace(draft.page, message_left=True)
        draft.say("The caller has left a message")


def _move(draft: Draft, event: Movement) -> None:
    match event:
        case Freed(member):
            paging.freed(draft, member)
        case CallerLeft():
            presence.caller_left(draft)
        case CallBackAsked():
            presence.call_back_asked(draft)
        case StillThere():
            presence.still_there(draft)
        case PutThrough():
            presence.put_through(draft)
        case DialledInVain():
            presence.dialled_in_vain(draft)
        case CallerReturned():
            presence.caller_returned(draft)
        case _:
            _meet(draft, event)


def _meet(draft: Draft, event: CallerJoined | ClinicianJoined | ClinicianLeft) -> None:
    match event:
        case CallerJoined():
            presence.caller_joined(draft, event)
        case ClinicianJoined(room):
            presence.clinician_joined(draft, room)
        case ClinicianLeft(room):
            presence.clinician_left(draft, room)
