"""A parent calls at 02:10 on a Sunday and presses 1. Chen is on call, Osei is the backup, then all three are rung."""

import pytest

from telephony.emulator import (
    Answers,
    Busy,
    Hears,
    NoAnswer,
    Played,
    Press,
    Unreachable,
    Voicemail,
    hangs_up_at_once,
)
from telephony.emulator.behaviours import Behaviour
from tests.calls.callers import CANNOT_TALK, PASSES, PATIENT_ANSWERS, TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import (
    CHEN,
    OPERATOR,
    OSEI,
    OSEI_LANDLINE,
    OTHER_PARENT,
    PARENT,
    PATEL,
    RUIZ,
    SERVICE,
    STRANGER,
)


async def test_the_doctor_on_call_takes_it_and_the_two_talk(night: Night):
    for number in (CHEN, OSEI, PATEL, RUIZ):
        night.phone(number).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected")
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by, record.category) == ("connected", "chen", "urgent")
    page = await night.page()
    assert (page.state, page.accepted_by) == ("resolved", "chen")
    assert [night.rung(number) for number in (CHEN, OSEI, PATEL, RUIZ)] == [1, 0, 0, 0]
    assert "Dr. Ana Chen has taken the page by key" in await night.trail()


async def test_the_911_advice_comes_first_and_the_number_is_read_back(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    assert "9 1 1" in call.heard[0]
    await call.press("1")
    await call.hears("6 1 7, 5 5 5, 0 1 8 0")
    await call.hang_up()


async def test_a_voicemail_does_not_count_and_the_backup_hears_the_reason_before_taking_it(night: Night):
    night.phone(CHEN).behaviour = Voicemail(after=15)
    night.phone(OSEI).behaviour = Answers(
        after=5, script=[Hears("4, to hear the reason") >> Press("4") >> Hears("Press 1") >> Press("1")]
    )
    call = await asks_for_a_doctor(night)
    await call.hears("say in a few words what is wrong")
    await call.speak("She has a fever of 104 and will not drink", seconds=6)
    await call.press("#")
    await call.talks_to(night.phone(OSEI), within=400)
    played = [e for each in night.phone(OSEI).calls for e in each.events if isinstance(e, Played)]
    assert [e.url.partition("?")[0].rsplit("/", 2)[1] for e in played if e.url] == ["media"]
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "osei")
    (recording,) = await night.recordings()
    assert (recording.purpose, recording.seconds) == ("reason", 6)
    assert [r.subject for r in await night.sql("SELECT subject FROM audit WHERE action = 'play recording'")] == [
        recording.sid
    ], "hearing what the patient said is in the audit trail"
    assert "picked up, but no key was pressed" in await night.trail()


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (Busy(), "busy"),
        (NoAnswer(), "no answer"),
        (Unreachable(), "the phone could not be reached"),
        (hangs_up_at_once(), "no key was pressed"),
        (Answers(after=3, script=[Hears("Press 1") >> Press("7")], talk_for=20), "no key was pressed"),
        (Answers(after=3, nature="fax"), "no key was pressed"),
    ],
    ids=["busy", "no answer", "unreachable", "hangs up at once", "wrong key", "says nothing"],
)
async def test_a_first_phone_that_comes_to_nothing_leads_to_the_backup(night: Night, first: Behaviour, why: str):
    night.phone(CHEN).behaviour = first
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    assert why in await night.trail()
    await call.hang_up()
    assert (await night.record()).answered_by == "osei"


async def test_who_passes_it_on_is_not_rung_again(night: Night):
    night.phone(CHEN).behaviour = PASSES
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    assert night.rung(CHEN) == 1
    assert "Passed on" in night.phone(CHEN).calls[0].heard[-1]
    await call.hang_up()


async def test_two_callers_at_once_the_second_gets_the_backup_and_the_first_talk_is_not_disturbed(night: Night):
    night.phone(CHEN).behaviour = night.phone(OSEI).behaviour = TAKES
    first = await holds(night)
    await first.talks_to(night.phone(CHEN))
    second = await holds(night, OTHER_PARENT)
    await second.talks_to(night.phone(OSEI), within=60)
    assert night.rung(CHEN) == 1
    assert night.phone(CHEN).texts, "she knows of the second page"
    await first.hang_up()
    await second.hang_up()
    await night.settle()
    pages = await night.sql("SELECT accepted_by, state FROM pages ORDER BY opened_at")
    assert [tuple(row) for row in pages] == [("chen", "resolved"), ("osei", "resolved")]
    third = await holds(night, STRANGER)
    await third.talks_to(night.phone(CHEN), within=60)
    await third.hang_up()


async def test_the_caller_hears_that_the_next_clinician_is_called(night: Night):
    night.phone(CHEN).behaviour = PASSES
    call = await holds(night)
    await call.hears("We are calling the next clinician now, and their phone is ringing", within=60)
    await call.hang_up()


async def test_who_cannot_talk_is_not_waited_for_and_not_rung_again_when_somebody_else_takes_it(night: Night):
    night.phone(CHEN).behaviour = CANNOT_TALK
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=30)
    assert "rung in 5 minutes" in night.phone(CHEN).calls[0].heard[-1]
    await call.hang_up()
    await night.passes(600)
    assert night.rung(CHEN) == 1


