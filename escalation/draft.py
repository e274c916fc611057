"""A page while it is being advanced: what it becomes, what is to be done, and why."""

from collections.abc import Iterator
from dataclasses import replace

from whenever import Instant, TimeDelta

from escalation.effects import Advance, CancelCall, Effect, PlaceCall, SendSms, SmsKind
from escalation.oncall import name_of, targets
from escalation.page import Attempt, AttemptState, CallerPresence, Page, PageState, Purpose
from escalation.policy import Escalation, Means, Policy
from escalation.roster import Member

RETRY_AFTER = TimeDelta(seconds=10)
"""How long after Twilio itself failed the same address is tried once more."""


class Draft:
    """The working copy. KeyError on construction: the escalation has no policy of the page's name."""

    __slots__ = ("_targets", "effects", "escalation", "given", "now", "page", "policy", "trail")

    def __init__(self, escalation: Escalation, page: Page, now: Instant) -> None:
        self.escalation = escalation
        self.policy: Policy = escalation.policies[page.policy]
        self.given = page
        self.page = page
        self.now = now
        self.effects: list[Effect] = []
        self.trail: list[str] = []
        self._targets: dict[tuple[int, Instant], tuple[str, ...]] = {}

    def targets(self, step: int, at: Instant) -> tuple[str, ...]:
        """Whom the policy's step pages at the instant. One event asks it several times, and it has one answer."""
        known = self._targets.get((step, at))
        if known is None:
            known = self._targets[step, at] = targets(self.escalation, self.policy.steps[step], at)
        return known

    def finish(self) -> Advance:
        """The advance. A page that did not change is the very object given, with nothing to do and nothing to say."""
        meet_by = self._meet_by()
        if meet_by != self.page.meet_by:  # a copy of a page is a third of what an event costs
            self.page = replace(self.page, meet_by=meet_by)
        due = self._due()
        page = self.page if due == self.page.due else replace(self.page, due=due)
        if page == self.given:
            return Advance(self.given)
        return Advance(replace(page, version=self.given.version + 1), tuple(self.effects), tuple(self.trail))

    def say(self, sentence: str) -> None:
        """Add to the trail."""
        self.trail.append(sentence[:1].upper() + sentence[1:])

    def member(self, member: str | None) -> Member | None:
        """The member of this id, None when not among the staff."""
        return None if member is None else self.escalation.roster.members.get(member)

    def name(self, member: str | None) -> str:
        """What the trail calls the member; the empty id is the last resort's."""
        return name_of(self.escalation.roster, member) if member else "the last resort"

    def attempt(self, number: int | None) -> Attempt | None:
        """The attempt of this number, None when the page has none."""
        if number is None or not 1 <= number <= len(self.page.attempts):
            return None
        return self.page.attempts[number - 1]

    def live(self, means: Means | None = None, purpose: Purpose | None = None) -> Iterator[Attempt]:
        """The attempts of which something can still come (of these means, for this purpose)."""
        for attempt in self.page.attempts:
            if (means in {None, attempt.means}) and (purpose in {None, attempt.purpose}) and not attempt.is_final:
                yield attempt

    def is_ringing(self, addresses: tuple[str, ...]) -> bool:
        """Whether a call to one of these is on its way, ringing or being screened."""
        live = self.live(Means.CALL)
        return any(attempt.address in addresses and not attempt.is_to_come(self.now) for attempt in live)

    def is_put_off(self, member: str) -> bool:
        """Whether the member could not talk, and is to be rung again later."""
        return any(attempt.member == member and attempt.is_to_come(self.now) for attempt in self.live(Means.CALL))

    def receive(self, member: str, address: str, purpose: Purpose) -> None:
        """Store a call that came from somebody as an attempt that was picked up: there is nothing to carry out."""
        page, number = self.page, len(self.page.attempts) + 1
        attempt = Attempt(
            number, member, Means.CALL, address, page.step, page.round, AttemptState.ANSWERED, self.now, purpose
        )
        self.page = replace(page, attempts=(*page.attempts, attempt))

    def intend(
        self, member: str, means: Means, address: str, purpose: Purpose, *, later: TimeDelta | None = None
    ) -> None:
        """Store a new attempt and have it carried out, now or so much later."""
        page = self.page
        number = len(page.attempts) + 1
        counted = page.round
        if purpose is Purpose.LAST_RESORT:
            counted = last_resort_round(page)
        attempt = Attempt(number, member, means, address, page.step, counted, AttemptState.INTENDED, self.now, purpose)
        if later is not None:
            attempt = replace(attempt, at=self.now + later, later=True)
        self.page = replace(page, attempts=(*page.attempts, attempt))
        if means is Means.CALL:
            self.effects.append(PlaceCall(number))
        else:
            self.effects.append(SendSms(number, SmsKind.TAKEN if purpose is Purpose.TAKEN else SmsKind.PAGE))

    def mark(
        self, attempt: Attempt, state: AttemptState, why: str = "", *, platform: bool = False, over: bool = False
    ) -> None:
        """Change the stored attempt."""
        changed = replace(attempt, state=state, at=self.now, why=why, platform=platform, over=over)
        before, after = self.page.attempts[: attempt.number - 1], self.page.attempts[attempt.number :]
        self.page = replace(self.page, attempts=(*before, changed, *after))

    def end(self, attempt: Attempt, state: AttemptState, why: str) -> None:
        """Change the stored attempt to a final state, hanging up if it is a call."""
        self.mark(attempt, state, why)
        if attempt.means is Means.CALL:
            self.effects.append(CancelCall(attempt.number))

    def retries(self) -> list[Attempt]:
        """The attempts that failed because Twilio did, and that are to be tried once more; each address once a step."""
        page = self.page
        if page.is_waiting and page.state is PageState.PAGING:
            return []
        if page.state is PageState.PAGING:
            here = [a for a in page.attempts if a.purpose is Purpose.PAGE and in_step(page, a)]
            return [a for a in here if a.platform and a.member not in page.passed and self._is_first(a, here)]
        if page.state is PageState.ACCEPTED and page.accepted_attempt is None:
            here = [a for a in page.attempts if a.purpose is Purpose.BRIDGE and in_step(page, a)]
            return [a for a in here[-1:] if a.platform and a.member == page.accepted_by and self._is_first(a, here)]
        return []

    def _is_first(self, attempt: Attempt, others: list[Attempt]) -> bool:
        """Whether it is the only one of its address in the step, and nothing else is ringing there, or is to later."""
        if attempt.means is Means.CALL and self.is_put_off(attempt.member):
            return False
        same = [a for a in others if (a.means, a.address) == (attempt.means, attempt.address)]
        return len(same) == 1 and not (attempt.means is Means.CALL and self.is_ringing((attempt.address,)))

    def _due(self) -> Instant | None:
        """When the page next needs a wake-up: in PAGING and ACCEPTED it follows from the rest of the page."""
        page = self.page
        limit = page.step_until if page.state is PageState.PAGING else reopens_at(page, self.policy)
        if page.state not in {PageState.PAGING, PageState.ACCEPTED} or limit is None:
            return page.due
        meet = [page.meet_by] if page.meet_by is not None else []
        return min([limit, *meet, *(attempt.at + RETRY_AFTER for attempt in self.retries())])

    def _meet_by(self) -> Instant | None:
        """Only who has a leg on both sides can be expected to meet."""
        page = self.page
        held = page.state is PageState.ACCEPTED and page.caller is CallerPresence.HOLDING
        return page.meet_by if held and page.accepted_attempt is not None else None


def in_step(page: Page, attempt: Attempt) -> bool:
    """Whether the attempt belongs to the page's present step."""
    return (attempt.step, attempt.round) == (page.step, page.round)


def reopens_at(page: Page, policy: Policy) -> Instant | None:
    """When an accepted page is opened again, unless the patient was reached."""
    return None if page.accepted_at is None else page.accepted_at + policy.reopen_after


LAST_RESORT_TRIES = 5
"""How often the last resort is tried before the operators have the last word."""


def last_resort_round(page: Page) -> int:
    """The `round` of the attempts of the present try of the last resort: unique over reopenings."""
    return page.reopened * LAST_RESORT_TRIES + page.last_resort_tries
