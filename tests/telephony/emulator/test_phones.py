"""Phones and calls as a test drives them, and what a failing wait says."""

import asyncio
import gc

import httpx
import pytest
from whenever import Instant

from telephony.emulator import (
    Answered,
    Answers,
    Bridged,
    Dialled,
    Ended,
    Exchange,
    Heard,
    Hears,
    Press,
    RealTimeline,
    Speak,
    VirtualTimeline,
    Wait,
)

PRACTICE, CALLER, CHEN = "+16175550100", "+16175550180", "+16175550121"


async def dialled(exchange):
    return await exchange.phone(CALLER).dial(PRACTICE)


async def test_failed_wait_shows_the_call(exchange, product):
    product.on("/voice", "<Say>Welcome to the practice.</Say>")
    call = await dialled(exchange)
    with pytest.raises(AssertionError, match="never heard 'goodbye'") as failure:
        await call.hears("goodbye")
    assert "Heard text='Welcome to the practice.'" in str(failure.value)
    assert "Ended reason='nothing left to do'" in str(failure.value)


async def test_utterances_are_consumed_in_order(exchange, product):
    product.on("/voice", "<Say>Press one. Press two.</Say><Say>Press one again.</Say>")
    call = await dialled(exchange)
    await call.hears("press one")
    await call.hears("PRESS TWO")
    await call.hears("press one")
    with pytest.raises(AssertionError):
        await call.hears("press two")


async def test_every_wait_fails_with_words(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    call = await dialled(exchange)
    with pytest.raises(AssertionError, match="never rang"):
        await exchange.phone(CHEN).rings()
    with pytest.raises(AssertionError, match="never talked"):
        await call.talks_to(exchange.phone(CHEN))
    await call.is_over()
    with pytest.raises(AssertionError, match="cannot press"):
        await call.press("1")
    with pytest.raises(AssertionError, match="cannot speak"):
        await call.speak("hello")
    with pytest.raises(AssertionError, match="got no text"):
        await exchange.phone(CHEN).gets_text("page")
    with pytest.raises(LookupError, match="no number of this account"):
        await exchange.phone(CALLER).dial("+16175550199")
    with pytest.raises(ValueError, match="no such key"):
        exchange.phone(CALLER).dial_now(PRACTICE).press_now("x")


async def test_limit_of_a_wait(exchange, product):
    product.on("/voice", "<Pause length='100'/><Say>At last.</Say>")
    call = await dialled(exchange)
    with pytest.raises(AssertionError):
        await call.hears("at last", within=99)
    await call.hears("at last", within=2)


async def test_waiting_for_two_phones_at_once(exchange, product):
    product.on("/voice", f"<Dial><Number>{CHEN}</Number><Number>+16175550122</Number></Dial>")
    call = await dialled(exchange)
    one, other = await asyncio.gather(exchange.phone(CHEN).rings(), exchange.phone("+16175550122").rings())
    await other.answer()
    await call.talks_to(other)
    assert one.status == "canceled"


async def test_manual_phone_answers_and_declines(exchange, product):
    product.on("/voice", f'<Dial action="/again">{CHEN}</Dial>')
    product.on("/again", f"<Dial>{CHEN}</Dial>")
    call = await dialled(exchange)
    first = await exchange.phone(CHEN).rings()
    await first.decline()
    second = await exchange.phone(CHEN).rings()
    assert product.at("/again")[0]["DialCallStatus"] == "busy"
    await second.answer()
    await call.talks_to(second)
    await second.speak("This is the doctor", seconds=2)
    await call.hears("this is the doctor")
    await second.hang_up()
    await call.is_over()


async def test_scripted_person(exchange, product):
    product.on("/voice", f'<Dial><Number url="/screen">{CHEN}</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" timeout="8" action="/key"><Say>Press 1 to accept.</Say></Gather>'
               "<Redirect>/screen</Redirect>")  # fmt: skip
    product.on("/key", lambda got: "" if got["Digits"] == "1" else "<Say>Sorry.</Say><Redirect>/screen</Redirect>")
    exchange.phone(CHEN).behaviour = Answers(
        after=2,
        script=[Hears("press 1") >> Press("7") >> Hears("sorry") >> Hears("press 1") >> Wait(2) >> Press("1"),
                Wait(1), Speak("Good evening", seconds=2)],
    )  # fmt: skip
    call = await dialled(exchange)
    await call.hears("good evening")
    assert [got["Digits"] for got in product.at("/key")] == ["7", "1"]


async def test_simple_keys(exchange, product):
    product.on("/voice", f'<Dial action="/done"><Number url="/screen">{CHEN}</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" action="/key"><Say>Hello?</Say></Gather><Hangup/>')
    product.on("/key", "")
    exchange.phone(CHEN).behaviour = Answers(after=4, keys="1")
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))


