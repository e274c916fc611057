"""Queues, conferences, recordings, numbers, the account; and the troubles that can be injected."""

import asyncio
import base64
import io
import wave

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from telephony.emulator import Answers, RestFault

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"


def there(work, *args, **fields):
    return asyncio.to_thread(work, *args, **fields)


# ---- queues ----


async def test_queue_and_its_members(exchange, product, client):
    product.on("/voice", '<Enqueue action="/done">desk</Enqueue>')
    product.on("/done", "<Say>never performed</Say>")
    product.on("/taken", "<Say>Your turn.</Say>")
    made = await there(client.queues.create, friendly_name="desk", max_size=20)
    assert (made.current_size, made.max_size, made.average_wait_time) == (0, 20, 0)
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await call.is_answered()
    await exchange.timeline.run_for(30)
    members = await there(client.queues(made.sid).members.list)
    assert [(each.call_sid, each.position, each.wait_time) for each in members] == [(call.sid, 1, 30)]
    assert (await there(client.queues(made.sid).fetch)).current_size == 1
    taken = await there(client.queues(made.sid).members("Front").update, url=f"{product.origin}/taken")
    assert taken.call_sid == call.sid
    await call.hears("your turn")
    await exchange.timeline.settle()
    assert product.at("/done")[0]["QueueResult"] == "redirected"
    assert call.heard == ["Your turn."]
    assert [each.friendly_name for each in await there(client.queues.list)] == ["desk"]
    assert (await there(client.queues(made.sid).update, max_size=5)).max_size == 5
    assert await there(client.queues(made.sid).delete)
    assert exchange.faults == []


# ---- conferences ----


@pytest.fixture
async def room(exchange, product):
    product.on("/voice", '<Dial action="/done"><Conference>page-7</Conference></Dial>')
    product.on("/done", "<Say>You are out.</Say>")
    one = await exchange.phone(CALLER).dial(PRACTICE)
    other = await exchange.phone(CHEN).dial(PRACTICE)
    await one.talks_to(other)
    return one, other


async def test_conference_and_its_participants(exchange, client, room):
    one, other = room
    (conference,) = await there(client.conferences.list, friendly_name="page-7", status="in-progress")
    participants = client.conferences(conference.sid).participants
    assert {each.call_sid for each in await there(participants.list)} == {one.sid, other.sid}
    held = await there(client.conferences(conference.sid).participants(one.sid).update, hold=True)
    assert held.hold is True
    assert exchange.conferences[0].parties() == []
    await there(client.conferences(conference.sid).participants(one.sid).update, hold=False, muted=True)
    await one.talks_to(other)
    assert await there(client.conferences(conference.sid).participants(other.sid).delete)
    await other.hears("you are out")
    ended = await there(client.conferences(conference.sid).update, status="completed")
    assert (ended.status, ended.reason_conference_ended) == ("completed", "conference-ended-via-api")
    await one.hears("you are out")
    with pytest.raises(TwilioRestException) as refusal:
        await there(client.conferences(conference.sid).participants(one.sid).fetch)
    assert refusal.value.code == 20404
    assert exchange.faults == []


async def test_calling_a_third_party_in(exchange, product, client, room):
    interpreter = exchange.phone("+16175550130")
    interpreter.behaviour = Answers(after=3)
    joined = await there(
        client.conferences("page-7").participants.create,
        to="+16175550130",
        from_=PRACTICE,
        label="interpreter",
        status_callback=f"{product.origin}/status/interpreter",
    )
    ring = await interpreter.rings()
    await ring.talks_to(room[0])
    fetched = await there(client.conferences(joined.conference_sid).participants("interpreter").fetch)
    assert (fetched.call_sid, fetched.label) == (ring.sid, "interpreter")
    assert exchange.faults == []


# ---- recordings ----


