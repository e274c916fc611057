"""The conference and the line: nobody is left alone in it, nobody meets a stranger there, and holding ends in a person.

A parent calls at 02:10 on a Sunday; Chen is on call.
"""

import httpx
import pytest

from escalation.events import Accepted, AcceptedBy, CallBackAsked, Event
from storage.pages import PageCall
from storage.paging import Paging
from telephony.emulator import Answers, Busy, Delivered, HangUp, Hears, NoAnswer, PhoneCall, Press, Replies
from telephony.emulator.behaviours import Wait
from telephony.emulator.progress import Shuffled
from telephony.emulator.webhook import Request
from tests.calls.callers import TAKES, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import (
    CHEN,
    OSEI,
    OSEI_LANDLINE,
    OTHER_PARENT,
    PARENT,
    PATEL,
    PRACTICE,
    SAMPLE,
    SERVICE,
)

TAKES_AND_DROPS = Answers(after=4, script=[Hears("Press 1") >> Press("1") >> HangUp()])
TAKES_AND_DROPS_LATER = Answers(after=4, script=[Hears("Press 1") >> Press("1") >> Hears("One moment") >> HangUp()])


def alone_in_room(call: PhoneCall) -> int:
    return sum("One moment" in line for line in call.heard)


@pytest.mark.parametrize("drops", [TAKES_AND_DROPS, TAKES_AND_DROPS_LATER])
async def test_a_caller_whom_the_clinician_dropped_does_not_wait_in_an_empty_room(night: Night, drops: Answers):
    night.phone(CHEN).behaviour = drops
    call = await holds(night)
    await night.passes(15)
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(SERVICE).behaviour = Answers(after=5)
    await call.hears("To speak with a person now, press 1", within=300)
    await call.talks_to(night.phone(SERVICE), within=120)
    assert alone_in_room(call) <= 2
    await call.hang_up()


async def test_a_clinician_who_drops_and_picks_up_again_talks_to_the_caller(night: Night):
    night.phone(CHEN).behaviour = TAKES_AND_DROPS
    call = await holds(night)
    await night.passes(6)
    night.phone(CHEN).behaviour = TAKES
    await call.talks_to(night.phone(CHEN), within=120)
    await call.hang_up()
    assert (await night.page()).state == "resolved"
    assert (await night.record()).outcome == "connected"


@pytest.mark.parametrize("seed", range(4))
async def test_news_that_overtake_each_other_leave_nobody_alone(night: Night, seed: int):
    night.exchange.callbacks.order = Shuffled(seed)
    night.phone(CHEN).behaviour = TAKES_AND_DROPS
    call = await holds(night)
    await night.passes(8)
    night.phone(CHEN).behaviour = TAKES
    await call.talks_to(night.phone(CHEN), within=200)
    await call.waits(10)
    await call.hang_up()
    await night.passes(10)
    assert (await night.page()).state == "resolved"


async def test_two_callers_of_one_number_never_meet(night: Night):
    """A nursing home: both patients call from the same number."""
    night.phone(CHEN).behaviour = NoAnswer()
    first = await holds(night)
    second = await holds(night, number=OTHER_PARENT, caller_id=PARENT)
    assert len(await night.sql("SELECT id FROM pages")) == 2
    for number in (CHEN, OSEI, PATEL):
        night.phone(number).behaviour = TAKES
    for _ in range(120):
        await night.passes(3)
        assert first.leg.room is None or first.leg.room is not second.leg.room
        for call in (first, second):
            parties = call.leg.room.parties() if call.leg.room else []
            assert len(parties) in {0, 2}
    await first.hang_up()
    await second.hang_up()


