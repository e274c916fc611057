"""Pages by text message: taken, passed on, undelivered, stopped; and texts from people who are nobody here."""

import pytest

from telephony.emulator import Answers, Failed, Hears, NoAnswer, Press, Replies, Silent, Undelivered
from telephony.emulator.behaviours import Delivered
from tests.calls.callers import TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, OSEI_LANDLINE, OTHER_PARENT, PARENT, PATEL, PRACTICE, STRANGER

CONNECTS = Answers(after=3, script=[Hears("Press 1 to be connected") >> Press("1")])


def code_in(body: str) -> str:
    return body.partition(" page ")[2].partition(".")[0]


async def test_a_text_says_that_somebody_holds_and_nothing_about_them(night: Night):
    call = await holds(night)
    text = await night.phone(CHEN).gets_text("Reply 1 to take it")
    assert text.body.startswith("Maple Pediatrics: urgent page ")
    assert "The caller is holding" in text.body
    await call.hang_up()


async def test_who_takes_it_by_text_is_rung_and_connected(night: Night):
    night.phone(CHEN).sms_behaviour = Replies("1", after=10)
    call = await holds(night)
    await night.phone(CHEN).rings()
    night.phone(CHEN).behaviour = CONNECTS
    await call.hears("You are connected", within=120)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert "by sms" in await night.trail()
    assert night.rung(OSEI) == 0


@pytest.mark.parametrize("stays", [True, False])
async def test_who_takes_it_by_text_and_misses_the_call_to_connect_them_has_it_while_nobody_holds(
    night: Night, stays: bool
):
    """A patient who holds does not wait for them: the next one is rung, and they are told who has it."""
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(CHEN).sms_behaviour = Replies("yes", after=10)
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1")
    night.phone(CHEN).sms_behaviour = Delivered()
    if not stays:
        await call.hang_up()
    night.phone(OSEI).behaviour = TAKES
    night.phone(OSEI).sms_behaviour = Silent()
    await night.passes(45)
    assert (await night.page()).accepted_by == (None if stays else "chen")
    await night.phone(OSEI).rings(within=30 if stays else 1500)
    assert "The page is opened again" in await night.trail()
    if stays:
        await call.talks_to(night.phone(OSEI), within=30)
        await night.phone(CHEN).gets_text("is taken care of by Dr. Kofi Osei", within=30)
        await call.hang_up()


async def test_who_passes_it_on_by_text_is_left_alone_and_the_backup_is_rung(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(CHEN).sms_behaviour = Replies("2", after=5)
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=200)
    await night.phone(CHEN).gets_text("passed on")
    await call.hang_up()
    assert night.rung(CHEN) == 1


