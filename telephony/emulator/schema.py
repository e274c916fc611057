"""Which TwiML elements exist, where, and with which attributes: read off twilio-python's own TwiML classes.

Every method of a TwiML class appends one child element; called with a value for each of its parameters, the child shows
which of them become attributes and which its text.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse


@dataclass(slots=True)
class Element:
    """An element: its allowed attributes, the children it may hold, and whether it may hold text."""

    name: str
    attributes: frozenset[str]
    takes_text: bool
    children: dict[str, "Element"] = field(default_factory=dict)


@cache
def voice() -> Element:
    """The table for ``<Response>`` on a call."""
    return _describe(VoiceResponse(), {}, frozenset(), takes_text=False)


@cache
def messaging() -> Element:
    """The table for ``<Response>`` to a message."""
    return _describe(MessagingResponse(), {}, frozenset(), takes_text=False)


def _describe(
    sample: TwiML, known: dict[tuple[type, str], Element], attributes: frozenset[str], *, takes_text: bool
) -> Element:
    key = (type(sample), sample.name)
    if key in known:
        return known[key]
    element = known[key] = Element(sample.name, attributes, takes_text)
    for name, method in inspect.getmembers(type(sample), inspect.isfunction):
        if name.startswith("_") or name in _COMMON:
            continue
        # `language` is the one value whose form the library checks; every other may be any text.
        parameters = dict.fromkeys(_parameters(method), "en-US")
        child = getattr(sample, name)(**parameters)
        element.children[child.name] = _describe(
            child, known, frozenset(child.attrs), takes_text=child.value is not None
        )
    return element


_COMMON = {name for name, _ in inspect.getmembers(TwiML, inspect.isfunction)}


def _parameters(method: object) -> Mapping[str, inspect.Parameter]:
    parameters = inspect.signature(method).parameters  # type: ignore[arg-type]  # a function, seen as an object
    return {name: p for name, p in parameters.items() if name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD}