async def test_events_and_listener(exchange, product):
    seen = []
    exchange.on_event(lambda leg, event: seen.append((leg.phone_number, type(event))))
    product.on("/voice", f"<Dial>{CHEN}</Dial>")
    exchange.phone(CHEN).behaviour = Answers(after=1, talk_for=3)
    call = await dialled(exchange)
    await call.is_over()
    mine = [kind for number, kind in seen if number == CALLER]
    assert mine[:3] == [Dialled, Answered, Bridged]
    assert mine[-1] is Ended
    assert [type(event) for event in call.events] == mine
    assert call.events[2].other == CHEN
    json = call.events[2].as_json()
    assert json == {"kind": "bridged", "at": "2026-01-05T03:00:01Z", "other": CHEN}
    assert "Bridged other='+16175550121'" in call.transcript


async def test_keys_in_a_conversation_are_heard_and_not_kept(exchange, product):
    product.on("/voice", f'<Dial action="/next">{CHEN}</Dial>')
    product.on("/next", '<Gather numDigits="1" timeout="2" action="/key"><Say>Key?</Say></Gather><Say>None.</Say>')
    exchange.phone(CHEN).behaviour = Answers(after=1, talk_for=10)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))
    await call.press("5")
    await call.hears("none")
    assert product.at("/key") == []
    assert any(getattr(event, "digits", "") == "5" for event in exchange.phone(CHEN).calls[0].events)


async def test_the_same_in_real_time(product):
    start = Instant.from_utc(2026, 1, 5, 3)
    async with Exchange(RealTimeline(start, rate=200), auth_token="made-up-token") as exchange:
        exchange.own_number(PRACTICE, voice_url=f"{product.origin}/voice")
        product.on("/voice", '<Gather numDigits="1" action="/menu"><Say>Press 1.</Say></Gather>')
        product.on("/menu", f"<Dial>{CHEN}</Dial>")
        exchange.phone(CHEN).behaviour = Answers(after=4, talk_for=20)
        call = await dialled(exchange)
        await call.hears("press 1")
        await call.press("1")
        await call.talks_to(exchange.phone(CHEN))
        await call.is_over()
        with pytest.raises(AssertionError):
            await call.hears("nothing", within=1)
        heard = next(event for event in call.events if isinstance(event, Heard))
        assert start <= heard.at < start.add(seconds=120)
        assert exchange.faults == []


async def test_closing_at_any_moment_leaves_nothing_behind(product):
    for turns in range(8):
        async with Exchange(VirtualTimeline(Instant.from_utc(2026, 1, 5, 3)), auth_token="made-up-token") as exchange:
            exchange.own_number(PRACTICE, voice_url=f"{product.origin}/voice")
            product.on("/voice", f"<Dial>{CHEN}</Dial>")
            await dialled(exchange)
            for _ in range(turns):
                await asyncio.sleep(0.002)
    gc.collect()  # what was never awaited warns now, and warnings are errors


async def test_call_that_goes_in_circles_is_a_fault(exchange, product):
    product.on("/voice", "<Redirect>/voice</Redirect>")
    call = await dialled(exchange)
    await call.hears("application error")
    assert "goes in circles" in exchange.faults[0].message


async def test_own_mistakes_of_the_emulator_reach_the_test(exchange, product, raw):
    product.on("/voice", f"<Dial>{CHEN}</Dial>")
    exchange.phone(CHEN).behaviour = Answers(after=1, script=[Press("no such key")])
    call = await dialled(exchange)
    with pytest.raises(ValueError, match="no such key"):
        await call.is_over()
    exchange.messaging.messages["SM1"] = None
    with pytest.raises(httpx.HTTPStatusError):
        (await raw.get("/Messages.json")).raise_for_status()
    with pytest.raises(AttributeError):
        await exchange.timeline.settle()


async def test_many_calls_at_once(exchange, product):
    product.on("/voice", '<Gather numDigits="1" action="/menu"><Say>Press 1.</Say></Gather>')
    product.on("/menu", lambda got: f"<Say>Thank you {got['From'][-2:]}.</Say>")
    calls = [await exchange.phone(f"+161755501{n:02}").dial(PRACTICE) for n in range(50, 90)]

    async def whole(call, number):
        await call.hears("press 1")
        await call.press("1")
        await call.hears(f"thank you {number}")
        await call.is_over()

    await asyncio.gather(*(whole(call, n) for n, call in enumerate(calls, start=50)))
    assert exchange.faults == []
