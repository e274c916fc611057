"""Quiet hours and limits: who is let alone, and that no page is lost by it."""

from dataclasses import replace

import pytest
from whenever import Time, TimeDelta, ZonedDateTime, minutes

from escalation.advance import advance
from escalation.effects import PlaceCall, SendSms
from escalation.events import Declined, DialledIn, Doubled, Due, Failed, Freed, Missed, Opened, PutOff
from escalation.page import CallerPresence, PageState
from escalation.policy import Means, PolicyStep, RingLimit, Target, TargetKind
from escalation.roster import ALL_DAY, DailyWindow, Layer, Schedule
from escalation.sparing import quiet_until
from tests.escalation.test_advance import BOTH, SMS, Night, step

EVERY_DAY = ALL_DAY.days


def window(start: Time, end: Time) -> DailyWindow:
    return DailyWindow(EVERY_DAY, start, end)


NIGHTLY = (window(Time(22), Time(7)),)


def at(day: int, hour: int, minute: int = 0, month: int = 11):
    return ZonedDateTime(2026, month, day, hour, minute, tz="America/New_York").to_instant()


def with_quiet(roster, *members, windows=NIGHTLY):
    changed = {member: replace(roster.members[member], quiet=windows) for member in members}
    return replace(roster, members={**roster.members, **changed})


def routine(roster, *steps, **page):
    """A night at 02:00 on a page that is not urgent."""
    night = Night(roster, *steps, **page)
    policy = replace(night.policy, urgent=False)
    night.escalation = replace(night.escalation, policies={"urgent": policy})
    return night


# ---- quiet hours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "windows", "until"),
    [
        (at(21, 2), NIGHTLY, at(21, 7)),
        (at(21, 22), NIGHTLY, at(22, 7)),
        (at(21, 7), NIGHTLY, None),
        (at(21, 21, 59), NIGHTLY, None),
        (at(21, 23), (window(Time(22), Time(0)), window(Time(0), Time(7))), at(22, 7)),
        (at(21, 23), (window(Time(22), Time(0)), window(Time(0, 1), Time(7))), at(22, 0)),
        (at(31, 23, month=10), NIGHTLY, at(1, 7)),  # the night that has an hour twice
        (at(21, 2), (), None),
    ],
)
def test_when_quiet_hours_end(maple, instant, windows, until):
    assert quiet_until(with_quiet(maple, "chen", windows=windows), "chen", instant) == until


def test_quiet_hours_without_an_end_are_not_believed_for_ever(maple):
    roster = with_quiet(maple, "chen", windows=(ALL_DAY,))
    assert quiet_until(roster, "chen", at(21, 2)) <= at(30, 2)
    assert quiet_until(roster, "nobody", at(21, 2)) is None


def test_who_called_in_while_a_page_waited_is_rung_all_the_same_when_it_goes_on(maple):
    night = routine(with_quiet(maple, "chen"), step("chen"))
    night.do(Opened())
    night.do(DialledIn("chen", "+16175550121"), after=60)
    night.do(Missed(1, "no key was pressed"), after=60)
    assert night.rung() == ["0121"]
    while night.now < at(21, 7):
        night.wait()
    assert night.rung() == ["0121", "0121"]


def test_an_urgent_page_comes_in_quiet_hours(maple):
    night = Night(with_quiet(maple, "chen"), step("chen", by=BOTH))
    assert night.do(Opened()) == (SendSms(1), PlaceCall(2))


def test_another_one_goes_to_who_has_none_and_neither_rings_nor_texts_the_others(maple):
    night = routine(with_quiet(maple, "chen"), step("chen", by=BOTH), step("chen", "patel", by=BOTH))
    assert night.do(Opened()) == (SendSms(1), PlaceCall(2))
    assert (night.rung(), night.page.step) == (["0123"], 1)
    assert "quiet hours" in " ".join(night.trail)


def test_where_everybody_has_them_it_waits_until_the_first_ones_end(maple):
    early = with_quiet(maple, "chen", "osei")
    early = with_quiet(early, "patel", windows=(window(Time(22), Time(6)),))
    night = routine(early, step("chen", by=BOTH), step("patel", by=BOTH, wait=120), caller=CallerPresence.GONE)
    assert night.do(Opened()) == ()
    assert (night.page.state, night.page.due, night.page.is_waiting) == (PageState.PAGING, at(21, 3), True), "a look"
    assert night.trail[-1] == "Everybody whom it may page has quiet hours: it waits until 2026-11-21 06:00"
    assert night.do(Due(), after=3600) == (), "a wake-up that comes early"
    night.now = at(21, 6)
    assert night.do(Due()) == (SendSms(1), PlaceCall(2))
    assert night.rung() == ["0123"]
    night.do(Missed(2, "busy"), after=5)
    night.do(Due(), after=120)
    assert night.page.state is PageState.LAST_RESORT, "the others were skipped, as they would be if they were off"


