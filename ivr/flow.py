"""The call flow as data: what is said at each node, and where each answer leads.

A `Flow` is made from a published plan (`routing.plan`) and never changes afterwards. Texts are plain words as a
voice speaks them. Durations are `whenever.TimeDelta`. Node names are the plan's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from whenever import TimeDelta


@dataclass(frozen=True, slots=True)
class Voice:
    """A language of the practice (BCP 47, such as `en-US`) and Twilio's name for the voice that speaks it."""

    language: str
    voice: str


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in the languages that the practice gave them in: BCP 47 tag to text."""

    by_language: Mapping[str, str]


class Field(StrEnum):
    """What a message may ask for, besides its recording."""

    PATIENT_NAME = "patient_name"
    """Spoken: recorded for at most 10 s."""
    DATE_OF_BIRTH = "date_of_birth"
    """Eight keys: month, day, year."""
    PREFERRED_TIME = "preferred_time"
    """One key: 1 morning, 2 afternoon, 3 any time."""


class Announcement(StrEnum):
    """What a caller who holds in a queue may be told."""

    POSITION = "position"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Choice:
    """One key of a menu.

    `label` is spoken before "press N" (None: the key works but is not offered). `words` are what a caller may say
    instead of pressing, by language. `language` switches the call's language on the way.
    """

    key: str
    go: str
    label: Text | None = None
    language: str | None = None
    words: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """Ask for a key. A triage question (`ask` in the plan) is a menu whose choices have no labels.

    After `tries` silences or wrong keys the call goes to `otherwise`.
    """

    name: str
    prompt: Text
    choices: tuple[Choice, ...]
    otherwise: str
    tries: int
    wait: TimeDelta
    speech: bool = False


@dataclass(frozen=True, slots=True)
class Inform:
    """Say something, then go on. `emergency`: the words tell the caller to dial 911, which is then the outcome."""

    name: str
    prompt: Text
    then: str
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """Reach the clinician on call: confirm the number, open a page, hold."""

    name: str
    policy: str
    category: str
    confirm_callback_number: bool
    record_reason: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """Ring a destination; where it leads when the lines are busy or nobody picks up."""

    name: str
    destination: str
    busy: str
    no_answer: str


@dataclass(frozen=True, slots=True)
class Message:
    """Take a message or a request: the fields, then a recording, then thanks, then `then` (None: the call ends)."""

    name: str
    category: str
    ask: tuple[Field, ...]
    confirm_callback_number: bool
    record: bool
    then: str | None
    prompt: Text | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Hold for a destination's next free line, for at most `at_most`; then `otherwise`."""

    name: str
    destination: str
    at_most: TimeDelta
    announce: tuple[Announcement, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Survey:
    """One question answered by a key from 1 to 5; silence is an answer too."""

    name: str
    prompt: Text
    then: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Say goodbye and end the call."""

    name: str
    prompt: Text


Node = Menu | Inform | Connect | Transfer | Message | Queue | Survey | HangUp


@dataclass(frozen=True, slots=True)
class Flow:
    """A practice's whole flow.

    `languages`: the first is what a call begins in. `emergency`: the advice to dial 911, given in every language of
    the practice; it is spoken first in a call unless the first prompt gives it itself. `person`: the node that `0`
    leads to wherever a menu does not give `0` a meaning of its own.
    """

    nodes: Mapping[str, Node]
    languages: tuple[Voice, ...]
    emergency: Text
    person: str
    name: str
    """The practice's name, as it is spoken."""
    region: str = "US"
    """The country (ISO 3166) whose numbering plan a caller's typed number is read by."""
