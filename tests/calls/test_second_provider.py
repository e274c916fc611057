"""The first provider's REST API fails, and a second one carries calls and texts; callers come in at the first still."""

from collections.abc import Awaitable, Callable

import pytest
from whenever import Instant, seconds

from nightbell.placing import Placing
from nightbell.trunk import Trunk
from nightbell.twilio_watch import TwilioWatch
from storage.alerts import Alert, AlertKind
from storage.deliveries import FIRST, SECOND, Claim, set_sid
from telephony.emulator import (
    Answers,
    Exchange,
    Hears,
    InOrder,
    NoAnswer,
    Press,
    RestFault,
    Voicemail,
    Withheld,
)
from telephony.errors import UncertainError
from tests.calls.callers import PATIENT_ANSWERS, TAKES, asks_for_a_doctor, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import (
    CHEN,
    OPERATOR,
    OSEI,
    PARENT,
    PRACTICE,
    SAMPLE,
    SECOND_ACCOUNT,
    SECOND_NUMBER,
    SECOND_TOKEN,
)
from tests.calls.test_alerts import trouble

ALWAYS = 10_000
WITHIN = 30.0
"""Seconds from the first try until the second provider rings."""
TWICE = "it may ring twice: the first provider did not say whether it placed the call"
HANGS = 0.2
"""Real seconds that a request to the first is waited for in these tests; its answer would take longer."""
TAKES_AND_TAKES_AGAIN = Answers(after=3, script=[Hears("Press 1") >> Press("1")])
"""Presses 1 when paged, and again when the caller's own line rings them."""


@pytest.fixture
async def night(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Night:
    """02:10 on a Sunday; there is a second provider."""
    monkeypatch.setattr("nightbell.providers.PATIENCE", HANGS)
    monkeypatch.setattr("telephony.handing.AFTER_UNCERTAIN", 0.01)  # texts and alerts wait for it in real time
    return await stage(second=True)


def second(night: Night) -> Exchange:
    assert night.second is not None
    return night.second


async def refuses_connections(night: Night) -> None:
    await night.first_refuses_connections()


async def breaks_off(night: Night) -> None:
    night.exchange.rest_faults.drop(times=ALWAYS)


async def hangs(night: Night) -> None:
    night.exchange.rest_faults.drop(times=ALWAYS, delay=3 * HANGS)


def answers(status: int, code: int) -> Callable[[Night], Awaitable[None]]:
    async def fails(night: Night) -> None:
        night.exchange.rest_faults.refuse(status, code, times=ALWAYS)

    return fails


def rung_from(night: Night, number: str) -> list[str]:
    """Which numbers a telephone was rung from, in order."""
    return [call.leg.from_ for call in night.phone(number).calls if call.leg.direction != "inbound"]


async def rung_after(night: Night, number: str) -> float:
    """Seconds from the page's opening until the telephone first rang."""
    first = next(call for call in night.phone(number).calls if call.leg.direction != "inbound")
    opened = (await night.sql("SELECT opened_at FROM pages ORDER BY opened_at"))[0].opened_at
    return (first.leg.created_at - Instant(opened)).total("seconds")


FAILING = pytest.mark.parametrize(
    "fails",
    [
        pytest.param(refuses_connections, id="refuses connections"),
        pytest.param(breaks_off, id="breaks off"),
        pytest.param(hangs, id="hangs"),
        pytest.param(answers(500, 20500), id="500"),
        pytest.param(answers(503, 20503), id="503"),
        pytest.param(answers(429, 20429), id="429"),
        pytest.param(answers(401, 20003), id="401"),
        pytest.param(answers(403, 20005), id="suspended"),
    ],
)


@FAILING
async def test_the_clinician_is_rung_by_the_second_provider_and_comes_to_the_caller(
    night: Night, fails: Callable[[Night], Awaitable[None]]
):
    await fails(night)
    night.phone(CHEN).behaviour = TAKES_AND_TAKES_AGAIN
    call = await holds(night)
    await call.hears("We are connecting you to the clinician now", within=120)
    await call.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN) == [SECOND_NUMBER, PRACTICE]
    assert await rung_after(night, CHEN) <= WITHIN
    page, other = night.phone(CHEN).calls
    assert any("You are being connected on another line" in line for line in page.heard), page.transcript
    assert other.leg.parent is call.leg, "the caller's own line dials"
    await night.phone(CHEN).gets_text("Reply 1")
    assert {text.from_ for text in night.phone(CHEN).texts} == {SECOND_NUMBER}
    await call.waits(60)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert (await night.page()).state == "resolved"
    assert night.rung(OSEI) == 0


