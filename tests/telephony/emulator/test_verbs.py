"""Each verb, as a caller meets it."""

import asyncio
import io
import wave

import pytest
from starlette.responses import Response

from telephony.emulator import (
    Answers,
    Busy,
    CutOff,
    HangUp,
    Heard,
    Hears,
    NoAnswer,
    PhoneCall,
    Played,
    Press,
    Recorded,
    Unreachable,
    Voicemail,
    hangs_up_at_once,
)

PRACTICE, CALLER, CHEN, OKAFOR = "+16175550100", "+16175550180", "+16175550121", "+16175550122"


def seconds_since_start(exchange):
    return (exchange.timeline.now() - exchange.opened_at).total("seconds")


async def dialled(exchange, **fields):
    return await exchange.phone(CALLER).dial(PRACTICE, **fields)


# ---- Say, Play, Pause ----


async def test_speech_takes_its_time(exchange, product):
    words = " ".join(["word"] * 27)
    product.on("/voice", f'<Say language="es-US" voice="Polly.Lupe" loop="2">{words}</Say><Pause length="5"/>')
    call = await dialled(exchange)
    await call.is_over()
    assert seconds_since_start(exchange) == 25
    heard = [event for event in call.events if isinstance(event, Heard)]
    assert [(event.language, event.voice, event.seconds) for event in heard] == [("es-US", "Polly.Lupe", 10.0)] * 2


async def test_play_fetches_the_sound(exchange, product):
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(b"\x80" * 24000)
    product.on("/voice", "<Play>/sounds/hold.wav</Play><Play digits='1w2'/><Play>/sounds/gone.wav</Play><Hangup/>")
    product.on("/sounds/hold.wav", Response(sound.getvalue(), media_type="audio/x-wav"))
    call = await dialled(exchange)
    await call.is_over()
    played = [(event.url.rpartition("/")[2], event.digits, event.seconds) for event in call.events
              if isinstance(event, Played)]  # fmt: skip
    assert played == [("hold.wav", "", 3.0), ("", "1w2", 1.5)]
    assert [fault.code for fault in exchange.faults] == [11200]


async def test_pause_first_delays_the_answer(exchange, product):
    product.on("/voice", "<Pause length='4'/><Say>Hello.</Say>")
    call = await dialled(exchange)
    await call.is_answered()
    assert seconds_since_start(exchange) == 4


# ---- Gather ----


async def test_key_cuts_the_prompt_off(exchange, product):
    product.on("/voice", f'<Gather numDigits="1" action="/menu"><Say>{"long " * 200}</Say></Gather>')
    product.on("/menu", "<Say>Yes.</Say>")
    call = await dialled(exchange)
    await call.hears("long")
    await call.press("4")
    await call.hears("yes")
    assert seconds_since_start(exchange) == 0
    assert any(isinstance(event, CutOff) for event in call.events)
    assert product.at("/menu")[0]["Digits"] == "4"
    assert product.at("/menu")[0]["msg"] == "Gather End"


async def test_no_barge_in_lets_the_prompt_end(exchange, product):
    product.on("/voice", f'<Gather numDigits="1" bargeIn="false" action="/menu"><Say>{"long " * 27}</Say></Gather>')
    product.on("/menu", "<Say>Yes.</Say>")
    call = await dialled(exchange)
    await call.hears("long")
    await call.press("4")
    await call.hears("yes")
    assert seconds_since_start(exchange) == 10


async def test_finish_key_is_left_out(exchange, product):
    product.on("/voice", '<Gather action="/menu"><Say>Number?</Say></Gather>')
    product.on("/menu", "")
    call = await dialled(exchange)
    await call.hears("number")
    await call.press("6175550180#")
    await call.is_over()
    got = product.at("/menu")[0]
    assert (got["Digits"], got["FinishedOnKey"]) == ("6175550180", "#")


