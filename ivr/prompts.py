"""What is said: utterances, each in one language, composed from the plan's texts and the server's phrases."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from ivr.flow import Choice, Flow, Menu, Text
from ivr.phrases import has, phrase
from ivr.speech import ADVICE_WITHIN, emergency_number_after

NUMBER_SLOT: Final = "{number}"
"""Stands where the caller's call-back number is spoken: patient data, filled only when a document is rendered."""

_FALLBACK: Final = "en-US"
"""Of the server's own phrases, in a language that they do not exist in: spoken and marked as what they are."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that one voice speaks. `language` is a BCP 47 tag."""

    language: str
    text: str


def own(key: str, language: str, **values: int) -> Utterance:
    """One of the server's own phrases, with what it names in braces."""
    words = phrase(key, language)
    return Utterance(language if has(language) else _FALLBACK, words.format(**values) if values else words)


def spoken(flow: Flow, text: Text, language: str) -> tuple[Utterance, ...]:
    """The text in the language, else in the practice's first one that it has; nothing for an empty text."""
    for tag in (language, *(voice.language for voice in flow.languages)):
        words = text.by_language.get(tag, "").strip()
        if words:
            return (Utterance(tag, words),)
    return ()


def menu_prompt(flow: Flow, menu: Menu, language: str) -> tuple[Utterance, ...]:
    """The menu as it is spoken: its text, then each offered key, "For a refill, press 2.".

    A choice that would only switch to the language the call is in already is left out.
    """
    offered = (
        _offer(flow, choice, language)
        for choice in menu.choices
        if not (choice.language == language and choice.go == menu.name)
    )
    return (*spoken(flow, menu.prompt, language), *(utterance for offer in offered for utterance in offer))


def _offer(flow: Flow, choice: Choice, language: str) -> tuple[Utterance, ...]:
    if choice.label is None:
        return ()
    # Who needs another language has to understand the offer of it.
    return tuple(_press(label, choice.key) for label in spoken(flow, choice.label, choice.language or language))


@lru_cache(maxsize=4096)  # every menu of every call is made of these
def _press(label: Utterance, key: str) -> Utterance:
    return replace(label, text=phrase("press", label.language).format(label=label.text.rstrip(" ."), key=key))


def gives_advice(utterances: Iterable[Utterance], language: str) -> bool:
    """True when the words tell to dial 911 early, in their first utterance, and in the caller's language."""
    first = next(iter(utterances), None)
    if first is None or first.language != language:
        return False
    after = emergency_number_after(first.text)
    return after is not None and after <= ADVICE_WITHIN


def spoken_number(number: str) -> str:
    """An E.164 number as a voice should read it: single digits in the groups that people use.

    North American numbers lose their country code: "6 1 7, 5 5 5, 0 1 8 0".
    """
    digits = number.lstrip("+")
    if len(digits) == 11 and digits.startswith("1"):  # noqa: PLR2004 - the length of a North American number
        groups: tuple[str, ...] = (digits[1:4], digits[4:7], digits[7:])
    else:
        groups = tuple(digits[i : i + 3] for i in range(0, len(digits), 3))
    return ", ".join(" ".join(group) for group in groups)


def fill(utterances: tuple[Utterance, ...], number: str | None) -> tuple[Utterance, ...]:
    """The utterances with the call-back number spoken in its place."""
    return tuple(replace(u, text=fill_in(u.text, number)) if NUMBER_SLOT in u.text else u for u in utterances)


def fill_in(text: str, number: str | None) -> str:
    """The text with the call-back number spoken in its place."""
    return text.replace(NUMBER_SLOT, spoken_number(number) if number else "") if NUMBER_SLOT in text else text
