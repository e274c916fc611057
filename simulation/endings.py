"""What must hold of how long a page is in each of its states, and of how it ends; see `simulation.promises`."""

from dataclasses import dataclass
from typing import Final

from whenever import Instant, TimeDelta

from escalation.advance import longest, longest_last_resort
from escalation.effects import Advance
from escalation.events import CallerLeft, CallerReturned, Event, PutOff
from escalation.last_resort import pass_length
from escalation.page import Page, PageState
from escalation.policy import Policy
from simulation.moment import BrokenError, Moment
from simulation.promises import ALWAYS, QUIET_AT_MOST, WHEN_CHANGED
from simulation.promises_attempts import OF_ATTEMPTS
from simulation.store import Row
from simulation.world import World

PROMPTNESS: Final = 1.0
"""Seconds by which a worker that lives may be late for a wake-up."""
SCREENED: Final = TimeDelta(minutes=1)
"""How much longer than it rings a call may take, at which a key would have been pressed."""
MOST_CALLS: Final = 5
"""How often Twilio may have been asked to place one attempt's call."""


@dataclass(slots=True)
class Stay:
    """A page in one state. `since`: virtual seconds. `wakes`, `moves`: transactions and comings and goings in it."""

    state: PageState
    since: float
    delayed: float
    wakes: int = 0
    moves: int = 0
    put_off: int = 0
    """How often somebody asked to be rung later, on this page so far."""


class Watch:
    """Looks at every transaction of a world, and at how each page ends."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stays: dict[str, Stay] = {}

    def looks(self, row: Row, before: Page, event: Event, result: Advance, clock: Instant) -> None:
        """Raises BrokenError. A transaction that will lose its race must hold to the promises as well."""
        at = Moment(self.world, row, before, event, result, clock)
        for promise in ALWAYS:
            promise(at)
        if result.page is before:
            return
        for promise in (*WHEN_CHANGED, *OF_ATTEMPTS):
            promise(at)
        if row.page is before:
            self._stay(at)

    def _stay(self, at: Moment) -> None:
        page = at.page
        stay = self._stays.get(page.id)
        if stay is None:
            stay = self._stays[page.id] = Stay(page.state, self.world.now, self.world.delayed)
        stay.wakes += 1
        if isinstance(at.event, CallerLeft | CallerReturned):
            stay.moves += 1
        stay.put_off += isinstance(at.event, PutOff)
        over = page.due is None and stay.state is PageState.LAST_RESORT and at.before.due is not None
        again = page.reopened != at.before.reopened or page.accepted_at != at.before.accepted_at
        begun = at.before.due is None and page.due is not None
        if page.state is stay.state and not over and not again and not begun:
            return
        if not (stay.state is PageState.LAST_RESORT and at.before.due is None):
            no_silent_page(self.world, stay)
        self._stays[page.id] = Stay(page.state, self.world.now, self.world.delayed, put_off=stay.put_off)

    def ends(self, row: Row) -> str:
        """How the page ended, in a word or two. Raises BrokenError."""
        every_page_has_an_end(row)
        every_attempt_has_an_end(row)
        nobody_is_rung_twice_for_one_attempt(row)
        page = row.page
        if page.state is PageState.RESOLVED:
            return "resolved"
        return "last resort, and the operators alerted"


def no_silent_page(world: World, stay: Stay) -> None:
    """A page is acknowledged by a person or reaches its last resort in bounded time, and so on from each of its states.

    By the policy's own figures, and as late as the faults that were injected can have made it.
    """
    # By how many plans the page went on, for as long as each allows.
    policies = {policy for plan in world.plans for policy in plan.policies.values()}
    bound = sum(_bound(policy, stay) for policy in policies)
    late = world.now - stay.since - bound - PROMPTNESS * (stay.wakes + 1) - world.delayed
    if late > 0:
        raise BrokenError(no_silent_page, f"{stay.state} for {world.now - stay.since:.0f} s of at most {bound:.0f} s")


def _bound(policy: Policy, stay: Stay) -> float:
    match stay.state:
        case PageState.PAGING:
            # Once through the night: no page of these practices lives to see the next one's quiet hours.
            return (longest(policy) + (TimeDelta() if policy.urgent else QUIET_AT_MOST)).total("seconds")
        case PageState.ACCEPTED:
            return policy.reopen_after.total("seconds")
        case PageState.LAST_RESORT:
            passes = longest_last_resort(policy) + pass_length(policy) * stay.moves
            asked = policy.ring_again_after + policy.ring_for + SCREENED
            return (passes + asked * stay.put_off).total("seconds")
        case PageState.BRIDGED | PageState.RESOLVED:
            return float("inf")  # people talk for as long as they like; that it ends is asked at the end


def every_page_has_an_end(row: Row) -> None:
    """No lost page: when nothing more can happen, it is resolved, or the operators were told that it could not be."""
    page = row.page
    exhausted = page.state is PageState.LAST_RESORT and page.due is None and row.alerted > 0
    if page.state is not PageState.RESOLVED and not exhausted:
        raise BrokenError(every_page_has_an_end, f"{page.state}, due {page.due}, {row.alerted} alerts")


def every_attempt_has_an_end(row: Row) -> None:
    """Every attempt has a final state, and it is stored as the page has it."""
    for attempt in row.page.attempts:
        if not attempt.is_final:
            raise BrokenError(every_attempt_has_an_end, f"attempt {attempt.number} is {attempt.state}")
        if row.deliveries[attempt.number].state is not attempt.state:
            raise BrokenError(every_attempt_has_an_end, f"attempt {attempt.number} is stored otherwise")


def nobody_is_rung_twice_for_one_attempt(row: Row) -> None:
    """Duplicates are few, and known: one call of an attempt counts, and what is told of another is not believed."""
    for number, calls in row.calls.items():
        if calls > MOST_CALLS:
            raise BrokenError(nobody_is_rung_twice_for_one_attempt, f"{calls} calls for attempt {number}")