async def test_empty_finish_key_lets_the_hash_be_a_digit(exchange, product):
    product.on("/voice", '<Gather finishOnKey="" timeout="3" action="/menu"><Say>Key?</Say></Gather>')
    product.on("/menu", "")
    call = await dialled(exchange)
    await call.hears("key")
    await call.press("*#")
    await call.is_over()
    assert (product.at("/menu")[0]["Digits"], product.at("/menu")[0]["FinishedOnKey"]) == ("*#", "")


@pytest.mark.parametrize("keys", ["", "#"])
async def test_no_input_falls_through(exchange, product, keys):
    product.on("/voice", '<Gather action="/menu" timeout="7"><Say>Key?</Say></Gather><Say>Nothing came.</Say>')
    call = await dialled(exchange)
    await call.hears("key")
    await call.press(keys)
    await call.hears("nothing came")
    assert product.at("/menu") == []
    assert seconds_since_start(exchange) == (0 if keys else 7.4)  # the timeout starts after the prompt


async def test_action_on_empty_result(exchange, product):
    product.on("/voice", '<Gather action="/menu" actionOnEmptyResult="true" timeout="2"/>')
    product.on("/menu", "")
    await (await dialled(exchange)).is_over()
    assert product.at("/menu")[0]["Digits"] == ""


async def test_keys_typed_ahead_skip_the_prompt(exchange, product):
    product.on("/voice", '<Say>Welcome.</Say><Gather numDigits="1" action="/menu"><Say>Key?</Say></Gather>')
    product.on("/menu", '<Gather numDigits="1" action="/second"><Say>Another?</Say></Gather>')
    product.on("/second", "<Say>Done.</Say>")
    call = await dialled(exchange)
    await call.hears("welcome")
    await call.press("12")
    await call.hears("done")
    assert call.heard == ["Welcome.", "Done."]
    assert (product.at("/menu")[0]["Digits"], product.at("/second")[0]["Digits"]) == ("1", "2")


async def test_speech_input(exchange, product):
    product.on("/voice", '<Gather input="speech dtmf" action="/menu"><Say>Speak.</Say></Gather>')
    product.on("/menu", "")
    call = await dialled(exchange)
    await call.hears("speak")
    await call.speak("My son has a fever", seconds=4)
    await call.is_over()
    got = product.at("/menu")[0]
    assert got["SpeechResult"] == "My son has a fever"
    assert "Digits" not in got.params


async def test_gather_goes_to_its_own_url_without_an_action(exchange, product):
    product.on("/voice", '<Gather numDigits="1"><Say>Key?</Say></Gather>', "<Say>Got it.</Say>")
    call = await dialled(exchange)
    await call.hears("key")
    await call.press("1")
    await call.hears("got it")


# ---- Record ----


async def test_recording_ended_by_a_key(exchange, product):
    product.on("/voice", '<Say>After the tone.</Say><Record maxLength="60" action="/kept" '
               'recordingStatusCallback="/recorded"/>')  # fmt: skip
    product.on("/kept", "<Say>Thank you.</Say>")
    product.on("/recorded", "")
    call = await dialled(exchange)
    await call.hears("after the tone")
    await call.speak("My son has a fever of 104", seconds=6)
    await call.press("#")
    await call.hears("thank you")
    got = product.at("/kept")[0]
    assert (got["RecordingDuration"], got["Digits"]) == ("6", "#")
    recording = exchange.recordings[got["RecordingSid"]]
    assert recording.words == "My son has a fever of 104"
    assert (
        got["RecordingUrl"]
        == f"{exchange.api_url}/2010-04-01/Accounts/{exchange.account_sid}/Recordings/{recording.sid}"
    )
    await exchange.timeline.settle()
    assert product.at("/recorded")[0]["RecordingStatus"] == "completed"
    assert any(isinstance(event, Recorded) for event in call.events)


