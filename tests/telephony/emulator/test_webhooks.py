"""Webhooks: signatures, cookies, timeouts, retries, fallbacks, redirects, and callbacks in any order."""

import asyncio

import pytest
from starlette.responses import RedirectResponse, Response

from telephony.emulator import Answers, Duplicated, InOrder, Policy, Shuffled, Withheld
from telephony.signature import sign, verify

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"
STANDARD = {
    "AccountSid", "ApiVersion", "CallSid", "CallStatus", "Direction", "From", "To", "Caller", "Called",
    "FromCity", "FromState", "FromZip", "FromCountry", "ToCity", "ToState", "ToZip", "ToCountry",
    "CallerCity", "CallerState", "CallerZip", "CallerCountry", "CalledCity", "CalledState", "CalledZip",
    "CalledCountry",
}  # fmt: skip


async def dialled(exchange, **fields):
    return await exchange.phone(CALLER).dial(PRACTICE, **fields)


def slow(seconds, verbs="<Say>Late.</Say>"):
    async def answer():
        await asyncio.sleep(seconds)
        return verbs

    return lambda _got: answer()


async def test_first_webhook_says_all_that_twilio_says(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    call = await dialled(exchange)
    await call.hears("hello")
    got = product.received[0]
    assert set(got.params) >= STANDARD
    assert {name for name, value in got.params.items() if not value} >= {"FromCity", "ToZip", "CallerState"}
    assert (got["CallSid"], got["Direction"], got["ApiVersion"]) == (call.sid, "inbound", "2010-04-01")
    assert got.headers["i-twilio-idempotency-token"]
    assert got.headers["content-type"].startswith("application/x-www-form-urlencoded")
    signature = got.headers["x-twilio-signature"]
    assert verify(f"{product.origin}/voice", got.pairs, signature, [exchange.auth_token])
    assert not verify(f"{product.origin}/voice", got.pairs[1:], signature, [exchange.auth_token])


async def test_get_webhook_is_signed_over_its_whole_url(exchange, product):
    exchange.numbers[PRACTICE].voice_method = "GET"
    exchange.numbers[PRACTICE].voice_url += "?practice=7"
    product.on("/voice", "<Say>Hello.</Say>")
    await (await dialled(exchange)).hears("hello")  # the product asserts the signature
    assert product.received[0]["practice"] == "7"
    assert product.received[0]["FromCity"] == ""


async def test_cookies_are_kept_for_one_call(exchange, product):
    def bake(got):
        response = Response("<Response><Redirect>/second</Redirect></Response>", media_type="text/xml")
        response.set_cookie("step", got["CallSid"][-4:])
        return response

    product.on("/voice", bake)
    product.on("/second", "<Pause length='5'/><Say>Hello.</Say>")
    one = await dialled(exchange)
    await one.hears("hello")
    other = await dialled(exchange)
    await other.hears("hello")
    first, second = product.at("/voice")
    assert "cookie" not in first.headers
    assert "cookie" not in second.headers
    assert [got.headers["cookie"] for got in product.at("/second")] == [f"step={c.sid[-4:]}" for c in (one, other)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("broken", status_code=500), "11200"),
        (Response("missing", status_code=404), "11200"),
        (Response("<Response><Say>", media_type="text/xml"), "12100"),
        (Response("{}", media_type="application/json"), "12300"),
        (Response("", media_type="text/xml"), "12100"),
        (Response("\n<?xml version='1.0'?><Response/>", media_type="text/xml"), "12100"),
    ],
)
async def test_failure_goes_to_the_fallback(exchange, product, answer, code):
    product.on("/voice", answer)
    product.on("/fallback", "<Say>Please hold, we are here.</Say>")
    call = await dialled(exchange)
    await call.hears("we are here")
    got = product.at("/fallback")[0]
    assert (got["ErrorCode"], got["ErrorUrl"]) == (code, f"{product.origin}/voice")
    assert got["CallSid"] == call.sid
    assert [str(fault.code) for fault in exchange.faults] == [code]
    assert len(product.at("/voice")) == 1


