"""Callers' numbers, forms, URLs and links."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant, TimeDelta

from ivr.inputs import DialEnded, DialResult, Entered, Keys, QueueEnded, Recorded, Spoken
from ivr.kept import from_json, to_json
from ivr.position import Phase, Position, from_query
from telephony.errors import UncertainError
from tests.ivr.flows import inputs
from tests.webhooks.conftest import Twilio
from webhooks.caller import caller_of, known_number
from webhooks.media import Media
from webhooks.reading import is_private, read_input
from webhooks.signed import Webhook
from webhooks.urls import PlanKey, Urls

NOW = Instant.from_utc(2026, 11, 22, 7, 10)
ORIGIN = "https://calls.example.org"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("+16175550180", True), ("+442079460018", True), ("+1234567", True),
        ("", False), ("anonymous", False), ("Restricted", False), ("16175550180", False), ("+0175550180", False),
        ("+1617555018012345", False), ("+12", False), ("+16175550180 ", False), ("+1617555018\u0660", False),
        ("+16175550180\n", False), ("+266696687", False), ("+7378742833", False), ("+2562533", False),
        ("+8656696", False), ("+86282452253", False), ("client:elliot", False),
    ],
)  # fmt: skip
def test_numbers_that_can_be_called_back(text, known) -> None:
    assert known_number(text) == (text if known else None)
    assert caller_of({"From": text}) == (text if known else None)


def test_no_sender_at_all() -> None:
    assert caller_of({}) is None


def of(form: dict[str, str] | None = None, **query: str) -> Webhook:
    return Webhook("/twilio/voice/turn", query, form or {})


@pytest.mark.parametrize(
    ("phase", "webhook", "expected"),
    [
        (Phase.ENTER, of({"Digits": "1"}), Entered()),
        (Phase.KEY, of({"Digits": "1"}), Keys("1")),
        (Phase.KEY, of(), Keys("")),
        (Phase.KEY, of({"SpeechResult": "a doctor", "Confidence": "0.9"}), Spoken("a doctor")),
        (Phase.RING, of({"DialCallStatus": "completed"}), DialEnded(DialResult.ANSWERED)),
        (Phase.RING, of({"DialCallStatus": "completed", "DialBridged": "false"}), DialEnded(DialResult.NO_ANSWER)),
        (Phase.RING, of({"DialCallStatus": "busy"}), DialEnded(DialResult.BUSY)),
        (Phase.RING, of({"DialCallStatus": "canceled"}), DialEnded(DialResult.FAILED)),
        (Phase.RING, of(), DialEnded(DialResult.FAILED)),
        (Phase.QUEUE, of({"QueueResult": "bridged"}), QueueEnded(bridged=True)),
        (Phase.QUEUE, of({"QueueResult": "hangup"}), QueueEnded(bridged=False)),
        (Phase.RECORD, of({"RecordingDuration": "12", "Digits": "#"}), Recorded(12)),
        (Phase.RECORD, of({"RecordingDuration": "12", "Digits": "hangup"}), Recorded(12, hung_up=True)),
        (Phase.RECORD, of(empty="1"), Recorded(0)),
        (Phase.REASON, of({"RecordingDuration": "many"}), Recorded(0)),
        (Phase.REASON, of({"RecordingDuration": "9" * 9}), Recorded(0)),
        (Phase.FIELD, of({"RecordingDuration": "2"}), Recorded(2)),
        (Phase.FIELD, of({"RecordingDuration": "2", "Digits": "0"}), Keys("0")),
        (Phase.FIELD, of({"RecordingDuration": "2", "Digits": "*"}), Keys("*")),
        (Phase.FIELD, of({"Digits": "05042019"}), Keys("05042019")),
    ],
)
def test_a_form_is_read_as_what_the_caller_did(phase, webhook, expected) -> None:
    assert read_input(phase, webhook) == expected


@given(given_=inputs)
def test_an_input_comes_back_from_what_is_kept_of_it(given_) -> None:
    assert from_json(to_json(given_)) == given_


@pytest.mark.parametrize("kept", [{}, {"keys": 5}, {"dial": "maybe"}, {"bridged": "yes"}, {"other": 1}])
def test_anything_else_was_not_kept(kept) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        from_json(kept)


def test_what_may_be_about_the_patient_is_private() -> None:
    assert is_private(Phase.NUMBER, Keys("6175550180"))
    assert is_private(Phase.FIELD, Keys("05042019"))
    assert is_private(Phase.KEY, Spoken("my son"))
    assert not is_private(Phase.KEY, Keys("1"))


@given(node=st.text(min_size=1, max_size=20), turn=st.integers(0, 99))
def test_a_url_carries_the_position_and_comes_back(node, turn) -> None:
    position = Position(node, Phase.KEY, "en-US", turn=turn, withheld=True)
    url = httpx.URL(Urls(f"{ORIGIN}/").turn(PlanKey("maple", 3), position, empty=1))
    assert str(url).startswith(f"{ORIGIN}/twilio/voice/turn?practice=maple&version=3&")
    assert from_query(dict(url.params)) == position


# ---- recordings -------------------------------------------------------------------------------------------------


@pytest.fixture
async def media():
    media = Media(f"{ORIGIN}/", [b"made-up"], ("AC1", "made-up"))
    yield media
    await media.close()


def parts_of(link: str) -> tuple[str, str, str]:
    url = httpx.URL(link)
    return url.path.rsplit("/", 1)[1], url.params["until"], url.params["mark"]


async def test_a_link_works_for_a_quarter_of_an_hour(media: Media) -> None:
    link = media.link("RE1", NOW)
    assert link.startswith(f"{ORIGIN}/media/RE1?")
    assert media.allows(*parts_of(link), NOW)
    assert media.allows(*parts_of(link), NOW + TimeDelta(minutes=15))
    assert not media.allows(*parts_of(link), NOW + TimeDelta(minutes=15, seconds=1))


async def test_a_link_is_for_one_recording_and_one_time(media: Media) -> None:
    sid, until, mark = parts_of(media.link("RE1", NOW))
    for forged in (
        ("RE2", until, mark), (sid, str(int(until) + 60), mark), (sid, until, ""), (sid, until, mark[:-1]),
        (sid, until, "é"), (sid, "", mark), (sid, "٣", mark), (sid, "9" * 13, mark), (sid, f"0{until}x", mark),
    ):  # fmt: skip
        assert not media.allows(*forged, NOW)


async def test_another_secret_makes_another_mark(media: Media) -> None:
    other = Media(ORIGIN, [b"another"], ("AC1", "another"))
    assert not media.allows(*parts_of(other.link("RE1", NOW)), NOW)
    both = Media(ORIGIN, [b"another", b"made-up"], ("AC1", "another"))  # while a token is exchanged
    assert both.allows(*parts_of(media.link("RE1", NOW)), NOW)
    assert other.allows(*parts_of(both.link("RE1", NOW)), NOW)
    for closing in (other, both):
        await closing.close()


async def test_a_recording_that_cannot_be_fetched_is_told_so_without_its_url(media: Media) -> None:
    with pytest.raises(UncertainError) as error:
        await media.fetch("http://127.0.0.1:1/2010-04-01/Accounts/AC1/Recordings/RE1")
    assert "RE1" not in str(error.value)


async def test_the_link_on_the_wire(twilio: Twilio) -> None:
    media, now = twilio.parts.site.media, twilio.parts.clock.now()
    assert (await twilio.http.get(media.link("RE1", now))).status_code == 404
    assert (await twilio.http.get(media.link("RE1", now - TimeDelta(minutes=16)))).status_code == 403
    assert (await twilio.http.get("/media/RE1")).status_code == 403
    assert (await twilio.http.get("/media/RE1?until=5&mark=x")).status_code == 403
