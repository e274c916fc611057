"""The control interface, through the client that a terminal telephone is built on."""

import asyncio

import pytest

from telephony.emulator import Exchange, RealTimeline, create_app, serving
from telephony.emulator.telephone import Telephone, TelephoneError

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"


@pytest.fixture
async def telephone(product):
    async with Exchange(RealTimeline(rate=20), auth_token="made-up-token") as exchange:
        async with serving(create_app(exchange)) as origin, Telephone(origin) as telephone:
            await telephone.own_number(PRACTICE, voice_url=f"{product.origin}/voice", sms_url=f"{product.origin}/sms")
            yield telephone
        exchange.timeline.raise_crashes()


async def test_whole_call_at_a_terminal(product, telephone):
    product.on("/voice", '<Gather numDigits="1" action="/menu"><Say>Press 1.</Say></Gather>')
    product.on("/menu", f'<Dial action="/done">{CHEN}</Dial>')
    product.on("/done", '<Record playBeep="false" action="/kept"/>')
    product.on("/kept", "<Say>Thank you.</Say>")
    sid = await telephone.dial(CALLER, PRACTICE)
    kinds = []

    async def person():
        async for event in telephone.follow(sid):
            kinds.append(event["kind"])
            if event["kind"] == "heard" and "Press 1" in event["text"]:
                await telephone.press(sid, "1")
            if event["kind"] == "bridged":
                (call,) = clinician
                await telephone.hang_up(call)
            if event["kind"] == "unbridged":
                await asyncio.sleep(0.05)
                await telephone.speak(sid, "Call me back", 5)
        return kinds

    clinician = []
    talking = asyncio.create_task(person())
    (ringing,) = await telephone.ringing(CHEN, wait=10)
    assert ringing["from"] == CALLER
    clinician.append(ringing["sid"])
    await telephone.answer(ringing["sid"])
    await asyncio.wait_for(talking, 10)
    assert kinds[0] == "dialled"
    assert kinds[-1] == "ended"
    assert {"answered", "heard", "pressed", "bridged", "unbridged", "spoke", "recorded"} <= set(kinds)
    assert product.at("/kept")[0]["RecordingDuration"]


async def test_behaviours_by_name(product, telephone):
    product.on("/voice", f'<Dial action="/done"><Number url="/screen">{CHEN}</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" action="/key"><Say>Press 1.</Say></Gather>')
    product.on("/key", "<Hangup/>")
    product.on("/done", "<Say>Bye.</Say>")
    await telephone.set_behaviour(CHEN, "answers", after=2, script=[{"hears": "Press 1", "press": "3"}])
    sid = await telephone.dial(CALLER, PRACTICE, caller_id="anonymous")
    events = [event async for event in telephone.follow(sid)]
    assert events[-1]["kind"] == "ended"
    assert product.at("/key")[0]["Digits"] == "3"
    assert product.at("/voice")[0]["From"] == "anonymous"
    assert await telephone.faults() == []


async def test_texts(product, telephone):
    product.on("/sms", "<Message>Accepted.</Message>")
    await telephone.text(CHEN, PRACTICE, "1")
    for _ in range(100):
        if texts := await telephone.texts(CHEN):
            break
        await asyncio.sleep(0.02)
    assert [(text["from"], text["body"]) for text in texts] == [(PRACTICE, "Accepted.")]


async def test_refusals_have_words(product, telephone):
    product.on("/voice", "<Hangup/>")
    with pytest.raises(TelephoneError, match="no call CA0"):
        await telephone.press("CA0", "1")
    with pytest.raises(TelephoneError, match="no number of this account"):
        await telephone.dial(CALLER, "+16175550199")
    with pytest.raises(TelephoneError, match="unknown fields"):
        await telephone.own_number(PRACTICE, colour="red")
    with pytest.raises(TelephoneError, match="KeyError"):
        await telephone.set_behaviour(CHEN, "sleepy")
    with pytest.raises(TelephoneError, match=r"no E\.164 number"):
        await telephone.ringing("911")
    sid = await telephone.dial(CALLER, PRACTICE)
    assert [event async for event in telephone.follow(sid)][-1]["kind"] == "ended"
    with pytest.raises(TelephoneError, match="the call is over"):
        await telephone.press(sid, "1")