async def test_without_a_second_provider_the_callers_own_line_dials_as_ever(stage: Stage):
    night = await stage()
    night.exchange.rest_faults.refuse(503, 20503, resource="Calls", method="POST", times=ALWAYS)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=400)
    assert rung_from(night, CHEN) == [PRACTICE]
    assert "second provider" not in await night.trail()
    await call.hang_up()


async def test_a_wrong_number_is_not_the_second_providers(night: Night):
    night.exchange.rest_faults.refuse(400, 21211, resource="Calls.json", method="POST", times=2)
    night.exchange.rest_faults.refuse(400, 21610, resource="Messages.json", method="POST", times=2)
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=300)
    assert "the number is not valid" in await night.trail()
    assert (second(night).legs, second(night).messaging.messages) == ({}, {})
    await call.hang_up()


async def test_a_moment_in_which_the_first_one_is_busy_or_away_is_waited_for(night: Night):
    night.exchange.rest_faults.refuse(429, 20429, resource="Calls.json", method="POST", times=2)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN) == [PRACTICE]
    await call.hang_up()


async def test_a_call_that_the_first_one_placed_without_saying_so_is_found_there(night: Night):
    night.exchange.rest_faults.drop(after=True, resource="Calls.json", method="POST")
    night.exchange.callback_order = Withheld()  # or its first report would name it before it is looked for
    night.phone(CHEN).behaviour = Answers(after=10, script=[Hears("Press 1") >> Press("1")])
    call = await holds(night)
    await night.passes(5)
    night.exchange.callback_order = InOrder()
    await call.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN) == [PRACTICE]
    assert second(night).legs == {}
    await call.hang_up()


async def test_a_call_that_the_first_one_is_asked_for_twice_in_vain_goes_by_the_second_unlabelled(night: Night):
    """Each time it can be seen that it was not placed."""
    night.exchange.rest_faults.refuse(500, 20500, resource="Calls.json", method="POST", times=ALWAYS)
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).rings(within=WITHIN)
    assert rung_from(night, CHEN) == [SECOND_NUMBER]
    trail = await night.trail()
    assert "The call to Dr. Ana Chen goes by the second provider (the first one did not place it)" in trail
    assert TWICE not in trail
    await call.hang_up()


async def test_a_call_of_which_it_is_not_known_whether_it_was_placed_is_labelled(night: Night):
    """It rings by both: the answer to placing it was lost, no report of it came, and it could not be looked for."""
    for fault, method in ((RestFault(0, after=True), "POST"), (RestFault(503, 20503), "GET")):
        night.exchange.rest_faults.add(fault, resource="Calls.json", method=method, times=ALWAYS)
    night.exchange.callback_order = Withheld()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(WITHIN)
    assert rung_from(night, CHEN) == [PRACTICE, SECOND_NUMBER]
    assert TWICE in await night.trail()
    night.callbacks_are_lost = True
    await call.hang_up()


async def test_a_call_that_was_surely_not_placed_is_not_said_to_ring_twice(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).rings(within=WITHIN)
    trail = await night.trail()
    assert "goes by the second provider (Twilio did not answer: ConnectError)" in trail
    assert TWICE not in trail
    await call.hang_up()


async def test_the_next_clinician_does_not_wait_for_the_first_one_until_it_is_tried_again(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = TAKES_AND_TAKES_AGAIN
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=120)
    await call.hang_up()
    await night.first_listens_again()
    night.phone(CHEN).behaviour = NoAnswer()
    ringing = len(rung_from(night, CHEN))
    began = night.timeline.now()
    call = await holds(night, "+16175550181")
    await night.passes(10)
    assert rung_from(night, CHEN)[ringing:] == [SECOND_NUMBER], "at once, though the first one would take it by now"
    assert (night.phone(CHEN).calls[-1].leg.created_at - began).total("seconds") < 20
    assert "goes by the second provider (the first provider failed a moment ago)" in await night.trail()
    await call.hang_up()
    await night.passes(120)
    ringing = len(rung_from(night, CHEN))
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night, "+16175550182")
    await call.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN)[ringing:] == [PRACTICE]
    await call.hang_up()