async def test_recording_and_its_media(exchange, product, client, raw):
    product.on("/voice", '<Record playBeep="false" action="/kept"/>')
    product.on("/kept", "")
    call = await exchange.phone(CALLER).dial(PRACTICE)
    await call.speak("Please call me", seconds=4)
    await call.press("#")
    await call.is_over()
    url = product.at("/kept")[0]["RecordingUrl"]
    (listed,) = await there(client.recordings.list, call_sid=call.sid)
    assert (listed.duration, listed.call_sid, listed.media_url) == ("4", call.sid, url)
    media = await raw.get(f"{url}.wav")
    assert media.headers["content-type"] == "audio/x-wav"
    with wave.open(io.BytesIO(media.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 4
    assert (await raw.get(f"{url}.mp3")).status_code == 200
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(f"{url}.mp3")).status_code == 401
    assert await there(client.recordings(listed.sid).delete)
    assert (await raw.get(f"{url}.mp3")).status_code == 404


# ---- numbers and the account ----


async def test_numbers_are_configured_through_rest(exchange, product, client):
    (number,) = await there(client.incoming_phone_numbers.list, phone_number=PRACTICE)
    assert number.voice_url == f"{product.origin}/voice"
    updated = await there(
        client.incoming_phone_numbers(number.sid).update,
        voice_url=f"{product.origin}/other",
        voice_method="GET",
        status_callback="",
    )
    assert (updated.voice_url, updated.voice_method, updated.status_callback) == (f"{product.origin}/other", "GET", "")
    product.on("/other", "<Say>Configured.</Say>")
    await (await exchange.phone(CALLER).dial(PRACTICE)).hears("configured")
    with pytest.raises(TwilioRestException) as refusal:
        await there(client.incoming_phone_numbers(number.sid).update, voice_url="nonsense")
    assert refusal.value.code == 21205


async def test_account(exchange, client):
    account = await there(client.api.v2010.accounts(exchange.account_sid).fetch)
    assert (account.sid, account.status) == (exchange.account_sid, "active")


# ---- troubles ----

GOOD = {"To": CHEN, "From": PRACTICE, "Url": "http://127.0.0.1:9/x"}


async def test_refusals_are_injected_as_often_as_asked(exchange, raw):
    exchange.rest_faults.refuse(429, 20429, times=2, resource="Calls", method="POST")
    assert (await raw.get("/Calls.json")).status_code == 200
    assert (await raw.post("/Messages.json", data={})).status_code == 400
    for _ in range(2):
        answer = await raw.post("/Calls.json", data=GOOD)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, 20429, "1")
    assert exchange.legs == {}
    assert (await raw.post("/Calls.json", data=GOOD)).status_code == 201


@pytest.mark.parametrize(("status", "code"), [(500, 20500), (503, 20500), (401, 20003), (404, 20404)])
async def test_other_statuses(exchange, raw, status, code):
    exchange.rest_faults.refuse(status, 0)
    answer = await raw.post("/Calls.json", data=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("after", [False, True])
async def test_dropped_connection_before_or_after_the_work(exchange, raw, after):
    exchange.rest_faults.drop(after=after)
    with pytest.raises(httpx.HTTPError):
        await raw.post("/Calls.json", data=GOOD)
    assert len(exchange.legs) == int(after)
    assert (await raw.get("/Calls.json")).status_code == 200


async def test_a_client_that_dies_before_it_has_asked(exchange, raw):
    host, port = exchange.api_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    path = f"/2010-04-01/Accounts/{exchange.account_sid}/Calls.json"
    mark = base64.b64encode(f"{exchange.account_sid}:{exchange.auth_token}".encode()).decode()
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Basic {mark}\r\nContent-Length: 99\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nTo=".encode())
    await writer.drain()
    assert (await raw.get("/Calls.json")).status_code == 200  # what came first has been read by now
    writer.close()
    await writer.wait_closed()
    assert (await raw.post("/Calls.json", data=GOOD)).status_code == 201
    assert len(exchange.legs) == 1
    exchange.timeline.raise_crashes()


@pytest.mark.parametrize("after", [False, True])
async def test_timeout_before_or_after_the_work(exchange, raw, after):
    exchange.rest_faults.add(RestFault(0, after=after, delay=0.3))
    with pytest.raises(httpx.ReadTimeout):
        await raw.post("/Calls.json", data=GOOD, timeout=0.1)
    assert len(exchange.legs) == int(after)
