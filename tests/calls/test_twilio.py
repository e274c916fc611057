"""Webhooks as they come in real life: twice, late, out of order, not at all, forged, malformed."""

import pytest

from telephony.emulator import Duplicated, Shuffled, Withheld
from tests.calls.callers import PATIENT_ANSWERS, TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night, point
from tests.calls.people import CHEN, OSEI, OSEI_LANDLINE, PARENT, PRACTICE, SAMPLE, TOKEN
from tests.calls.test_caller import CALLS_BACK
from tests.calls.test_messages import asks_for_a_refill

A_CALL = "CA" + "1" * 32


# ---- twice, late, out of order, never ----


async def test_every_webhook_of_an_urgent_call_comes_twice_and_everything_happens_once(night: Night):
    night.exchange.repeat_webhooks = lambda _request: True
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected", within=60)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    assert (await night.record()).outcome == "connected"
    assert (await night.page()).state == "resolved"
    assert night.rung(CHEN) == 1
    assert len([text for text in night.phone(CHEN).texts if "Reply 1" in text.body]) == 1
    events = await night.sql("SELECT key, count(*) FROM call_events GROUP BY key HAVING count(*) > 1")
    assert events == []


async def test_every_webhook_of_a_message_comes_twice_and_it_is_taken_once(night: Night):
    night.exchange.repeat_webhooks = lambda _request: True
    call = await asks_for_a_refill(night)
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.press("04122021")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty", seconds=3)
    await call.press("#")
    await call.is_over()
    assert (await night.message()).category == "refill"
    assert len(await night.recordings()) == 2
    assert (await night.record()).outcome == "message taken"


@pytest.mark.parametrize("seed", range(6))
async def test_callbacks_out_of_order_change_nothing_about_a_conversation(night: Night, seed: int):
    night.exchange.callback_order = Shuffled(seed, longest=12)
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected", within=120)
    await call.talks_to(night.phone(CHEN))
    await call.waits(15)
    await call.hang_up()
    await night.passes(30)
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    rung = night.rung(CHEN), night.rung(OSEI)
    await night.passes(3000)
    assert (await night.page()).state == "resolved"
    assert (night.rung(CHEN), night.rung(OSEI)) == rung == (1, 0)


@pytest.mark.parametrize("seed", range(4))
async def test_callbacks_out_of_order_change_nothing_about_a_backup_who_takes_it(night: Night, seed: int):
    from telephony.emulator import Busy

    night.exchange.callback_order = Shuffled(seed, longest=12)
    night.phone(CHEN).behaviour = Busy(2)
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    await call.waits(30)
    await call.hang_up()
    await night.passes(60)
    assert (await night.record()).answered_by == "osei"
    assert (await night.page()).state == "resolved"


@pytest.mark.parametrize("seed", range(4))
async def test_callbacks_out_of_order_change_nothing_about_a_call_back(night: Night, seed: int):

    night.exchange.callback_order = Shuffled(seed, longest=12)
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    back = await night.phone(PARENT).rings(within=300)
    await back.talks_to(night.phone(CHEN), within=60)
    await back.hang_up()
    await night.passes(60)
    assert (await night.page()).state == "resolved"


async def test_callbacks_twice_each_change_nothing(night: Night):
    night.exchange.callback_order = Duplicated()
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.talks_to(night.phone(CHEN), within=60)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"
    assert (await night.page()).state == "resolved"


async def test_without_any_callback_the_caller_still_talks_to_the_doctor(night: Night):
    night.callbacks_are_lost = True
    night.exchange.callback_order = Withheld()
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.talks_to(night.phone(CHEN), within=60)
    await call.hang_up()


async def test_a_call_whose_end_was_never_told_is_looked_up_and_closed(night: Night):
    night.exchange.callback_order = Withheld()
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.hang_up()
    assert (await night.record()).outcome is None
    await night.passes(3600)
    await night.worker.sweep()
    record = await night.record()
    assert (record.outcome, record.seconds) == ("abandoned", call.leg.duration)


async def test_a_long_call_whose_end_was_not_told_because_it_goes_on_stays_open(day: Night):
    from telephony.emulator import Answers
    from tests.calls.people import DESK_1

    day.phone(DESK_1).behaviour = Answers(after=2)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    await day.passes(3000)
    await day.worker.sweep()
    assert (await day.record()).ended_at is None
    await call.hang_up()
    assert (await day.record()).outcome == "transferred"