async def test_failure_without_a_working_fallback_is_heard(exchange, product):
    call = await dialled(exchange)
    await call.hears("an application error has occurred. Goodbye.")
    await call.is_over()
    assert (call.status, call.end_reason) == ("failed", "application error")
    await exchange.timeline.settle()
    assert product.at("/status")[0]["CallStatus"] == "failed"
    assert len(exchange.faults) == 2


async def test_failure_in_the_middle_of_a_call_goes_to_the_fallback_too(exchange, product):
    product.on("/voice", '<Gather numDigits="1" action="/menu"><Say>Key?</Say></Gather>')
    product.on("/menu", Response(status_code=503))
    product.on("/fallback", "<Say>We are here.</Say>")
    call = await dialled(exchange)
    await call.hears("key")
    await call.press("1")
    await call.hears("we are here")
    assert product.at("/fallback")[0]["ErrorUrl"].endswith("/menu")


async def test_read_timeout_is_real_time(exchange, product):
    exchange.numbers[PRACTICE].voice_url += "#rt=150"
    product.on("/voice", slow(0.5))
    product.on("/fallback", "<Say>We are here.</Say>")
    call = await dialled(exchange)
    await call.hears("we are here")
    assert exchange.timeline.now() == exchange.opened_at
    assert len(product.at("/voice")) == 1  # a read timeout is not tried again unless asked for


async def test_total_time_holds_for_all_tries(exchange, product):
    exchange.webhooks.policy = Policy(total=0.3)
    exchange.numbers[PRACTICE].voice_url += "#rt=200&rc=5&rp=all"
    product.on("/voice", slow(0.5))
    product.on("/fallback", "<Say>We are here.</Say>")
    await (await dialled(exchange)).hears("we are here")
    assert len(product.at("/voice")) == 2


@pytest.mark.parametrize(
    ("fragment", "tries"),
    [("", 1), ("#rp=5xx", 2), ("#rc=3&rp=5xx", 4), ("#rc=3&rp=4xx", 1), ("#rc=2&rp=4xx,5xx", 3), ("#rc=2&rp=all", 3),
     ("#rc=0&rp=all", 1)],
)  # fmt: skip
async def test_retries_as_the_fragment_asks(exchange, product, fragment, tries):
    exchange.numbers[PRACTICE].voice_url += fragment
    product.on("/voice", Response(status_code=500))
    product.on("/fallback", "<Say>We are here.</Say>")
    await (await dialled(exchange)).hears("we are here")
    got = product.at("/voice")
    assert len(got) == tries
    assert len({each.headers["i-twilio-idempotency-token"] for each in got}) == 1


async def test_retry_that_works_is_performed(exchange, product):
    exchange.numbers[PRACTICE].voice_url += "#rp=5xx"
    product.on("/voice", Response(status_code=502), "<Say>Second try.</Say>")
    await (await dialled(exchange)).hears("second try")
    assert exchange.faults == []


async def test_nobody_listening_is_a_connect_failure(exchange, product):
    exchange.numbers[PRACTICE].voice_url = "http://127.0.0.1:9/voice"
    product.on("/fallback", "<Say>We are here.</Say>")
    await (await dialled(exchange)).hears("we are here")
    assert len([each for each in exchange.webhooks.deliveries if each.status is None]) == 2  # one retry by default


async def test_redirect_loses_the_digits(exchange, product):
    product.on("/voice", '<Gather numDigits="1" action="/menu"><Say>Key?</Say></Gather>')
    product.on("/menu", RedirectResponse("/moved", status_code=302))
    product.on("/moved", "<Say>Moved.</Say>")
    call = await dialled(exchange)
    await call.hears("key")
    await call.press("1")
    await call.hears("moved")
    got = product.at("/moved")[0]
    assert got.method == "GET"
    assert "Digits" not in got.params
    assert got["CallSid"] == call.sid


