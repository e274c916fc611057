"""The documents, as Twilio would read them: through the emulator's strict check, with no fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import TimeDelta

from ivr.prompts import Utterance
from telephony.emulator.document import parse
from telephony.emulator.schema import voice
from telephony.emulator.verb import Document as Parsed
from telephony.twiml import Document, Listening

VOICES = {"en-US": "Polly.Joanna-Neural", "es-US": "Polly.Lupe-Neural"}
HELLO, HOLA = Utterance("en-US", "Hello."), Utterance("es-US", "¿Qué tal, señor Núñez?")
URL = "https://calls.example.org/twilio/voice/turn?practice=maple&node=night&turn=1"
STATUS = "https://calls.example.org/twilio/recording?practice=maple&key=turn%3A1"
SHORT, LONG = TimeDelta(seconds=5), TimeDelta(minutes=3)
SCHEMA = voice()


def read(document: Document) -> Parsed:
    faults: list[str] = []
    parsed = parse(str(document).encode(), URL, SCHEMA, lambda code, what: faults.append(f"{code} {what}"))
    assert faults == []
    return parsed


def document() -> Document:
    return Document(VOICES)


KEYS = Listening(URL, 1, SHORT)
WORDS = Listening(URL, 1, SHORT, hints=("doctor", "refill"), language="es-US")


@pytest.mark.parametrize(
    "made",
    [
        document().say([HELLO, HOLA]).hang_up(),
        document().gather([HELLO], KEYS),
        document().gather([HELLO], Listening(URL, 16, SHORT, "#"), pause=SHORT),
        document().gather([HOLA], WORDS, silent=False).redirect(URL),
        document().pause(SHORT).play("https://calls.example.org/media/RE1?until=1&mark=2"),
        document().say([HELLO]).record(URL, STATUS, LONG, "1234567890*#").redirect(URL),
        document().record(URL, STATUS, LONG, "#0*"),
        document().reject("busy"),
        document().leave(),
        document().dial(["+16175550111", "+16175550112"], URL, "+16175550100", SHORT, screen=URL, answered=URL),
        document().dial(["+16175550111"], URL, None, SHORT, in_turn=True),
        document().say([HELLO]).conference("page-0c3f", URL, URL, URL),
        document().enqueue("maple.front_desk", URL, URL),
        document().dial_queue("maple.front_desk", URL, URL),
    ],
    ids=lambda made: str(made)[48:90],
)
def test_no_document_has_a_fault(made) -> None:
    assert read(made).verbs


def test_each_language_has_its_voice_and_another_one_none() -> None:
    said = read(document().say([HELLO, HOLA, Utterance("fr-FR", "Bonjour")])).verbs
    assert [(verb.of("language"), verb.of("voice")) for verb in said] == [
        ("en-US", "Polly.Joanna-Neural"),
        ("es-US", "Polly.Lupe-Neural"),
        ("fr-FR", ""),
    ]


def test_silence_is_sent_too_and_keys_alone_are_listened_for() -> None:
    (gather,) = read(document().gather([HELLO], KEYS)).verbs
    assert gather.of("actionOnEmptyResult") == "true"
    assert (gather.of("input"), gather.of("hints"), gather.of("finishOnKey")) == ("dtmf", "", "")


def test_words_are_listened_for_where_the_plan_has_them() -> None:
    (gather,) = read(document().gather([HOLA], WORDS)).verbs
    assert (gather.of("input"), gather.of("hints"), gather.of("language"), gather.of("speechTimeout")) == (
        "dtmf speech", "doctor, refill", "es-US", "auto",
    )  # fmt: skip


def test_durations_are_whole_seconds_and_never_none() -> None:
    (pause, dial) = read(document().pause(TimeDelta(milliseconds=1)).dial(["+16175550111"], URL, None, LONG)).verbs
    assert (pause.of("length"), dial.of("timeout")) == ("1", "180")


def test_a_desk_is_screened_only_when_asked_for() -> None:
    (dial,) = read(document().dial(["+16175550111"], URL, None, SHORT)).verbs
    assert dial.children[0].attributes == {}
    (dial,) = read(document().dial(["+16175550111"], URL, None, SHORT, screen=URL, in_turn=True)).verbs
    assert (dial.children[0].of("url"), dial.of("sequential")) == (URL, "true")


readable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=200)


@given(words=readable | st.sampled_from(["A & B", "<Hangup/>", "\"x\" 'y'", "]]>", "&amp;", "Núñez", "日本"]))
def test_words_are_words_whatever_is_in_them(words) -> None:
    (said,) = read(document().say([Utterance("en-US", words)])).verbs
    assert (said.name, said.children) == ("Say", ())
    assert said.text == " ".join(words.split())


@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc"]), max_size=40))
def test_urls_are_urls_whatever_is_in_them(value) -> None:
    from urllib.parse import quote

    url = f"https://calls.example.org/twilio/voice/turn?node={quote(value)}&turn=1"
    (gather,) = read(document().gather([HELLO], Listening(url, 1, SHORT))).verbs
    assert gather.of("action") == url


@pytest.mark.parametrize("words", ["bell \x07", "null \x00", "half \ud800"])
def test_a_character_that_xml_cannot_hold_does_not_cost_the_document(words) -> None:
    (said,) = read(document().say([Utterance("en-US", words)])).verbs
    assert said.text == words.split()[0]
