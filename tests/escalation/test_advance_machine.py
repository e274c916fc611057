"""Events in any order, repeated, late, and for attempts that the page does not have: what must hold all the same."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from whenever import Date, Instant, Time, TimeDelta, Weekday, minutes, seconds

from escalation.advance import advance, longest, longest_last_resort
from escalation.effects import BridgeCaller, CancelCall, OfferCallBack, PlaceCall, ReturnCaller, SendSms, TransferCaller
from escalation.events import (
    Accepted,
    AcceptedBy,
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
from escalation.page import AttemptState, CallerPresence, Note, Page, PageState, Purpose
from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Ring, RingLimit, Target, TargetKind
from escalation.roster import DailyWindow, Member, Roster, Rotation, Shift
from escalation.steps import ROUNDS_APART

START = Instant.from_utc(2026, 11, 21, 7)
DAILY = frozenset(Weekday)
QUIET_AT_MOST = TimeDelta(hours=5)
MEMBERS = (
    Member("chen", "Dr. Ana Chen", ("+16175550121",), "+16175550121", (DailyWindow(DAILY, Time(22), Time(3)),)),
    Member(
        "osei",
        "Dr. Kofi Osei",
        ("+16175550122", "+16175550132"),
        "+16175550122",
        (DailyWindow(DAILY, Time(2), Time(2, 10)), DailyWindow(DAILY, Time(2, 10), Time(2, 20))),
    ),
    Member("ruiz", "Nina Ruiz RN", ("+16175550132",), None),  # shares a phone with Dr. Osei
    Member("patel", "Dr. Mira Patel", (), "+16175550123"),
    Member("silent", "Sam Silent", (), None),
)
ROTATION = Rotation("all", ("osei", "ruiz", "chen"), Shift(days=1), Time(8), None, Date(2026, 1, 5))
ROSTER = Roster("America/New_York", {member.id: member for member in MEMBERS}, {"all": ROTATION}, {})
ROOMS = st.sampled_from(["CF1", "CF2"])
NAMES = st.sampled_from([*ROSTER.members, "", "stranger"])

targets = st.one_of(
    st.builds(Target, st.just(TargetKind.MEMBER), st.sampled_from(list(ROSTER.members))),
    st.just(Target(TargetKind.ROTATION, "all")),
)
steps = st.builds(
    PolicyStep,
    st.lists(targets, max_size=3).map(tuple),
    st.sampled_from([(Means.CALL,), (Means.SMS,), (Means.CALL, Means.SMS)]),
    st.sampled_from([seconds(5), seconds(20), seconds(60)]),
    st.sampled_from(Ring),
)
last_resorts = st.builds(
    LastResort,
    st.sampled_from([(), ("+18885550199",), ("+18885550198", "+16175550121")]),
    st.just("answering service"),
    st.booleans(),
    st.just(seconds(30)),
)
policies = st.builds(
    Policy, st.just("urgent"), st.lists(steps, max_size=3).map(tuple), st.integers(1, 3), st.just(seconds(25)),
    st.just(minutes(3)), st.just(minutes(20)), last_resorts, urgent=st.booleans(),
)  # fmt: skip


def as_urgent(policy):
    return replace(policy, urgent=True)


def page_of(caller=CallerPresence.HOLDING):
    return Page("p1", "maple", "urgent", "urgent", START, caller=caller)


class Pages(RuleBasedStateMachine):
    """A page, any events, and after each of them what must hold."""

    @initialize(policy=policies, caller=st.sampled_from(CallerPresence))
    def begin(self, policy, caller):
        self.policy = policy
        self.escalation = Escalation(ROSTER, {"urgent": policy})
        self.page, self.now, self.is_fetched, self.later = page_of(caller), START, False, set()
        self.send(Opened())

    def send(self, event):
        before, result = self.page, advance(self.escalation, self.page, event, self.now)
        assert result == advance(self.escalation, before, event, self.now), "the same answer every time"
        self.page = result.page
        self.is_fetched = any(isinstance(effect, ReturnCaller) for effect in result.effects) or (
            self.is_fetched and result.page.caller_room == before.caller_room
        )
        check_version(before, result)
        check_effects(before, result, self.now)
        check_attempts(before, self.page, event)
        check_states(before, self.page, event)
        again = advance(self.escalation, self.page, event, self.now.add(seconds=1))
        assert isinstance(event, Due) or again.page is self.page, "the same event twice is nothing"

    def some(self, data):
        """Most often an attempt that the page has, the latest above all."""
        count = len(self.page.attempts)
        return data.draw(st.one_of(st.just(count), st.integers(max(1, count - 4), max(1, count)), st.integers(-1, 40)))

    @rule(engaged=st.sets(st.sampled_from([*ROSTER.members]), max_size=2), talk=st.booleans())
    def others_are_on_the_telephone(self, engaged, talk):
        self.escalation = replace(
            self.escalation, engaged=frozenset(engaged), talking=frozenset(engaged) if talk else frozenset()
        )

    @rule(rung=st.dictionaries(st.sampled_from([*ROSTER.members]), st.integers(1, 4)))
    def others_rang(self, rung):
        self.escalation = replace(self.escalation, ring_limit=RingLimit(2, minutes(60)), rung=rung)

    @rule(passed=st.sampled_from([0, 1, 5, 10, 30, 1300]))
    def time_passes(self, passed):
        self.now = self.now.add(seconds=passed)

    @rule()
    def wakes_up(self):
        self.send(Due())

    @rule()
    def wakes_up_when_due(self):
        if self.page.due is not None:
            self.now = max(self.now, self.page.due)
            self.send(Due())
            assert self.page.due is None or self.page.due > self.now, "a wake-up is never its own successor"

    @rule(data=st.data(), kind=st.sampled_from([Placed, Ringing, Answered, Delivered]))
    def moves(self, data, kind):
        self.send(kind(self.some(data)))

    @rule(data=st.data(), twice=st.booleans())
    def is_handed_over(self, data, twice):
        number = self.some(data)
        attempts = self.page.attempts[max(0, number - 1) : number]
        # One that they asked for later is carried out when its time has come.
        if not any(attempt.is_to_come(self.now) for attempt in attempts):
            self.send(HandedOver(number, "no answer", twice))

    @rule()
    def the_leg_that_cannot_be_joined_ends(self):
        if self.page.apart is not None:
            self.send(Missed(self.page.apart, "the call is over"))

    @rule(data=st.data(), platform=st.booleans())
    def fails(self, data, platform):
        self.send(Failed(self.some(data), "refused", platform))

    @rule(data=st.data())
    def is_placed_twice(self, data):
        self.send(Doubled(self.some(data)))

    @rule(member=NAMES)
    def others_end_their_talk(self, member):
        self.send(Freed(member))

    @rule(data=st.data())
    def is_missed(self, data):
        self.send(Missed(self.some(data), "no key pressed"))

    @rule(data=st.data(), kind=st.sampled_from(AcceptedBy))
    def is_accepted(self, data, kind):
        number = self.some(data) if kind is AcceptedBy.KEY and data.draw(st.booleans()) else None
        attempt = None if number is None or not 1 <= number <= len(self.page.attempts) else number
        member = self.page.attempts[attempt - 1].member if attempt else data.draw(NAMES)
        self.send(Accepted(member, kind, number, apart=number is not None and data.draw(st.booleans())))

    @rule(data=st.data())
    def is_declined(self, data):
        number = data.draw(st.one_of(st.none(), st.just(self.some(data))))
        attempt = None if number is None or not 1 <= number <= len(self.page.attempts) else number
        member = self.page.attempts[attempt - 1].member if attempt else data.draw(NAMES)
        self.send(Declined(member, number))

    @rule(data=st.data())
    def is_put_off(self, data):
        before, number = len(self.page.attempts), self.some(data)
        self.send(PutOff(number))
        for later in self.page.attempts[before:]:
            if later.at > self.now:
                assert later.at == self.now + self.policy.ring_again_after
                self.later.add(later.number)

    @rule(member=NAMES)
    def asks_to_be_called(self, member):
        self.send(CallMe(member))

    @rule(member=st.sampled_from([*ROSTER.members]))
    def calls_in(self, member):
        before = len(self.page.attempts)
        address = next(iter(ROSTER.members[member].voice), "+16175550129")
        result = advance(self.escalation, self.page, DialledIn(member, address), self.now)
        if result.page is not self.page:
            check_effects(self.page, result, self.now)
            self.page = result.page
            self.later.add(before + 1)

    @rule(
        event=st.sampled_from(
            [
                CallerLeft(),
                CallerReturned(),
                CallBackAsked(),
                StillThere(),
                PutThrough(),
                DialledInVain(),
                MessageLeft(),
                Opened(),
            ]
        )
    )
    def caller_does(self, event):
        self.send(event)

    @rule(note=st.sampled_from(Note), on=st.sampled_from(["CA1", "CA2"]), luck=st.integers(0, 4))
    def notes(self, note, on, luck):
        if luck == 0 or note not in {Note.REACHED, Note.EMERGENCY}:
            self.send(Noted(note, on))

    @rule(room=ROOMS, gone=st.booleans())
    def caller_joins(self, room, gone):
        self.send(CallerJoined(room, gone))

    @rule(room=ROOMS, kind=st.sampled_from([ClinicianJoined, ClinicianLeft]))
    def clinician_does(self, room, kind):
        self.send(kind(room))

    @rule()
    def the_clinicians_leg_ends(self):
        if self.page.accepted_attempt is not None:
            self.send(Missed(self.page.accepted_attempt, "the call is over"))

    @rule(event=st.sampled_from([PatientReached(), Resolved("chen", "a duplicate")]), luck=st.integers(0, 4))
    def is_over(self, event, luck):
        if luck == 0:
            self.send(event)

    @invariant()
    def no_phone_is_rung_twice_at_once(self):
        live = [a for a in self.page.attempts if a.means is Means.CALL and not a.is_final]
        # Two people may share a phone, of whom one asked to be rung at this very time, or calls from it.
        rung = Counter(a.address for a in live if a.number not in self.later)
        assert all(count == 1 for count in rung.values()), rung
        assert max(Counter(a.member for a in live if a.number in self.later).values(), default=0) <= 1

    @invariant()
    def somebody_is_always_awaited(self):
        page = self.page
        if page.state is PageState.PAGING:
            longest_wait = QUIET_AT_MOST if page.is_waiting else self.policy.steps[page.step].wait
            assert page.due is not None
            assert not (page.is_waiting and self.policy.urgent)
            assert page.due <= page.step_until <= self.now + longest_wait
        elif page.state is PageState.ACCEPTED:
            assert page.due is not None
            assert page.due <= self.now + self.policy.reopen_after
        elif page.state is PageState.RESOLVED:
            assert page.due is None

    @invariant()
    def the_walk_is_bounded(self):
        page = self.page
        rounds = page.round - page.reopened * ROUNDS_APART
        assert 0 <= rounds < self.policy.rounds or page.state is not PageState.PAGING
        assert page.last_resort_tries <= 5

    @invariant()
    def what_is_under_way_is_awaited(self):
        live = [a for a in self.page.attempts if not a.is_final and a.purpose is not Purpose.TAKEN]
        assert self.page.due is not None or self.page.state is not PageState.LAST_RESORT or not live

    @invariant()
    def one_has_it_or_nobody(self):
        page = self.page
        if page.state in {PageState.ACCEPTED, PageState.BRIDGED}:
            assert page.accepted_by is not None
            assert page.accepted_at is not None
        if page.apart is not None:
            assert (page.state, page.accepted_attempt) == (PageState.ACCEPTED, None), "it ends, and is nobody's leg"
            assert page.attempts[page.apart - 1].apart
        if page.state not in {PageState.ACCEPTED, PageState.BRIDGED, PageState.RESOLVED}:
            assert (page.accepted_by, page.accepted_attempt, page.clinician_room) == (None, None, "")

    @invariant()
    def who_is_alone_in_the_conference_is_not_for_long(self):
        page = self.page
        joined = page.caller_room or page.clinician_room
        if page.state is PageState.ACCEPTED and page.caller is CallerPresence.HOLDING and page.accepted_attempt:
            assert not joined or page.due <= self.now + seconds(45)
        elif page.state is PageState.ACCEPTED and page.accepted_attempt is None:
            assert not joined or page.caller is CallerPresence.GONE or self.is_fetched

    @invariant()
    def whoever_holds_has_a_wake_up_or_is_talking_or_is_dialled_for(self):
        page = self.page
        if page.caller is CallerPresence.HOLDING and page.due is None and page.state is not PageState.RESOLVED:
            talks = page.state is PageState.BRIDGED and (page.put_through or page.caller_room == page.clinician_room)
            assert talks or page.state is PageState.LAST_RESORT, "the loop's own turn puts through to the last resort"

    @invariant()
    def nobody_is_bridged_without_a_person_on_the_other_side(self):
        page = self.page
        if page.state is not PageState.BRIDGED:
            return
        if page.accepted_attempt is None:
            assert page.put_through
            assert page.caller is CallerPresence.HOLDING
        else:
            assert page.caller_room == page.clinician_room != ""
            assert not page.attempts[page.accepted_attempt - 1].over

    @invariant()
    def a_resolved_page_rings_nobody(self):
        if self.page.state is PageState.RESOLVED:
            assert all(a.is_final or a.purpose is Purpose.TAKEN for a in self.page.attempts)


def check_version(before, result):
    if result.page is before:
        assert (result.effects, result.trail) == ((), ())
    else:
        assert result.page.version == before.version + 1
        assert result.trail
        assert all("None" not in sentence for sentence in result.trail)


def check_effects(before, result, now):
    """Every effect is about a stored attempt that fits it; what is new has exactly one effect, and is INTENDED."""
    attempts = {attempt.number: attempt for attempt in result.page.attempts}
    new = {n: a for n, a in attempts.items() if n > len(before.attempts) and a.state is not AttemptState.ANSWERED}
    begun = [e.attempt for e in result.effects if isinstance(e, PlaceCall | SendSms)]
    assert sorted(begun) == sorted(new)
    for effect in result.effects:
        if isinstance(effect, PlaceCall | SendSms):
            means = Means.CALL if isinstance(effect, PlaceCall) else Means.SMS
            assert (attempts[effect.attempt].means, attempts[effect.attempt].state) == (means, AttemptState.INTENDED)
        elif isinstance(effect, CancelCall):
            assert attempts[effect.attempt].is_final
            assert attempts[effect.attempt].means is Means.CALL
        elif isinstance(effect, OfferCallBack):
            assert attempts[effect.attempt].state is AttemptState.ACCEPTED
        elif isinstance(effect, TransferCaller | ReturnCaller):
            assert result.page.caller is CallerPresence.HOLDING
            assert not result.page.put_through
    moves = [e for e in result.effects if isinstance(e, BridgeCaller | TransferCaller | ReturnCaller)]
    assert len(moves) <= 1, "to one place at a time"
    check_nobody_is_left_alone(before, result)
    for attempt in new.values():
        if attempt.at > now:
            continue
        assert (attempt.purpose is Purpose.PAGE) <= (result.page.state is PageState.PAGING), "none after an acceptance"
        assert attempt.purpose is Purpose.TAKEN or attempt.member not in result.page.passed


def check_nobody_is_left_alone(before, result):
    """A caller who might be in the conference, and whom nobody will join there any more, is moved."""
    page = result.page
    if page.caller is CallerPresence.GONE or page.put_through or before.state is PageState.BRIDGED:
        return
    lost = before.accepted_attempt is not None and page.accepted_attempt is None
    closed = page.state is PageState.RESOLVED is not before.state
    if lost or (closed and before.accepted_attempt is not None):
        assert any(isinstance(e, ReturnCaller | TransferCaller) for e in result.effects)


def check_attempts(before, page, event):
    """What is final stays, but for a person; what has happened is not undone."""
    order = list(AttemptState)
    for old, new in zip(before.attempts, page.attempts, strict=False):
        assert (old.number, old.address, old.member, old.purpose) == (new.number, new.address, new.member, new.purpose)
        if old.is_final and old.state is not new.state:
            assert (type(event), new.state) in {(Accepted, AttemptState.ACCEPTED), (PutOff, AttemptState.PUT_OFF)}
        assert old.state is new.state or new.state in order[order.index(old.state) :] or isinstance(event, Accepted)


def check_states(before, page, event):
    if before.state is PageState.RESOLVED:
        assert page.state is PageState.RESOLVED
    if page.state is PageState.ACCEPTED and before.state is not PageState.ACCEPTED:
        again = before.state is PageState.BRIDGED and isinstance(event, CallerReturned | StillThere | CallerJoined)
        assert isinstance(event, Accepted) or again
    if page.accepted_by is not None and before.accepted_by is not None:
        assert page.accepted_by == before.accepted_by
    if page.state is PageState.BRIDGED and before.state is not PageState.BRIDGED:
        if page.accepted_attempt is not None:
            assert page.attempts[page.accepted_attempt - 1].state is AttemptState.ACCEPTED
        else:
            assert isinstance(event, Accepted)
            assert event.by in {AcceptedBy.KEY, AcceptedBy.DIALLED}
    if page.reopened > before.reopened:
        # With alerts only left, a caller who holds again has the policy begin anew; and one who holds does not wait for
        # whom no number reaches.
        unreached = isinstance(event, Missed | Failed) and before.caller is CallerPresence.HOLDING
        assert isinstance(event, Due | Declined | CallerReturned) or unreached


Pages.TestCase.settings = settings(max_examples=250, stateful_step_count=30, deadline=None)
TestPages = Pages.TestCase


MOST_HEARD = 60
"""Callbacks in a page's life: some pages would hear thousands, and the test take a minute."""


