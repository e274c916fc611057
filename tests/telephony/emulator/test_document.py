"""Documents: what Twilio takes, what it warns of, what it refuses."""

import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from telephony.emulator import schema
from telephony.emulator.document import DocumentError, parse


def read(text, table=None):
    notes = []
    body = text if isinstance(text, bytes) else f"<Response>{text}</Response>".encode()
    document = parse(
        body, "http://host/a/b?c=1", table or schema.voice(), lambda code, what: notes.append((code, what))
    )
    return document, notes


def test_what_twilio_python_writes_is_faultless():
    response = VoiceResponse()
    gather = Gather(num_digits=1, action="/menu", finish_on_key="", barge_in=True, timeout=8, language="es-US")
    say = gather.say("Press 1", voice="Polly.Joanna", language="en-US")
    say.break_(time="1s")
    response.append(gather)
    dial = Dial(action="/done", timeout=25, caller_id="+16175550100", answer_on_bridge=True)
    dial.number("+16175550121", url="/screen", status_callback_event="initiated ringing", status_callback="/s")
    response.append(dial)
    document, notes = read(str(response).encode())
    assert notes == []
    assert [verb.name for verb in document.verbs] == ["Gather", "Dial"]
    assert document.verbs[1].children[0].words("statusCallbackEvent") == ("initiated", "ringing")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"\n<?xml version='1.0'?><Response/>", "before the XML prolog"),
        (b"<Response><Say>", "not XML"),
        (b"<Reply/>", "not <Response>"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Response/>", "document type"),
        (b'{"a": 1}', "not XML"),
    ],
)
def test_unusable_documents_are_refused(body, why):
    with pytest.raises(DocumentError, match=why) as error:
        read(body)
    assert error.value.code == 12100


def test_size_is_limited():
    with pytest.raises(DocumentError, match="at most 65536"):
        read(b"<Response><Say>" + b"a" * 65536 + b"</Say></Response>")


@pytest.mark.parametrize(
    ("verbs", "why"),
    [
        ("<Shout>hi</Shout>", "<Shout> may not stand in <Response>"),
        ("<Gather><Dial>+16175550121</Dial></Gather>", "<Dial> may not stand in <Gather>"),
        ('<Say volume="3">hi</Say>', "no attribute volume"),
        ('<Gather numDigit="1"/>', "no attribute numDigit"),
        ('<Gather num_digits="1"/>', "no attribute num_digits"),
        ('<Gather numDigits="one"/>', "not a whole number"),
        ('<Gather numDigits="0"/>', "outside"),
        ('<Gather timeout="-1"/>', "outside"),
        ('<Gather input="voice"/>', "none of dtmf, speech"),
        ('<Gather finishOnKey="##"/>', "one key"),
        ('<Gather bargeIn="yes"/>', "none of true, false"),
        ('<Dial timeout="3">+16175550121</Dial>', "outside 5 to 600"),
        ("<Dial/>", "dials nobody"),
        ("<Dial><Number/></Dial>", "<Number> is empty"),
        ('<Dial><Number statusCallbackEvent="ringing,answered">+16175550121</Number></Dial>', "none of initiated"),
        ('<Dial><Conference statusCallbackEvent="participant-join">x</Conference></Dial>', "none of start"),
        ('<Redirect method="PUT">/x</Redirect>', "none of GET, POST"),
        ("<Redirect>ftp://host/x</Redirect>", "not a URL"),
        ("<Redirect></Redirect>", "not a URL"),
        ('<Record action="http:///x"/>', "not a URL"),
        ('<Record maxLength="0"/>', "outside"),
        ('<Say language="english please">hi</Say>', "not a language"),
        ('<Say voice="robot">hi</Say>', "not a voice"),
        ("<Gather>Press 1</Gather>", "may not hold text"),
        ("<Say>hi</Say><Reject/>", "must be the first verb"),
        ("<Redirect>/x</Redirect><Say>never</Say>", "nothing after <Redirect>"),
        ('<Dial action="/done">+16175550121</Dial><Say>never</Say>', "nothing after <Dial>"),
        ("<Refer/>", "does not speak it"),
        ("<Sms>hi</Sms>", "does not speak it"),
    ],
)
def test_faults_are_noted(verbs, why):
    _, notes = read(verbs)
    assert notes, "no fault was found"
    assert all(code == 12200 for code, _ in notes)
    assert any(why in what for _, what in notes), notes


def test_wrong_attributes_are_left_out_and_the_rest_is_performed():
    document, _ = read('<Gather timeout="soon" numDigits="1" action="/x"><Say>hi</Say></Gather>')
    assert document.verbs[0].number("timeout", 5) == 5
    assert document.verbs[0].number("numDigits", 0) == 1


def test_say_is_cut_at_4096_characters():
    _, notes = read(f"<Say>{'a' * 4096}</Say>")
    assert notes == []
    document, notes = read(f"<Say>{'a' * 4097}</Say>")
    assert len(document.verbs[0].text) == 4096
    assert len(notes) == 1


def test_ssml_is_spoken_as_its_words():
    document, notes = read('<Say>Dial <say-as interpret-as="digits">911</say-as> <break time="1s"/>now.</Say>')
    assert document.verbs[0].text == "Dial 911 now."
    assert notes == []


def test_relative_urls_start_from_the_document():
    document, _ = read("")
    assert document.resolve("/menu") == "http://host/menu"
    assert document.resolve("menu") == "http://host/a/menu"
    assert document.resolve("?x=1") == "http://host/a/b?x=1"
    assert document.resolve("") == "http://host/a/b?c=1"


def test_messaging_has_a_table_of_its_own():
    _, notes = read("<Message>Thank you</Message>", schema.messaging())
    assert notes == []
    _, notes = read("<Say>hi</Say>", schema.messaging())
    assert len(notes) == 1
