"""Over to the second provider: when, and never later than 30 s after the first try."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from whenever import Instant, TimeDelta, minutes, seconds

from telephony.circuit import Circuit
from telephony.errors import (
    AccountError,
    BusyError,
    GoneError,
    RefusedError,
    TwilioError,
    UncertainError,
    UnreachedError,
)
from telephony.handing import PATIENCE, again_after, hands_over, is_in_vain, is_platform, is_unsure

NOW = Instant.from_utc(2026, 11, 22, 7, 10)
PLACING, LOOKING = "placing", "looking"
_POLLING = 1.0
"""Seconds until a delayed job is seen."""


def took(error: TwilioError) -> float:
    """What takes longest is no answer; who says no says so at once."""
    return PATIENCE if is_unsure(error) else 3.0 if isinstance(error, UnreachedError) else 0.5


errors = st.one_of(
    st.builds(BusyError, st.floats(0, 30)),
    st.builds(UncertainError, st.just("no answer")),
    st.builds(UnreachedError, st.just("no connection")),
    st.builds(AccountError, st.just("suspended")),
    st.builds(GoneError, st.just("no such account")),
)


def place(first: Iterator[TwilioError | None]) -> tuple[float, int, bool]:
    """As `nightbell.placing` does: seconds until the second has it, tries at the first, and whether it may double.

    `first`: what the first provider does each time, None for a look that finds nothing.
    """
    at, tries, unsure = 0.0, 0, 0
    while True:
        if tries:
            error = next(first)
            at += took(error) if error else PATIENCE
            if error is not None:
                if hands_over(error, tries + 1, unsure=unsure, looks=True, looked=True):
                    return at, tries, unsure > 0
                tries, at = tries + 1, at + (again_after(error) or 0.0) + _POLLING
                continue
            if is_in_vain(tries, unsure):
                return at, tries, False
        error = next(failing for failing in first if failing is not None)
        at, tries = at + took(error), tries + 1
        if hands_over(error, tries, unsure=unsure, looks=True):
            return at, tries, unsure > 0
        unsure += is_unsure(error)
        at += (again_after(error) or 0.0) + _POLLING


@given(st.lists(st.one_of(st.none(), errors), max_size=6))
@example([UncertainError("no answer"), None] * 4)
@example([UncertainError("no answer"), None, BusyError(2.5), None])
@example([BusyError(2.0), None, UncertainError("no answer"), None])
@example([BusyError(2.0), None, BusyError(2.0), None, UncertainError("no answer"), None])
def test_the_second_has_a_call_within_30_s_whatever_the_first_one_does(first: list[TwilioError | None]) -> None:
    then: TwilioError = UncertainError("no answer")
    at, tries, doubles = place(iter([*first, *[then] * 40]))
    assert at <= 30.0
    assert tries <= 4
    assert not doubles or any(is_unsure(error) for error in [*first, then] if error)


@given(st.lists(errors, min_size=3, max_size=3))
def test_so_has_it_a_text(first: list[TwilioError]) -> None:
    at = 0.0
    for tries, error in enumerate(first, 1):
        at += took(error)
        if hands_over(error, tries):
            break
        at += (again_after(error) or 0.0) + _POLLING
    else:
        pytest.fail("never handed over")
    assert at <= 30.0


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_what_is_the_numbers_fault_is_never_handed_over(tries: int) -> None:
    error = RefusedError("the number is not valid", 21211)
    assert not is_platform(error)
    assert not hands_over(error, tries)
    assert not hands_over(error, tries, looks=True, looked=True)


@pytest.mark.parametrize("error", [AccountError("suspended", 20005), GoneError("no such account", 20404)])
def test_an_account_that_cannot_is_not_asked_again(error: TwilioError) -> None:
    assert hands_over(error, 1)


def test_no_connection_is_tried_once_more_and_is_no_doubt() -> None:
    error = UnreachedError("refused")
    assert [hands_over(error, tries) for tries in (1, 2)] == [False, True]
    assert not is_unsure(error)


def test_a_rate_limit_is_waited_for_where_it_is_short() -> None:
    assert [hands_over(BusyError(1.0), tries) for tries in (1, 2, 3)] == [False, False, True]
    assert hands_over(BusyError(20.0), 1)


def test_a_call_without_an_answer_is_looked_for_before_it_is_handed_over() -> None:
    error = UncertainError("HTTP 500")
    assert not any(hands_over(error, tries, looks=True) for tries in (1, 2, 3))
    assert hands_over(error, 2, looks=True, looked=True)
    assert [hands_over(error, tries) for tries in (1, 2, 3)] == [False, False, True]


# ---- passing the first one by ----


def test_one_that_works_is_asked() -> None:
    circuit = Circuit()
    assert circuit.lets(NOW)
    circuit.worked()
    assert circuit.lets(NOW)


def test_one_that_failed_is_passed_by_for_a_minute_and_then_tried_by_one() -> None:
    circuit = Circuit()
    circuit.failed(NOW)
    assert not circuit.lets(NOW)
    assert not circuit.lets(NOW + seconds(59))
    assert circuit.lets(NOW + minutes(1))
    assert not circuit.lets(NOW + minutes(1)), "the others wait for what comes of that"
    assert circuit.lets(NOW + minutes(2)), "nothing was heard of it"


def test_one_that_is_back_is_asked_again() -> None:
    circuit = Circuit()
    circuit.failed(NOW)
    assert circuit.lets(NOW + minutes(1))
    circuit.worked()
    assert circuit.lets(NOW + minutes(1))
    assert circuit.lets(NOW + minutes(1))


def test_a_clock_that_is_set_back_does_not_keep_it_away() -> None:
    circuit = Circuit(TimeDelta(minutes=1))
    circuit.failed(NOW)
    assert circuit.lets(NOW - minutes(5))