async def test_who_could_not_talk_is_rung_again_after_5_minutes_and_calls_the_patient_back(night: Night):
    night.phone(CHEN).behaviour = CANNOT_TALK
    call = await holds(night)
    await call.hang_up()
    await night.passes(280)
    assert night.rung(CHEN) == 1, "the steps that page the one on call leave them alone so long"
    night.phone(CHEN).behaviour = Answers(
        after=4,
        script=[
            Hears("Press 1 to take it") >> Press("*"),
            Hears("Press 1 to take it") >> Press("1"),
            Hears("Press 1 to call them back") >> Press("1"),
        ],
    )
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    await night.passes(40)
    assert night.rung(CHEN) == 2
    await night.phone(CHEN).calls[1].talks_to(night.phone(PARENT), within=60)
    await night.phone(CHEN).calls[1].hang_up()
    await night.settle()
    page = await night.page()
    assert (page.state, page.accepted_by) == ("resolved", "chen")
    assert "Dr. Ana Chen cannot talk now: rung again in 5 min" in await night.trail()


async def test_a_wrong_key_is_asked_again_and_then_the_right_one_takes_it(night: Night):
    night.phone(CHEN).behaviour = Answers(
        after=3, script=[Hears("Press 1") >> Press("5") >> Hears("not one of the choices") >> Press("1")]
    )
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()


async def test_a_doctor_with_two_numbers_is_rung_on_one_and_then_on_the_other(night: Night):
    night.phone(CHEN).behaviour = PASSES
    night.phone(OSEI).behaviour = Busy(2)
    night.phone(OSEI_LANDLINE).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI_LANDLINE), within=400)
    await call.hang_up()
    assert (await night.record()).answered_by == "osei"
    assert night.rung(OSEI) == 1


async def test_of_all_who_are_rung_the_first_to_press_has_it_and_the_others_hear_who(night: Night):
    night.phone(CHEN).behaviour = Answers(after=8, script=[Hears("Press 1") >> Press("1", after=15)])
    night.phone(PATEL).behaviour = Answers(after=6, script=[Hears("Press 1") >> Press("1", after=1)])
    night.phone(OSEI).behaviour = Busy()
    night.phone(OSEI_LANDLINE).behaviour = Busy()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(190)
    night.phone(CHEN).behaviour = Answers(after=7, script=[Hears("Press 1") >> Press("1", after=30)])
    await call.talks_to(night.phone(PATEL), within=400)
    await call.hang_up()
    assert (await night.record()).answered_by == "patel"
    assert (await night.page()).state == "resolved"


async def test_two_press_at_the_same_moment_and_only_one_has_it(night: Night):
    for number in (CHEN, OSEI, OSEI_LANDLINE):
        night.phone(number).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(180)
    for number in (CHEN, OSEI, PATEL):
        night.phone(number).behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("1")])
    await call.hears("You are connected", within=400)
    await night.passes(3)
    page = await night.page()
    takers = [
        n
        for n in (CHEN, OSEI, PATEL)
        if any("Connecting you now" in line for c in night.phone(n).calls for line in c.heard)
    ]
    assert len(takers) == 1
    others = [line for n in (CHEN, OSEI, PATEL) if n not in takers for c in night.phone(n).calls for line in c.heard]
    assert any("has this page" in line for line in others) or all(
        c.ended for n in (CHEN, OSEI, PATEL) if n not in takers for c in night.phone(n).calls
    )
    await call.hang_up()
    assert (await night.page()).state == "resolved"
    assert page.accepted_by in {"chen", "osei", "patel"}


async def test_the_other_phones_stop_ringing_when_one_takes_it(night: Night):
    for number in (CHEN, OSEI, OSEI_LANDLINE):
        night.phone(number).behaviour = NoAnswer()
    call = await holds(night)
    night.phone(PATEL).behaviour = TAKES
    await call.talks_to(night.phone(PATEL), within=400)
    await night.settle()
    assert all(c.ended for n in (CHEN, OSEI) for c in night.phone(n).calls)
    rung = [night.rung(n) for n in (CHEN, OSEI, PATEL)]
    await night.passes(300)
    assert [night.rung(n) for n in (CHEN, OSEI, PATEL)] == rung
    await call.hang_up()


async def test_the_clinician_does_not_see_the_callers_number_nor_the_caller_theirs(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    assert night.phone(CHEN).calls[0].leg.from_ == "+16175550100"
    assert not any("0 1 2 1" in line for line in call.heard)
    await call.hang_up()


async def test_the_clinician_hangs_up_first_and_the_caller_is_offered_to_be_connected_again(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    await night.phone(CHEN).calls[0].hang_up()
    await call.hears("The clinician has left the line")
    await call.is_over(within=60)
    assert (await night.page()).state == "resolved"
    assert (await night.record()).outcome == "connected"


async def test_a_caller_who_was_cut_off_is_connected_again_by_pressing_1(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    await night.phone(CHEN).calls[0].hang_up()
    await call.hears("To be connected again, press 1")
    await call.press("1")
    await call.talks_to(night.phone(CHEN), within=200)
    assert len([c for c in night.phone(CHEN).calls if not c.ended]) == 1
    await call.hang_up()
    await night.settle()
    assert [row.state for row in await night.sql("SELECT state FROM pages")] == ["resolved", "resolved"]


async def test_nobody_takes_it_and_the_caller_who_holds_is_put_through_to_the_answering_service(night: Night):
    night.phone(SERVICE).behaviour = Answers(after=6)
    call = await holds(night)
    await call.hears("To speak with a person now, press 1", within=400)
    await call.press("1")
    await call.talks_to(night.phone(SERVICE), within=100)
    await call.waits(20)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("transferred", "answering_service")
    assert (await night.page()).state == "resolved"
    rung = [night.rung(n) for n in (CHEN, OSEI, PATEL)]
    await night.passes(1200)
    assert [night.rung(n) for n in (CHEN, OSEI, PATEL)] == rung


async def test_every_phone_is_silent_and_the_operators_are_told(night: Night):
    call = await holds(night)
    await call.is_over(within=900)
    await night.phone(OPERATOR).gets_text("Nightbell alert, Maple Pediatrics", within=1200)
    assert any("nobody has taken the page" in why for why in await night.alerts())