async def test_a_call_that_nobody_needs_any_more_is_ended_at_the_one_that_placed_it(night: Night):
    night.exchange.rest_faults.refuse(401, 20003, resource="Calls.json", method="POST", times=ALWAYS)
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    ringing = await night.phone(CHEN).rings(within=WITHIN)
    assert ringing.leg.sid in second(night).legs
    await second(night).phone(CHEN).gets_text("Reply 1", within=30)
    second(night).text_in(CHEN, SECOND_NUMBER, "1")
    await night.settle()
    await night.passes(1)
    assert ringing.status in {"canceled", "completed"}, ringing.transcript
    await night.phone(CHEN).gets_text("is yours. Your phone will ring in a moment", within=10)
    await call.hang_up()


async def test_a_patient_who_hung_up_is_called_back_from_the_second_number(night: Night):
    await night.first_refuses_connections()
    offered = [Hears("Press 1 to take it") >> Press("1"), Hears("Press 1 to call them back") >> Press("1")]
    night.phone(CHEN).behaviour = Answers(after=15, script=offered)
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    back = await night.phone(PARENT).rings(within=120)
    await back.talks_to(night.phone(CHEN), within=60)
    assert back.leg.from_ == SECOND_NUMBER
    await back.waits(20)
    await back.hang_up()
    assert (await night.page()).state == "resolved"


async def test_a_caller_who_hangs_up_before_their_line_dials_is_called_back(night: Night):
    await night.first_refuses_connections()
    script = [Hears("Press 1 to take it") >> Press("1")]
    night.phone(CHEN).behaviour = Answers(after=3, script=script)
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await holds(night)
    page = await night.phone(CHEN).rings(within=WITHIN)
    await page.hears("You are being connected on another line", within=30)
    await call.hang_up()
    night.phone(CHEN).behaviour = Answers(
        after=3,
        script=[Hears("Press 1 to be connected") >> Press("1"), Hears("Press 1 to call them back") >> Press("1")],
    )
    back = await night.phone(PARENT).rings(within=120)
    await back.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN) == [SECOND_NUMBER, SECOND_NUMBER]
    await back.hang_up()
    assert (await night.page()).state == "resolved"