async def test_with_two_open_pages_a_bare_1_takes_neither_until_the_code_is_given(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    first = await holds(night, PARENT)
    second = await holds(night, OTHER_PARENT)
    one = await night.phone(CHEN).gets_text("Reply 1")
    two = await night.phone(CHEN).gets_text("Reply 1")
    await night.phone(CHEN).text("1", PRACTICE)
    answer = await night.phone(CHEN).gets_text("2 open pages")
    assert code_in(one.body) in answer.body
    assert code_in(two.body) in answer.body
    assert [r.accepted_by for r in await night.sql("SELECT accepted_by FROM pages")] == [None, None]
    night.phone(CHEN).behaviour = CONNECTS
    await night.phone(CHEN).text(f"1 {code_in(two.body).lower()}", PRACTICE)
    await second.talks_to(night.phone(CHEN), within=100)
    assert not first.ended
    await second.hang_up()
    await first.hang_up()


async def test_a_code_of_no_open_page_takes_nothing(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1")
    await night.phone(CHEN).text("1 ZZZZ", PRACTICE)
    await night.phone(CHEN).gets_text("no open page")
    assert (await night.page()).accepted_by is None
    await call.hang_up()


async def test_a_reply_after_somebody_else_took_it_says_who_has_it(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=300)
    await night.phone(CHEN).text("1", PRACTICE)
    await night.phone(CHEN).gets_text("Dr. Kofi Osei has page")
    assert (await night.page()).accepted_by == "osei"
    await call.hang_up()


async def test_who_was_texted_is_told_when_it_is_taken_care_of(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=300)
    await night.phone(CHEN).gets_text("is taken care of by Dr. Kofi Osei")
    await call.hang_up()


async def test_who_texts_anything_else_is_told_what_this_number_does(night: Night):
    await night.phone(CHEN).text("what is this?", PRACTICE)
    await night.phone(CHEN).gets_text("Nightbell pages you for Maple Pediatrics")


async def test_help_is_answered_by_twilio_and_is_no_stop(night: Night):
    await night.phone(CHEN).text("HELP", PRACTICE)
    await night.phone(CHEN).gets_text("Reply STOP to unsubscribe")
    await night.settle()
    assert len(night.phone(CHEN).texts) == 1
    assert await night.alerts() == []


async def test_who_texts_start_again_is_no_alert(night: Night):
    await night.phone(CHEN).text("STOP", PRACTICE)
    await night.settle()
    await night.phone(CHEN).text("START", PRACTICE)
    await night.settle()
    assert len(await night.alerts()) == 1


async def test_a_clinician_who_texts_stop_is_no_surprise_at_night(night: Night):
    await night.phone(CHEN).text("STOP", PRACTICE)
    await night.settle()
    assert any("Dr. Ana Chen answered STOP" in why for why in await night.alerts())
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    assert "takes no texts from this number" in await night.trail()
    await call.hang_up()


async def test_a_patient_who_texts_stop_is_of_no_concern_to_the_operators(night: Night):
    await night.phone(PARENT).text("STOP", PRACTICE)
    assert await night.alerts() == []


async def test_a_stranger_is_told_to_call(night: Night):
    await night.phone(STRANGER).text("1", PRACTICE)
    text = await night.phone(STRANGER).gets_text("does not take texts")
    assert "dial 911" in text.body


async def test_a_stranger_cannot_take_a_page(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    code = code_in((await night.phone(CHEN).gets_text()).body)
    await night.phone(STRANGER).text(f"1 {code}", PRACTICE)
    await night.phone(STRANGER).gets_text("does not take texts")
    assert (await night.page()).accepted_by is None
    await call.hang_up()


@pytest.mark.parametrize(
    ("sms", "why"),
    [(Undelivered(30003), "the phone could not be reached"), (Failed(30005), "does not exist or is switched off")],
    ids=["undelivered", "failed"],
)
async def test_a_text_that_does_not_arrive_is_reacted_to_at_once(stage, sms: Delivered, why: str):
    document = _by_sms_only()
    night = await stage(document=document)
    night.phone(CHEN).sms_behaviour = sms
    night.phone(OSEI).behaviour = TAKES
    begun = night.timeline.now()
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=200)
    assert (night.timeline.now() - begun).total("seconds") < 45
    assert why in await night.trail()
    await call.hang_up()


async def test_a_number_that_takes_no_texts_is_reacted_to_at_once(stage):
    night = await stage(document=_by_sms_only())
    night.phone(CHEN).mobile = False
    night.phone(OSEI).behaviour = TAKES
    begun = night.timeline.now()
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=200)
    assert (night.timeline.now() - begun).total("seconds") < 45
    assert "is not a mobile" in await night.trail()
    await call.hang_up()


async def test_a_text_of_which_nothing_is_heard_again_lets_its_step_pass(stage):
    night = await stage(document=_by_sms_only())
    night.phone(CHEN).sms_behaviour = Silent()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=200)
    await call.hang_up()


async def test_an_operator_who_cannot_be_texted_does_not_stop_the_alert(night: Night):
    night.phone(OPERATOR).mobile = False
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL):
        night.phone(number).behaviour = NoAnswer()
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(1200)
    assert any("nobody has taken the page" in why for why in await night.alerts())


def _by_sms_only() -> str:
    """The sample, with a first step that only texts."""
    from tests.calls.people import SAMPLE

    text = SAMPLE.read_text()
    changed = text.replace("- {page: primary, by: [call, sms], for: 60s}", "- {page: primary, by: [sms], for: 60s}")
    changed = changed.replace("      - {page: primary, by: [call], for: 60s}\n", "")
    assert changed != text
    return changed