async def test_a_key_that_arrives_after_the_call_ended_opens_a_page_for_who_is_gone(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.hang_up()
    assert (await night.record()).outcome == "abandoned"
    query = "practice=maple-pediatrics&version=1&node=night&phase=key&language=en-US&turn=1&advised=1"
    assert (await night.post(f"voice/turn?{query}", night.form(call.sid, Digits="1"))).status_code == 200
    assert (await night.record()).outcome == "call-back queued"
    page = await night.page()
    assert page.body["caller"] == "gone"


async def test_a_confirmation_that_arrives_after_the_call_ended_opens_no_page_for_who_holds(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.hang_up()
    await night.settle()
    query = "practice=maple-pediatrics&version=1&node=urgent&phase=confirm&language=en-US&turn=2&advised=1"
    await night.post(f"voice/turn?{query}", night.form(call.sid, Digits="1"))
    assert [r.body["caller"] for r in await night.sql("SELECT body FROM pages")] in ([], ["gone"])


# ---- who may come in ----


@pytest.mark.parametrize("token", [None, "wrong", TOKEN + "x"], ids=["unsigned", "wrong token", "almost"])
async def test_what_twilio_did_not_sign_is_refused_and_counted(night: Night, token: str | None):
    answer = await night.post("voice", night.form(A_CALL), token=token)
    assert answer.status_code == 403
    assert await night.sql("SELECT sid FROM calls") == []
    assert night.counted("webhooks_refused") == 1


async def test_a_signature_for_another_url_is_refused(night: Night):
    import httpx

    from telephony.signature import HEADER, sign

    form = night.form(A_CALL)
    signature = sign(f"{night.product.origin}/twilio/voice/status", tuple(form.items()), TOKEN)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{night.product.origin}/twilio/voice", data=form, headers={HEADER: signature})
    assert answer.status_code == 403


async def test_a_host_header_of_ones_own_signs_nothing(night: Night):
    import httpx

    from telephony.signature import HEADER, sign

    form = night.form(A_CALL)
    headers = {
        HEADER: sign("http://evil.invalid/twilio/voice", tuple(form.items()), TOKEN),
        "Host": "evil.invalid",
        "X-Forwarded-Host": "evil.invalid",
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{night.product.origin}/twilio/voice", data=form, headers=headers)
    assert answer.status_code == 403


async def test_the_second_token_signs_too_so_that_a_token_can_be_changed(stage):
    night = await stage(secondary="the-next-token")
    night.exchange.auth_token = "the-next-token"
    call = await night.calls(PARENT)
    await call.hears("closed")
    await call.hang_up()


async def test_another_accounts_webhook_is_refused(night: Night):
    answer = await night.post("voice", {**night.form(A_CALL), "AccountSid": "AC" + "9" * 32})
    assert answer.status_code == 403
    assert await night.sql("SELECT sid FROM calls") == []


async def test_a_body_larger_than_any_of_twilios_is_refused(night: Night):
    answer = await night.post("voice", night.form(A_CALL, Body="x" * 100_000))
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [b"\xff\xfe%%%", b"", b"&&&&====", b"a" * 1000], ids=["bytes", "empty", "signs", "a"])
async def test_a_body_that_is_no_form_is_refused(night: Night, body: bytes):
    assert (await night.post("voice", {}, body=body)).status_code in {200, 403}
    assert await night.sql("SELECT sid FROM calls WHERE sid = ''") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_not_taken(night: Night, method: str):
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(method, f"{night.product.origin}/twilio/voice")
    assert answer.status_code == 405


# ---- what no longer exists ----


async def test_a_number_of_no_plan_gets_a_polite_end_and_the_operators_an_alert(night: Night):
    point(night.exchange, night.product.origin, "+16175550109")
    call = await night.calls(PARENT, to="+16175550109")
    await call.hears("This number is not in service. If this is an emergency, hang up and dial 9 1 1")
    await call.is_over()
    assert any("a number that no plan has" in why for why in await night.alerts())
    assert await night.sql("SELECT sid FROM calls") == []


async def test_a_plan_published_during_a_call_is_for_the_next_call(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await night.publish(SAMPLE.read_text().replace("We are at 12 Maple Street", "We are at 99 Birch Street"))
    await call.press("4")
    await call.hears("12 Maple Street")
    await call.hang_up()
    later = await night.calls(PARENT)
    await later.hears("closed")
    await later.press("4")
    await later.hears("99 Birch Street")
    await later.hang_up()
    assert [r.version for r in await night.sql("SELECT version FROM calls ORDER BY started_at, version")] == [1, 2]


_LOST = {
    "node": "practice=maple-pediatrics&version=1&node=gone&phase=key&language=en-US&turn=1",
    "language": "practice=maple-pediatrics&version=1&node=night&phase=key&language=fr-FR&turn=1",
    "version": "practice=maple-pediatrics&version=77&node=night&phase=key&language=en-US&turn=1",
    "practice": "practice=nowhere&version=1&node=night&phase=key&language=en-US&turn=1",
}


@pytest.mark.parametrize("what", _LOST)
async def test_a_position_that_no_longer_exists_leads_to_words_and_a_way_on(night: Night, what: str):
    answer = await night.post(f"voice/turn?{_LOST[what]}", night.form(A_CALL, Digits="7"))
    assert answer.status_code == 200
    assert "<Say" in answer.text
    assert "<Gather" in answer.text or "<Dial" in answer.text
    await night.post("voice/status", night.form(A_CALL, CallStatus="completed", CallDuration="9"))
    assert (await night.record()).outcome is not None


_MALFORMED = [
    "",
    "practice=maple-pediatrics",
    "practice=maple-pediatrics&version=1&node=night&phase=nonsense&language=en-US&turn=1",
    "practice=maple-pediatrics&version=1&node=night&phase=key&language=en-US&turn=-1",
    "practice=maple-pediatrics&version=1&node=night&phase=key&language=en-US&turn=9999999999999999999",
    "practice=maple-pediatrics&version=1&node=night&phase=key&language=en-US&turn=999999999999",
    "practice=maple-pediatrics&version=x&node=night&phase=key&language=en-US&turn=1",
    "practice=%00&version=1&node=%00&phase=key&language=en-US&turn=1",
    "practice=maple-pediatrics&version=99999999999999999999&node=night&phase=key&language=en-US&turn=1",
]


_OF_CALLERS = ("voice/turn", "voice/hold", "voice/dialled", "voice/line", "voice/left")
_OF_STAFF = (
    "voice/screen", "voice/screened", "voice/callback", "voice/callback/offer", "voice/called_back",
    "voice/clinician/left", "voice/dialled/screened", "voice/desk/call", "voice/desk/take",
)  # fmt: skip


@pytest.mark.parametrize("path", _OF_CALLERS)
async def test_a_malformed_query_leads_a_caller_to_words_and_a_way_on(night: Night, path: str):
    night.trouble_is_expected = True
    for query in _MALFORMED:
        answer = await night.post(f"{path}?{query}", night.form(A_CALL, Digits="1"))
        assert answer.status_code == 200, query
        assert any(verb in answer.text for verb in ("<Say", "<Dial", "<Leave", "<Response />", "<Response/>")), query


async def test_a_malformed_query_ends_a_clinicians_leg_with_words_and_takes_nothing(night: Night):
    night.trouble_is_expected = True
    for path in _OF_STAFF:
        for query in ("", "page=nonsense&attempt=x&practice=maple-pediatrics", "page=%00&attempt=%00"):
            answer = await night.post(f"{path}?{query}", night.form(A_CALL, Digits="1"))
            assert answer.status_code == 200, path
            assert "<Dial" not in answer.text, path
    assert await night.sql("SELECT id FROM pages") == []


async def test_the_fallback_url_speaks_and_dials_the_doctor_who_must_press_1(night: Night):
    night.expected_faults = ["11200", "404"]
    night.exchange.own_number(
        PRACTICE,
        voice_url=f"{night.product.origin}/twilio/nowhere",
        fallback_url=f"{night.product.origin}/twilio/voice/fallback",
        status_url=f"{night.product.origin}/twilio/voice/status",
    )
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.hears("something is not working here. If this is an emergency, hang up and dial 9 1 1")
    await call.talks_to(night.phone(CHEN), within=60)
    await call.waits(10)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert await night.sql("SELECT id FROM pages") == []


async def test_a_call_that_only_the_fallback_url_heard_of_has_an_outcome(night: Night):
    """The first server is gone, and with it the URL that would be told of the call's end."""
    night.expected_faults = ["11200", "404"]
    night.exchange.own_number(
        PRACTICE,
        voice_url=f"{night.product.origin}/twilio/nowhere",
        fallback_url=f"{night.product.origin}/twilio/voice/fallback",
    )
    call = await night.calls(PARENT)
    await call.hears("something is not working here")
    await call.hang_up()
    await night.passes(420)
    await night.worker.sweep()
    assert (await night.record()).outcome == "abandoned"


@pytest.mark.parametrize(("nth", "rung"), [(0, OSEI), (1, OSEI_LANDLINE), (99, "")])
async def test_the_fallback_url_goes_on_where_the_dialling_stood(night: Night, nth: int, rung: str):
    failed = f"{night.product.origin}/twilio/voice/dialled?practice=maple-pediatrics&version=1&node=urgent"
    failed += f"&phase=hold&language=en-US&turn=7&nth={nth}&who=chen"
    answer = await night.post("voice/fallback", night.form(A_CALL, ErrorUrl=failed, ErrorCode="11200"))
    assert answer.status_code == 200
    assert (f"{rung}</Number>" in answer.text) if rung else ("<Record" in answer.text)
    assert CHEN not in answer.text


async def test_the_fallback_url_keeps_the_callers_language(night: Night):
    failed = f"{night.product.origin}/twilio/voice/turn?practice=maple-pediatrics&version=1&node=night_es"
    failed += "&phase=key&language=es-US&turn=3"
    answer = await night.post("voice/fallback", night.form(A_CALL, ErrorUrl=failed, ErrorCode="12100"))
    assert "Lo sentimos, algo no funciona" in answer.text
    assert f"{CHEN}</Number>" in answer.text