async def test_silence_ends_a_recording(exchange, product):
    product.on("/voice", '<Record timeout="4" action="/kept" playBeep="false"/>')
    product.on("/kept", "")
    call = await dialled(exchange)
    await call.speak("Please call me back", seconds=5)
    await call.is_over()
    assert product.at("/kept")[0]["RecordingDuration"] == "9"


async def test_longest_recording(exchange, product):
    product.on("/voice", '<Record maxLength="10" action="/kept" playBeep="false"/>')
    product.on("/kept", "")
    call = await dialled(exchange)
    await call.speak("on and on", seconds=60)
    await call.is_over()
    assert product.at("/kept")[0]["RecordingDuration"] == "10"


async def test_silence_alone_is_no_recording(exchange, product):
    product.on("/voice", '<Record timeout="4" action="/kept" recordingStatusCallback="/recorded" '
               'recordingStatusCallbackEvent="absent completed"/><Say>Nothing was said.</Say>')  # fmt: skip
    product.on("/recorded", "")
    call = await dialled(exchange)
    await call.hears("nothing was said")
    await exchange.timeline.settle()
    assert product.at("/kept") == []
    assert product.at("/recorded")[0]["RecordingStatus"] == "absent"
    assert exchange.recordings == {}


async def test_hanging_up_while_recording_keeps_it(exchange, product):
    product.on("/voice", '<Record action="/kept" recordingStatusCallback="/recorded"/>')
    product.on("/kept", "<Say>never heard</Say>")
    product.on("/recorded", "")
    call = await dialled(exchange)
    await call.speak("Please call me", seconds=5)
    await call.hang_up()
    await exchange.timeline.settle()
    got = product.at("/kept")[0]
    assert (got["Digits"], got["RecordingDuration"], got["CallStatus"]) == ("hangup", "5", "completed")
    assert product.at("/recorded")[0]["RecordingDuration"] == "5"
    assert call.heard == []
    assert exchange.faults == []


# ---- Redirect, Reject, Hangup ----


async def test_redirect_with_get(exchange, product):
    product.on("/voice", '<Redirect method="GET">/next?step=2</Redirect>')
    product.on("/next", "<Say>Here.</Say>")
    call = await dialled(exchange)
    await call.hears("here")
    got = product.at("/next")[0]
    assert (got.method, got["step"], got["CallSid"]) == ("GET", "2", call.sid)


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_reject_does_not_answer(exchange, product, reason, status):
    product.on("/voice", f'<Reject reason="{reason}"/>')
    call = await dialled(exchange)
    await call.is_over()
    assert (call.status, call.leg.answered_at) == (status, None)


async def test_hanging_up_during_a_webhook_ignores_its_answer(exchange, product):
    calls: list[PhoneCall] = []

    def hang_up_first(_got):
        calls[0].hang_up_now()
        return "<Say>Never heard.</Say><Redirect>/never</Redirect>"

    product.on("/voice", "<Say>Hello.</Say><Redirect>/next</Redirect>")
    product.on("/next", hang_up_first)
    call = await dialled(exchange)
    calls.append(call)
    await call.hears("hello")
    await call.is_over()
    await exchange.timeline.settle()
    assert call.heard == ["Hello."]
    assert product.at("/never") == []
    assert product.at("/status")[0]["CallStatus"] == "completed"
    assert exchange.faults == []


@pytest.mark.parametrize("caller_id", ["anonymous", "unknown", "+266696687", "Restricted", "sip:me@example.test"])
async def test_any_caller_id(exchange, product, caller_id):
    product.on("/voice", "<Say>Hello.</Say>")
    await (await dialled(exchange, caller_id=caller_id)).hears("hello")
    got = product.at("/voice")[0]
    assert (got["From"], got["Caller"], got["To"]) == (caller_id, caller_id, PRACTICE)
    assert got["FromCity"] == ""


# ---- Dial ----


