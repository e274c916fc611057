"""The life of a page, told as nights."""

from dataclasses import replace

import pytest
from whenever import TimeDelta, ZonedDateTime, minutes, seconds

from escalation.advance import advance, longest, longest_last_resort
from escalation.effects import (
    AlertOperators,
    BridgeCaller,
    CancelCall,
    FetchClinician,
    OfferCallBack,
    PlaceCall,
    ReturnCaller,
    SendSms,
    SmsKind,
    TransferCaller,
)
from escalation.events import (
    Accepted,
    AcceptedBy,
    Answered,
    CallerJoined,
    CallerLeft,
    CallerReturned,
    ClinicianJoined,
    ClinicianLeft,
    Declined,
    Delivered,
    DialledIn,
    Due,
    Failed,
    Freed,
    MessageLeft,
    Missed,
    Noted,
    Opened,
    PatientReached,
    Placed,
    PutOff,
    Resolved,
    Ringing,
)
from escalation.page import AttemptState, CallerPresence, Note, Page, PageState, Purpose
from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Ring, Target, TargetKind
from escalation.steps import ROUNDS_APART

CALL, SMS, BOTH = (Means.CALL,), (Means.SMS,), (Means.CALL, Means.SMS)
SERVICE = ("+18885550198", "+18885550199")
KEY, BY_SMS, LINK, DIALLED = AcceptedBy.KEY, AcceptedBy.SMS, AcceptedBy.LINK, AcceptedBy.DIALLED


def step(*members, by=CALL, wait=60, ring=Ring.IN_TURN):
    return PolicyStep(tuple(Target(TargetKind.MEMBER, m) for m in members), by, seconds(wait), ring)


class Night:
    """One page, and what happened to it so far. `do` sends an event and returns its effects."""

    def __init__(self, maple, *steps, rounds=1, numbers=SERVICE, alert=True, **page):
        last = LastResort(numbers, "answering service", alert, seconds(30))
        policy = Policy("urgent", steps, rounds, seconds(25), minutes(3), minutes(20), last)
        self.escalation = Escalation(maple, {"urgent": policy})
        self.now = ZonedDateTime(2026, 11, 21, 2, tz="America/New_York").to_instant()
        self.page = Page("p1", "maple", "urgent", "urgent", self.now, **page)
        self.trail = []

    @property
    def policy(self):
        return self.escalation.policies["urgent"]

    def do(self, event, after=0):
        self.now = self.now.add(seconds=after)
        result = advance(self.escalation, self.page, event, self.now)
        assert result.page.version == self.page.version + (result.page is not self.page)
        assert (result.page is self.page) == (result.trail == ())
        self.page = result.page
        self.trail += result.trail
        return result.effects

    def wait(self):
        """Let time pass until the page is due, and wake it up."""
        self.now = max(self.now, self.page.due)
        return self.do(Due())

    def attempt(self, number):
        return self.page.attempts[number - 1]

    def state(self, number):
        return self.attempt(number).state

    def rung(self):
        """The addresses of all calls so far, by their last four digits, in order."""
        return [a.address[-4:] for a in self.page.attempts if a.means is Means.CALL]


def test_the_page_rings_and_texts_and_is_taken_with_a_key(maple):
    night = Night(maple, step("chen", by=BOTH), step("osei"))
    assert night.do(Opened()) == (SendSms(1), PlaceCall(2))
    assert night.page.due == night.now.add(seconds=60)
    for event in (Placed(2), Ringing(2), Answered(2)):
        assert night.do(event, after=2) == ()
    assert night.do(Accepted("chen", KEY, 2), after=5) == (BridgeCaller(),)
    assert (night.page.state, night.page.accepted_by, night.page.accepted_attempt) == (PageState.ACCEPTED, "chen", 2)
    assert night.page.due == night.now + minutes(20)
    night.do(ClinicianJoined("CF1"))
    night.do(CallerJoined("CF1"))
    assert (night.page.state, night.page.due) == (PageState.BRIDGED, None)
    night.do(ClinicianLeft("CF1"), after=300)
    assert night.page.state is PageState.RESOLVED
    assert "Dr. Ana Chen has taken the page by key" in night.trail


def test_a_voicemail_that_answers_is_not_a_person_and_the_next_number_rings(maple):
    night = Night(maple, step("osei", "patel"))
    night.do(Opened())
    night.do(Answered(1), after=20)
    assert night.page.state is PageState.PAGING
    assert night.do(Missed(1, "no key pressed"), after=16) == (PlaceCall(2),)
    assert night.do(Missed(2, "busy"), after=1) == (PlaceCall(3),)
    assert night.rung() == ["0122", "0132", "0123"]


