"""Who is in the page's conference, on the line, and talking: nobody is left alone, and nobody talks to themselves."""

import pytest
from whenever import minutes, seconds

from escalation.effects import (
    BridgeCaller,
    CancelCall,
    FetchClinician,
    OfferCallBack,
    PlaceCall,
    ReturnCaller,
    TransferCaller,
)
from escalation.events import (
    Accepted,
    AcceptedBy,
    CallBackAsked,
    CallerJoined,
    CallerLeft,
    CallerReturned,
    ClinicianJoined,
    ClinicianLeft,
    Declined,
    DialledInVain,
    HandedOver,
    Missed,
    Opened,
    Placed,
    PutThrough,
    Resolved,
    StillThere,
)
from escalation.page import AttemptState, CallerPresence, PageState
from escalation.presence import is_to_be_moved, to_dial
from tests.escalation.test_advance import BOTH, BY_SMS, KEY, SMS, Night, step

DIALLED = AcceptedBy.DIALLED


def accepted(maple, *steps):
    """Chen has pressed 1 on the first call; the caller holds."""
    night = Night(maple, *(steps or (step("chen"),)))
    night.do(Opened())
    night.do(Accepted("chen", KEY, 1), after=5)
    return night


def test_a_caller_whom_the_clinician_dropped_is_fetched_out_of_the_conference(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    assert night.do(Missed(1, "hung up"), after=1) == (ReturnCaller(), PlaceCall(2))
    assert night.do(CallerJoined("CF2")) == (ReturnCaller(),), "who comes into an empty room is fetched as well"
    assert is_to_be_moved(night.page)
    assert night.do(Missed(2, "no answer"), after=25) == (PlaceCall(3), ReturnCaller())
    assert night.page.state is PageState.PAGING, "the caller holds, and nobody comes: it is opened again"


def test_a_clinician_who_went_into_the_conference_while_the_caller_was_gone_does_not_wait_there_for_long(maple):
    night = accepted(maple)
    night.do(CallerLeft())
    night.do(ClinicianJoined("CF1"))
    night.do(CallerReturned(), after=30)
    assert night.page.due == night.now + seconds(45)


def test_two_who_were_in_the_conference_one_after_the_other_have_not_met(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    night.do(CallerJoined("CF2"))
    assert night.page.state is PageState.ACCEPTED
    night.do(ClinicianLeft("CF1"))
    assert night.page.state is PageState.ACCEPTED


def test_the_end_of_a_call_that_comes_before_its_key_leaves_no_leg(maple):
    night = Night(maple, step("osei"))
    night.do(Opened())
    night.do(Missed(1, "picked up, no key"), after=20)
    assert night.do(Accepted("osei", KEY, 1)) == (CancelCall(2), PlaceCall(3))
    assert night.page.accepted_attempt is None
    assert not is_to_be_moved(night.page) or night.page.caller is CallerPresence.HOLDING


def test_the_end_of_a_call_that_was_decided_on_before_its_key_was_stored_is_the_clinicians_leaving(maple):
    night = accepted(maple)
    assert night.do(Missed(1, "picked up, no key")) == (ReturnCaller(), PlaceCall(2))
    assert night.page.accepted_attempt is None


def test_a_call_that_was_given_up_and_is_over_by_now_is_no_leg_either(maple):
    night = Night(maple, step("chen"), step("osei"))
    night.do(Opened())
    night.wait()
    night.do(Missed(1, "no answer"))
    assert night.do(Accepted("chen", KEY, 1))[-1] == PlaceCall(3)
    assert night.page.accepted_attempt is None


def test_a_call_that_brought_the_accepter_and_is_over_is_not_taken_for_their_leg(maple):
    night = Night(maple, step("osei", by=BOTH))
    night.do(Opened())
    night.do(Accepted("osei", BY_SMS))
    night.do(Missed(3, "hung up"))
    assert night.do(Accepted("osei", KEY, 3)) == ()
    assert night.page.accepted_attempt is None


def test_a_last_resort_that_hung_up_before_its_key_came_has_not_taken_the_page(maple):
    night = Night(maple, step("silent"), caller=CallerPresence.GONE)
    night.do(Opened())
    night.do(Missed(1, "hung up"))
    assert night.do(Accepted("", KEY, 1)) == ()
    assert night.page.state is PageState.LAST_RESORT


def test_who_asks_to_be_called_back_while_a_clinician_comes_to_the_phone_is_connected(maple):
    night = accepted(maple)
    assert night.do(CallBackAsked()) == ()
    assert night.page.caller is CallerPresence.HOLDING
    alone = Night(maple, step("chen"))
    alone.do(Opened())
    alone.do(CallBackAsked())
    assert alone.page.caller is CallerPresence.GONE


def test_a_clinician_who_is_offered_the_call_back_is_fetched_when_the_caller_is_there_all_the_same(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    assert night.do(CallerLeft()) == (OfferCallBack(1),)
    assert not is_to_be_moved(night.page)
    assert night.do(CallerJoined("CF2")) == (FetchClinician(1),)
    assert (night.page.caller, night.page.state) == (CallerPresence.HOLDING, PageState.ACCEPTED)
    night.do(ClinicianJoined("CF2"))
    assert night.page.state is PageState.BRIDGED


@pytest.mark.parametrize("joined", [CallerJoined("CF1"), ClinicianJoined("CF1")])
def test_who_waits_alone_in_the_conference_is_looked_after_in_less_than_a_minute(maple, joined):
    night = accepted(maple)
    night.do(joined)
    assert night.page.due == night.now + seconds(45)
    effects = night.wait()
    if isinstance(joined, CallerJoined):
        assert effects == (CancelCall(1), ReturnCaller(), PlaceCall(2))
    else:
        assert effects == (BridgeCaller(),)
        assert night.page.due == night.now + seconds(45)


def test_a_page_that_is_closed_does_not_leave_its_caller_alone_in_the_conference(maple):
    night = accepted(maple)
    night.do(CallerJoined("CF1"))
    assert ReturnCaller() in night.do(Resolved("patel", "a duplicate"))
    assert is_to_be_moved(night.page)
    late = accepted(maple)
    assert ReturnCaller() in late.do(Resolved("patel", "a duplicate"))
    assert late.do(CallerJoined("CF1")) == (ReturnCaller(),)


def test_the_end_of_a_talk_moves_nobody(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    night.do(CallerJoined("CF1"))
    assert not is_to_be_moved(night.page), "a late order must not cut the talk"
    assert night.do(ClinicianLeft("CF1"), after=60) == ()
    assert night.page.state is PageState.RESOLVED
    assert night.do(Missed(1, "hung up")) == ()


def test_a_caller_who_is_cut_off_and_comes_back_does_not_find_a_talk_with_nobody_in_it(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    night.do(CallerJoined("CF1"))
    night.do(CallerLeft(), after=1500)
    assert night.do(CallerReturned(), after=60) == (BridgeCaller(), FetchClinician(1))
    assert (night.page.state, night.page.due) == (PageState.ACCEPTED, night.now + minutes(20))
    assert night.do(Missed(1, "hung up"), after=1) == (ReturnCaller(), PlaceCall(2))
    assert night.page.state is PageState.ACCEPTED


def test_the_news_of_a_talk_that_comes_after_the_callers_end_still_tells_of_it(maple):
    night = accepted(maple)
    night.do(ClinicianJoined("CF1"))
    night.do(CallerLeft())
    night.do(CallerJoined("CF1", gone=True))
    assert (night.page.state, night.page.caller) == (PageState.BRIDGED, CallerPresence.GONE)
    assert night.page.due == night.now + minutes(20)


def test_who_passes_a_page_on_by_text_does_not_stay_in_its_conference(maple):
    night = accepted(maple, step("chen"), step("osei"))
    night.do(ClinicianJoined("CF1"))
    assert night.do(Declined("chen")) == (CancelCall(1), PlaceCall(2), ReturnCaller())


@pytest.mark.parametrize("by", [KEY, DIALLED])
def test_a_talk_on_the_callers_own_leg_lasts_as_long_as_it_lasts(maple, by):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(PutThrough())
    assert night.do(Accepted("", by), after=9) == (CancelCall(1),)
    assert (night.page.state, night.page.due) == (PageState.BRIDGED, None)
    assert not is_to_be_moved(night.page)
    night.do(CallerLeft(), after=4000)
    assert night.page.state is PageState.RESOLVED


def test_the_last_resort_that_answers_nobody_has_not_taken_it(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert night.do(Accepted("", DIALLED)) == (), "a leg that was not put through"
    night.do(PutThrough())
    night.do(CallerLeft())
    assert night.do(Accepted("", DIALLED)) == (), "the caller has hung up"
    assert night.page.state is PageState.PAGING


def test_who_had_taken_it_by_text_keeps_the_page_that_the_last_resort_answers(maple):
    night = Night(maple, step("chen", by=SMS))
    night.do(Opened())
    night.do(Accepted("chen", BY_SMS))
    night.do(PutThrough(), after=200)
    assert night.do(Accepted("", DIALLED)) == (CancelCall(2),)
    assert (night.page.state, night.page.accepted_by) == (PageState.BRIDGED, "chen")


def test_a_caller_who_is_put_through_or_records_is_not_put_through_again(maple):
    night = Night(maple, step("silent"))
    assert night.do(Opened())[-1] == TransferCaller()
    night.do(PutThrough(), after=1)
    assert not is_to_be_moved(night.page)
    assert TransferCaller() not in night.wait()
    assert night.do(CallerLeft(), after=5) == (PlaceCall(1),), "now the numbers are rung about the page"


def test_a_clinician_comes_before_the_recording(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    night.do(PutThrough())
    assert night.do(Accepted("chen", KEY, 1)) == (BridgeCaller(),)
    assert is_to_be_moved(night.page)


def test_a_turn_of_the_loop_tells_that_the_caller_is_still_there(maple):
    night = accepted(maple)
    night.do(CallerLeft())
    assert night.do(StillThere()) == (FetchClinician(1),)
    assert night.do(StillThere()) == ()
    last = Night(maple, step("silent"), caller=CallerPresence.GONE)
    last.do(Opened())
    assert last.do(StillThere()) == (CancelCall(1),), "its turn puts the caller through to that number"
    by_text = Night(maple, step("chen", by=SMS), caller=CallerPresence.GONE)
    by_text.do(Opened())
    by_text.do(Accepted("chen", BY_SMS))
    by_text.do(Missed(2, "busy"))
    assert by_text.do(StillThere()) == (PlaceCall(3),)


# ---- a leg of another account than the caller's ----


def apart(maple, *, holds=True):
    """Chen has pressed 1 on a leg that cannot come into the caller's conference."""
    night = Night(maple, step("chen"))
    night.do(Opened())
    if not holds:
        night.do(CallerLeft())
    night.do(Accepted("chen", KEY, 1, apart=True), after=5)
    return night


def test_who_accepts_on_a_leg_that_cannot_be_joined_is_dialled_by_the_callers_own_when_it_has_ended(maple):
    night = apart(maple)
    assert (night.page.state, night.page.accepted_attempt, night.page.apart) == (PageState.ACCEPTED, None, 1)
    assert to_dial(night.page, night.now) is None, "their phone is not free yet"
    assert night.do(Missed(1, "over"), after=8) == (BridgeCaller(),)
    dialled = to_dial(night.page, night.now)
    assert dialled is not None
    assert dialled.address == "+16175550121"
    night.do(PutThrough())
    night.do(Accepted("chen", KEY), after=10)
    assert (night.page.state, night.page.accepted_by, night.page.apart) == (PageState.BRIDGED, "chen", None)
    night.do(CallerLeft(), after=60)
    assert night.page.state is PageState.RESOLVED


def test_the_end_of_that_leg_that_is_never_told_is_waited_for_20_s(maple):
    night = apart(maple)
    assert to_dial(night.page, night.now.add(seconds=19)) is None
    assert to_dial(night.page, night.now.add(seconds=20)) is not None


def test_who_does_not_pick_up_when_dialled_so_keeps_the_page_and_is_rung(maple):
    night = apart(maple)
    night.do(Missed(1, "over"), after=8)
    night.do(PutThrough())
    assert night.do(DialledInVain(), after=25) == (PlaceCall(2),)
    assert (night.page.accepted_by, night.page.put_through, night.page.apart) == ("chen", False, None)
    assert night.do(DialledInVain()) == (), "told again"
    night.do(Accepted("chen", KEY, 2, apart=True), after=10)
    assert night.page.apart == 2


def test_a_caller_who_leaves_before_that_leg_has_ended_is_called_back_from_another(maple):
    night = apart(maple)
    assert night.do(CallerLeft(), after=2) == ()
    assert night.do(Missed(1, "over"), after=6) == (PlaceCall(2),)
    night.do(Accepted("chen", KEY, 2, apart=True), after=10)
    assert (night.page.accepted_attempt, night.page.apart) == (2, None), "they are offered to call back on this leg"


def test_a_caller_who_leaves_after_it_has_ended_has_who_took_it_rung_at_once(maple):
    night = apart(maple)
    night.do(Missed(1, "over"), after=8)
    assert night.do(CallerLeft()) == (PlaceCall(2),)
    assert night.page.apart is None


def test_a_caller_who_is_back_while_a_call_back_is_offered_on_such_a_leg_has_it_ended(maple):
    night = apart(maple, holds=False)
    assert night.page.accepted_attempt == 1
    assert night.do(CallerReturned(), after=30) == (CancelCall(1),)
    assert night.page.apart == 1
    assert night.do(Missed(1, "over"), after=1) == (BridgeCaller(),)


def test_so_has_one_who_was_never_gone(maple):
    night = apart(maple, holds=False)
    assert night.do(StillThere(), after=30) == (CancelCall(1),)
    assert night.page.apart == 1


def test_a_page_that_is_opened_again_or_closed_dials_nobody_so(maple):
    night = apart(maple)
    night.do(Declined("chen"))
    assert night.page.apart is None
    night = apart(maple)
    night.do(Resolved("osei", "by hand"))
    assert night.page.apart is None
    assert night.do(Missed(1, "over")) == ()


def test_an_attempt_that_is_handed_over_is_the_same_one_and_says_why(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert night.do(HandedOver(1, "Twilio did not answer")) == ()
    assert night.page.attempts[0].state is AttemptState.INTENDED
    assert night.trail[-1] == "The call to Dr. Ana Chen goes by the second provider (Twilio did not answer)"
    night.do(HandedOver(1, "HTTP 500", twice=True))
    assert night.trail[-1].endswith("; it may ring twice: the first provider did not say whether it placed the call")
    before = night.page
    night.do(HandedOver(1, "HTTP 500", twice=True), after=1)
    assert night.page is before, "told again"
    night.do(Placed(1))
    night.do(HandedOver(1, "late"))
    assert night.page.attempts[0].state is AttemptState.PLACED