def test_who_waits_is_paged_in_turn_once_the_night_is_over(maple):
    night = routine(with_quiet(maple, "chen", "patel"), step("patel"), step("chen"), rounds=2)
    night.do(Opened())
    night.now = at(21, 7)
    for expected in (["0123"], ["0123", "0121"], ["0123", "0121", "0123"], ["0123", "0121", "0123", "0121"]):
        night.do(Due())
        assert night.rung() == expected
        night.now = night.page.due
    night.do(Due())
    assert night.page.state is PageState.LAST_RESORT


def test_what_happens_to_an_earlier_attempt_rings_nobody_while_it_waits(maple):
    dozing = with_quiet(maple, "chen", windows=(window(Time(2, 1), Time(7)),))
    night = routine(dozing, step("patel", by=SMS, wait=90), step("chen"))
    assert night.do(Opened()) == (SendSms(1),)
    assert night.do(Due(), after=90) == ()
    assert night.page.is_waiting
    for event in (Failed(1, "the carrier filtered it"), Declined("patel"), Declined("chen")):
        assert [e for e in night.do(event, after=1) if isinstance(e, PlaceCall)] == []
    assert night.page.state is PageState.PAGING
    assert night.page.is_waiting


def on_duty(maple, chen, patel):
    """Chen is on call until noon, Patel from noon on."""
    roster = with_quiet(with_quiet(maple, "chen", windows=chen), "patel", windows=patel)
    one = {name: replace(maple.rotations["physicians"], name=name, members=(name,)) for name in ("chen", "patel")}
    layers = Layer("chen", (window(Time(0), Time(12)),)), Layer("patel", (window(Time(12), Time(0)),))
    return replace(roster, rotations=one, schedules={"primary": Schedule("primary", layers)})


PRIMARY = PolicyStep((Target(TargetKind.SCHEDULE, "primary"),), (Means.CALL,), minutes(1))


def test_a_handoff_to_somebody_who_has_none_is_seen(maple):
    night = routine(on_duty(maple, (window(Time(0), Time(18)),), ()), PRIMARY, caller=CallerPresence.GONE)
    night.do(Opened())
    while night.page.is_waiting:
        night.wait()
    assert (night.now, night.rung()) == (at(21, 12), ["0123"])


def test_no_page_waits_for_more_than_a_day(maple):
    ever = on_duty(maple, (window(Time(0), Time(12)),), (window(Time(12), Time(0)),))
    night = routine(ever, PRIMARY, caller=CallerPresence.GONE)
    night.do(Opened())
    while night.page.is_waiting:
        night.wait()
    assert (night.now, night.rung()) == (at(22, 2), ["0121"])


def test_what_twilio_refused_is_not_tried_again_while_the_page_waits(maple):
    dozing = with_quiet(maple, "patel", windows=(window(Time(2, 1), Time(7)),))
    night = routine(dozing, step("patel", wait=90), caller=CallerPresence.GONE, rounds=2)
    night.do(Opened())
    night.do(Failed(1, "429", platform=True), after=80)
    night.do(Due(), after=10)
    assert night.page.is_waiting
    night.do(Due(), after=5)
    assert night.rung() == ["0123"]


# ---- many callers for one clinician ---------------------------------------------------------------------------------


def engaged(night: Night, *members: str) -> Night:
    """They talk to other patients."""
    night.escalation = replace(night.escalation, engaged=frozenset(members), talking=frozenset(members))
    return night


def test_who_hangs_up_is_rung_again_where_the_step_found_them_engaged(maple):
    night = engaged(Night(maple, step("chen", wait=300)), "chen")
    assert night.do(Opened()) == (PlaceCall(1),)
    assert night.page.is_queued
    assert night.do(Freed("chen"), after=1) == (), "she is being rung"
    assert night.do(Missed(1, "busy"), after=5) == (), "she is waited for, although nothing rings"
    assert (night.page.state, night.page.due) == (PageState.PAGING, night.page.step_until)
    engaged(night)
    assert night.do(Freed("chen"), after=60) == (PlaceCall(2),)
    night.do(Missed(2, "busy"), after=5)
    assert night.page.state is PageState.LAST_RESORT, "not twice in one step"


def test_a_talk_that_outlasts_the_step_does_not_hold_the_page_longer(maple):
    night = engaged(Night(maple, step("chen", wait=120), rounds=2), "chen")
    night.do(Opened())
    night.do(Missed(1, "busy"), after=5)
    assert night.do(Due(), after=115) == (PlaceCall(2),), "the second round"
    night.do(Missed(2, "busy"), after=5)
    night.do(Due(), after=115)
    assert night.page.state is PageState.LAST_RESORT


def test_who_is_only_being_rung_about_another_page_is_not_waited_for(maple):
    """Or two pages that ring the same sleeper would wait for each other."""
    night = Night(maple, step("chen", wait=300))
    night.escalation = replace(night.escalation, engaged=frozenset({"chen"}))
    night.do(Opened())
    night.do(Missed(1, "no answer"), after=25)
    assert night.page.state is PageState.LAST_RESORT


def test_who_hangs_up_about_one_page_and_talks_about_another_is_not_rung_yet(maple):
    night = engaged(Night(maple, step("chen", wait=300)), "chen")
    night.do(Opened())
    night.do(Missed(1, "busy"), after=5)
    assert night.do(Freed("chen"), after=5) == (), "it was this page's own call that ended"
    engaged(night)
    assert night.do(Freed("chen"), after=5) == (PlaceCall(2),)