async def test_who_is_cut_off_and_calls_again_joins_the_page(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    first = await holds(night)
    await first.hang_up()
    await night.settle()
    again = await holds(night)
    await night.settle()
    assert (await night.page()).caller_leg == again.sid


async def test_a_talk_with_the_answering_service_is_not_torn_apart(night: Night):
    night.phone(SERVICE).behaviour = Answers(after=6)
    call = await holds(night)
    await call.hears("press 1, or stay on the line", within=400)
    await call.press("1")
    await call.talks_to(night.phone(SERVICE), within=100)
    rung = [night.rung(n) for n in (CHEN, OSEI, PATEL)]
    await call.waits(1500)
    assert call.leg.room is not None
    assert [night.rung(n) for n in (CHEN, OSEI, PATEL)] == rung, "nobody is woken about a caller who talks"
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_who_talked_and_is_paged_about_once_more_is_called_back_when_they_hang_up(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    night.phone(CHEN).sms_behaviour = Replies("1", after=2)
    night.phone(CHEN).behaviour = NoAnswer()
    await call.waits(20)
    await night.phone(CHEN).calls[0].hang_up()
    await call.hears("To be connected again, press 1")
    await call.press("1")
    await call.hears("If that number is right")
    await call.press("1")
    await night.passes(20)
    await call.hang_up()
    await night.settle()
    states = [row.state for row in await night.sql("SELECT state FROM pages ORDER BY opened_at")]
    assert states == ["resolved", "accepted"], "nobody has talked about the second one"


async def test_who_says_nothing_when_holding_is_over_is_put_through_to_a_person(night: Night):
    night.phone(SERVICE).behaviour = Answers(after=6)
    call = await holds(night)
    await call.hears("To speak with a person now, press 1", within=400)
    await call.press("7")
    await call.hears("not one of the choices", within=30)
    await call.talks_to(night.phone(SERVICE), within=60)
    await call.hang_up()
    assert (await night.record()).outcome == "transferred"


@pytest.mark.parametrize("always", [True, False])
async def test_taken_by_text_and_then_no_pick_up_is_a_person_in_the_time_of_holding(night: Night, always: bool):
    """Once, or whenever they are texted: the page is opened again, and the caller does not wait for them for ever."""
    night.phone(CHEN).sms_behaviour = Replies("1", after=20)
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(SERVICE).behaviour = Answers(after=6)
    call = await holds(night)
    await call.hears("A clinician has your call and will be with you in a moment", within=60)
    if not always:
        night.phone(CHEN).sms_behaviour = Delivered()
        await call.hears("No clinician could come to the phone yet", within=250)
        await call.press("1")
    await call.talks_to(night.phone(SERVICE), within=300)
    await call.hang_up()


async def test_nobody_promises_a_call_back_to_a_number_that_nobody_knows(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await night.calls(PARENT, caller_id="anonymous")
    await call.hears("closed")
    await call.press("1")
    for _ in range(3):
        await call.hears("enter the phone number", within=60)
    await call.hears("We are calling the clinician on call. Please stay on the line.", within=120)
    await call.press("*")
    await call.hears("We do not know a number to call you back")
    assert not call.ended
    await night.passes(100)
    words = " ".join(call.heard[4:])
    assert "press star" not in words
    assert "We will call you back" not in words
    await call.hang_up()


async def test_a_caller_who_leaves_word_at_the_last_resort_is_not_interrupted(night: Night):
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL, SERVICE):
        night.phone(number).behaviour = Busy()
    call = await holds(night)
    await call.hears("After the tone, say your name", within=900)
    await call.waits(14)
    heard = len(call.heard)
    await call.speak("Ben Kim, he has a fever and a rash, please call my husband's number", seconds=170)
    assert len(call.heard) == heard, "no second transfer in the middle of it"
    await call.press("#")
    await call.hears("We have your message")


async def test_a_star_in_the_moment_in_which_the_clinician_takes_it_connects_the_two(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    night.phone(CHEN).behaviour = Answers(after=4, script=[Hears("Press 1") >> Wait(20)])
    call = await holds(night)
    await call.hears("press star", within=60)
    genuine = Paging.happen

    async def happen(paging: Paging, page: str, event: Event) -> PageCall:
        if isinstance(event, CallBackAsked):
            await genuine(paging, page, Accepted("chen", AcceptedBy.KEY, 2))
        return await genuine(paging, page, event)

    monkeypatch.setattr(Paging, "happen", happen)
    night.phone(CHEN).behaviour = TAKES
    await call.press("*")
    await call.hears("You are connected", within=10)
    # The leg on which the key was pressed here is not in the room, so that they are rung back.
    await call.talks_to(night.phone(CHEN), within=150)
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_urgent_does_not_join_an_open_page_of_a_slower_policy(stage: Stage):
    document = SAMPLE.read_text()
    document = document.replace("        9: ", "        5: {go: slow}\n        9: ", 1)
    document = document.replace(
        "  urgent:\n    connect:",
        "  slow:\n    connect: {policy: slow, category: urgent, confirm_callback_number: true}\n"
        "  urgent:\n    connect:",
    ).replace(
        "policies:\n",
        "policies:\n  slow:\n    steps: [{page: backup, by: [call], for: 60m}]\n    hold_at_most: 3m\n"
        "    last_resort: {transfer: answering_service, alert: operators}\n",
    )
    night = await stage(document=document)
    night.phone(CHEN).behaviour = TAKES
    first = await night.calls(PARENT)
    await first.hears("closed")
    await first.press("5")
    await first.hears("If that number is right")
    await first.press("1")
    await night.passes(5)
    await first.hang_up()
    await night.settle()
    again = await holds(night)
    await again.talks_to(night.phone(CHEN), within=30)
    await again.hang_up()
    rows = await night.sql("SELECT body->>'policy' AS policy FROM pages ORDER BY opened_at")
    assert [row.policy for row in rows] == ["slow", "urgent"]


async def test_a_page_goes_on_by_the_plan_with_which_it_was_opened(night: Night):
    """The policy is renamed, and there is no `urgent` any more, while a caller holds for it."""
    for number in (CHEN, OSEI, OSEI_LANDLINE):
        night.phone(number).behaviour = NoAnswer()
    call = await holds(night)
    await night.publish(SAMPLE.read_text().replace("  urgent:\n    steps", "  pressing:\n    steps").replace(
        "policy: urgent", "policy: pressing").replace("escalate_to: urgent", "escalate_to: pressing"))  # fmt: skip
    night.phone(PATEL).behaviour = TAKES
    await call.talks_to(night.phone(PATEL), within=400)
    await call.hang_up()
    again = await holds(night)
    await night.settle()
    await again.hang_up()
    rows = await night.sql("SELECT body->>'policy' AS policy, plan_version FROM pages ORDER BY opened_at")
    assert [(row.policy, row.plan_version) for row in rows] == [("urgent", 1), ("pressing", 2)]


async def test_a_text_that_is_told_again_does_not_take_the_next_page(night: Night):
    night.phone(CHEN).behaviour = Answers(after=4, script=[Hears("Press 1 to be connected") >> Press("1")])
    first = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1")
    await night.phone(CHEN).text("1", PRACTICE)
    await first.talks_to(night.phone(CHEN), within=100)
    await first.hang_up()
    night.phone(CHEN).behaviour = NoAnswer()
    second = await holds(night, number=OTHER_PARENT)
    await night.phone(CHEN).gets_text("Reply 1")
    (told,) = [d for d in night.exchange.webhooks.deliveries if ("Body", "1") in d.params]
    await night.exchange.webhooks.send(Request(told.url, told.method, told.params, told.purpose), httpx.Cookies())
    await night.settle()
    rows = await night.sql("SELECT accepted_by FROM pages ORDER BY opened_at")
    assert [row.accepted_by for row in rows] == ["chen", None]
    await second.hang_up()
