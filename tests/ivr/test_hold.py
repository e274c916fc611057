import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import TimeDelta

from ivr.hold import PageView, Turn, hold

AT_MOST = TimeDelta(minutes=3)


def turn(view: PageView, pressed: str = "", held: int = 10, turns: int = 1):
    return hold(view, "en-US", pressed=pressed, held=TimeDelta(seconds=held), at_most=AT_MOST, turns=turns)


@pytest.mark.parametrize(
    ("view", "expected", "words"),
    [
        (PageView.PAGING, Turn.WAIT, "still trying to reach the clinician"),
        (PageView.RINGING, Turn.WAIT, "phone is ringing now"),
        (PageView.ACCEPTED, Turn.WAIT, "will be with you in a moment"),
        (PageView.JOIN, Turn.JOIN, "You are connected"),
        (PageView.DIAL, Turn.DIAL, "connecting you to a person"),
        (PageView.LAST_RESORT, Turn.TRANSFER, "connecting you to a person"),
        (PageView.CLOSED, Turn.TRANSFER, "connecting you to a person"),
    ],
)
def test_each_view_of_the_page_has_its_words(view, expected, words) -> None:
    taken = turn(view)
    assert taken.turn is expected
    assert words in taken.say[0].text
    assert taken.why


def test_the_first_turn_explains_the_star() -> None:
    assert "press star" in turn(PageView.PAGING, turns=0).say[0].text
    assert "press star" in turn(PageView.RINGING, turns=0).say[0].text


def test_star_leaves_with_the_promise_and_the_advice() -> None:
    taken = turn(PageView.PAGING, "*")
    assert taken.turn is Turn.LEAVE
    assert "We will call you back." in taken.say[0].text
    assert "9 1 1" in taken.say[0].text


def test_a_clinician_on_the_line_comes_before_the_star() -> None:
    assert turn(PageView.JOIN, "*").turn is Turn.JOIN


@pytest.mark.parametrize(("held", "expected"), [(179, Turn.WAIT), (180, Turn.OFFER_PERSON), (9999, Turn.OFFER_PERSON)])
def test_holding_is_over_after_the_time_of_the_policy(held, expected) -> None:
    assert turn(PageView.RINGING, held=held).turn is expected


def test_when_holding_is_over_a_person_is_offered() -> None:
    said = " ".join(utterance.text for utterance in turn(PageView.PAGING, held=200).say)
    assert "one will call you back" in said
    assert "9 1 1" in said
    assert "press 1" in said


def test_an_accepted_page_is_waited_for_beyond_that_time() -> None:
    assert turn(PageView.ACCEPTED, held=200).turn is Turn.WAIT


@given(
    view=st.sampled_from(PageView),
    language=st.sampled_from(["en-US", "es-US", "fr-FR"]),
    pressed=st.sampled_from(["", *"0123456789*#"]),
    held=st.integers(0, 10**6),
    turns=st.integers(0, 10**4),
)
def test_every_turn_has_words_and_a_reason_and_is_bounded(view, language, pressed, held, turns) -> None:
    taken = hold(view, language, pressed=pressed, held=TimeDelta(seconds=held), at_most=AT_MOST, turns=turns)
    assert taken.say
    assert taken.why
    assert taken == hold(view, language, pressed=pressed, held=TimeDelta(seconds=held), at_most=AT_MOST, turns=turns)
    if held >= 180:
        assert taken.turn is not Turn.WAIT or view is PageView.ACCEPTED
