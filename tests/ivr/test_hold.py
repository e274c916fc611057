import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import TimeDelta

from ivr.hold import Holding, PageView, Turn, hold

AT_MOST = TimeDelta(minutes=3)


def turn(view: PageView, pressed: str = "", held: int = 10, turns: int = 1, offers: int = 0, **how: bool):
    return hold(view, "en-US", pressed, Holding(TimeDelta(seconds=held), AT_MOST, turns, offers, **how))


def said(view: PageView, pressed: str = "", **how) -> str:
    return " ".join(utterance.text for utterance in turn(view, pressed, **how).say)


@pytest.mark.parametrize(
    ("view", "expected", "words"),
    [
        (PageView.PAGING, Turn.WAIT, "still trying to reach the clinician"),
        (PageView.RINGING, Turn.WAIT, "phone is ringing now"),
        (PageView.RINGING_NEXT, Turn.WAIT, "calling the next clinician now"),
        (PageView.ACCEPTED, Turn.WAIT, "will be with you in a moment"),
        (PageView.QUEUED, Turn.WAIT, "speaking with another caller"),
        (PageView.WAITING, Turn.OFFER_PERSON, "one will call you back"),
        (PageView.JOIN, Turn.JOIN, "You are connected"),
        (PageView.DIAL, Turn.DIAL, "connecting you to a person"),
        (PageView.DIAL_TAKER, Turn.DIAL_TAKER, "connecting you to the clinician"),
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


@pytest.mark.parametrize("view", [PageView.PAGING, PageView.TAKEN])
def test_when_holding_is_over_a_person_is_offered(view) -> None:
    words = said(view, held=200)
    assert turn(view, held=200).turn is Turn.OFFER_PERSON
    assert "will call you back" in words
    assert "9 1 1" in words
    assert "press 1" in words


def test_who_has_just_taken_it_is_waited_for_beyond_that_time() -> None:
    assert turn(PageView.ACCEPTED, held=200).turn is Turn.WAIT
    assert turn(PageView.ACCEPTED, held=200, offers=1).turn is Turn.WAIT


def test_the_words_tell_whether_somebody_has_it() -> None:
    assert "No clinician could come" in said(PageView.RINGING, held=200)
    assert "A clinician has your call" in said(PageView.TAKEN, held=200)
    assert "A clinician has your call" in said(PageView.TAKEN)


def test_silence_after_the_offer_has_it_once_more_and_then_a_person() -> None:
    assert turn(PageView.PAGING, held=200, offers=1).turn is Turn.OFFER_PERSON
    assert turn(PageView.PAGING, held=200, offers=2).turn is Turn.TRANSFER
    assert turn(PageView.TAKEN, held=200, offers=2).turn is Turn.TRANSFER


@pytest.mark.parametrize("view", [PageView.PAGING, PageView.WAITING, PageView.TAKEN])
def test_where_there_is_nobody_to_be_put_through_to_nobody_is_offered(view) -> None:
    for reachable in (True, False):
        said = " ".join(u.text for u in turn(view, held=200, has_person=False, reachable=reachable).say)
        assert "To leave a message, stay on the line." in said
        assert "person" not in said
        assert ("you may hang up" in said) == reachable


def test_a_wrong_key_at_the_offer_is_told_so() -> None:
    assert said(PageView.PAGING, "7", held=200, offers=1).startswith("Sorry, that is not one of the choices.")
    assert "not one of the choices" not in said(PageView.PAGING, held=200, offers=1)
    assert turn(PageView.PAGING, "7", held=200, offers=2).turn is Turn.TRANSFER


def test_at_the_offer_1_is_a_person_star_a_call_back_and_a_clinician_comes_first() -> None:
    assert turn(PageView.PAGING, "1", held=200, offers=1).turn is Turn.TRANSFER
    assert turn(PageView.PAGING, "*", held=200, offers=1).turn is Turn.LEAVE
    assert turn(PageView.JOIN, "1", held=200, offers=1).turn is Turn.JOIN
    assert turn(PageView.PAGING, "1").turn is Turn.WAIT, "nothing was offered yet"


@pytest.mark.parametrize(
    "view", [PageView.PAGING, PageView.RINGING, PageView.RINGING_NEXT, PageView.TAKEN, PageView.ACCEPTED]
)
@pytest.mark.parametrize(("held", "offers"), [(10, 0), (200, 0), (200, 1)])
def test_no_call_back_is_promised_to_a_number_that_nobody_knows(view, held, offers) -> None:
    for turns in (0, 1):
        words = said(view, held=held, turns=turns, offers=offers, reachable=False)
        assert "star" not in words
        assert "call you back" not in words
    starred = turn(view, "*", held=held, offers=offers, reachable=False)
    assert starred.turn in {Turn.WAIT, Turn.OFFER_PERSON}
    assert starred.say[0].text.startswith("We do not know a number to call you back.")


def test_a_page_that_somebody_closed_promises_no_call_back() -> None:
    assert turn(PageView.CLOSED, "*").turn is Turn.TRANSFER


@given(
    view=st.sampled_from(PageView),
    language=st.sampled_from(["en-US", "es-US", "fr-FR"]),
    pressed=st.sampled_from(["", *"0123456789*#"]),
    held=st.integers(0, 10**6),
    turns=st.integers(0, 10**4),
    offers=st.integers(0, 5),
    reachable=st.booleans(),
)
def test_every_turn_has_words_and_a_reason_and_is_bounded(
    view, language, pressed, held, turns, offers, reachable
) -> None:
    holding = Holding(TimeDelta(seconds=held), AT_MOST, turns, offers, reachable)
    taken = hold(view, language, pressed, holding)
    assert taken.say
    assert taken.why
    assert taken == hold(view, language, pressed, holding)
    if held >= 180:
        assert taken.turn is not Turn.WAIT or view is PageView.ACCEPTED
    if taken.turn is Turn.LEAVE:
        assert pressed == "*", "nobody is hung up on"
        assert reachable
