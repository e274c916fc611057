"""What callers do at night: they hang up at any moment, press anything or nothing, call again, hide their number."""

from datetime import timedelta

import pytest

from storage.calls import CALLBACK
from telephony.emulator import Answers, HangUp, Hears, NoAnswer, PhoneCall, Press, Voicemail
from tests.calls.callers import PATIENT_ANSWERS, TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import BLOCKED, CHEN, OSEI, OSEI_LANDLINE, PARENT, PATEL, SERVICE

CALLS_BACK = Answers(
    after=4, script=[Hears("Press 1 to take it") >> Press("1") >> Hears("call them back now") >> Press("1")]
)
SILENT = (CHEN, OSEI, OSEI_LANDLINE, PATEL)


def nobody_answers(night: Night) -> None:
    for number in (*SILENT, SERVICE):
        night.phone(number).behaviour = NoAnswer()


# ---- hanging up ----


async def test_hanging_up_in_the_menu_is_abandoned_and_wakes_nobody(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.hang_up()
    assert (await night.record()).outcome == "abandoned"
    assert await night.sql("SELECT id FROM pages") == []


async def test_hanging_up_while_it_still_rings_is_abandoned(night: Night):
    call = await night.calls(PARENT)
    await call.hang_up()
    assert (await night.record()).outcome == "abandoned"


async def test_the_patients_voicemail_is_not_the_patient(night: Night):
    night.phone(CHEN).behaviour = Answers(
        after=4,
        script=[
            Hears("Press 1 to take it") >> Press("1"),
            Hears("call them back now") >> Press("1"),
            Hears("They did not answer") >> Press("2"),
            Hears("If you have talked to the patient") >> HangUp(),
        ],
    )
    night.phone(PARENT).behaviour = Voicemail(after=10, greeting=4, record_for=20)
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(150)
    page = await night.page()
    assert (page.state, page.accepted_by) == ("accepted", "chen")


async def test_hanging_up_while_confirming_the_number_is_still_a_page_and_a_call_back(night: Night):
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.press("1")
    await call.hears("If that number is right")
    await call.hang_up()
    assert (await night.record()).outcome == "call-back queued"
    back = await night.phone(PARENT).rings(within=120)
    await back.talks_to(night.phone(CHEN), within=60)
    assert back.leg.from_ == "+16175550100"
    await back.hang_up()
    assert (await night.page()).state == "resolved"
    assert any("the caller is not on the line" in line.lower() for line in night.phone(CHEN).calls[0].heard)


async def test_hanging_up_while_saying_why_keeps_what_was_said(night: Night):
    nobody_answers(night)
    call = await asks_for_a_doctor(night)
    await call.hears("say in a few words")
    await call.speak("He swallowed a battery", seconds=4)
    await call.hang_up()
    assert (await night.record()).outcome == "call-back queued"
    (recording,) = await night.recordings()
    assert (recording.purpose, str(recording.page)) == ("reason", (await night.page()).id)
    text = await night.phone(OSEI).gets_text(within=300)
    assert "wants to be called back" in text.body


async def test_hanging_up_while_holding_leaves_the_page_and_the_doctor_calls_back(night: Night):
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await holds(night)
    await call.hears("We are calling the clinician on call")
    await call.hang_up()
    assert (await night.record()).outcome == "call-back queued"
    night.phone(OSEI).behaviour = CALLS_BACK
    back = await night.phone(PARENT).rings(within=300)
    await back.talks_to(night.phone(OSEI), within=60)
    assert back.leg.from_ == "+16175550100"
    await back.waits(60)
    await back.hang_up()
    page = await night.page()
    assert (page.state, page.accepted_by) == ("resolved", "osei")


async def test_the_doctor_who_called_back_hangs_up_first_and_is_not_woken_again(night: Night):
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    night.phone(CHEN).behaviour = CALLS_BACK
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    back = await night.phone(PARENT).rings(within=300)
    await back.talks_to(night.phone(CHEN), within=60)
    await back.waits(60)
    await night.phone(CHEN).calls[-1].hang_up()
    rung = night.rung(CHEN)
    await night.passes(3000)
    assert (await night.page()).state == "resolved"
    assert night.rung(CHEN) == rung
    assert night.rung(OSEI) == 0


async def test_a_call_back_that_nobody_answers_can_be_tried_again(night: Night):
    night.phone(PARENT).behaviour = NoAnswer()
    night.phone(CHEN).behaviour = Answers(
        after=4,
        script=[
            *(Hears("Press 1 to take it") >> Press("1") >> Hears("call them back now") >> Press("1")).parts(),
            *(Hears("They did not answer. Press 1 to try again") >> Press("1")).parts(),
        ],
    )
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.phone(PARENT).rings(within=300)
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    back = await night.phone(PARENT).rings(within=300)
    await back.talks_to(night.phone(CHEN), within=60)
    assert "Dr. Ana Chen notes: no answer" in await night.trail()
    await back.hang_up()
    assert (await night.page()).state == "resolved"


async def test_after_the_talk_the_doctor_notes_with_a_key_that_the_patient_went_to_emergency(night: Night):
    night.phone(CHEN).behaviour = Answers(
        after=4,
        script=[
            *(Hears("Press 1 to take it") >> Press("1")).parts(),
            *(Hears("The call has ended. If you sent the patient to emergency, press 3") >> Press("3")).parts(),
        ],
    )
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    await night.passes(30)
    assert "The page is closed. Thank you" in night.phone(CHEN).calls[0].heard[-1]
    page = await night.page()
    assert (page.state, page.body["note"]) == ("resolved", "sent to emergency")
    assert page.resolved_at < night.timeline.now().to_stdlib() - timedelta(seconds=15), "resolved when they had talked"


async def test_word_left_on_a_voicemail_is_noted_and_leaves_the_page_with_the_doctor(night: Night):
    night.phone(PARENT).behaviour = Voicemail(after=10)
    night.phone(CHEN).behaviour = Answers(
        after=4,
        script=[
            *(Hears("Press 1 to take it") >> Press("1") >> Hears("call them back now") >> Press("1")).parts(),
            *(Hears("2, to take whoever answers") >> Press("2")).parts(),
            *(Hears("If you left word, press 2") >> Press("2")).parts(),
        ],
    )
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(200)
    assert "The page stays yours" in night.phone(CHEN).calls[0].heard[-1]
    page = await night.page()
    assert (page.state, page.accepted_by, page.body["note"]) == ("accepted", "chen", "left word")
    await night.passes(1300)
    assert "The page is opened again" in await night.trail()


async def test_a_page_that_was_taken_and_not_called_back_is_opened_again(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(600)
    assert (await night.page()).state == "accepted"
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    night.phone(OSEI).behaviour = CALLS_BACK
    back = await night.phone(PARENT).rings(within=1500)
    await back.talks_to(night.phone(OSEI), within=60)
    await back.hang_up()
    assert "The page is opened again" in await night.trail()
    assert (await night.page()).state == "resolved"


async def test_hanging_up_at_the_very_moment_of_acceptance_leaves_nobody_alone(night: Night):
    night.phone(CHEN).behaviour = Answers(after=4, script=[Hears("Press 1")])
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await asks_for_a_doctor(night)
    ring = await night.phone(CHEN).rings()
    await ring.hears("Press 1")
    await ring.press("1")
    await call.hang_up()
    await ring.hears("The caller is not on the line", within=60)
    await ring.press("1")
    await ring.talks_to(night.phone(PARENT), within=60)
    await ring.hang_up()
    assert (await night.page()).state == "resolved"


async def test_hanging_up_while_the_doctor_hears_that_they_are_being_connected(night: Night):
    night.phone(CHEN).behaviour = Answers(after=4, script=[Hears("Press 1")])
    call = await asks_for_a_doctor(night)
    ring = await night.phone(CHEN).rings()
    await ring.hears("Press 1")
    await ring.press("1")
    await ring.hears("Connecting you now")
    await call.hang_up()
    await ring.hears("The caller is not on the line", within=60)
    await ring.hang_up()
    assert (await night.page()).state == "accepted"
    assert (await night.record()).outcome == "call-back queued"


# ---- holding ----


async def test_star_while_holding_hangs_up_and_is_called_back(night: Night):
    call = await holds(night)
    await call.hears("To hang up and be called back instead, press star")
    await call.press("*")
    await call.hears("We will call you back")
    await call.is_over()
    assert (await night.record()).outcome == "call-back queued"
    assert "The caller is not on the line any more" in await night.trail()


async def test_other_keys_while_holding_change_nothing(night: Night):
    call = await holds(night)
    for key in "5#07":
        await call.hears("the clinician" if key == "5" else "clinician", within=60)
        await call.press(key)
    assert not call.ended
    await call.hang_up()


async def test_who_holds_too_long_is_offered_a_person_and_gets_one(night: Night):
    night.phone(SERVICE).behaviour = Answers(after=5)
    call = await holds(night)
    await call.hears("To speak with a person now, press 1", within=400)
    await call.press("1")
    await call.talks_to(night.phone(SERVICE), within=60)
    await call.hang_up()
    assert (await night.record()).outcome == "transferred"


async def test_who_holds_too_long_and_hangs_up_is_still_paged_about(night: Night):
    call = await holds(night)
    await call.hears("you may hang up", within=400)
    await call.hang_up()
    night.phone(PATEL).behaviour = CALLS_BACK
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    back = await night.phone(PARENT).rings(within=600)
    await back.talks_to(night.phone(PATEL), within=60)
    await back.hang_up()
    assert (await night.page()).state == "resolved"


async def test_who_holds_too_long_and_says_nothing_is_put_through_to_a_person(night: Night):
    night.phone(SERVICE).behaviour = Answers(after=5)
    call = await holds(night)
    await call.hears("you may hang up", within=400)
    await call.talks_to(night.phone(SERVICE), within=120)
    await call.waits(10)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("transferred", "answering_service")


async def test_a_doctor_takes_it_just_when_a_person_is_offered(night: Night):
    call = await holds(night)
    await call.hears("To speak with a person now", within=400)
    night.phone(PATEL).behaviour = TAKES
    night.phone(OSEI).behaviour = TAKES
    night.phone(CHEN).behaviour = TAKES
    await night.passes(4)
    assert call.ended or await _connected(call)
    await night.settle()


async def _connected(call: PhoneCall) -> bool:
    await call.is_over(within=120)
    return True


# ---- calling again ----


async def test_calling_again_within_half_an_hour_joins_the_open_page(night: Night):
    nobody_answers(night)
    first = await holds(night)
    await first.hears("We are calling the clinician on call")
    await first.hang_up()
    await night.passes(20)
    night.phone(OSEI).behaviour = TAKES
    second = await holds(night)
    await second.talks_to(night.phone(OSEI), within=300)
    await second.hang_up()
    page = await night.page()
    assert (page.state, page.call, page.caller_leg) == ("resolved", first.sid, second.sid)
    assert "The caller is back on the line" in await night.trail()
    outcomes = [r.outcome for r in await night.sql("SELECT outcome FROM calls ORDER BY started_at")]
    assert outcomes == ["call-back queued", "connected"]


async def test_a_second_call_from_the_same_number_while_the_first_holds_is_a_page_of_its_own(night: Night):
    nobody_answers(night)
    first = await holds(night)
    second = await holds(night)
    await first.hang_up()
    night.phone(OSEI).behaviour = TAKES
    night.phone(PATEL).behaviour = TAKES
    await second.talks_to(night.phone(OSEI), within=300)
    await second.waits(5)
    await second.hang_up()
    await night.settle()
    states = await night.sql("SELECT p.state FROM pages p JOIN calls c ON c.page = p.id ORDER BY c.started_at, c.sid")
    assert len(states) == 2
    mine = await night.sql_one(
        "SELECT p.state FROM pages p JOIN calls c ON c.page = p.id WHERE c.sid = :s", s=second.sid
    )
    assert mine == "resolved"


async def test_calling_again_after_half_an_hour_is_a_page_of_its_own(night: Night):
    nobody_answers(night)
    first = await holds(night)
    await first.hang_up()
    await night.passes(31 * 60)
    second = await holds(night)
    assert len(await night.sql("SELECT id FROM pages")) == 2
    await second.hang_up()


# ---- numbers ----


@pytest.mark.parametrize(
    "from_", ["anonymous", "unknown", "+266696687", "+7378742833", "", "sip:somebody@example.invalid", "+1617555018O"]
)
async def test_a_caller_whose_number_is_not_known_types_one_and_is_called_back_there(night: Night, from_: str):
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await night.calls(PARENT, caller_id=from_)
    await call.hears("closed")
    await call.press("1")
    await call.hears("enter the phone number")
    await call.press("6175550180#")
    await call.hears("say in a few words")
    await call.hang_up()
    back = await night.phone(PARENT).rings(within=120)
    await back.talks_to(night.phone(CHEN), within=60)
    await back.hang_up()
    assert (await night.page()).state == "resolved"


@pytest.mark.parametrize("keys", ["12#", "", "999#", "#"], ids=["short", "nothing", "nonsense", "only pound"])
async def test_a_caller_who_types_no_number_still_gets_the_doctor(night: Night, keys: str):
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(OSEI).behaviour = TAKES
    call = await night.calls(PARENT, caller_id="anonymous")
    await call.hears("closed")
    await call.press("1")
    for _ in range(3):
        await call.hears("enter the phone number", within=60)
        if keys:
            await call.press(keys)
    await call.talks_to(night.phone(OSEI), within=300)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"


async def test_another_number_typed_is_the_one_that_is_called_back(night: Night):
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone("+16175550188").behaviour = PATIENT_ANSWERS
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.press("1")
    await call.hears("For another number, press 2")
    await call.press("2")
    await call.hears("enter the phone number")
    await call.press("6175550188#")
    await call.hears("say in a few words")
    await call.hang_up()
    back = await night.phone("+16175550188").rings(within=120)
    await back.talks_to(night.phone(CHEN), within=60)
    await back.hang_up()
    assert night.opened(CALLBACK, (await night.record()).callback_sealed) == "+16175550188"
    assert night.rung(PARENT) == 0


async def test_a_foreign_number_is_called_back_too(night: Night):
    call = await night.calls(PARENT, caller_id="+525555550100")
    await call.hears("closed")
    await call.press("1")
    await call.hears("5 2 5, 5 5 5, 5 5 0, 1 0 0")
    await call.press("1")
    await call.hears("say in a few words")
    await call.hang_up()
    assert night.opened(CALLBACK, (await night.page()).callback_sealed) == "+525555550100"


# ---- keys ----


async def test_silence_everywhere_still_reaches_a_person(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.talks_to(night.phone(CHEN), within=300)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"
    assert ("call-back number assumed", "", "") in await night.notes()


async def test_wrong_keys_everywhere_still_reach_a_person(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    for _ in range(3):
        await call.hears("closed")
        await call.press("8")
    await call.talks_to(night.phone(CHEN), within=300)
    await call.hang_up()


async def test_zero_leads_to_a_person(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.press("0")
    await call.hears("If that number is right")
    await call.hang_up()
    assert ("asked for a person", "", "") in await night.notes()


async def test_star_repeats_the_menu(night: Night):
    call = await night.calls(PARENT)
    await call.hears("To talk to a doctor now")
    await call.press("*")
    await call.hears("closed")
    await call.hang_up()


@pytest.mark.parametrize("keys", ["A", "B", "C", "D", "A1", "1111111111", "*#*#"])
async def test_keys_that_nobody_foresaw_keep_the_caller_on_the_way(night: Night, keys: str):
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.press(keys)
    await call.talks_to(night.phone(CHEN), within=400)
    await call.hang_up()


async def test_spanish_is_spoken_from_9_on_with_the_advice_first(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.hears("Para español")
    await call.press("9")
    await call.hears("cuelgue y marque 9 1 1")
    await call.press("1")
    await call.hears("oprima el 1")
    await call.press("1")
    await call.hears("Estamos llamando al médico de guardia")
    await call.hears("El médico está en la línea", within=60)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    record = await night.record()
    assert (record.language, record.outcome) == ("es-US", "connected")


async def test_the_hours_are_told_and_the_menu_comes_again(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.press("4")
    await call.hears("12 Maple Street")
    await call.hears("closed")
    await call.hang_up()
    assert (await night.record()).outcome == "informed"


async def test_speech_is_understood_where_the_plan_asks_for_it(stage):
    from tests.calls.people import SAMPLE

    text = SAMPLE.read_text()
    changed = text.replace(
        '1: {say: {en-US: "To talk to a doctor now"}, go: urgent}',
        '1: {say: {en-US: "To talk to a doctor now"}, go: urgent, words: {en-US: [doctor, emergency]}}',
    ).replace(
        "      tries: 3\n      otherwise: urgent # silence",
        "      tries: 3\n      speech: true\n      otherwise: urgent # silence",
    )
    assert changed.count("speech: true") == 1
    night = await stage(document=changed)
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.speak("I need a doctor please", seconds=2)
    await call.hears("If that number is right")
    await call.hang_up()
    assert ("said", "1", "") in await night.notes()


async def test_a_blocked_caller_gets_busy(night: Night):
    call = await night.calls(BLOCKED)
    await call.is_over()
    assert call.status == "busy"
    assert call.heard == []
    assert (await night.record()).outcome == "rejected"


# ---- whom the last resort is for ----


async def test_every_phone_silent_rings_the_last_resort_with_the_caller_on_the_line(stage):
    night = await stage(document=_short_policy())
    night.phone(SERVICE).behaviour = Answers(after=6)
    call = await holds(night)
    await call.hears("We are connecting you to a person who can help", within=400)
    await call.talks_to(night.phone(SERVICE), within=60)
    await call.waits(300)
    assert not call.ended
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("transferred", "answering_service")
    assert (await night.page()).state == "resolved"
    assert any("nobody has taken the page" in why for why in await night.alerts())


async def test_the_last_resort_does_not_answer_either_and_the_caller_leaves_a_recording(stage):
    night = await stage(document=_short_policy())
    nobody_answers(night)
    call = await holds(night)
    await call.hears("We could not reach anybody just now", within=400)
    await call.speak("This is a test of last things", seconds=5)
    await call.press("#")
    await call.hears("We have your message")
    await call.is_over()
    recording = (await night.recordings())[-1]
    assert recording.seconds == 5
    assert (await night.record()).outcome == "call-back queued"
    assert await night.alerts()
    await night.passes(4000)
    assert (await night.page()).state == "last resort"


async def test_the_caller_is_gone_and_the_last_resort_is_paged_with_a_key(stage):
    night = await stage(document=_short_policy())
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    night.phone(SERVICE).behaviour = CALLS_BACK
    back = await night.phone(PARENT).rings(within=400)
    await back.talks_to(night.phone(SERVICE), within=60)
    await back.hang_up()
    assert (await night.page()).state == "resolved"


async def test_a_voicemail_of_the_last_resort_takes_no_page(stage):

    night = await stage(document=_short_policy())
    night.phone(SERVICE).behaviour = Voicemail(after=5)
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(4000)
    page = await night.page()
    assert (page.state, page.accepted_by) == ("last resort", None)
    assert night.rung(SERVICE) == 5
    assert any("stays open until somebody takes it" in why for why in await night.alerts())


def _short_policy() -> str:
    """The sample with one round of one step, and holding longer than that."""
    from tests.calls.people import SAMPLE

    text = SAMPLE.read_text()
    head, _, rest = text.partition("      - {page: primary, by: [call], for: 60s}\n")
    tail = rest.partition("    repeat: 2\n")[2]
    return f"{head}    repeat: 1\n{tail}"
