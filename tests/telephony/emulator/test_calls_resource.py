"""Calls through the REST API, with Twilio's own client."""

import asyncio
import datetime as dt

import pytest
from twilio.base.exceptions import TwilioRestException

from telephony.emulator import Answers, Busy, Hears, NoAnswer, Press, Unreachable, Voicemail

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"
ALL = ["initiated", "ringing", "answered", "completed"]


def create(client, **fields):
    return asyncio.to_thread(client.calls.create, **{"to": CHEN, "from_": PRACTICE, **fields})


async def refused(awaitable):
    with pytest.raises(TwilioRestException) as refusal:
        await awaitable
    return refusal.value.status, refusal.value.code


async def test_placed_call_runs_its_document(exchange, product, client):
    product.on("/page", '<Gather numDigits="1" action="/accepted"><Say>Press 1 to accept.</Say></Gather>')
    product.on("/accepted", "<Say>Thank you.</Say>")
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=3, script=[Hears("Press 1") >> Press("1")])
    placed = await create(
        client,
        url=f"{product.origin}/page",
        status_callback=f"{product.origin}/status/page",
        status_callback_event=ALL,
    )
    assert placed.status == "queued"
    assert placed.date_created == dt.datetime(2026, 1, 5, 3, tzinfo=dt.UTC)
    ring = await chen.rings()
    await ring.hears("Thank you")
    await ring.is_over()
    await exchange.timeline.settle()
    got = product.at("/status/page")
    states = [(each["CallStatus"], each["SequenceNumber"]) for each in got]
    assert states == [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]
    assert got[-1]["CallDuration"] == str(ring.leg.duration)
    assert got[-1]["Duration"] == "1"
    assert product.at("/page")[0]["Direction"] == "outbound-api"
    fetched = await asyncio.to_thread(client.calls(placed.sid).fetch)
    assert (fetched.status, fetched.duration) == ("completed", str(ring.leg.duration))
    assert fetched.price == "-0.01300"
    assert fetched.end_time >= fetched.start_time
    assert exchange.faults == []


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(Busy(), "busy"), (NoAnswer(), "no-answer"), (Unreachable(), "failed"), (Busy(after=3), "busy")],
)
async def test_call_that_reaches_nobody(exchange, product, client, behaviour, status):
    exchange.phone(CHEN).behaviour = behaviour
    placed = await create(
        client, url=f"{product.origin}/page", timeout=20, status_callback=f"{product.origin}/status/p"
    )
    await exchange.timeline.until(lambda: exchange.legs[placed.sid].over)
    await exchange.timeline.settle()
    assert [got["CallStatus"] for got in product.at("/status/p")] == [status]
    assert product.at("/page") == []
    expected = 25 if status == "no-answer" else getattr(behaviour, "after", 0)
    assert (exchange.timeline.now() - exchange.opened_at).total("seconds") == expected


async def test_inline_document(exchange, client):
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=1)
    await create(client, twiml="<Response><Say>Short and good.</Say></Response>")
    await (await chen.rings()).hears("short and good")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_": "+16175550199"}, 21210),
        ({"from_": "Nightbell"}, 21212),
        ({"to": "5550121"}, 21211),
        ({"to": ""}, 21201),
        ({"url": "nightbell/page"}, 21205),
        ({"url": ""}, 21205),
        ({"timeout": 601}, 20001),
        ({"status_callback_event": ["answered", "picked-up"]}, 20001),
        ({"machine_detection": "Sometimes"}, 20001),
        ({"application_sid": "AP" + "0" * 32}, 20001),
        ({"twiml": "<Response/>"}, 20001),
        ({"url": None, "twiml": "x" * 4001}, 20001),
        ({"method": "PUT"}, 20001),
    ],
)
async def test_wrong_fields_are_refused_and_noted(exchange, client, fields, code):
    fields = {"url": "http://127.0.0.1/page", **fields}
    if fields["url"] is None:
        del fields["url"]
    status, got = await refused(create(client, **fields))
    assert (status, got) == (400, code)
    assert [fault.code for fault in exchange.faults] == [code]
    assert exchange.legs == {}


