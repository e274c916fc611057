"""Twilio's REST API refuses, breaks off, or answers too late: the caller reaches a person all the same."""

from dataclasses import replace
from typing import Any

import pytest
from whenever import seconds

from nightbell.placing import Placing
from nightbell.trunk import Trunk
from storage import deliveries
from storage.deliveries import Claim
from telephony.emulator import Answers, Behaviour, Busy, Hears, NoAnswer, Press, Silent, Voicemail
from telephony.errors import UncertainError
from telephony.gateway import Gateway, PlacedCall
from tests.calls.callers import TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, OSEI_LANDLINE, PATEL, SERVICE

TAKES_DIALLED = Answers(after=4, script=[Hears("the caller is on the line. Press 1") >> Press("1")])
ALWAYS = 10_000


async def test_a_number_that_twilio_finds_invalid_leads_to_the_backup_at_once(night: Night):
    night.exchange.rest_faults.refuse(400, 21211, resource="Calls.json", method="POST", times=2)
    night.phone(CHEN).sms_behaviour = Silent()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=300)
    assert "the number is not valid" in await night.trail()
    await call.hang_up()


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (404, 20404), (500, 20500), (503, 20503), (429, 20429)])
async def test_calls_that_twilio_places_for_nobody_are_dialled_on_the_callers_own_line(
    night: Night, status: int, code: int
):
    night.exchange.rest_faults.refuse(status, code, resource="Calls", method="POST", times=ALWAYS)
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL):
        night.phone(number).behaviour = TAKES_DIALLED
    call = await holds(night)
    await call.hears("We are connecting you to a person who can help", within=400)
    await call.talks_to(night.phone(CHEN), within=300)
    await call.waits(20)
    rung = [night.rung(n) for n in (CHEN, OSEI, PATEL)]
    await night.passes(400)
    assert not call.ended
    assert [night.rung(n) for n in (CHEN, OSEI, PATEL)] == rung, "nobody is woken for who talks to a doctor"
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert (await night.page()).state == "resolved"


async def test_a_dropped_connection_is_tried_again(night: Night):
    night.exchange.rest_faults.drop(resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=300)
    assert night.rung(CHEN) == 1
    await call.hang_up()


async def test_a_call_that_was_placed_although_no_answer_came_is_not_placed_twice(night: Night):
    night.exchange.rest_faults.drop(after=True, resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = Answers(after=10, script=[Hears("Press 1") >> Press("1")])
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=300)
    assert night.rung(CHEN) == 1
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_a_server_error_after_the_call_was_placed_does_not_place_it_twice(night: Night):
    from telephony.emulator import RestFault

    fault = RestFault(500, 20500, "injected", after=True)
    night.exchange.rest_faults.add(fault, resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(20)
    assert night.rung(CHEN) == 1
    await call.hang_up()


async def test_too_many_requests_are_waited_for(night: Night):
    night.exchange.rest_faults.refuse(429, 20429, resource="Calls.json", method="POST", times=2)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=60)
    await call.hang_up()


@pytest.mark.parametrize(("status", "code"), [(400, 21610), (401, 20003), (429, 20429), (500, 20500)])
async def test_texts_that_twilio_does_not_send_leave_the_calls_alone(night: Night, status: int, code: int):
    night.exchange.rest_faults.refuse(status, code, resource="Messages", times=ALWAYS)
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=300)
    await call.hang_up()
    assert (await night.record()).answered_by == "osei"


async def test_a_dropped_connection_for_a_text_is_tried_again(night: Night):
    night.exchange.rest_faults.drop(resource="Messages", times=1)
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1", within=30)
    await call.hang_up()


async def test_a_leg_that_cannot_be_moved_is_connected_by_its_own_next_turn(night: Night):
    night.exchange.rest_faults.refuse(500, 20500, resource="Calls/CA", method="POST", times=ALWAYS)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=120)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"


