"""What must hold, as code: the promises of DESIGN section 1 as they bear on a page, and what section 5 says of it.

Each is one function, named after what it promises, with that as its text; it raises BrokenError when it does not hold.
Those here and in `promises_attempts` are asked at every transaction, those in `endings` of how long a page is where,
and when nothing more can happen.
"""

from typing import Final

from whenever import TimeDelta, seconds

from escalation.effects import AlertOperators
from escalation.events import Accepted, Due
from escalation.page import Page, PageState
from simulation.moment import BrokenError, Moment

QUIET_AT_MOST: Final = TimeDelta(hours=8)
"""How long anybody's quiet hours are in `simulation.practice`."""
_HAS_IT: Final = frozenset({PageState.ACCEPTED, PageState.BRIDGED})


def no_event_is_without_an_answer(at: Moment) -> None:
    """Every event has an answer in every state: a new version with its reasons, or the very page that was given."""
    if at.page is at.before:
        if at.result.effects or at.result.trail:
            raise BrokenError(no_event_is_without_an_answer, "something is to be done about a page that did not change")
    elif at.page.version != at.before.version + 1 or not (at.result.trail or at.is_rescheduled):
        raise BrokenError(no_event_is_without_an_answer, f"version {at.page.version} after {at.before.version}")


def a_voicemail_is_never_a_person(at: Moment) -> None:
    """Only a key pressed, an SMS reply, the page link or an operator accepts, and somebody must really have done it."""
    page, before = at.page, at.before
    if page.state not in _HAS_IT or (before.accepted_by is not None and before.accepted_at == page.accepted_at):
        return
    if before.state is PageState.BRIDGED and before.accepted_by == page.accepted_by:
        return  # whoever talked to the caller already
    event = at.event
    acts = at.world.acts.get(page.id, ())
    if not isinstance(event, Accepted) or not any(
        (act.member, act.by, act.attempt) == (page.accepted_by, event.by.value, event.attempt) for act in acts
    ):
        raise BrokenError(a_voicemail_is_never_a_person, f"{event} with nobody there")


def a_leg_is_a_persons(at: Moment) -> None:
    """Caller and clinician are only ever brought together on a leg on which somebody really pressed 1."""
    leg = at.page.accepted_attempt
    if leg is None or leg == at.before.accepted_attempt:
        return
    if not any(act.attempt == leg and act.by == "key" for act in at.world.acts.get(at.page.id, ())):
        raise BrokenError(a_leg_is_a_persons, f"attempt {leg} is the clinician's leg")


def one_owner_at_a_time(at: Moment) -> None:
    """Of two who accept, the first has the page until it is opened again; a resolved page stays resolved."""
    page, before = at.page, at.before
    # Of a resolved page, only what is told of its last texts may still be noted.
    same = (page.state, page.accepted_by) == (PageState.RESOLVED, before.accepted_by)
    if before.state is PageState.RESOLVED and not same:
        raise BrokenError(one_owner_at_a_time, f"{at.event} on a resolved page")
    if before.accepted_by is not None and page.accepted_by not in {before.accepted_by, None}:
        raise BrokenError(one_owner_at_a_time, f"{page.accepted_by} has what {before.accepted_by} had")
    if page.accepted_by is None and page.state in _HAS_IT:
        raise BrokenError(one_owner_at_a_time, f"{page.state}, and nobody has it")


def nothing_happens_early(at: Moment) -> None:
    """A wake-up that comes before the page is due does nothing."""
    early = at.before.due is None or at.clock < at.before.due
    if isinstance(at.event, Due) and early and at.page is not at.before and not at.is_rescheduled:
        raise BrokenError(nothing_happens_early, f"at {at.clock} of a page that is due at {at.before.due}")


def a_wake_up_is_not_its_own_successor(at: Moment) -> None:
    """A wake-up that is due moves the page on: the next one is later, or there is none."""
    before, after = at.before.due, at.page.due
    was_due = isinstance(at.event, Due) and before is not None and at.clock >= before
    if was_due and after is not None and after <= at.clock:
        raise BrokenError(a_wake_up_is_not_its_own_successor, f"at {at.clock}, due at {after}")


def somebody_is_always_awaited(at: Moment) -> None:
    """A page that nobody has reached the patient for has its next wake-up, no later than its step or time allows."""
    # A step that began by another plan than the present one has the time that it had then.
    page, policies = at.page, [policy for plan in at.world.plans for policy in plan.policies.values()]
    if page.state is PageState.PAGING:
        wait = max(step.wait for policy in policies for step in policy.steps) if not page.is_waiting else QUIET_AT_MOST
    elif page.state is PageState.ACCEPTED:
        wait = max(policy.reopen_after for policy in policies)
    else:
        return
    if page.due is None:
        raise BrokenError(somebody_is_always_awaited, f"{page.state} and no wake-up")
    given = at.before.due if page.due == at.before.due else None
    latest = max(at.clock, page.accepted_at or at.clock) + wait + seconds(at.world.delayed)  # with clocks that jumped
    if given is None and page.due > latest:
        raise BrokenError(somebody_is_always_awaited, f"{page.state}, and due only at {page.due}")


def the_operators_have_the_last_word(at: Moment) -> None:
    """When nothing more is tried, the operators are alerted in the same transaction."""
    alerted = any(isinstance(effect, AlertOperators) for effect in at.result.effects)
    if _is_at_its_end(at.page) and not _is_at_its_end(at.before) and not alerted:
        raise BrokenError(the_operators_have_the_last_word, "no alert")


def _is_at_its_end(page: Page) -> bool:
    return page.state is PageState.LAST_RESORT and page.due is None


ALWAYS: Final = (
    no_event_is_without_an_answer,
    a_wake_up_is_not_its_own_successor,
)
"""Asked whether the page changed or not."""
WHEN_CHANGED: Final = (
    a_voicemail_is_never_a_person,
    a_leg_is_a_persons,
    one_owner_at_a_time,
    nothing_happens_early,
    somebody_is_always_awaited,
    the_operators_have_the_last_word,
)
