import re
from dataclasses import replace
from string import Formatter

import pytest

from ivr.flow import Choice, Text
from ivr.phrases import _PHRASES, BUILT_IN, phrase
from ivr.prompts import Utterance, fill, gives_advice, menu_prompt, own, spoken, spoken_number
from ivr.speech import ADVICE_WITHIN, emergency_number_after, seconds
from tests.ivr.flows import EN, ES, MAPLE, NIGHT, said

LONGEST_NUMBER = "+491711234567890"


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(_PHRASES))
def test_a_phrase_exists_in_every_language_with_the_same_slots(key) -> None:
    forms = _PHRASES[key]
    assert set(forms) == BUILT_IN
    assert len({frozenset(slots(text)) for text in forms.values()}) == 1


@pytest.mark.parametrize(("key", "language"), [(key, tag) for key in sorted(_PHRASES) for tag in (EN, ES)])
def test_a_phrase_is_short_enough_to_be_kept_in_mind(key, language) -> None:
    filled = re.sub(r"\{.*?\}", spoken_number(LONGEST_NUMBER), phrase(key, language))
    assert seconds(filled) <= 20
    after = emergency_number_after(filled)
    assert after is None or after <= ADVICE_WITHIN


def test_phrases_tell_the_action_before_the_key() -> None:
    for key in ("confirm_number", "ask_preferred_time", "hold_over_person", "clinician_left"):
        assert re.search(r"(For|To|If)[^.]*press", phrase(key, EN)), key


@pytest.mark.parametrize(
    ("tag", "word"), [("en-US", "Goodbye"), ("en", "Goodbye"), ("es-MX", "Adiós"), ("ES-us", "Adiós"), ("fr", "Good")]
)
def test_phrases_go_by_the_primary_subtag(tag, word) -> None:
    assert phrase("goodbye", tag).startswith(word)


def test_a_text_is_spoken_in_the_language_else_in_the_first_that_has_it() -> None:
    assert spoken(MAPLE, said("Hello", "Hola"), ES) == (Utterance(ES, "Hola"),)
    assert spoken(MAPLE, said("Hello"), ES) == (Utterance(EN, "Hello"),)
    assert spoken(MAPLE, Text({ES: "Hola", EN: "  "}), EN) == (Utterance(ES, "Hola"),)
    assert spoken(MAPLE, Text({}), EN) == ()


def test_a_language_is_offered_to_those_who_need_it() -> None:
    assert Utterance(ES, "Para español, oprima el 9.") in menu_prompt(MAPLE, NIGHT, EN)
    assert Utterance(EN, "For English, press 8.") in menu_prompt(MAPLE, NIGHT, ES)


def test_the_language_that_is_spoken_already_is_not_offered() -> None:
    assert not any("English" in utterance.text for utterance in menu_prompt(MAPLE, NIGHT, EN))
    assert not any("español" in utterance.text for utterance in menu_prompt(MAPLE, NIGHT, ES))


def test_a_choice_of_language_that_leads_somewhere_is_offered_in_any() -> None:
    welcome = replace(NIGHT, name="welcome", choices=(Choice("1", "night", said("For English"), EN),))
    assert Utterance(EN, "For English, press 1.") in menu_prompt(MAPLE, welcome, EN)


@pytest.mark.parametrize(
    ("utterance", "gives"),
    [
        (Utterance(EN, "If this is an emergency, hang up and dial 911."), True),
        (Utterance(EN, "word " * 60 + "dial 9 1 1."), False),
        (Utterance(EN, "Our number is 617 555 9115."), False),
        (Utterance(ES, "Marque 9 1 1."), False),  # to a caller who chose English
        (Utterance(EN, "Good evening."), False),
    ],
)
def test_advice_counts_when_it_is_early_and_in_the_callers_language(utterance, gives) -> None:
    assert gives_advice([utterance], EN) is gives
    assert not gives_advice([], EN)


@pytest.mark.parametrize(
    ("number", "words"),
    [("+16175550180", "6 1 7, 5 5 5, 0 1 8 0"), ("+442079460018", "4 4 2, 0 7 9, 4 6 0, 0 1 8"), ("", "")],
)
def test_a_number_is_read_digit_by_digit(number, words) -> None:
    assert spoken_number(number) == words


def test_the_number_fills_its_slot_and_nothing_else() -> None:
    asked = own("confirm_number", EN)
    assert "at 6 1 7, 5 5 5, 0 1 8 0 if" in fill((asked,), "+16175550180")[0].text
    assert "{" not in fill((asked,), None)[0].text
    assert fill((Utterance(EN, "Hello"),), "+16175550180") == (Utterance(EN, "Hello"),)