async def test_redirects_without_end_fail(exchange, product):
    product.on("/voice", RedirectResponse("/voice", status_code=302))
    product.on("/fallback", "<Say>We are here.</Say>")
    await (await dialled(exchange)).hears("we are here")
    assert product.at("/fallback")[0]["ErrorCode"] == "11215"
    assert len(product.at("/voice")) == 11


async def test_plain_text_is_spoken_and_204_ends(exchange, product):
    product.on("/voice", Response("Just words.", media_type="text/plain"))
    await (await dialled(exchange)).hears("just words")
    product.on("/voice", Response(status_code=204))
    call = await dialled(exchange)
    await call.is_over()
    assert call.heard == []
    assert exchange.faults == []


async def test_warnings_are_faults_but_the_call_goes_on(exchange, product):
    product.on("/voice", '<Shout>no</Shout><Say colour="red">Hello.</Say>')
    await (await dialled(exchange)).hears("hello")
    assert [fault.code for fault in exchange.faults] == [12200, 12200]
    assert "<Shout>" in str(exchange.faults[0])


async def test_repeated_webhooks_carry_one_token(exchange, product):
    exchange.repeat_webhooks = 1
    product.on("/voice", "<Say>Once.</Say>", "<Say>Twice.</Say>")
    call = await dialled(exchange)
    await call.hears("twice")
    await call.is_over()
    first, second = product.at("/voice")
    assert first.pairs == second.pairs
    assert first.headers["i-twilio-idempotency-token"] == second.headers["i-twilio-idempotency-token"]
    assert call.heard == ["Twice."]


async def test_repeats_by_predicate(exchange, product):
    exchange.repeat_webhooks = lambda request: request.purpose == "status"
    product.on("/voice", "<Say>Hello.</Say>")
    await (await dialled(exchange)).is_over()
    await exchange.timeline.settle()
    assert (len(product.at("/voice")), len(product.at("/status"))) == (1, 2)


@pytest.mark.parametrize(
    ("order", "check"),
    [
        (InOrder(), lambda numbers: numbers == ["0", "1", "2", "3"]),
        (Duplicated(), lambda numbers: numbers == ["0", "0", "1", "1", "2", "2", "3", "3"]),
        (Withheld(), lambda numbers: numbers == []),
        (Shuffled(3, longest=20), lambda numbers: sorted(numbers) == ["0", "1", "2", "3"] != numbers),
    ],
)
async def test_callbacks_arrive_in_the_order_asked_for(exchange, product, order, check):
    exchange.callback_order = order
    product.on("/voice", f'<Dial><Number statusCallback="/status/leg" statusCallbackEvent="initiated ringing answered '
               f'completed">{CHEN}</Number></Dial>')  # fmt: skip
    exchange.phone(CHEN).behaviour = Answers(after=1, talk_for=1)
    await (await dialled(exchange)).is_over()
    await exchange.timeline.run_for(30)
    numbers = [got["SequenceNumber"] for got in product.at("/status/leg")]
    assert check(numbers), numbers


async def test_failing_callback_is_a_fault(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    product.on("/status", Response(status_code=500))
    await (await dialled(exchange)).is_over()
    await exchange.timeline.settle()
    assert "status callback" in exchange.faults[0].message


async def test_rotated_token_signs_from_then_on(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    await (await dialled(exchange)).is_over()
    got = product.received[0]
    assert got.headers["x-twilio-signature"] == sign(f"{product.origin}/voice", got.pairs, exchange.auth_token)


async def test_deliveries_are_kept_for_tests(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    call = await dialled(exchange)
    await call.is_over()
    delivery = exchange.webhooks.deliveries[0]
    assert (delivery["CallSid"], delivery.status, delivery.purpose) == (call.sid, 200, "voice")