async def test_who_does_not_pick_up_again_keeps_the_page_and_is_rung(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = Answers(after=3, script=[Hears("Press 1 to take it") >> Press("1")])
    call = await holds(night)
    page = await night.phone(CHEN).rings(within=WITHIN)
    await page.is_over(within=60)
    night.phone(CHEN).behaviour = NoAnswer()
    await call.hears("We are connecting you to the clinician now", within=60)
    await call.waits(10)
    night.phone(CHEN).behaviour = TAKES_AND_TAKES_AGAIN
    await call.hears("A clinician has your call", within=90)
    assert "The caller's own line did not reach Dr. Ana Chen" in await night.trail()
    await call.talks_to(night.phone(CHEN), within=180)
    assert (await night.page()).accepted_by == "chen"
    assert night.rung(OSEI) == 0
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_the_caller_who_is_back_while_a_call_back_is_offered_is_dialled_together(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = Answers(after=15, script=[Hears("Press 1 to take it") >> Press("1")])
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    page = await night.phone(CHEN).rings(within=120)
    await page.hears("Press 1 to call them back", within=60)
    night.phone(CHEN).behaviour = TAKES_AND_TAKES_AGAIN
    call = await asks_for_a_doctor(night)
    await call.talks_to(night.phone(CHEN), within=120)
    assert page.ended
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_a_leg_of_the_first_provider_comes_into_the_room_as_ever(night: Night):
    """Texts fail at the first, its calls do not."""
    night.exchange.rest_faults.refuse(503, 20503, resource="Messages.json", times=ALWAYS)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=60)
    assert rung_from(night, CHEN) == [PRACTICE]
    await night.phone(CHEN).gets_text("Reply 1", within=30)
    assert [text.from_ for text in night.phone(CHEN).texts] == [SECOND_NUMBER]
    assert [room.status for room in night.exchange.conferences] == ["in-progress"]
    await call.hang_up()


@FAILING
async def test_an_operator_is_told_by_the_second_provider(night: Night, fails: Callable[[Night], Awaitable[None]]):
    await fails(night)
    await trouble(night, Alert(AlertKind.HOLE, "an empty shift tomorrow", "maple-pediatrics"))
    text = await night.phone(OPERATOR).gets_text("an empty shift tomorrow", within=WITHIN)
    assert text.from_ == SECOND_NUMBER
    assert len(night.phone(OPERATOR).texts) == 1


async def test_an_operator_is_rung_by_the_second_provider(night: Night):
    night.exchange.rest_faults.refuse(503, 20503, times=ALWAYS)
    second(night).rest_faults.refuse(503, 20503, resource="Messages.json", times=ALWAYS)
    night.phone(OPERATOR).behaviour = Answers(after=3, script=[Hears("Press 1 to confirm") >> Press("1")])
    await trouble(night)
    await night.phone(OPERATOR).rings(within=WITHIN)
    await night.passes(30)
    assert rung_from(night, OPERATOR) == [SECOND_NUMBER]
    assert await night.sql_one("SELECT confirmed_by FROM alerts") == "an operator"


async def test_the_operators_hear_that_the_first_provider_fails_and_who_carries_on(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(200)
    assert any("Calls and texts go by the second provider meanwhile" in why for why in await night.alerts())
    await call.hang_up()


async def test_where_both_fail_the_callers_own_line_dials(night: Night):
    for exchange in night.exchanges:
        exchange.rest_faults.refuse(503, 20503, times=ALWAYS)
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=400)
    assert rung_from(night, CHEN) == [PRACTICE]
    await call.hang_up()


async def test_webhooks_of_both_accounts_are_taken_and_of_no_other(night: Night):
    form = night.form("CA" + "9" * 32)
    theirs = {**form, "AccountSid": SECOND_ACCOUNT}
    assert (await night.post("voice/leg?page=p&attempt=1", theirs, token=SECOND_TOKEN)).status_code == 204
    assert (await night.post("voice/leg?page=p&attempt=1", theirs, token="guessed")).status_code == 403
    stranger = {**form, "AccountSid": "AC" + "2" * 32}
    assert (await night.post("voice/leg?page=p&attempt=1", stranger, token=SECOND_TOKEN)).status_code == 403


async def test_without_a_second_provider_its_webhooks_are_refused(stage: Stage):
    night = await stage()
    theirs = {**night.form("CA" + "9" * 32), "AccountSid": SECOND_ACCOUNT}
    assert (await night.post("voice/leg?page=p&attempt=1", theirs, token=SECOND_TOKEN)).status_code == 403


async def test_a_worker_that_dies_with_a_call_at_the_second_provider_does_not_place_it_twice(night: Night):
    """It dies before it could note the answer: the next one looks for the call where it was placed."""
    night.exchange.rest_faults.refuse(401, 20003, times=ALWAYS)
    second(night).rest_faults.drop(after=True, resource="Calls.json", method="POST")
    second(night).callback_order = Withheld()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(20)
    assert rung_from(night, CHEN) == [SECOND_NUMBER]
    await call.hang_up()


async def test_a_reply_to_a_text_of_the_second_provider_is_about_the_practice_whose_page_it_was(night: Night):
    """Its number is no practice's: two of them have Dr. Chen on their staff, and one has a page for her."""
    other = SAMPLE.read_text().replace("maple-pediatrics", "willow").replace(PRACTICE, "+16175550101")
    await night.publish(other.replace("Maple Pediatrics", "Another Practice"))
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1", within=WITHIN)
    second(night).text_in(CHEN, SECOND_NUMBER, "1")
    await night.phone(CHEN).gets_text("is yours", within=10)
    assert (await night.page()).accepted_by == "chen"
    second(night).text_in("+16175550177", SECOND_NUMBER, "1")
    await night.phone("+16175550177").gets_text("This number does not take texts", within=10)
    await call.hang_up()


async def test_who_took_it_by_text_is_rung_by_the_second_and_then_dialled(night: Night):
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).gets_text("Reply 1", within=WITHIN)
    night.phone(CHEN).behaviour = TAKES_AND_TAKES_AGAIN
    second(night).text_in(CHEN, SECOND_NUMBER, "1")
    await call.talks_to(night.phone(CHEN), within=120)
    assert rung_from(night, CHEN) == [SECOND_NUMBER, SECOND_NUMBER, PRACTICE]
    await call.hang_up()
    assert (await night.page()).state == "resolved"


