"""Calls that come in: speech, keys, going on, ending."""

from telephony.emulator import Answers, Hears, Press


async def test_menu_reads_as_a_phone_call(exchange, product):
    product.on(
        "/voice",
        '<Say language="en-US">If this is an emergency, hang up and dial 911.</Say>'
        '<Gather numDigits="1" action="/menu"><Say>For urgent matters, press 1.</Say></Gather>'
        "<Redirect>/voice</Redirect>",
    )
    product.on("/menu", lambda got: f"<Say>You pressed {got['Digits']}.</Say><Hangup/>")
    call = await exchange.phone("+16175550180").dial("+16175550100")
    await call.hears("dial 911")
    await call.hears("press 1")
    await call.press("1")
    await call.hears("you pressed 1")
    await call.is_over()
    await exchange.timeline.settle()
    assert call.end_reason == "the application hung up"
    assert [got["CallStatus"] for got in product.received] == ["ringing", "in-progress", "completed"]
    assert exchange.faults == []


async def test_dial_with_screening(exchange, product):
    product.on("/voice", '<Dial action="/done"><Number url="/screen">+16175550121</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" action="/accept"><Say>Press 1 to accept.</Say></Gather><Hangup/>')
    product.on("/accept", "")
    product.on("/done", lambda got: f"<Say>It was {got['DialCallStatus']}.</Say>")
    chen = exchange.phone("+16175550121")
    chen.behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("1")], talk_for=20)
    call = await exchange.phone("+16175550180").dial("+16175550100")
    await call.talks_to(chen)
    await call.hears("It was completed")
    assert product.at("/done")[0]["DialBridged"] == "true"
    assert product.at("/done")[0]["DialCallDuration"] == "20"
    assert exchange.faults == []


async def test_conference_joins_two_legs(exchange, product):
    product.on("/voice", '<Dial action="/done"><Conference endConferenceOnExit="true">page-7</Conference></Dial>')
    product.on("/done", "<Say>The room is closed.</Say>")
    one = await exchange.phone("+16175550180").dial("+16175550100")
    other = await exchange.phone("+16175550181").dial("+16175550100")
    await one.talks_to(other)
    await one.speak("Hello there", seconds=2)
    await other.hears("hello there")
    await one.hang_up()
    await other.hears("The room is closed")
    assert exchange.faults == []
