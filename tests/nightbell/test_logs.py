"""What is in a log line, and what never is."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from nightbell.app import call_of
from nightbell.logs import PRIVATE, mask, set_up_logs
from nightbell.supervise import for_ever
from storage.outage import Outage

SID = "CA0123456789012345678901234567890a"
PAGE = "8fbb9a95-f313-58b0-aba5-123456789012"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, object]]]:
    """The log as a machine reads it; `lines.clear()` reads what was written."""

    class Lines(list[dict[str, object]]):
        def clear(self) -> None:
            self[:] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    set_up_logs("info", "json")
    yield Lines()
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if handler.name != "nightbell"]


def masked(**event: object) -> dict[str, object]:
    return dict(mask(None, "info", dict(event)))


@pytest.mark.parametrize(
    "text",
    ["+16175550180", "16175550180", "6175550180", "617-555-0180", "(617) 555-0180", "617.555.0180", "%2B16175550180",
     "https://x.example/a?From=%2B16175550180&Digits=05042019"],
)  # fmt: skip
def test_a_number_is_hidden_wherever_it_stands(text: str) -> None:
    for event in (masked(why=text), masked(why=f"not {text}, is it"), masked(why=[{"deep": (text,)}])):
        assert "0180" not in repr(event), event
        assert "0504" not in repr(event)


@pytest.mark.parametrize(
    "text", [SID, PAGE, "page-" + PAGE, "2026-11-22T07:10:00.123456Z", "night", "turns.py:45 turn < voice.py:9", "42"]
)
def test_ids_and_times_and_places_stay(text: str) -> None:
    assert masked(call=text, why=text) == {"call": text, "why": text}


@given(st.sampled_from(sorted(PRIVATE)), st.text() | st.integers() | st.lists(st.text()))
def test_fields_that_are_a_patients_are_hidden_whatever_they_hold(name: str, value: object) -> None:
    assert masked(**{name: value, name.upper(): value}) == {name: "(hidden)", name.upper(): "(hidden)"}


@given(st.integers(10**9, 10**15 - 1))
def test_no_number_of_enough_digits_comes_through(number: int) -> None:
    assert str(number) not in repr(masked(a=f"+{number}", b=f"at +{number}.", c=number if number >= 10**9 else 0))


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.text() | st.floats(), st.lists)))
def test_whatever_is_logged_a_line_comes_of_it(event: dict[str, object]) -> None:
    assert set(mask(None, "info", dict(event))) == {
        name for name in event if event[name] is not None or name not in ("call", "page")
    }


def test_a_line_names_its_call_and_no_empty_page(lines: list[dict[str, object]]) -> None:
    with structlog.contextvars.bound_contextvars(call=SID, page=None):
        structlog.get_logger("a").warning("something", count=3)
    lines.clear()
    assert (lines[0]["event"], lines[0]["call"], lines[0]["count"], lines[0]["level"]) == (
        "something",
        SID,
        3,
        "warning",
    )
    assert "page" not in lines[0]


def test_an_exception_is_its_type_and_place_and_not_its_words(lines: list[dict[str, object]]) -> None:
    try:
        int("Jane Doe, born 2019-05-04")
    except ValueError:
        structlog.get_logger("a").error("failed", exc_info=True)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    lines.clear()
    assert [line["error"] for line in lines] == ["ValueError", "ValueError"]
    assert "Jane" not in repr(lines)
    assert "test_logs.py" in str(lines[0]["where"])


def test_the_libraries_lines_go_the_same_way(lines: list[dict[str, object]]) -> None:
    logging.getLogger("httpx").info('HTTP Request: POST https://api.twilio.com/?To=%2B16175550180 "201"')
    logging.getLogger("httpx").warning("failed for +16175550180")
    logging.getLogger("uvicorn.error").error("invalid request %s", "/twilio/voice?digits=1234")
    lines.clear()
    assert [line["event"] for line in lines] == ["failed for (hidden)", "invalid request /twilio/voice?(hidden)"]


def test_an_outage_is_told_once_and_again_when_it_is_over(lines: list[dict[str, object]]) -> None:
    outage = Outage("background_work", work="sweep")
    outage.worked()
    for error in ("UnavailableError", "UnavailableError", "KeyError", "KeyError"):
        outage.failed(error)
    outage.worked()
    outage.worked()
    lines.clear()
    assert [(line["event"], line.get("error"), line.get("failures")) for line in lines] == [
        ("background_work_failed", "UnavailableError", None),
        ("background_work_failed", "KeyError", None),
        ("background_work_is_back", None, 4),
    ]


async def test_background_work_that_fails_every_time_is_told_of_once(
    lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class EnoughError(BaseException):
        pass

    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 9:
            raise EnoughError
        raise KeyError

    monkeypatch.setattr("nightbell.supervise.PAUSE", 0)
    with pytest.raises(EnoughError):
        await for_ever("sweep", work, 0)
    lines.clear()
    assert [(line["event"], line["work"]) for line in lines] == [("background_work_failed", "sweep")]


@pytest.mark.parametrize(
    "entry", [{"ended": {"sid": "CA1"}}, {"recording": {"call": "CA1"}}, {"record": {"head": {"sid": "CA1"}}}]
)
def test_an_entry_of_the_journal_names_its_call(entry: dict[str, object]) -> None:
    assert call_of(entry) == "CA1"


@pytest.mark.parametrize("entry", [{}, {"ended": None}, {"record": {"head": {}}}, {"else": {"sid": "CA1"}}])
def test_an_entry_that_names_none(entry: dict[str, object]) -> None:
    assert call_of(entry) is None