@pytest.mark.parametrize(
    ("behaviour", "status", "after"),
    [
        (Busy(after=2), "busy", 2),
        (NoAnswer(), "no-answer", 25),
        (Unreachable(), "failed", 0),
        (Voicemail(after=40), "no-answer", 25),
    ],
)
async def test_dial_that_reaches_nobody(exchange, product, behaviour, status, after):
    product.on("/voice", '<Dial timeout="20" action="/done">+16175550121</Dial>')
    product.on("/done", "<Say>Nobody.</Say>")
    exchange.phone(CHEN).behaviour = behaviour
    call = await dialled(exchange)
    await call.hears("nobody")
    got = product.at("/done")[0]
    assert (got["DialCallStatus"], got["DialBridged"]) == (status, "false")
    assert seconds_since_start(exchange) == after


async def test_dial_without_action_goes_on(exchange, product):
    product.on("/voice", "<Dial>+16175550121</Dial><Say>Next.</Say>")
    exchange.phone(CHEN).behaviour = Answers(after=2, talk_for=3)
    call = await dialled(exchange)
    await call.hears("next")
    assert seconds_since_start(exchange) == 5


async def test_screening_that_is_declined(exchange, product):
    product.on("/voice", '<Dial action="/done"><Number url="/screen">+16175550121</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" action="/key"><Say>Press 1.</Say></Gather><Hangup/>')
    product.on("/key", lambda got: "" if got["Digits"] == "1" else "<Hangup/>")
    product.on("/done", "<Say>Not connected.</Say>")
    chen = exchange.phone(CHEN)
    chen.behaviour = Answers(after=2, script=[Hears("Press 1") >> Press("2", after=1)])
    call = await dialled(exchange)
    await call.hears("not connected")
    assert product.at("/done")[0]["DialBridged"] == "false"
    screened = product.at("/screen")[0]
    assert (screened["Direction"], screened["ParentCallSid"], screened["To"]) == ("outbound-dial", call.sid, CHEN)
    assert chen.calls[0].ended


async def test_voicemail_is_never_bridged_by_screening(exchange, product):
    product.on("/voice", '<Dial action="/done"><Number url="/screen">+16175550121</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1" action="/key"><Say>Press 1.</Say></Gather><Hangup/>')
    product.on("/done", "<Say>Not connected.</Say>")
    exchange.phone(CHEN).behaviour = Voicemail(after=10)
    call = await dialled(exchange)
    await call.hears("not connected")
    assert product.at("/done")[0]["DialBridged"] == "false"


async def test_dial_is_not_allowed_in_screening(exchange, product):
    product.on("/voice", '<Dial><Number url="/screen">+16175550121</Number></Dial>')
    product.on("/screen", "<Dial>+16175550122</Dial>")
    exchange.phone(CHEN).behaviour = Answers(after=1, talk_for=1)
    await (await dialled(exchange)).is_over()
    assert any("<Dial> is not allowed here" in fault.message for fault in exchange.faults)
    assert exchange.phone(OKAFOR).calls == []


async def test_first_pickup_wins_and_the_others_are_cancelled(exchange, product):
    numbers = "".join(f'<Number statusCallback="/status/{n[-3:]}">{n}</Number>' for n in (CHEN, OKAFOR))
    product.on("/voice", f"<Dial>{numbers}</Dial>")
    exchange.phone(CHEN).behaviour = Answers(after=8)
    exchange.phone(OKAFOR).behaviour = Answers(after=5)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(OKAFOR))
    await exchange.timeline.settle()
    assert exchange.phone(CHEN).calls[0].status == "canceled"
    assert product.at("/status/121")[0]["CallStatus"] == "canceled"
    assert seconds_since_start(exchange) == 5


async def test_sequential_dial_rings_one_after_the_other(exchange, product):
    product.on("/voice", '<Dial sequential="true" timeout="10" action="/done">'
               f"<Number>{CHEN}</Number><Number>{OKAFOR}</Number></Dial>")  # fmt: skip
    product.on("/done", "")
    exchange.phone(CHEN).behaviour = NoAnswer()
    exchange.phone(OKAFOR).behaviour = Answers(after=5, talk_for=2)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(OKAFOR))
    assert seconds_since_start(exchange) == 20
    await call.is_over()
    assert product.at("/done")[0]["DialCallStatus"] == "completed"