async def test_phones_that_cannot_be_stopped_from_ringing_hear_who_has_it(night: Night):
    night.exchange.rest_faults.refuse(500, 20500, resource="Calls/CA", method="POST", times=ALWAYS)
    for number in (CHEN, OSEI, OSEI_LANDLINE):
        night.phone(number).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(100)
    night.phone(CHEN).behaviour = Answers(after=15)
    night.phone(PATEL).behaviour = TAKES
    await call.talks_to(night.phone(PATEL), within=400)
    await night.passes(40)
    last = night.phone(CHEN).calls[-1]
    assert any("Dr. Mira Patel has this page" in line for line in last.heard), last.transcript
    await call.hang_up()


# ---- on the caller's own line ----


def calls_fail(night: Night) -> None:
    night.exchange.rest_faults.refuse(401, 20003, resource="Calls", method="POST", times=ALWAYS)


async def test_a_voicemail_does_not_count_on_the_callers_own_line_either(night: Night):
    calls_fail(night)
    night.phone(CHEN).behaviour = Voicemail(after=5)
    night.phone(OSEI).behaviour = TAKES_DIALLED
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "osei")


async def test_a_wrong_key_does_not_count_on_the_callers_own_line(night: Night):
    calls_fail(night)
    night.phone(CHEN).behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("9")])
    night.phone(OSEI).behaviour = TAKES_DIALLED
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    await call.hang_up()


async def test_nobody_on_the_callers_own_line_leads_to_the_last_resort(night: Night):
    calls_fail(night)
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL):
        night.phone(number).behaviour = NoAnswer()
    night.phone(SERVICE).behaviour = Answers(after=5)
    call = await holds(night)
    await call.talks_to(night.phone(SERVICE), within=600)
    await call.waits(400)
    assert not call.ended
    await call.hang_up()
    assert (await night.record()).outcome == "transferred"
    assert (await night.page()).state == "resolved"


async def test_nobody_at_all_on_the_callers_own_line_leads_to_a_recording(night: Night):
    calls_fail(night)
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL, SERVICE):
        night.phone(number).behaviour = NoAnswer()
    call = await holds(night)
    await call.hears("We could not reach anybody just now", within=900)
    await call.speak("It is about the little one", seconds=4)
    await call.press("#")
    await call.hears("We have your message")
    await call.is_over()
    assert (await night.recordings())[-1].seconds == 4
    assert (await night.record()).outcome == "call-back queued"
    await night.passes(1500)
    assert await night.alerts()
    await night.phone(OPERATOR).gets_text("Nightbell alert")


async def test_a_caller_who_hangs_up_while_their_own_line_dials_is_still_called_back(night: Night):
    calls_fail(night)
    for number in (CHEN, OSEI, OSEI_LANDLINE, PATEL):
        night.phone(number).behaviour = NoAnswer()
    call = await asks_for_a_doctor(night)
    await call.hears("We are connecting you to a person", within=400)
    await call.waits(10)
    await call.hang_up()
    assert (await night.record()).outcome == "call-back queued"
    night.exchange.rest_faults.clear()
    night.phone(OSEI).behaviour = TAKES
    await night.phone(OSEI).rings(within=900)
    await night.settle()
    assert (await night.page()).state in {"paging", "accepted"}