async def test_unknown_and_repeated_fields_are_refused(exchange, raw):
    good = {"To": CHEN, "From": PRACTICE, "Url": "http://127.0.0.1/x"}
    answer = await raw.post("/Calls.json", data={**good, "Colour": "red"})
    assert answer.status_code == 400
    assert answer.json() == {
        "code": 20001,
        "message": "Invalid parameter: Colour is no field of POST /Calls",
        "more_info": "https://www.twilio.com/docs/errors/20001",
        "status": 400,
    }
    assert (await raw.post("/Calls.json", data={**good, "To": [CHEN, CHEN]})).status_code == 400
    assert (await raw.post("/Calls.json", json=good)).status_code == 400
    assert len(exchange.faults) == 3


async def test_authentication(exchange, raw):
    wrong = await raw.get("/Calls.json", auth=(exchange.account_sid, "other"))
    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    assert (await raw.get("/Calls.json", auth=("AC" + "1" * 32, exchange.auth_token))).status_code == 401
    exchange.auth_token, exchange.secondary_auth_token = "new", exchange.auth_token
    assert (await raw.get("/Calls.json")).status_code == 200
    missing = await raw.get(f"/Calls/CA{'0' * 32}.json")
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)
    assert (await raw.get("/Faxes.json")).status_code == 404
    assert [fault.code for fault in exchange.faults] == [20003, 20003]


async def test_moving_a_live_call(exchange, product, client):
    product.on("/voice", "<Pause length='600'/>", "")
    product.on("/elsewhere", "<Say>You are elsewhere.</Say>")
    call = await exchange.phone(CALLER).dial(PRACTICE)
    product.on("/voice", "<Say>Please hold.</Say><Pause length='600'/>")
    await call.hears("please hold")
    await asyncio.to_thread(client.calls(call.sid).update, url=f"{product.origin}/elsewhere")
    await call.hears("you are elsewhere")
    await call.is_over()
    moved = asyncio.to_thread(client.calls(call.sid).update, url=f"{product.origin}/elsewhere")
    assert await refused(moved) == (400, 21220)


async def test_moving_the_caller_out_of_a_dial_ends_the_callee(exchange, product, client):
    product.on("/voice", '<Dial action="/done">+16175550121</Dial>')
    product.on("/elsewhere", "<Say>You are elsewhere.</Say>")
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=2)
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await call.talks_to(chen)
    await asyncio.to_thread(client.calls(call.sid).update, url=f"{product.origin}/elsewhere")
    await call.hears("elsewhere")
    assert chen.calls[0].ended
    assert product.at("/done") == []


async def test_moving_the_callee_releases_the_caller_to_the_action(exchange, product, client):
    product.on("/voice", '<Dial action="/done">+16175550121</Dial>')
    product.on("/done", "<Say>They left.</Say><Pause length='60'/>")
    product.on("/elsewhere", "<Say>You are elsewhere.</Say><Pause length='60'/>")
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=2)
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await call.talks_to(chen)
    ring = await chen.rings()
    await asyncio.to_thread(client.calls(ring.sid).update, url=f"{product.origin}/elsewhere")
    await ring.hears("you are elsewhere")
    await call.hears("they left")
    assert not ring.ended
    assert product.at("/done")[0]["DialCallStatus"] == "completed"


async def test_both_legs_moved_into_a_conference(exchange, product, client):
    product.on("/voice", "<Say>Please hold.</Say><Pause length='600'/>")
    product.on("/page", "<Say>Wait.</Say><Pause length='600'/>")
    product.on("/room", "<Dial><Conference>page-1</Conference></Dial>")
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=2)
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await create(client, url=f"{product.origin}/page")
    ring = await chen.rings()
    await asyncio.gather(call.hears("please hold"), ring.hears("wait"))
    for leg in (call, ring):
        await asyncio.to_thread(client.calls(leg.sid).update, url=f"{product.origin}/room")
    await call.talks_to(ring)
    await ring.hang_up()
    await exchange.timeline.settle()
    assert not call.ended