async def test_a_voicemail_on_the_second_attempt_to_connect_them_is_no_talk(night: Night):
    """The voicemail picks up when the caller's own line dials: nobody is left with it."""
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = Answers(after=3, script=[Hears("Press 1 to take it") >> Press("1")])
    call = await holds(night)
    page = await night.phone(CHEN).rings(within=WITHIN)
    await page.is_over(within=60)
    night.phone(CHEN).behaviour = Voicemail(after=4)
    await call.hears("We are connecting you to the clinician now", within=60)
    await call.hears("A clinician has your call", within=120)
    assert (await night.page()).state == "accepted"
    await call.hang_up()


async def test_each_provider_is_looked_at_for_the_metrics(night: Night):
    watch = TwilioWatch(night.parts)
    await night.first_refuses_connections()
    await watch.look()
    up = {
        sample.labels["provider"]: sample.value
        for family in night.parts.site.metrics.twilio.collect()
        for sample in family.samples
    }
    assert up == {"first": 0.0, "second": 1.0}
    assert watch.answers is False


async def test_a_first_one_that_hangs_is_not_waited_for_for_long(night: Night):
    await hangs(night)
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).rings(within=WITHIN)
    assert f"goes by the second provider (Twilio did not answer within {HANGS:g} s)" in await night.trail()
    await call.hang_up()


async def test_one_of_the_staff_is_told_about_a_shift_by_the_second_provider(night: Night):
    night.exchange.rest_faults.refuse(503, 20503, times=ALWAYS)
    await night.worker.effects.tell_member("maple-pediatrics", "chen", "you are on call in an hour")
    text = await night.phone(CHEN).gets_text("on call in an hour", within=WITHIN)
    assert text.from_ == SECOND_NUMBER


async def test_the_first_one_is_asked_again_at_once_where_the_second_fails_too(night: Night):
    """A second one that was set up wrongly does not keep a first one away that is back."""
    await night.first_refuses_connections()
    second(night).rest_faults.refuse(401, 20003, times=ALWAYS)
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.passes(8)
    await night.first_listens_again()
    await trouble(night, Alert(AlertKind.HOLE, "an empty shift tomorrow", "maple-pediatrics"))
    text = await night.phone(OPERATOR).gets_text("an empty shift tomorrow", within=WITHIN)
    assert text.from_ == PRACTICE
    await call.hang_up()


async def test_a_call_that_another_one_took_the_place_of_is_nobody_elses(night: Night):
    """A worker that stood still has the first provider ring, too, for an attempt that is the second one's by then."""
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await night.phone(CHEN).rings(within=WITHIN)
    (theirs,) = await night.sql("SELECT page, attempt, sid, address, tries FROM deliveries WHERE means = 'call'")
    async with night.parts.database.statement() as connection:
        assert await set_sid(connection, theirs.page, theirs.attempt, theirs.sid, SECOND) is False
        assert await set_sid(connection, theirs.page, theirs.attempt, "CA" + "7" * 32, FIRST) is True
    plan = night.parts.plans.current("maple-pediatrics")
    assert plan is not None
    claim = Claim(theirs.address, night.parts.clock.now() - seconds(60), 1, SECOND)
    with pytest.raises(UncertainError, match="another attempt's"):
        await Placing(Trunk(night.parts))._found(plan, "another", 1, claim)
    await night.sql("UPDATE deliveries SET sid = :sid, provider = 'second' WHERE means = 'call'", sid=theirs.sid)
    await call.hang_up()