@pytest.mark.parametrize("goes_on", [False, True])
async def test_sequential_dial_after_a_declined_screening(exchange, product, goes_on):
    exchange.sequential_goes_on_after_screening = goes_on
    product.on("/voice", '<Dial sequential="true" action="/done">'
               f'<Number url="/screen">{CHEN}</Number><Number>{OKAFOR}</Number></Dial>')  # fmt: skip
    product.on("/screen", "<Say>Hello.</Say><Hangup/>")
    product.on("/done", "")
    exchange.phone(CHEN).behaviour = Answers(after=2)
    exchange.phone(OKAFOR).behaviour = Answers(after=2, talk_for=2)
    call = await dialled(exchange)
    await call.is_over()
    assert bool(exchange.phone(OKAFOR).calls) is goes_on
    assert product.at("/done")[0]["DialBridged"] == str(goes_on).lower()


async def test_caller_id_must_be_owned_or_of_the_call(exchange, product):
    product.on("/voice", f'<Dial callerId="+16175550199" action="/done">{CHEN}</Dial>')
    product.on("/done", f'<Dial callerId="{PRACTICE}">{CHEN}</Dial>')
    call = await dialled(exchange)
    ring = await exchange.phone(CHEN).rings()
    assert ring.leg.from_ == PRACTICE
    assert product.at("/done")[0]["DialCallStatus"] == "failed"
    assert [fault.code for fault in exchange.faults] == [13214]
    await call.hang_up()
    await ring.is_over()
    assert ring.status == "canceled"


async def test_star_hangs_up_on_the_called_party(exchange, product):
    product.on("/voice", f'<Dial hangupOnStar="true" action="/done">{CHEN}</Dial>')
    product.on("/done", "<Say>Back again.</Say>")
    exchange.phone(CHEN).behaviour = Answers(after=1)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))
    await call.press("1*")
    await call.hears("back again")
    assert exchange.phone(CHEN).calls[0].ended


async def test_time_limit_and_answer_on_bridge(exchange, product):
    product.on("/voice", f'<Dial timeLimit="30" answerOnBridge="true">{CHEN}</Dial><Say>Time is up.</Say>')
    exchange.phone(CHEN).behaviour = Answers(after=6)
    call = await dialled(exchange)
    await call.is_answered()
    assert seconds_since_start(exchange) == 6
    await call.hears("time is up")
    assert seconds_since_start(exchange) == 36


async def test_callee_who_hangs_up_at_once(exchange, product):
    product.on("/voice", f'<Dial action="/done"><Number url="/screen">{CHEN}</Number></Dial>')
    product.on("/screen", '<Gather numDigits="1"><Say>Press 1 to accept this call.</Say></Gather>')
    product.on("/done", "<Say>Not connected.</Say>")
    exchange.phone(CHEN).behaviour = hangs_up_at_once(after=3)
    call = await dialled(exchange)
    await call.hears("not connected")
    assert product.at("/done")[0]["DialBridged"] == "false"


async def test_person_who_hangs_up_in_the_middle_of_a_script(exchange, product):
    product.on("/voice", f"<Dial>{CHEN}</Dial>")
    exchange.phone(CHEN).behaviour = Answers(after=1, script=[Hears("Hello") >> HangUp()])
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))
    await call.speak("Hello doctor", seconds=2)
    await call.is_over()