def test_who_cannot_talk_is_rung_again_later_and_the_page_does_not_wait_for_them(maple):
    night = Night(maple, step("osei", wait=60), step("osei", "patel", wait=600))
    night.do(Opened())
    assert night.do(PutOff(1), after=10) == (PlaceCall(2), PlaceCall(3))
    assert night.rung() == ["0122", "0122", "0123"], "neither on their other number nor in the next step before then"
    assert (night.state(1), night.state(2)) == (AttemptState.PUT_OFF, AttemptState.INTENDED)
    assert night.attempt(2).at == night.now + minutes(5)
    assert night.do(PutOff(1)) == ()
    assert "Dr. Kofi Osei cannot talk now: rung again in 5 min" in night.trail
    assert TransferCaller() in night.do(Missed(3, "busy"), after=20), "the last resort is not kept waiting either"
    assert night.state(2) is AttemptState.INTENDED, "and they are rung all the same"
    night.do(Accepted("", DIALLED, None), after=20)
    assert night.state(2) is AttemptState.CANCELED


def test_who_is_rung_again_and_presses_1_has_the_page_and_is_not_rung_when_somebody_else_has_it(maple):
    night = Night(maple, step("chen"), step("patel", wait=900))
    night.do(Opened())
    night.do(PutOff(1), after=5)
    night.do(Missed(3, "no answer"), after=30)
    for event in (Placed(2), Ringing(2), Answered(2)):
        night.do(event, after=150)
    night.do(Accepted("chen", KEY, 2))
    assert (night.page.accepted_by, night.page.accepted_attempt) == ("chen", 2)
    taken = Night(maple, step("chen"), step("patel"))
    taken.do(Opened())
    taken.do(PutOff(1), after=5)
    taken.do(Accepted("patel", KEY, 3), after=5)
    assert taken.state(2) is AttemptState.CANCELED


def test_who_has_the_page_and_cannot_talk_keeps_it_and_the_last_resort_cannot_put_off(maple):
    night = Night(maple, step("chen", by=SMS))
    night.do(Opened())
    night.do(Accepted("chen", BY_SMS))
    night.do(PutOff(2), after=5)
    assert (night.page.state, night.page.accepted_by) == (PageState.ACCEPTED, "chen")
    assert night.attempt(3).purpose is Purpose.BRIDGE
    last = Night(maple, step("ghost"), caller=CallerPresence.GONE)
    last.do(Opened())
    assert last.do(PutOff(1)) == ()


def test_who_has_it_by_text_and_puts_off_on_a_leg_of_before_is_rung_once_later(maple):
    """Found by the simulation, seed 4268: twice, since Twilio had failed for the call that was to bring them over."""
    night = Night(maple, step("chen", by=BOTH))
    night.do(Opened())
    night.do(Answered(2), after=5)
    assert night.do(Accepted("chen", BY_SMS), after=5)[-1] == PlaceCall(3)
    night.do(Failed(3, "no answer", platform=True), after=2)
    night.do(PutOff(2), after=1)
    assert [(a.number, a.purpose) for a in night.page.attempts if not a.is_final] == [(4, Purpose.BRIDGE)]
    assert night.page.due == night.page.accepted_at + minutes(20), "no other call waits"


def test_who_asked_to_be_rung_later_is_waited_for_when_the_last_resort_has_been_tried_for_the_last_time(maple):
    """Found by the simulation, seed 17134: an attempt that nothing ever ended."""
    night = Night(maple, step("chen"), numbers=(), caller=CallerPresence.GONE)
    night.do(Opened())
    night.do(PutOff(1), after=5)
    while night.page.due is not None and night.page.due < night.attempt(2).at:
        night.wait()
    for event in (Placed(2), Ringing(2)):
        night.do(event, after=60)
    while night.page.due is not None:
        night.wait()
    assert night.state(2) is AttemptState.MISSED
    again = Night(maple, step("chen"), numbers=(), caller=CallerPresence.GONE)
    again.do(Opened())
    while again.page.due is not None:
        again.wait()
    again.do(PutOff(1))
    assert again.page.due > again.attempt(2).at


def test_who_is_on_the_telephone_about_another_page_is_spared_while_somebody_else_can_be_called(maple):
    night = Night(maple, step("chen", by=BOTH), step("patel"), step("chen", "osei"))
    night.escalation = replace(night.escalation, engaged=frozenset({"chen"}))
    assert night.do(Opened()) == (SendSms(1), PlaceCall(2)), "the backup is drawn in at once, and she has the text"
    assert (night.rung(), night.page.step) == (["0123"], 1)
    assert night.do(Missed(2, "busy"), after=5) == (PlaceCall(3),)
    assert night.rung() == ["0123", "0122"]
    assert night.do(Missed(3, "busy"), after=5) == (PlaceCall(4),)
    assert night.do(Missed(4, "busy"), after=5) == (PlaceCall(5),), "nobody else can: she is rung all the same"
    assert night.rung() == ["0123", "0122", "0132", "0121"]
    night.escalation = replace(night.escalation, engaged=frozenset())
    night.do(Accepted("chen", BY_SMS), after=5)
    assert night.page.accepted_by == "chen"