async def test_ending_a_call(exchange, product, client):
    product.on("/voice", "<Say>Please hold.</Say><Pause length='600'/>")
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await call.hears("hold")
    await asyncio.to_thread(client.calls(call.sid).update, status="canceled")
    assert not call.ended  # only a call not answered yet can be cancelled
    await asyncio.to_thread(client.calls(call.sid).update, status="completed")
    assert call.end_reason == "ended through REST"
    assert await refused(asyncio.to_thread(client.calls(call.sid).update, status="completed")) == (400, 21220)
    assert exchange.faults == []


async def test_cancelling_a_ringing_call(exchange, product, client):
    placed = await create(client, url=f"{product.origin}/page", status_callback=f"{product.origin}/status/p")
    ring = await exchange.phone(CHEN).rings()
    await asyncio.to_thread(client.calls(placed.sid).update, status="canceled")
    await exchange.timeline.settle()
    assert ring.status == "canceled"
    assert [got["CallStatus"] for got in product.at("/status/p")] == ["canceled"]


async def test_one_call_per_second_the_rest_is_queued(exchange, product, client):
    exchange.placing.calls_per_second = 1.0
    phones = [f"+1617555012{n}" for n in range(1, 5)]
    placed = [await create(client, to=number, url=f"{product.origin}/page") for number in phones]
    await exchange.timeline.settle()
    assert [exchange.legs[each.sid].status for each in placed] == ["ringing", "queued", "queued", "queued"]
    for number in phones:
        await exchange.phone(number).rings()
    assert (exchange.timeline.now() - exchange.opened_at).total("seconds") == 3


async def test_list_filters_and_pages(exchange, product, client):
    numbers = [f"+1617555012{n}" for n in range(1, 8)]
    for number in numbers:
        await create(client, to=number, url=f"{product.origin}/page")
    await exchange.timeline.settle()
    await exchange.phone(numbers[0]).calls[0].decline()

    def listed(**filters):
        return asyncio.to_thread(client.calls.list, **filters)

    assert [each.to for each in await listed(page_size=3)] == numbers[::-1]
    assert [each.to for each in await listed(status="busy")] == numbers[:1]
    assert [each.to for each in await listed(to=numbers[3])] == numbers[3:4]
    day = dt.date(2026, 1, 5)
    assert len(await listed(start_time_after=day)) == 7
    assert await listed(start_time_before=day - dt.timedelta(days=1)) == []
    assert len(await listed(start_time=day, limit=4)) == 4
    assert exchange.faults == []


async def test_machine_detection_before_the_document(exchange, product, client):
    product.on("/page", "<Say>Hello.</Say>")
    exchange.phone(CHEN).behaviour = Voicemail(after=5, greeting=6)
    for mode, answered_by, took in (("Enable", "machine_start", 9), ("DetectMessageEnd", "machine_end_beep", 11)):
        begun = exchange.timeline.now()
        await create(client, url=f"{product.origin}/page", machine_detection=mode)
        ring = await exchange.phone(CHEN).rings()
        await ring.hears("hello")
        assert product.at("/page")[-1]["AnsweredBy"] == answered_by
        assert (exchange.timeline.now() - begun).total("seconds") == took
        await ring.hang_up()


async def test_machine_detection_beside_the_call(exchange, product, client):
    product.on("/page", "<Say>Hello.</Say><Pause length='30'/>")
    product.on("/amd", "")
    exchange.phone(CHEN).behaviour = Answers(after=5)
    await create(
        client,
        url=f"{product.origin}/page",
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=f"{product.origin}/amd",
    )
    ring = await exchange.phone(CHEN).rings()
    await ring.hears("hello")
    assert product.at("/amd") == []
    await ring.waits(5)
    assert product.at("/amd")[0]["AnsweredBy"] == "human"


async def test_time_limit(exchange, product, client):
    product.on("/page", "<Pause length='600'/>")
    exchange.phone(CHEN).behaviour = Answers(after=2)
    await create(client, url=f"{product.origin}/page", time_limit=30)
    ring = await exchange.phone(CHEN).rings()
    await ring.is_over()
    assert (ring.end_reason, ring.leg.duration) == ("time limit", 30)