async def test_number_status_callbacks(exchange, product):
    product.on("/voice", f'<Dial><Number statusCallback="/status/leg" statusCallbackEvent="initiated ringing answered '
               f'completed">{CHEN}</Number></Dial>')  # fmt: skip
    exchange.phone(CHEN).behaviour = Answers(after=4, talk_for=70)
    call = await dialled(exchange)
    await call.is_over()
    await exchange.timeline.settle()
    got = product.at("/status/leg")
    assert [each["CallStatus"] for each in got] == ["initiated", "ringing", "in-progress", "completed"]
    assert (got[-1]["CallDuration"], got[-1]["Duration"], got[-1]["ParentCallSid"]) == ("70", "2", call.sid)


# ---- Conference ----


async def test_conference_waits_for_its_host(exchange, product):
    product.on("/voice", '<Dial action="/done"><Conference startConferenceOnEnter="false" waitUrl="/wait" '
               'statusCallback="/conference" statusCallbackEvent="start end join leave">p-1</Conference>'
               "</Dial>")  # fmt: skip
    product.on("/wait", "<Say>Please hold.</Say><Pause length='10'/>")
    product.on("/page", '<Dial><Conference endConferenceOnExit="true">p-1</Conference></Dial>')
    product.on("/conference", "")
    product.on("/done", "<Say>The doctor has left.</Say>")
    exchange.own_number("+16175550101", voice_url=f"{product.origin}/page")
    caller = await dialled(exchange)
    await caller.hears("please hold")
    await caller.hears("please hold")
    host = await exchange.phone(CHEN).dial("+16175550101")
    await caller.talks_to(host)
    await host.hang_up()
    await caller.hears("the doctor has left")
    await caller.is_over()
    await exchange.timeline.settle()
    got = product.at("/conference")
    assert [each["StatusCallbackEvent"] for each in got] == [
        "participant-join", "participant-join", "conference-start", "participant-leave", "participant-leave",
        "conference-end",
    ]  # fmt: skip
    assert {each["FriendlyName"] for each in got} == {"p-1"}
    assert [each["SequenceNumber"] for each in got] == ["1", "2", "3", "4", "5", "6"]
    assert got[0]["CallSid"] == caller.sid
    assert got[-1]["CallSidEndingConference"] == host.sid
    assert product.at("/done")[0]["DialCallStatus"] == "answered"
    assert exchange.faults == []


async def test_two_who_may_not_start_a_conference_wait(exchange, product):
    product.on("/voice", '<Dial><Conference startConferenceOnEnter="false">p-1</Conference></Dial>')
    one, other = await dialled(exchange), await exchange.phone("+16175550181").dial(PRACTICE)
    with pytest.raises(AssertionError, match="never talked"):
        await one.talks_to(other)


async def test_star_leaves_a_conference_even_while_waiting(exchange, product):
    product.on("/voice", '<Dial hangupOnStar="true" action="/done"><Conference waitUrl="/wait">p-1</Conference></Dial>')
    product.on("/wait", "<Say>Please hold.</Say><Pause length='10'/>")
    product.on("/done", "<Say>We will call you back.</Say>")
    call = await dialled(exchange)
    await call.hears("hold")
    await call.press("*")
    await call.hears("call you back")


async def test_wait_url_that_fails_is_silence(exchange, product):
    product.on("/voice", '<Dial><Conference waitUrl="/wait">p-1</Conference></Dial>')
    one = await dialled(exchange)
    await exchange.timeline.run_for(60)
    assert not one.ended
    other = await exchange.phone(CHEN).dial(PRACTICE)
    await one.talks_to(other)
    assert {fault.code for fault in exchange.faults} == {11200}


# ---- Enqueue ----


