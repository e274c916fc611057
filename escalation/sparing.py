"""Who is not to be disturbed by a page just now: on the telephone, rung often enough, or in their quiet hours.

None of it may lose a page. Who is on the telephone or was rung too often is left out of an urgent page only while
somebody else can be called about it. Quiet hours do not count for urgent pages at all; another one goes to those who
have none now, and where everybody has, it waits until the first of them end.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from whenever import Instant, TimeDelta

from escalation import steps
from escalation.draft import Draft
from escalation.effects import Advance, PlaceCall
from escalation.oncall import targets
from escalation.page import Page, PageState, Purpose
from escalation.policy import Escalation, Means, PolicyStep
from escalation.roster import Roster
from escalation.wallclock import DAY, exact, occurrences, reading

WAITS_AT_MOST: Final = TimeDelta(hours=24)
"""After this quiet hours do not count for a page: where somebody's begin as others' end, it would wait for ever."""
LOOKS_AFTER: Final = TimeDelta(hours=1)
"""How long a page waits before it is asked anew who is on call: a handoff or an override may bring somebody."""


def matters(before: Page, after: Advance) -> bool:
    """Whether it matters to what an event made of a page who else is on the telephone: they are asked for only then.

    Somebody would be rung, or the page would leave its step, though who is in it may be about to hang up.
    """
    page = after.page
    leaves = (before.step, before.round, before.state) != (page.step, page.round, page.state)
    goes_on = before.state is PageState.PAGING and page.state in {PageState.PAGING, PageState.LAST_RESORT}
    return (leaves and goes_on) or any(isinstance(effect, PlaceCall) for effect in after.effects)


def is_spared(draft: Draft, member: str) -> bool:
    """Whether they are not called about this page now.

    Where nobody else can be called about an urgent one, they are all the same: they may be about to hang up, and what
    is known of other pages may be wrong.
    """
    if is_quiet(draft, member):
        return True
    if not _is_busy(draft, member):
        return False
    if not draft.policy.urgent and member not in draft.escalation.engaged:
        return True
    return any(_is_free(draft, other) for other in _to_be_called(draft))


def is_quiet(draft: Draft, member: str) -> bool:
    """Whether they have quiet hours that count for this page, which has not waited for a day yet."""
    waits = not draft.policy.urgent and draft.now < draft.page.opened_at + WAITS_AT_MOST
    return waits and quiet_until(draft.escalation.roster, member, draft.now) is not None


def waits_until(draft: Draft) -> Instant | None:
    """When the first quiet hours end of those whom all steps ahead page; None where somebody has none.

    Who they are is asked as of now: it is to be asked again before then (`LOOKS_AFTER`).
    """
    if draft.policy.urgent or draft.now >= draft.page.opened_at + WAITS_AT_MOST:
        return None
    ahead = [draft.policy.steps[index] for index in dict.fromkeys(index for _, index in steps.ahead(draft))]
    return all_quiet_until(draft.escalation, ahead, draft.now, draft.page.passed)


def all_quiet_until(
    escalation: Escalation, ahead: Sequence[PolicyStep], instant: Instant, passed: AbstractSet[str] = frozenset()
) -> Instant | None:
    """When the first quiet hours end of those whom the steps page at the instant; None where somebody has none then."""
    paged = [member for step in ahead for member in targets(escalation, step, instant) if member not in passed]
    ends = [quiet_until(escalation.roster, member, instant) for member in paged]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def quiet_until(roster: Roster, member: str, instant: Instant) -> Instant | None:
    """When the quiet hours end that the member has at the instant; None where they have none then.

    Windows that touch are one. What would have no end is over after a week: a page is not held for ever.
    """
    person = roster.members.get(member)
    if person is None or not person.quiet:
        return None
    wall = reading(instant, roster.zone)
    spans = sorted(
        (exact(begins, roster.zone), exact(ends, roster.zone))
        for window in person.quiet
        for begins, ends in occurrences(window, wall, wall + 7 * DAY)
    )
    until = instant
    for begins, ends in spans:
        if begins <= until < ends:
            until = ends
    return until if until > instant else None


def _is_free(draft: Draft, member: str) -> bool:
    return not _is_busy(draft, member) and not draft.is_put_off(member) and not is_quiet(draft, member)


def _is_busy(draft: Draft, member: str) -> bool:
    return member in draft.escalation.engaged or member in draft.page.passed or _is_rung_enough(draft, member)


def _is_rung_enough(draft: Draft, member: str) -> bool:
    """Whether they were rung as often as anybody is. About an urgent page, they are called once in any case."""
    limit = draft.escalation.ring_limit
    if limit is None or draft.escalation.rung.get(member, 0) < limit.most:
        return False
    return not draft.policy.urgent or any(
        attempt.is_final and (attempt.member, attempt.means, attempt.purpose) == (member, Means.CALL, Purpose.PAGE)
        for attempt in draft.page.attempts
    )


def _to_be_called(draft: Draft) -> Iterator[str]:
    """Who has a number that the present step has not called yet, and whom the steps that follow it call."""
    members = draft.escalation.roster.members
    called = {attempt.address for attempt in draft.page.attempts if steps.is_call_of_present(draft, attempt)}
    if Means.CALL in steps.present(draft).by:
        yield from (member for member in steps.people(draft) if not called.issuperset(members[member].voice))
    for _, index in steps.ahead(draft):
        if Means.CALL in draft.policy.steps[index].by:
            yield from (one for one in draft.targets(index, draft.now) if members[one].voice)