async def test_a_call_whose_callback_overtakes_the_look_for_it_is_not_placed_twice(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    """Between the claim of the second try and the end of its look, the first try's call names itself."""
    night.exchange.rest_faults.drop(after=True, resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = Answers(after=10, script=[Hears("Press 1") >> Press("1")])
    looked, look, know = [], Gateway.find_calls, deliveries.know_sid

    async def late(*about: Any) -> str | None:
        return await know(*about) if looked else None

    async def overtaken(gateway: Gateway, *about: Any) -> list[PlacedCall]:
        calls = await look(gateway, *about)
        looked.append([call.sid for call in calls])
        await night.sql("UPDATE deliveries SET sid = :sid WHERE means = 'call' AND attempt = 2", sid=calls[0].sid)
        return calls

    monkeypatch.setattr(deliveries, "know_sid", late)
    monkeypatch.setattr(Gateway, "find_calls", overtaken)
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=300)
    assert looked
    assert night.rung(CHEN) == 1
    await call.hang_up()


async def test_a_call_that_was_placed_twice_all_the_same_is_labelled_and_one_of_them_counts(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    """Twilio's list of calls does not show it yet, and its callbacks are late."""
    know = deliveries.know_sid
    night.exchange.rest_faults.drop(after=True, resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = Answers(after=10, script=[Hears("Press 1") >> Press("1")])

    async def nothing(*_: Any) -> list[PlacedCall]:
        return []

    async def late(*about: Any) -> str | None:
        return await know(*about) if night.rung(CHEN) > 1 else None

    monkeypatch.setattr(Gateway, "find_calls", nothing)
    monkeypatch.setattr(deliveries, "know_sid", late)
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=300)
    assert night.rung(CHEN) == 2
    attempts = (await night.page()).body["attempts"]
    assert [each["doubled"] for each in attempts if each["means"] == "call"] == [True]
    trail = await night.trail()
    assert trail.count("The call to Dr. Ana Chen was placed twice, as Twilio did not answer the first request") == 1
    await call.hang_up()


async def test_the_one_that_rings_counts_though_the_other_was_known_and_is_over(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    """A phone without call waiting: the second call is busy, the first one, of which nothing is known, is picked up."""
    know = deliveries.know_sid
    night.exchange.rest_faults.drop(after=True, resource="Calls.json", method="POST", times=1)
    night.phone(CHEN).behaviour = OneLine(Answers(after=12, script=[Hears("Press 1") >> Press("1")], talk_for=60))
    night.phone(OSEI).behaviour = NoAnswer()

    async def nothing(*_: Any) -> list[PlacedCall]:
        return []

    async def late(*about: Any) -> str | None:
        calls = night.phone(CHEN).calls
        return await know(*about) if len(calls) > 1 and calls[-1].leg.sid == about[3] else None

    monkeypatch.setattr(Gateway, "find_calls", nothing)
    monkeypatch.setattr(deliveries, "know_sid", late)
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=100)
    await call.hang_up()


class OneLine:
    """What comes while it rings or talks is busy."""

    reachable = True

    def __init__(self, first: Behaviour) -> None:
        self._first, self._met, self.nature = first, 0, first.nature

    async def meet(self, line: Any) -> None:
        self._met += 1
        await (self._first if self._met == 1 else Busy()).meet(line)


async def test_a_text_that_a_dying_worker_did_not_tell_the_page_of_is_told_by_the_next_one(night: Night):
    """It dies with Twilio's answer noted, and its job is done again; the text's own reports are lost."""
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1", within=30)
    (page,) = await night.sql("SELECT id FROM pages")
    await night.sql("UPDATE pages SET body = jsonb_set(body::jsonb, '{attempts,0,state}', '\"intended\"')")
    await night.sql("UPDATE deliveries SET state = 'intended' WHERE attempt = 1")
    await night.worker.effects.send_sms(page.id, 1)
    assert (await night.page()).body["attempts"][0]["state"] == "placed"
    assert len([text for text in night.phone(CHEN).texts if "Reply 1" in text.body]) == 1
    await call.hang_up()


async def test_a_call_that_may_be_another_pages_is_not_taken_for_ones_own(night: Night):
    """Two pages would share it, and the end of one cut off the other's; nobody would be rung about this one."""
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(8)
    (other,) = await night.sql("SELECT page, attempt, sid, address FROM deliveries WHERE means = 'call'")
    plan = night.parts.plans.current("maple-pediatrics")
    assert plan is not None
    placing, claim = Placing(Trunk(night.parts)), Claim(other.address, night.parts.clock.now(), 1)
    assert await placing._found(plan, "another", 1, claim) is None
    assert await placing._found(plan, other.page, other.attempt, claim) == other.sid
    await night.sql("UPDATE deliveries SET sid = NULL WHERE sid = :sid", sid=other.sid)
    claim = replace(claim, intended_at=claim.intended_at - seconds(8))
    with pytest.raises(UncertainError, match="another attempt's"):
        await placing._found(plan, "another", 1, claim)
    assert await placing._found(plan, other.page, other.attempt, claim) == other.sid
    await call.hang_up()