def test_a_lone_clinician_who_is_on_the_telephone_is_rung(maple):
    night = Night(maple, step("chen"))
    night.escalation = replace(night.escalation, engaged=frozenset({"chen"}))
    assert night.do(Opened()) == (PlaceCall(1),)


def test_where_a_step_texts_only_and_the_text_cannot_arrive_its_reader_is_called_instead(maple):
    night = Night(maple, step("chen", "patel", by=SMS), step("osei"))
    assert night.do(Opened()) == (SendSms(1), SendSms(2))
    assert night.do(Failed(1, "the carrier filtered the text"), after=3) == (PlaceCall(3),)
    assert (night.rung(), night.page.step) == (["0121"], 0)
    assert night.do(Failed(1, "told again")) == ()
    assert night.do(Missed(3, "busy"), after=5) == (), "the other one's text is waited for"
    assert night.do(Failed(2, "Twilio is down", platform=True)) == (), "it is not this number's fault: tried once more"
    assert night.rung() == ["0121"]


def test_who_calls_in_is_not_rung_meanwhile_and_a_key_on_their_own_call_takes_the_page(maple):
    night = Night(maple, step("chen", wait=600), step("patel"))
    night.do(Opened())
    assert night.do(DialledIn("chen", "+16175550121"), after=30) == (CancelCall(1),)
    assert (night.state(2), night.attempt(2).purpose) == (AttemptState.ANSWERED, Purpose.PAGE)
    assert night.do(Accepted("chen", KEY, 2), after=10) == (BridgeCaller(),)
    assert night.do(DialledIn("patel", "+16175550123")) == (), "somebody else has it"
    hung_up = Night(maple, step("chen", wait=600), step("patel"))
    hung_up.do(Opened())
    hung_up.do(DialledIn("chen", "+16175550121"))
    assert hung_up.do(Missed(2, "they hung up")) == (PlaceCall(3),)
    assert hung_up.rung()[-1] == "0123"


def test_what_is_noted_ends_the_page_or_leaves_it_and_told_again_it_is_nothing(maple):
    night = Night(maple, step("chen"), caller=CallerPresence.GONE)
    night.do(Opened())
    assert night.do(Noted(Note.REACHED, "CA1")) == (), "by nobody"
    night.do(Accepted("chen", KEY, 1))
    for on in ("CA2", "CA3"):
        night.do(Noted(Note.NO_ANSWER, on))
    assert night.do(Noted(Note.NO_ANSWER, "CA3")) == ()
    assert night.trail.count("Dr. Ana Chen notes: no answer") == 2
    assert night.page.state is PageState.ACCEPTED
    night.do(Noted(Note.EMERGENCY, "CA3"))
    assert (night.page.state, night.page.note) == (PageState.RESOLVED, Note.EMERGENCY)
    night.do(Noted(Note.REACHED, "CA3"))
    assert (night.page.state, night.page.note) == (PageState.RESOLVED, Note.REACHED)


def test_in_turn_nobody_else_rings_while_the_first_does_and_all_ring_at_once_when_so_set(maple):
    assert len(Night(maple, step("osei", "patel")).do(Opened())) == 1
    night = Night(maple, step("osei", "patel", ring=Ring.ALL))
    assert night.do(Opened()) == (PlaceCall(1), PlaceCall(2))
    assert night.do(Missed(1, "busy")) == (PlaceCall(3),)
    assert night.rung() == ["0122", "0123", "0132"]


def test_when_everybody_in_a_step_has_failed_the_next_begins_at_once_but_an_sms_is_waited_for(maple):
    night = Night(maple, step("chen"), step("patel"))
    night.do(Opened())
    assert night.do(Failed(1, "not in service"), after=1) == (PlaceCall(2),)
    assert night.page.step == 1
    texted = Night(maple, step("chen", by=BOTH), step("patel"))
    texted.do(Opened())
    assert texted.do(Missed(2, "busy"), after=1) == ()
    assert texted.page.step == 0
    assert texted.do(Failed(1, "undelivered"), after=1) == (PlaceCall(3),)


def test_a_step_that_reaches_nobody_is_skipped_and_the_trail_says_why(maple):
    nobody = PolicyStep((Target(TargetKind.SCHEDULE, "nights"),), CALL, seconds(60))
    night = Night(maple, step("silent"), step("ruiz", by=SMS), nobody, step("chen"))
    night.now = ZonedDateTime(2026, 11, 21, 12, tz="America/New_York").to_instant()
    hole = AlertOperators("step 3 of the policy urgent: nobody is on call for it")
    assert night.do(Opened()) == (hole, PlaceCall(1))
    assert night.page.step == 3
    assert "Step 1 of 4, round 1 is skipped: nobody in it has a number for call" in night.trail
    assert "Step 3 of 4, round 1 is skipped: nobody is on call for it" in night.trail


