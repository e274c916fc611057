"""Text messages: out through REST, in from phones, and what becomes of them."""

import asyncio

import pytest
from starlette.responses import Response
from twilio.base.exceptions import TwilioRestException

from telephony.emulator import Delivered, Failed, Replies, Silent, Undelivered

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"


def send(client, **fields):
    return asyncio.to_thread(client.messages.create, **{"to": CHEN, "from_": PRACTICE, "body": "Page 7", **fields})


@pytest.mark.parametrize(
    ("behaviour", "statuses", "error"),
    [
        (Delivered(), ["sent", "delivered"], None),
        (Undelivered(30003), ["sent", "undelivered"], 30003),
        (Failed(30005), ["failed"], 30005),
        (Silent(), ["sent"], None),
    ],
)
async def test_fate_of_a_message(exchange, product, client, behaviour, statuses, error):
    exchange.phone(CHEN).sms_behaviour = behaviour
    sent = await send(client, status_callback=f"{product.origin}/sms/status")
    assert (sent.status, sent.error_code, sent.num_segments) == ("queued", None, "0")
    await exchange.timeline.run_for(60)
    got = product.at("/sms/status")
    assert [each["MessageStatus"] for each in got] == statuses
    assert {each["MessageSid"] for each in got} == {sent.sid}
    assert got[-1].params.get("ErrorCode") == (str(error) if error else None)
    fetched = await asyncio.to_thread(client.messages(sent.sid).fetch)
    assert (fetched.status, fetched.error_code) == (statuses[-1], error)
    assert [text.body for text in exchange.phone(CHEN).texts] == (["Page 7"] if statuses[-1] == "delivered" else [])


async def test_text_in_and_the_answer(exchange, product):
    product.on("/sms", lambda got: f"<Message>You said {got['Body']}.</Message>")
    chen = exchange.phone(CHEN)
    await chen.text("1", to=PRACTICE)
    text = await chen.gets_text("You said 1")
    assert text.from_ == PRACTICE
    got = product.at("/sms")[0]
    assert {"MessageSid", "From", "To", "Body", "NumMedia", "NumSegments", "FromCity"} <= set(got.params)
    assert (got["From"], got["To"], got["NumMedia"], got["FromZip"]) == (CHEN, PRACTICE, "0", "")
    assert exchange.faults == []


async def test_phone_that_replies(exchange, product, client):
    product.on("/sms", Response(status_code=204))
    exchange.phone(CHEN).sms_behaviour = Replies("1", after=5)
    await send(client)
    await exchange.timeline.until(lambda: bool(product.at("/sms")))
    assert product.at("/sms")[0]["Body"] == "1"
    assert (exchange.timeline.now() - exchange.opened_at).total("seconds") == 7


async def test_stop_and_start(exchange, product, client):
    product.on("/sms", "")
    chen = exchange.phone(CHEN)
    await chen.text(" stop ", to=PRACTICE)
    await chen.gets_text("unsubscribed")
    await exchange.timeline.settle()
    assert product.at("/sms")[0]["OptOutType"] == "STOP"
    with pytest.raises(TwilioRestException) as refusal:
        await send(client)
    assert refusal.value.code == 21610
    await chen.text("START", to=PRACTICE)
    await chen.gets_text("re-subscribed")
    await send(client)
    await chen.gets_text("Page 7")
    assert exchange.faults == []  # that somebody said STOP is news, not a mistake


async def test_reply_to_somebody_who_said_stop_is_not_sent(exchange, product):
    product.on("/sms", "<Message>Good bye</Message>")
    await exchange.phone(CHEN).text("STOP", to=PRACTICE)
    await exchange.timeline.run_for(10)
    assert [text.body[:12] for text in exchange.phone(CHEN).texts] == ["You have suc"]
    assert [fault.code for fault in exchange.faults] == [21610]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "555"}, 21211),
        ({"from_": ""}, 21603),
        ({"from_": "+16175550199"}, 21606),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"messaging_service_sid": "MG1", "from_": None}, 20001),
        ({"media_url": ["http://127.0.0.1/x.png"]}, 20001),
    ],
)
async def test_wrong_fields_are_refused_and_noted(exchange, client, fields, code):
    from twilio.base import values

    with pytest.raises(TwilioRestException) as refusal:
        await send(client, **{name: values.unset if value is None else value for name, value in fields.items()})
    assert refusal.value.code == code
    assert [fault.code for fault in exchange.faults] == [code]


async def test_landline_is_refused(exchange, client):
    exchange.phone(CHEN).mobile = False
    with pytest.raises(TwilioRestException) as refusal:
        await send(client)
    assert refusal.value.code == 21614
    assert exchange.faults == []


async def test_messaging_service_picks_the_number(exchange, client):
    sent = await asyncio.to_thread(
        client.messages.create, to=CHEN, messaging_service_sid="MG" + "0" * 32, body="Page 7"
    )
    assert (sent.status, sent.messaging_service_sid) == ("accepted", "MG" + "0" * 32)
    assert (await exchange.phone(CHEN).gets_text()).from_ == PRACTICE


async def test_sms_fallback(exchange, product):
    exchange.numbers[PRACTICE].sms_fallback_url = f"{product.origin}/sms/fallback"
    product.on("/sms", Response(status_code=500))
    product.on("/sms/fallback", "<Message>Try again later</Message>")
    await exchange.phone(CHEN).text("1", to=PRACTICE)
    await exchange.phone(CHEN).gets_text("Try again")
    assert product.at("/sms/fallback")[0]["ErrorCode"] == "11200"


async def test_list_redact_delete(exchange, client):
    sent = await send(client)
    await send(client, to=CALLER)
    await exchange.timeline.run_for(10)

    def listed(**filters):
        return asyncio.to_thread(client.messages.list, **filters)

    assert len(await listed()) == 2
    assert [each.sid for each in await listed(to=CHEN)] == [sent.sid]
    redacted = await asyncio.to_thread(client.messages(sent.sid).update, body="")
    assert redacted.body == ""
    assert await asyncio.to_thread(client.messages(sent.sid).delete)
    assert len(await listed()) == 1