def test_nobody_is_waited_for_in_line_while_somebody_else_can_be_called(maple):
    night = engaged(Night(maple, step("chen", wait=300), step("patel")), "chen")
    assert night.do(Opened()) == (PlaceCall(1),)
    assert (night.rung(), night.page.step) == (["0123"], 1)


@pytest.mark.parametrize("who", ["silent", "chen"])
def test_who_cannot_be_rung_is_not_waited_for_in_line(maple, who):
    night = engaged(Night(maple, step(who, wait=300), rounds=1), who)
    night.do(Opened())
    if who == "chen":
        night.do(PutOff(1), after=1)
    assert night.page.state is PageState.LAST_RESORT


def test_it_is_once_more_and_no_more_in_a_step(maple):
    night = engaged(Night(maple, step("chen", by=BOTH, wait=300)), "chen")
    assert night.do(Opened()) == (SendSms(1), PlaceCall(2))
    assert night.do(Missed(2, "busy"), after=5) == (), "the text is waited for"
    engaged(night)
    assert night.do(Freed("chen"), after=60) == (PlaceCall(3),)
    assert "who is free again" in night.trail[-1]
    assert night.do(Freed("chen"), after=1) == ()
    assert night.do(Missed(3, "no answer"), after=30) == ()
    assert night.do(Freed("chen"), after=1) == ()


@pytest.mark.parametrize("who", ["osei", "nobody", "silent"])
def test_who_is_none_of_the_step_is_not_rung_for_being_free(maple, who):
    night = Night(maple, step("chen", "silent", by=BOTH, wait=300))
    night.do(Opened())
    assert night.do(Freed(who), after=5) == ()


def test_who_passed_it_on_or_is_engaged_again_is_left_alone(maple):
    night = Night(maple, step("chen", "patel", by=BOTH, wait=300), step("osei"))
    night.do(Opened())
    night.do(Declined("chen"), after=5)
    assert night.do(Freed("chen"), after=5) == ()
    engaged(night, "patel")
    assert night.do(Freed("patel"), after=5) == ()


def test_a_call_that_was_placed_twice_is_labelled_once(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert night.do(Doubled(1), after=1) == ()
    assert night.page.attempts[0].doubled
    assert night.trail[-1] == "The call to Dr. Ana Chen was placed twice, as Twilio did not answer the first request"
    version = night.page.version
    night.do(Doubled(1), after=1)
    night.do(Doubled(7), after=1)
    assert night.page.version == version


# ---- how often ------------------------------------------------------------------------------------------------------


def limited(night: Night, **rung: int) -> Night:
    night.escalation = replace(night.escalation, ring_limit=RingLimit(3, minutes(60)), rung=rung)
    return night


def test_who_was_rung_often_enough_is_rung_by_a_new_caller_all_the_same(maple):
    night = limited(Night(maple, step("chen"), step("patel")), chen=3)
    assert night.do(Opened()) == (PlaceCall(1),)
    assert night.rung() == ["0121"]


def test_but_not_again_while_somebody_else_can_be_called(maple):
    night = limited(Night(maple, step("chen"), step("patel"), rounds=2), chen=2)
    night.do(Opened())
    limited(night, chen=3)
    night.do(Missed(1, "no answer"), after=30)
    night.do(Missed(2, "no answer"), after=30)
    assert night.rung() == ["0121", "0123", "0123"], "in the second round it is the other one alone"


def test_urgent_is_never_throttled_away(maple):
    night = limited(Night(maple, step("chen"), step("patel"), rounds=2), chen=9, patel=9)
    night.do(Opened())
    for number in (1, 2, 3):
        night.do(Missed(number, "no answer"), after=30)
    assert night.rung() == ["0121", "0123", "0121", "0123"]
    alone = limited(Night(maple, step("chen"), rounds=3), chen=9)
    alone.do(Opened())
    for number in (1, 2):
        alone.do(Missed(number, "no answer"), after=30)
    assert alone.rung() == ["0121", "0121", "0121"]


def test_what_is_not_urgent_only_texts_who_was_rung_often_enough(maple):
    night = limited(routine(maple, step("chen", by=BOTH), step("patel")), chen=3)
    assert night.do(Opened()) == (SendSms(1),)
    assert night.page.step == 0, "the text has its time"
    assert night.do(Due(), after=60) == (PlaceCall(2),)
    assert night.rung() == ["0123"]


def test_who_asked_to_be_rung_later_is_rung_then(maple):
    night = limited(Night(maple, step("chen", wait=600), step("patel")), chen=2)
    night.do(Opened())
    limited(night, chen=3)
    assert PlaceCall(2) in night.do(PutOff(1), after=5)
    assert night.page.attempts[1].at == night.now + TimeDelta(minutes=5)


def test_the_same_answer_without_limits_as_with_limits_that_nobody_meets(maple):
    night = Night(maple, step("chen"))
    free = advance(night.escalation, night.page, Opened(), night.now)
    assert advance(limited(night, chen=2).escalation, night.page, Opened(), night.now) == free
