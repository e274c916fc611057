"""What is said: utterances, each in one language, composed from the plan's texts and the server's phrases."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ivr.flow import Choice, Flow, Menu, Text
from ivr.phrases import phrase

NUMBER_SLOT: Final = "{number}"
"""Stands where the caller's call-back number is spoken: patient data, filled only when a document is rendered."""

_ADVICE: Final = re.compile(r"9[\s-]*1[\s-]*1")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that one voice speaks. `language` is a BCP 47 tag."""

    language: str
    text: str


def own(key: str, language: str) -> Utterance:
    """One of the server's own phrases."""
    return Utterance(language, phrase(key, language))


def spoken(flow: Flow, text: Text, language: str) -> tuple[Utterance, ...]:
    """The text in the language, else in the practice's first one that it has; nothing for an empty text."""
    for tag in (language, *(voice.language for voice in flow.languages)):
        words = text.by_language.get(tag, "").strip()
        if words:
            return (Utterance(tag, words),)
    return ()


def menu_prompt(flow: Flow, menu: Menu, language: str) -> tuple[Utterance, ...]:
    """The menu as it is spoken: its text, then each offered key, "For a refill, press 2."."""
    offered = (_offer(flow, choice, language) for choice in menu.choices)
    return (*spoken(flow, menu.prompt, language), *(utterance for offer in offered for utterance in offer))


def _offer(flow: Flow, choice: Choice, language: str) -> tuple[Utterance, ...]:
    if choice.label is None:
        return ()
    labels = spoken(flow, choice.label, language)
    return tuple(
        replace(label, text=phrase("press", label.language).format(label=label.text.rstrip(" ."), key=choice.key))
        for label in labels
    )


def gives_advice(utterances: Iterable[Utterance]) -> bool:
    """True when the words tell to dial 911 in their first utterance; `routing.plan` checks how early."""
    first = next(iter(utterances), None)
    return first is not None and _ADVICE.search(first.text) is not None


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
    words = spoken_number(number) if number else ""
    return tuple(
        replace(u, text=u.text.replace(NUMBER_SLOT, words)) if NUMBER_SLOT in u.text else u for u in utterances
    )