def test_all_steps_empty_in_all_rounds_is_the_last_resort_at_once(maple):
    night = Night(maple, step("silent"), rounds=100)
    assert night.do(Opened())[-1] == TransferCaller()
    assert night.page.state is PageState.LAST_RESORT
    empty = Night(maple)
    empty.do(Opened())
    assert empty.page.state is PageState.LAST_RESORT


def test_a_wake_up_before_its_time_is_nothing(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert night.do(Due(), after=19) == ()
    assert night.do(Due(), after=19) == ()
    assert night.page.version == 1


def test_rounds_repeat_and_end_in_the_last_resort_in_the_time_promised(maple):
    night = Night(maple, step("chen", by=BOTH), step("osei", wait=90), rounds=3)
    opened = night.now
    night.do(Opened())
    while night.page.state is PageState.PAGING:
        effects = night.wait()
    assert night.now - opened == longest(night.policy) == seconds(450)
    assert night.rung() == ["0121", "0122"] * 3
    assert isinstance(effects[-2], AlertOperators)
    assert effects[-1] == TransferCaller()


def test_the_last_resort_is_tried_a_bounded_number_of_times_and_the_operators_have_the_last_word(maple):
    night = Night(maple, step("silent"), alert=False)
    night.do(Opened())
    began = night.now
    transfers = 1
    while night.page.due is not None:
        effects = night.wait()
        transfers += TransferCaller() in effects
    assert transfers == 5
    assert [type(effect) for effect in effects] == [AlertOperators]
    assert night.now - began == longest_last_resort(night.policy)
    assert night.page.state is PageState.LAST_RESORT
    night.do(Accepted("chen", AcceptedBy.OPERATOR), after=3600)
    assert night.page.state is PageState.ACCEPTED


def test_what_was_never_heard_of_again_has_an_end_when_nothing_more_is_tried(maple):
    """The page has no further wake-up that would give it up; who still listens is not cut off, and may take it."""
    night = Night(maple, step("patel", by=(Means.SMS,), wait=10), numbers=SERVICE[:1], caller=CallerPresence.GONE)
    night.do(Opened())
    night.wait()
    night.do(Placed(1))  # only after its step
    night.do(Delivered(1))
    while night.page.last_resort_tries < 5:
        night.wait()
    last = len(night.page.attempts)
    night.do(Answered(last), after=20)
    effects = night.wait()
    assert night.page.due is None
    assert [type(effect) for effect in effects] == [AlertOperators]
    assert [night.attempt(n).state for n in (1, last)] == [AttemptState.LAPSED, AttemptState.MISSED]
    night.do(Accepted("", KEY, last))
    assert night.page.accepted_attempt == last


def test_without_a_number_the_last_resort_is_the_operators_whatever_the_policy_says(maple):
    night = Night(maple, step("silent"), numbers=(), alert=False)
    assert [type(effect) for effect in night.do(Opened())] == [AlertOperators]
    assert [type(effect) for effect in night.wait()] == [AlertOperators]


def test_the_last_resort_is_rung_about_a_caller_who_is_gone_and_takes_it_with_a_key(maple):
    night = Night(maple, step("silent"), caller=CallerPresence.GONE)
    assert night.do(Opened())[-1] == PlaceCall(1)
    assert night.attempt(1).purpose is Purpose.LAST_RESORT
    assert night.do(Missed(1, "busy"), after=5) == (PlaceCall(2),)
    assert night.do(Missed(2, "no answer"), after=30) == ()
    assert night.wait()[-1] == PlaceCall(3)
    assert night.do(Accepted("", KEY, 3)) == ()
    assert night.page.accepted_by == ""


def test_the_last_resort_starts_with_its_first_number_again_after_the_page_was_opened_again(maple):
    night = Night(maple, step("silent"), caller=CallerPresence.GONE)
    night.do(Opened())
    night.do(Accepted("silent", LINK))
    assert night.wait()[-1] == PlaceCall(2)
    assert night.page.state is PageState.LAST_RESORT
    assert night.rung() == ["0198", "0198"]


def test_the_last_resort_rings_one_number_at_a_time_and_none_that_is_being_rung_already(maple):
    night = Night(maple, step("chen", wait=20), numbers=("+16175550121", *SERVICE), caller=CallerPresence.GONE)
    night.do(Opened())
    assert night.wait()[-1] == PlaceCall(2)
    assert night.rung() == ["0121", "0198"]
    assert night.do(Missed(1, "no answer"), after=5) == ()
    assert night.do(Missed(2, "no answer"), after=25) == (PlaceCall(3),)
    assert night.rung()[-1] == "0121"


def test_a_caller_who_leaves_the_last_resort_is_called_back_by_it_and_one_who_returns_is_put_through(maple):
    night = Night(maple, step("silent"))
    night.do(Opened())
    assert night.do(CallerLeft(), after=20) == (PlaceCall(1),)
    assert night.do(CallerReturned(), after=20) == (CancelCall(1), TransferCaller())


def test_taking_it_cancels_the_other_calls_and_tells_who_was_texted(maple):
    night = Night(maple, step("chen", "osei", "patel", by=BOTH, ring=Ring.ALL))
    night.do(Opened())
    for number in (1, 2, 3):
        night.do(Placed(number))
    night.do(Delivered(2))
    night.do(Declined("patel", 6))
    effects = night.do(Accepted("chen", KEY, 4), after=10)
    assert effects == (CancelCall(5), SendSms(7, SmsKind.TAKEN), BridgeCaller())
    assert night.attempt(7).member == "osei"
    night.do(Placed(7))
    assert night.attempt(7).is_final
    assert [night.state(n) for n in (4, 5, 6)] == [AttemptState.ACCEPTED, AttemptState.CANCELED, AttemptState.DECLINED]


def test_somebody_else_who_presses_one_too_late_changes_nothing(maple):
    night = Night(maple, step("chen", "osei", ring=Ring.ALL))
    night.do(Opened())
    night.do(Accepted("chen", KEY, 1))
    version = night.page.version
    for event in (Accepted("osei", KEY, 2), Accepted("osei", BY_SMS), Accepted("chen", KEY, 1), Accepted("chen", LINK)):
        assert night.do(event) == ()
    assert (night.page.version, night.page.accepted_by) == (version, "chen")


def test_a_second_leg_of_who_has_it_already_on_the_line_is_not_taken(maple):
    night = Night(maple, step("osei"))
    night.do(Opened())
    night.do(Missed(1, "no key"), after=30)
    night.do(Accepted("osei", KEY, 2), after=5)
    assert night.do(Accepted("osei", KEY, 1)) == ()
    assert night.page.accepted_attempt == 2


def test_taken_by_sms_the_clinician_is_rung_and_presses_one_to_be_brought_to_the_caller(maple):
    night = Night(maple, step("osei", by=BOTH))
    night.do(Opened())
    assert night.do(Accepted("osei", BY_SMS), after=9) == (CancelCall(2), PlaceCall(3))
    assert (night.state(1), night.attempt(3).purpose) == (AttemptState.ACCEPTED, Purpose.BRIDGE)
    night.do(ClinicianJoined("CF1"))
    assert not night.page.clinician_room, "what picked up may be a voicemail"
    assert night.do(Missed(3, "no key pressed"), after=40) == (PlaceCall(4),)
    assert night.do(Accepted("osei", KEY, 4), after=10) == (BridgeCaller(),)
    assert night.page.accepted_attempt == 4


def test_a_caller_who_holds_does_not_wait_for_whom_no_number_reaches(maple):
    night = Night(maple, step("osei", by=SMS), step("chen"))
    night.do(Opened())
    assert night.do(Accepted("osei", BY_SMS), after=9) == (PlaceCall(2),)
    assert night.do(Missed(2, "busy"), after=1) == (PlaceCall(3),), "the second number"
    assert night.do(Missed(3, "no answer"), after=30) == (PlaceCall(4),)
    assert (night.page.state, night.page.step, night.page.accepted_by) == (PageState.PAGING, 1, None)
    assert "Dr. Kofi Osei took it and cannot be reached, and the caller holds" in " ".join(night.trail)
    taken = night.do(Accepted("chen", KEY, 4), after=5)
    assert SendSms(5, SmsKind.TAKEN) in taken, "who had it is told who has it now"
    assert night.page.attempts[4].member == "osei"


def test_when_no_number_brings_the_accepter_to_the_patient_the_page_is_opened_again_in_time(maple):
    night = Night(maple, step("chen", by=SMS), step("osei"), caller=CallerPresence.GONE)
    night.do(Opened())
    night.do(Accepted("chen", BY_SMS), after=9)
    limit = night.now + minutes(20)
    assert night.do(Missed(2, "busy"), after=1) == ()
    assert night.page.due == limit
    assert night.wait() == (PlaceCall(3),)
    assert (night.page.state, night.page.step, night.page.accepted_by) == (PageState.PAGING, 1, None)


def test_a_caller_who_hung_up_is_offered_to_be_called_back(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(CallerLeft(), after=5)
    assert night.do(Accepted("chen", KEY, 1), after=5) == (), "the answer to the key makes the offer"
    waiting = Night(maple, step("chen"))
    waiting.do(Opened())
    waiting.do(Accepted("chen", KEY, 1))
    waiting.do(ClinicianJoined("CF1"))
    assert waiting.do(CallerLeft()) == (OfferCallBack(1),)


def test_a_caller_who_leaves_the_conversation_first_has_been_reached(maple):
    night = Night(maple, step("chen"))
    for event in (Opened(), Accepted("chen", KEY, 1), CallerJoined("CF1"), ClinicianJoined("CF1")):
        night.do(event)
    night.do(CallerLeft(), after=120)
    assert night.page.state is PageState.BRIDGED
    lost = replace(night.page)
    night.do(ClinicianLeft("CF1"))
    assert night.page.state is PageState.RESOLVED
    night.page = lost
    night.wait()
    assert night.page.state is PageState.RESOLVED, "the news of the clinician's leaving may be lost"


def test_a_clinician_whose_line_drops_before_the_caller_is_there_is_rung_back(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(Accepted("chen", KEY, 1))
    due = night.page.due
    night.do(ClinicianJoined("CF1"))
    assert night.do(Missed(1, "hung up"), after=2) == (ReturnCaller(), PlaceCall(2))
    assert (night.page.state, night.page.due, night.page.clinician_room) == (PageState.ACCEPTED, due, "")
    assert night.do(Accepted("chen", KEY, 1)) == (), "a webhook repeated is not a leg"
    assert night.do(Accepted("chen", KEY, 2), after=9) == (BridgeCaller(),)


def test_passing_it_on_rings_the_next_and_never_the_one_who_passed(maple):
    night = Night(maple, step("chen", "osei", by=BOTH), step("chen"), rounds=2)
    night.do(Opened())
    assert night.do(Declined("chen", 3), after=9) == (PlaceCall(4),)
    assert [night.state(n) for n in (1, 3)] == [AttemptState.DECLINED, AttemptState.DECLINED]
    assert night.do(Declined("chen", 3)) == ()
    while night.page.state is PageState.PAGING:
        night.wait()
    assert "0121" not in night.rung()[1:]
    assert "Step 2 of 2, round 1 is skipped: everybody in it passed it on" in night.trail


def test_when_everybody_passes_it_is_the_last_resort(maple):
    night = Night(maple, step("chen", "osei", by=BOTH), rounds=5)
    night.do(Opened())
    night.do(Declined("chen"))
    assert TransferCaller() in night.do(Declined("osei"))


def test_who_took_it_and_passes_it_on_later_opens_it_again(maple):
    night = Night(maple, step("chen", by=SMS), step("osei"))
    night.do(Opened())
    night.do(Accepted("chen", BY_SMS))
    assert night.do(Declined("chen"), after=30) == (CancelCall(2), PlaceCall(3))
    assert (night.page.state, night.page.reopened) == (PageState.PAGING, 1)
    assert night.do(Declined("chen")) == ()


def test_a_page_taken_again_and_again_with_nobody_reached_comes_to_the_last_resort(maple):
    night = Night(maple, step("chen"), step("osei"), rounds=2)
    night.do(Opened())
    steps = []
    for _ in range(4):
        night.do(Accepted("chen", LINK), after=1)
        steps.append((night.page.round, night.page.step))
        while night.page.state is PageState.ACCEPTED:
            night.wait()
    assert night.page.state is PageState.LAST_RESORT
    assert steps == [(0, 0), (ROUNDS_APART, 1), (2 * ROUNDS_APART, 0), (3 * ROUNDS_APART, 1)]
    assert any(line.startswith("Step 1 of 2, round 1 begins") for line in night.trail)


def test_when_nothing_more_is_tried_a_call_of_which_nothing_is_heard_is_still_given_up(maple):
    """After the last alert somebody calls in and takes nothing, the service is rung, and its end is never told."""
    night = Night(maple, caller=CallerPresence.GONE)
    night.do(Opened())
    while night.page.due is not None:
        night.wait()
    night.do(DialledIn("chen", "+16175550121"), after=60)
    assert night.page.due is not None, "the end of this call may be lost, too"
    night.do(Missed(night.page.attempts[-1].number, "no key was pressed"), after=10)
    service = night.page.attempts[-1]
    assert (service.purpose, service.state) == (Purpose.LAST_RESORT, AttemptState.INTENDED)
    night.do(Placed(service.number), after=1)
    effects = night.wait()
    assert night.state(service.number) is AttemptState.MISSED
    assert any(isinstance(effect, AlertOperators) for effect in effects)
    assert night.page.due is None


def test_opened_again_under_a_plan_with_more_rounds_it_has_no_more_than_those(maple):
    """Its own plan cannot be read any more: what stands in for it begins at round 1 as well."""
    night = Night(maple, step("chen", by=SMS), caller=CallerPresence.GONE)
    night.do(Opened())
    night.do(Accepted("chen", LINK))
    night.do(Due(), after=20 * 60)
    night.escalation = replace(
        night.escalation, policies={"urgent": replace(night.policy, steps=(step("osei"),), rounds=3)}
    )
    begun = len(night.trail)
    while night.page.state is PageState.PAGING:
        night.wait()
    begins = [line.partition(" begins")[0] for line in night.trail[begun:] if " begins" in line]
    assert begins == ["Step 1 of 1, round 2", "Step 1 of 1, round 3"]


def test_a_page_that_an_earlier_version_opened_again_goes_on_by_its_own_rounds(maple):
    night = Night(maple, step("chen"), rounds=2, reopened=1, round=2, step=-1)
    night.do(Opened())
    assert night.trail[-2].startswith("Step 1 of 1, round 1 begins")
    begun = len(night.trail)
    while night.page.state is PageState.PAGING:
        night.wait()
    assert sum(" begins" in line for line in night.trail[begun:]) == 1


def test_a_caller_who_returns_is_the_next_step_at_once(maple):
    night = Night(maple, step("chen"), step("osei"), step("patel"), caller=CallerPresence.GONE)
    night.do(Opened())
    assert night.do(CallerReturned(), after=30) == (PlaceCall(2),)
    assert night.do(CallerReturned(), after=1) == (), "the same call, told twice"
    assert (night.page.step, night.state(1)) == (1, AttemptState.INTENDED)
    night.do(Accepted("chen", KEY, 1), after=1)
    assert night.page.accepted_by == "chen", "the phone that still rang"


def test_a_caller_who_returns_to_a_page_that_somebody_has_is_brought_to_them(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(CallerLeft())
    night.do(Accepted("chen", KEY, 1))
    assert night.do(CallerReturned()) == (BridgeCaller(), FetchClinician(1))
    night.do(CallerLeft())
    night.do(Missed(1, "hung up"))
    assert night.do(CallerReturned()) == (PlaceCall(2),)


def test_a_phone_that_still_rings_when_its_step_passes_is_not_rung_twice(maple):
    night = Night(maple, step("chen", wait=20), step("chen", wait=20), step("osei"))
    night.do(Opened())
    night.do(Ringing(1), after=2)
    assert night.wait() == ()
    assert night.page.step == 1
    assert night.do(Missed(1, "no answer"), after=7) == (PlaceCall(2),)


def test_a_call_whose_callback_was_lost_does_not_keep_its_phone_from_ringing(maple):
    night = Night(maple, step("chen"), step("chen"))
    night.do(Opened())
    night.do(Ringing(1), after=2)
    assert night.wait() == (CancelCall(1), PlaceCall(2))
    assert night.state(1) is AttemptState.MISSED
    night.do(Accepted("chen", KEY, 1), after=1)
    assert night.page.accepted_attempt == 1, "yet a key pressed on it is a person"


def test_who_listens_to_the_callers_reason_is_not_cut_off_when_the_step_passes(maple):
    night = Night(maple, step("chen"), step("chen"), step("chen", wait=70), step("chen"))
    night.do(Opened())
    night.do(Answered(1), after=3)
    assert [night.wait(), night.wait()] == [(), ()]
    assert night.page.step == 2
    assert night.wait() == (CancelCall(1), PlaceCall(2)), "three minutes after picking up the callback must be lost"


def test_an_sms_not_handed_over_yet_is_not_sent_twice_but_one_that_never_is_counts_as_failed(maple):
    night = Night(maple, step("chen", by=SMS, wait=20), step("chen", by=SMS, wait=60), step("chen", by=SMS))
    night.do(Opened())
    assert night.wait() == ()
    assert night.page.step == 1
    assert night.wait() == (SendSms(2),)
    assert night.state(1) is AttemptState.FAILED


def test_a_reply_to_an_sms_whose_step_has_passed_is_still_taken(maple):
    night = Night(maple, step("chen", by=SMS), step("osei"))
    night.do(Opened())
    night.do(Delivered(1))
    night.wait()
    assert night.state(1) is AttemptState.LAPSED
    night.do(Accepted("chen", BY_SMS), after=30)
    assert (night.page.accepted_by, night.state(1)) == ("chen", AttemptState.ACCEPTED)


def test_when_twilio_fails_the_number_is_tried_once_more_and_the_step_lasts(maple):
    night = Night(maple, step("osei", "patel"), step("chen"))
    night.do(Opened())
    until = night.page.due
    assert night.do(Failed(1, "rate limit", platform=True), after=1) == ()
    assert (night.page.dial_instead, night.page.due) == (True, night.now.add(seconds=10))
    assert night.wait() == (PlaceCall(2),)
    assert night.rung() == ["0122", "0122"]
    assert night.do(Failed(2, "down", platform=True), after=1) == ()
    assert night.page.due == until, "the caller's own line dials meanwhile"
    night.wait()
    assert (night.page.step, night.rung()[-1]) == (1, "0121")
    night.do(Placed(3), after=1)
    assert not night.page.dial_instead


def test_a_step_that_twilio_fails_waits_for_nobody_who_has_passed(maple):
    night = Night(maple, step("chen"), step("osei"))
    night.do(Opened())
    night.do(Failed(1, "down", platform=True))
    assert night.do(Declined("chen"), after=1) == (PlaceCall(2),)
    assert night.page.step == 1


def test_when_twilio_is_back_the_step_goes_on_with_its_next_number(maple):
    night = Night(maple, step("osei", "patel"))
    night.do(Opened())
    night.do(Failed(1, "rate limit", platform=True))
    night.wait()
    assert night.do(Missed(2, "busy"), after=3) == (PlaceCall(3),)
    assert night.rung()[-1] == "0132"


def test_when_twilio_fails_to_ring_the_accepter_they_are_tried_once_more(maple):
    night = Night(maple, step("osei", by=SMS))
    night.do(Opened())
    night.do(Accepted("osei", BY_SMS))
    limit = night.page.due
    assert night.do(Failed(2, "down", platform=True)) == ()
    assert night.wait() == (PlaceCall(3),)
    assert night.do(Failed(3, "down", platform=True)) == ()
    assert night.page.due == limit


def test_a_key_pressed_on_a_call_that_the_callers_own_line_dialled_rings_nobody(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(Failed(1, "down", platform=True))
    assert night.do(Accepted("chen", KEY), after=9) == ()
    night.do(PatientReached())
    assert (night.page.state, night.page.due) == (PageState.RESOLVED, None)


def test_callbacks_out_of_order_never_move_an_attempt_back(maple):
    night = Night(maple, step("chen", "osei"))
    night.do(Opened())
    night.do(Answered(1))
    for event in (Placed(1), Ringing(1), Answered(1), Delivered(1)):
        assert night.do(event) == ()
    assert night.state(1) is AttemptState.ANSWERED
    night.do(Missed(1, "no key"))
    for event in (Placed(1), Answered(1), Missed(1, "again"), Failed(1, "late")):
        night.do(event)
    assert night.state(1) is AttemptState.MISSED


@pytest.mark.parametrize("number", [0, -1, 99])
def test_an_attempt_that_the_page_does_not_have_changes_nothing(maple, number):
    night = Night(maple, step("chen"))
    night.do(Opened())
    for event in (Placed(number), Missed(number, ""), Accepted("chen", KEY, number), Declined("chen", number)):
        assert night.do(event) == ()
    assert night.page.version == 1


def test_a_person_closes_it_and_the_trail_says_who_and_why(maple):
    night = Night(maple, step("chen", by=BOTH))
    night.do(Opened())
    night.do(Placed(1))
    effects = night.do(Resolved("patel", "a duplicate"))
    assert effects == (CancelCall(2), SendSms(3, SmsKind.TAKEN))
    assert (night.page.state, night.page.due) == (PageState.RESOLVED, None)
    assert "Resolved: by Dr. Mira Patel: a duplicate" in night.trail
    for event in (Resolved("patel", "again"), Due(), Accepted("chen", KEY, 2), CallerLeft(), CallerReturned()):
        assert night.do(event) == ()


def test_a_message_is_noted_once(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(MessageLeft())
    assert night.page.message_left
    assert night.do(MessageLeft()) == ()
    assert night.trail.count("The caller has left a message") == 1


def test_an_unknown_person_who_takes_it_by_console_has_no_number_to_be_rung_on(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert night.do(Accepted("someone", AcceptedBy.OPERATOR)) == (CancelCall(1),)
    assert "someone has no further number" in night.trail[-1].lower()


def test_a_policy_without_steps_takes_no_time():
    last = LastResort((), None, alert_operators=True, ring_for=seconds(30))
    assert longest(Policy("p", (), 3, seconds(25), minutes(3), minutes(20), last)) == TimeDelta.ZERO


def test_a_page_in_a_step_that_its_policy_has_no_more_goes_on_when_its_time_is_over(maple):
    """Its own plan cannot be read: it goes on by another one, which has fewer steps."""
    night = Night(maple, step("chen"), step("patel", by=SMS, wait=90))
    night.do(Opened())
    night.do(Missed(1, "busy"), after=5)
    assert night.page.step == 1
    night.escalation = replace(
        night.escalation, policies={"urgent": replace(night.policy, steps=(step("osei"),), rounds=2)}
    )
    for event in (Failed(2, "undelivered"), Declined("patel"), Freed("patel")):
        assert night.do(event, after=1) == ()
    assert night.page.state is PageState.PAGING
    night.now = night.page.due
    night.do(Due())
    assert night.rung()[-1] == "0122"
