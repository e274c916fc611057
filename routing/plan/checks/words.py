"""What is said: in the caller's language, soon, and not for long."""

from collections.abc import Iterator, Mapping
from typing import Final

from ivr.flow import Menu
from ivr.prompts import menu_prompt
from ivr.speech import ADVICE_WITHIN, emergency_number_after, seconds
from routing.plan.checks.subject import Subject, prompt_of
from routing.plan.compile import advice_in, voice_of
from routing.plan.faults import Finding, Path
from routing.plan.fields import FIRST_LANGUAGE

_PROMPT_AT_MOST: Final = 20
_MOST_OPTIONS: Final = 5
_BETWEEN: Final = 0.5
"""Seconds between two utterances."""
_SERVER_SPEAKS: Final = ("en", "es")


def missing_language(subject: Subject) -> Iterator[Finding]:
    """A text that a caller can come to exists in the caller's language."""
    for name in subject.document.flow:
        for language in subject.languages_at(name):
            yield from _missing_at(subject, name, language)


def _missing_at(subject: Subject, name: str, language: str) -> Iterator[Finding]:
    node = subject.plan.flow.nodes[name]
    source = subject.visits[name, language]
    prompt = prompt_of(node)
    if prompt is not None and language not in prompt.by_language:
        yield _missing(subject.at(name, "say"), language, source)
    for choice in node.choices if isinstance(node, Menu) else ():
        # A choice that leads into another language is offered in that one.
        needed = choice.language or language
        if choice.label is not None and not {needed, language} & set(choice.label.by_language):
            yield _missing(subject.at(name, "keys", choice.key, "say"), needed, source)


def _missing(at: Path, language: str, source: str) -> Finding:
    fault = f"the words are missing in {language}, which a caller can come here in (from {source})"
    return Finding(at, fault, f'Add `{language}: "..."` here.')


def language(subject: Subject) -> Iterator[Finding]:
    """The server's own phrases exist in each language."""
    for tag in subject.document.languages:
        if tag.split("-", 1)[0] not in _SERVER_SPEAKS:
            fault = f"{tag} is not supported yet: the server's own phrases exist in English and Spanish"
            yield Finding(("languages", tag), fault, "Use en-US and es-US, or another English or Spanish.")


def voice(subject: Subject) -> Iterator[Finding]:
    """Each language has a voice."""
    for tag in subject.document.languages:
        if voice_of(subject.document, tag) is None:
            mend = "Add `voice:` with one of Twilio's voices, such as Polly.Joanna-Neural."
            yield Finding(("languages", tag), f"{tag} has no voice", mend)


def emergency_advice(subject: Subject) -> Iterator[Finding]:
    """The advice to dial 911 is there in every language, and told within 10 s wherever it is told."""
    document = subject.document
    for tag in document.languages:
        key = tag if tag in document.emergency_advice else FIRST_LANGUAGE
        at = ("emergency_advice", key) if key in document.emergency_advice else ("emergency_advice",)
        advice = advice_in(document, tag)
        if advice is None:
            mend = f'Add `{tag}: "..."` with the advice to hang up and dial 9 1 1.'
            yield Finding(at, f"the advice to dial 911 is missing in {tag}", mend)
            continue
        if emergency_number_after(advice) is None:
            yield Finding(at, "the advice does not tell the number 911", 'Say "dial 9 1 1".')
        elif seconds(advice) > ADVICE_WITHIN:
            fault = f"the advice to dial 911 lasts about {seconds(advice):.1f} s"
            yield Finding(at, fault, f"Say it within {ADVICE_WITHIN:g} s.")
    yield from _late_advice(subject)


def _late_advice(subject: Subject) -> Iterator[Finding]:
    for name, node in subject.plan.flow.nodes.items():
        prompt = prompt_of(node)
        for tag, words in prompt.by_language.items() if prompt else ():
            after = emergency_number_after(words)
            if after is not None and after > ADVICE_WITHIN:
                at = subject.at(name, "say", _written(subject, name, tag))
                mend = f"Say it at the beginning, within {ADVICE_WITHIN:g} s."
                yield Finding(at, f"911 is told only after about {after:.1f} s", mend)


def _written(subject: Subject, node: str, tag: str) -> str:
    """The key under which a node's words in a language are written."""
    said: Mapping[str, str] = getattr(subject.document.flow[node].does, "say", None) or {}
    return tag if tag in said else FIRST_LANGUAGE


def long_prompt(subject: Subject) -> Iterator[Finding]:
    """No prompt lasts longer than a caller can keep in mind, its options included."""
    for name, node in subject.plan.flow.nodes.items():
        for tag in subject.languages_at(name) or [subject.document.first_language]:
            if isinstance(node, Menu):
                spoken = [utterance.text for utterance in menu_prompt(subject.plan.flow, node, tag)]
            else:
                prompt = prompt_of(node)
                spoken = [prompt.by_language.get(tag, "")] if prompt else []
            lasts = sum(seconds(words) for words in spoken) + _BETWEEN * max(0, len(spoken) - 1)
            if lasts > _PROMPT_AT_MOST:
                fault = f"the prompt lasts about {lasts:.1f} s in {tag}"
                mend = f"Say less, or offer fewer choices: at most {_PROMPT_AT_MOST} s."
                yield Finding(subject.at(name, "say"), fault, mend)


def too_many_options(subject: Subject) -> Iterator[Finding]:
    """No menu offers more than five choices aloud."""
    for name, node in subject.plan.flow.nodes.items():
        offered = sum(choice.label is not None for choice in node.choices) if isinstance(node, Menu) else 0
        if offered > _MOST_OPTIONS:
            mend = f"Offer at most {_MOST_OPTIONS}; the others can go into a second menu, or stay unspoken."
            yield Finding(subject.at(name, "keys"), f"{offered} choices are offered", mend)
