"""When the operators are told, told again, and tried again."""

import pytest
from whenever import Instant, TimeDelta, minutes, seconds

from escalation.alerting import (
    AGAIN_AFTER,
    LATER,
    QUIET,
    SOON,
    TRY_FOR,
    AlertKind,
    Last,
    Tally,
    again_in,
    is_news,
    is_quiet,
)

NOW = Instant.from_utc(2026, 11, 22, 7, 10)
MOMENT = TimeDelta(milliseconds=1)


@pytest.mark.parametrize(("kind", "window"), [(AlertKind.TWILIO, AGAIN_AFTER), (AlertKind.UNSIGNED, minutes(60))])
def test_the_same_is_told_once_and_again_when_its_window_has_passed(kind: AlertKind, window: TimeDelta) -> None:
    assert is_news(kind, None, NOW)
    assert not is_news(kind, Last(NOW), NOW)
    assert not is_news(kind, Last(NOW), NOW + window - MOMENT)
    assert is_news(kind, Last(NOW), NOW + window)


def test_how_long_can_be_set_but_for_what_strangers_do() -> None:
    assert is_news(AlertKind.PAGE, Last(NOW), NOW + minutes(1), minutes(1))
    assert not is_news(AlertKind.UNSIGNED, Last(NOW), NOW + minutes(59), minutes(1))
    assert not is_news(AlertKind.UNSIGNED, Last(NOW), NOW + minutes(61), minutes(120))


def test_what_was_over_is_news_at_once() -> None:
    assert is_news(AlertKind.TWILIO, Last(NOW, over=True), NOW + MOMENT)


def test_what_could_be_told_to_nobody_is_tried_ever_rarer_and_for_half_a_day() -> None:
    waits, now = [], NOW
    while (wait := again_in(NOW, now)) is not None:
        waits.append(wait)
        now += wait
    assert waits[:6] == [SOON, SOON, minutes(1), minutes(2), minutes(4), minutes(8)]
    assert set(waits[6:]) == {LATER}
    assert TRY_FOR <= now - NOW < TRY_FOR + LATER


def test_trouble_is_over_only_when_it_has_been_quiet_for_a_while() -> None:
    assert not is_quiet(NOW, NOW + QUIET - MOMENT)
    assert is_quiet(NOW, NOW + QUIET)


def test_it_is_too_much_when_it_comes_too_often_within_the_time() -> None:
    tally = Tally(3, minutes(5))
    assert [tally.is_much(NOW + minutes(after)) for after in (0, 3, 5.1, 6, 7)] == [False, False, False, True, True]
    assert tally.count == 4


def test_what_does_not_come_is_never_too_much_and_what_came_at_once_counts_as_often() -> None:
    tally = Tally(20, minutes(10))
    assert not tally.is_much(NOW, 19)
    assert tally.is_much(NOW + seconds(10), 1)
    assert not tally.is_much(NOW + seconds(20), 0)
    assert not tally.is_much(NOW + minutes(11), 19)