async def test_queue_with_its_waiting_loop(exchange, product):
    product.on("/voice", '<Enqueue waitUrl="/wait" action="/done">desk</Enqueue>')
    product.on("/wait", lambda got: f"<Say>You are number {got['QueuePosition']}.</Say><Pause length='10'/>")
    product.on("/done", lambda got: f"<Say>It was {got['QueueResult']}.</Say>")
    product.on("/agent", '<Dial><Queue url="/whisper">desk</Queue></Dial>')
    product.on("/whisper", "<Say>You are being connected.</Say>")
    exchange.own_number("+16175550101", voice_url=f"{product.origin}/agent")
    first, second = await dialled(exchange), await exchange.phone("+16175550181").dial(PRACTICE)
    await asyncio.gather(first.hears("number 1"), second.hears("number 2"))
    agent = await exchange.phone(CHEN).dial("+16175550101")
    await first.hears("you are being connected")
    await first.talks_to(agent)
    assert product.at("/whisper")[0]["DequeingCallSid"] == agent.sid
    assert product.at("/whisper")[0]["CallSid"] == first.sid
    await second.hears("number 1")
    await agent.hang_up()
    await first.hears("it was bridged")
    assert product.at("/wait")[-1]["CurrentQueueSize"] == "1"
    assert exchange.faults == []


async def test_leaving_a_queue(exchange, product):
    product.on("/voice", '<Enqueue waitUrl="/wait" action="/done">desk</Enqueue>')
    product.on("/wait", '<Gather numDigits="1" timeout="10" action="/key"><Say>Press star to leave.</Say></Gather>')
    product.on("/key", "<Leave/>")
    product.on("/done", "<Say>You left.</Say>")
    call = await dialled(exchange)
    await call.hears("press star")
    await call.hears("press star")
    await call.press("*")
    await call.hears("you left")
    got = product.at("/done")[0]
    assert (got["QueueResult"], got["QueueTime"]) == ("leave", "11")


async def test_hanging_up_in_a_queue_is_told(exchange, product):
    product.on("/voice", '<Enqueue action="/done">desk</Enqueue>')
    product.on("/done", "")
    call = await dialled(exchange)
    await call.is_answered()
    await exchange.timeline.run_for(30)
    await call.hang_up()
    await exchange.timeline.settle()
    assert [(got["QueueResult"], got["QueueTime"]) for got in product.at("/done")] == [("hangup", "30")]
    assert exchange.queue("desk").members == []


async def test_full_queue(exchange, product):
    product.on("/voice", '<Enqueue maxQueueSize="1" action="/done">desk</Enqueue>')
    product.on("/done", lambda got: f"<Say>It was {got['QueueResult']}.</Say>")
    first = await dialled(exchange)
    await first.is_answered()
    second = await exchange.phone("+16175550181").dial(PRACTICE)
    await second.hears("queue-full")
    assert not first.ended


async def test_agent_waits_for_a_caller(exchange, product):
    product.on("/voice", "<Enqueue>desk</Enqueue>")
    product.on("/agent", '<Dial timeout="20" action="/nobody"><Queue>desk</Queue></Dial>')
    product.on("/nobody", lambda got: f"<Say>It was {got['DialCallStatus']}.</Say>")
    exchange.own_number("+16175550101", voice_url=f"{product.origin}/agent")
    agent = await exchange.phone(CHEN).dial("+16175550101")
    await agent.hears("no-answer")
    again = await exchange.phone(CHEN).dial("+16175550101")
    await again.is_answered()
    caller = await dialled(exchange)
    await caller.talks_to(again)


async def test_transcription_and_the_events_of_a_recording(exchange, product):
    product.on("/voice", '<Record action="/kept" transcribe="true" transcribeCallback="/transcribed" '
               'recordingStatusCallback="/recorded" '
               'recordingStatusCallbackEvent="in-progress completed"/>')  # fmt: skip
    for path in ("/kept", "/transcribed", "/recorded"):
        product.on(path, "")
    call = await dialled(exchange)
    await call.speak("My son has a fever", seconds=5)
    await call.press("1")
    await call.is_over()
    await exchange.timeline.settle()
    assert [got["RecordingStatus"] for got in product.at("/recorded")] == ["in-progress", "completed"]
    got = product.at("/transcribed")[0]
    assert (got["TranscriptionStatus"], got["TranscriptionText"]) == ("completed", "My son has a fever")
    assert got["RecordingSid"] in exchange.recordings


