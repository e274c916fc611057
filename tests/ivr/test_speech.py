import pytest

from ivr.speech import emergency_number_after, seconds


def test_an_ordinary_sentence_is_spoken_at_a_human_pace() -> None:
    assert 4 < seconds("Maple Pediatrics is closed. If this is an emergency, hang up and dial 9 1 1.") < 8


def test_longer_takes_longer_and_nothing_takes_no_time() -> None:
    assert seconds("") == 0
    assert seconds("One.") < seconds("One, two.") < seconds("One, two, three.")


@pytest.mark.parametrize("said", ["dial 911 now", "dial 9 1 1", "marque 9-1-1."])
def test_the_emergency_number_is_heard(said: str) -> None:
    after = emergency_number_after(said)
    assert after is not None
    assert 0 < after < 3


@pytest.mark.parametrize("said", ["", "call 9115", "nine", "dial 91 and then 2"])
def test_other_numbers_are_not_the_emergency_number(said: str) -> None:
    assert emergency_number_after(said) is None


def test_the_emergency_number_is_timed_where_it_is_said() -> None:
    late = emergency_number_after("word " * 40 + "dial 9 1 1.")
    assert late is not None
    assert late > 10
