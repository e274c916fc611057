"""What callers leave: refills, appointments, call-back requests; whole, in parts, and empty."""

import pytest
from whenever import Instant, ZonedDateTime

from storage.calls import CALLBACK
from storage.messages import FIELDS
from telephony.emulator import Answers, Shuffled
from tests.calls.callers import TAKES
from tests.calls.night import Night
from tests.calls.people import CHEN, DESK_1, DESK_2, OTHER_PARENT, PARENT, STRANGER


async def asks_for_a_refill(night: Night):
    """As far as the patient's name."""
    call = await night.calls(PARENT)
    await call.hears("prescription refill")
    await call.press("2")
    await call.hears("Has the medicine run out")
    await call.press("2")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hears("first and last name")
    return call


async def test_a_refill_is_taken_with_name_date_of_birth_and_words(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty on Tuesday", seconds=5)
    await call.press("#")
    await call.hears("We have your message")
    await call.is_over()
    assert (await night.record()).outcome == "message taken"
    message = await night.message()
    assert message.category == "refill"
    assert night.opened(CALLBACK, message.callback_sealed) == PARENT
    fields = night.opened_json(FIELDS, message.fields_sealed)
    assert fields == {"patient_name": "recording of 2 s", "date_of_birth": "2021-04-12"}
    noon = ZonedDateTime(2026, 11, 23, 12, tz="America/New_York")
    assert Instant(message.due_at) == noon.to_instant()


async def test_both_recordings_of_a_message_belong_to_it(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty on Tuesday", seconds=5)
    await call.press("#")
    await call.is_over()
    assert [(purpose, seconds) for _, purpose, seconds in await night.sounds()] == [("name", 2), ("message", 5)]


@pytest.mark.parametrize("seed", range(3))
async def test_a_recording_that_is_told_of_late_belongs_to_its_message_too(night: Night, seed: int):
    night.exchange.callback_order = Shuffled(seed, longest=30)
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty on Tuesday", seconds=5)
    await call.press("#")
    await call.is_over()
    await night.passes(60)
    assert {(purpose, seconds) for _, purpose, seconds in await night.sounds()} == {("name", 2), ("message", 5)}
    assert (await night.record()).outcome == "message taken"


@pytest.mark.parametrize("wrong", ["13322021", "02302021", "0412", "00000000", "04121789"])
async def test_a_date_that_is_none_is_asked_for_again(night: Night, wrong: str):
    call = await asks_for_a_refill(night)
    await call.press("#")
    for _ in range(2):
        await call.hears("date of birth", within=60)
        await call.press(f"{wrong}#" if len(wrong) < 8 else wrong)
    await call.hears("date of birth", within=60)
    await call.press("04122021")
    await call.hears("leave your message")
    await call.hang_up()
    message = await night.message()
    assert night.opened_json(FIELDS, message.fields_sealed)["date_of_birth"] == "2021-04-12"


async def test_a_date_that_is_never_right_does_not_stop_the_message(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    for _ in range(3):
        await call.hears("date of birth", within=60)
        await call.press("99999999")
    await call.hears("leave your message", within=60)
    await call.speak("Please call", seconds=2)
    await call.press("#")
    await call.is_over()
    assert (await night.record()).outcome == "message taken"


async def test_an_empty_recording_is_asked_for_once_and_the_request_counts(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.hears("We could not hear you", within=60)
    await call.is_over(within=120)
    assert (await night.record()).outcome == "message taken"
    assert (await night.message()).category == "refill"


async def test_silence_to_everything_is_still_a_request_with_a_number(night: Night):
    call = await night.calls(PARENT)
    await call.hears("prescription refill")
    await call.press("2")
    await call.hears("Has the medicine run out")
    await call.press("2")
    await call.is_over(within=600)
    assert (await night.record()).outcome == "message taken"
    assert night.opened(CALLBACK, (await night.message()).callback_sealed) == PARENT


async def test_a_medicine_that_has_run_out_leads_to_the_doctor(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.hears("prescription refill")
    await call.press("2")
    await call.hears("Has the medicine run out")
    await call.press("1")
    await call.talks_to(night.phone(CHEN), within=200)
    await call.hang_up()


async def test_hanging_up_half_way_keeps_what_was_said(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.hang_up()
    assert (await night.record()).outcome == "message taken"
    fields = night.opened_json(FIELDS, (await night.message()).fields_sealed)
    assert fields == {"patient_name": "recording of 2 s", "date_of_birth": "2021-04-12"}


async def test_hanging_up_after_the_message_instead_of_pressing_pound_keeps_it(night: Night):
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty on Tuesday", seconds=5)
    await call.hang_up()
    assert (await night.record()).outcome == "message taken"
    assert [(purpose, seconds) for _, purpose, seconds in await night.sounds()] == [("name", 2), ("message", 5)]


@pytest.mark.parametrize("seed", range(4))
async def test_hanging_up_after_the_message_keeps_it_in_whatever_order_twilio_tells(night: Night, seed: int):
    night.exchange.callback_order = Shuffled(seed, longest=20)
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.hang_up()
    await night.passes(60)
    assert (await night.record()).outcome == "message taken"
    message = await night.message()
    assert night.opened_json(FIELDS, message.fields_sealed)["patient_name"] == "recording of 2 s"
    assert [purpose for _, purpose, _ in await night.sounds()] == ["name"]


async def test_zero_in_a_message_leads_to_a_person(night: Night):
    call = await asks_for_a_refill(night)
    await call.press("#")
    await call.hears("date of birth", within=60)
    await call.press("0#")
    await call.hears("If that number is right", within=60)
    await call.hang_up()
    assert (await night.record()).outcome == "call-back queued"


async def test_an_appointment_with_the_preferred_time_and_a_survey(night: Night):
    call = await night.calls(PARENT)
    await call.hears("For an appointment")
    await call.press("3")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hears("first and last name")
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("For a morning, press 1")
    await call.press("2")
    await call.hears("leave your message")
    await call.speak("It is about the ears", seconds=3)
    await call.press("#")
    await call.hears("how easy was this call")
    await call.press("4")
    await call.hears("Thank you for calling")
    await call.is_over()
    fields = night.opened_json(FIELDS, (await night.message()).fields_sealed)
    assert fields["preferred_time"] == "afternoon"
    assert ("survey", "4", "") in await night.notes()


async def test_a_call_back_request_by_day_has_its_deadline(day: Night):
    for desk in (DESK_1, DESK_2):
        day.phone(desk).behaviour = Answers(after=2)
    first = await day.calls(OTHER_PARENT)
    await first.talks_to(day.phone(DESK_1))
    day.phone(DESK_1).behaviour = Answers(after=500)
    second = await day.calls(STRANGER)
    await second.talks_to(day.phone(DESK_2))
    call = await day.calls(PARENT)
    await call.hears("To be called back without losing your place")
    await call.press("2")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hears("You are on our list")
    await call.is_over()
    assert (await day.record(call)).outcome == "call-back queued"
    message = await day.message()
    assert (message.category, message.due_at) == (
        "callback",
        message.taken_at.replace(minute=message.taken_at.minute + 30),
    )
    await first.hang_up()
    await second.hang_up()


async def test_a_withheld_number_in_a_message_is_typed(night: Night):
    call = await night.calls(PARENT, caller_id="anonymous")
    await call.hears("For an appointment")
    await call.press("3")
    await call.hears("enter the phone number")
    await call.press("6175550180#")
    await call.hears("first and last name")
    await call.hang_up()
    assert night.opened(CALLBACK, (await night.message()).callback_sealed) == PARENT