async def test_moving_a_call_while_it_records_keeps_the_recording(exchange, product, client):
    product.on("/voice", '<Record action="/kept" recordingStatusCallback="/recorded"/>')
    product.on("/recorded", "")
    product.on("/elsewhere", "<Say>Elsewhere.</Say>")
    call = await dialled(exchange)
    await call.speak("My son has a fever", seconds=5)
    await asyncio.to_thread(client.calls(call.sid).update, url=f"{product.origin}/elsewhere")
    await call.hears("elsewhere")
    assert product.at("/kept") == []
    assert product.at("/recorded")[0]["RecordingDuration"] == "5"


async def test_callee_moved_during_screening_releases_the_caller(exchange, product, client):
    product.on("/voice", f'<Dial action="/done"><Number url="/screen">{CHEN}</Number></Dial>')
    product.on("/screen", "<Say>Who is there?</Say><Pause length='60'/>")
    product.on("/elsewhere", "<Say>Elsewhere.</Say><Pause length='60'/>")
    product.on("/done", "<Say>Released.</Say>")
    exchange.phone(CHEN).behaviour = Answers(after=2)
    call = await dialled(exchange)
    ring = await exchange.phone(CHEN).rings()
    await ring.hears("who is there")
    await asyncio.to_thread(client.calls(ring.sid).update, url=f"{product.origin}/elsewhere")
    await asyncio.gather(call.hears("released"), ring.hears("elsewhere"))
    assert not ring.ended


async def test_digits_are_sent_after_the_answer(exchange, product):
    product.on("/voice", f'<Dial><Number sendDigits="ww12">{CHEN}</Number></Dial>')
    exchange.phone(CHEN).behaviour = Answers(after=1)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))
    assert seconds_since_start(exchange) == 3


async def test_number_that_is_none_is_a_fault(exchange, product):
    product.on("/voice", '<Dial action="/done">the doctor</Dial>')
    product.on("/done", "")
    await (await dialled(exchange)).is_over()
    assert product.at("/done")[0]["DialCallStatus"] == "failed"
    assert [fault.code for fault in exchange.faults] == [13223]


async def test_forwarded_call(exchange, product):
    product.on("/voice", "<Say>Hello.</Say>")
    await (await dialled(exchange, forwarded_from="+16175550150")).hears("hello")
    assert product.at("/voice")[0]["ForwardedFrom"] == "+16175550150"


@pytest.mark.parametrize(("after", "status", "bridged"), [(2, "completed", "true"), (50, "no-answer", "false")])
async def test_dial_action_hears_of_a_caller_who_hangs_up(exchange, product, after, status, bridged):
    product.on("/voice", f'<Dial action="/done">{CHEN}</Dial>')
    product.on("/done", "<Say>never heard</Say>")
    exchange.phone(CHEN).behaviour = Answers(after=after)
    call = await dialled(exchange)
    await call.waits(10)
    await call.hang_up()
    await exchange.timeline.settle()
    (got,) = product.at("/done")
    assert (got["DialCallStatus"], got["DialBridged"], got["CallStatus"]) == (status, bridged, "completed")
    assert call.heard == []
    assert exchange.phone(CHEN).calls[0].ended


async def test_keys_of_a_conversation_do_not_answer_the_next_question(exchange, product, client):
    product.on("/voice", f"<Dial>{CHEN}</Dial><Pause length='60'/>")
    product.on("/elsewhere", '<Gather numDigits="1" timeout="2" action="/key"><Say>Key?</Say></Gather><Say>None.</Say>')
    exchange.phone(CHEN).behaviour = Answers(after=2)
    call = await dialled(exchange)
    await call.talks_to(exchange.phone(CHEN))
    ring = await exchange.phone(CHEN).rings()
    await ring.press("5")
    await asyncio.to_thread(client.calls(ring.sid).update, url=f"{product.origin}/elsewhere")
    await ring.hears("none")
    assert product.at("/key") == []