def heard_of(page, data):
    """What Twilio says of phones that nobody answers: anything but a person."""
    live = [a.number for a in page.attempts if not a.is_final]
    if not live or data.draw(st.booleans()):
        return None
    number = data.draw(st.sampled_from(live))
    kinds = [
        Placed(number),
        Ringing(number),
        Answered(number),
        Missed(number, "no key"),
        Failed(number, "x", platform=True),
    ]
    return data.draw(st.sampled_from(kinds))


@settings(max_examples=120, deadline=None)
@given(policy=policies.map(as_urgent), data=st.data(), caller=st.sampled_from(CallerPresence))
def test_with_nobody_there_the_last_resort_is_reached_in_the_time_promised(policy, data, caller):
    escalation = Escalation(ROSTER, {"urgent": policy})
    page, now, heard = advance(escalation, page_of(caller), Opened(), START).page, START, 0
    while page.state is PageState.PAGING:
        event = heard_of(page, data) if heard < MOST_HEARD else None
        heard += event is not None
        now = now if event else page.due
        page = advance(escalation, page, event or Due(), now).page
        assert now - START <= longest(policy)
    entered = now
    while page.due is not None:
        now = page.due
        page = advance(escalation, page, Due(), now).page
    assert page.state is PageState.LAST_RESORT
    assert now - entered == longest_last_resort(policy)


@settings(max_examples=60, deadline=None)
@given(policy=policies.map(as_urgent))
def test_with_every_phone_silent_each_step_takes_exactly_its_time(policy):
    escalation = Escalation(ROSTER, {"urgent": policy})
    page, now, waits = advance(escalation, page_of(), Opened(), START).page, START, TimeDelta.ZERO
    while page.state is PageState.PAGING:
        waits += policy.steps[page.step].wait
        now = page.due
        page = advance(escalation, page, Due(), now).page
    assert now - START == waits
