"""What a timeline is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from whenever import Instant

from storage.records import CallRecord

CALLER: Final = "caller"
SERVER: Final = "Nightbell"


class Kind(StrEnum):
    """What an entry is about. The set is closed; more may be added."""

    DECIDED = "decided"
    """Which route the call took. `details`: `reasons`."""
    HEARD = "heard"
    """Words that the caller was told. `details`: `node`, `language`."""
    PRESSED = "pressed"
    SAID = "said"
    SILENT = "silent"
    RECORDED = "recorded"
    NOTED = "noted"
    """What followed from an answer: a language, a number to call back, a field of a message."""
    RANG = "rang"
    """The caller's own leg rang somebody, or waited in a line."""
    HELD = "held"
    """Turns of the hold loop, summarised. `details`: `turns`, `seconds`."""
    PAGE_OPENED = "page opened"
    PAGED = "paged"
    """Somebody was rung or texted about the page, or what came of it."""
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    """Clinician and patient talk."""
    RESOLVED = "resolved"
    MESSAGE = "message"
    ALERTED = "alerted"
    """The operators were told."""
    ENDED = "ended"
    OTHER = "other"
    """Something stored that this version of the program cannot read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `who` did it: the caller, Nightbell, or the name of one of the staff.

    `text` is a sentence for a manager, and holds nothing about the patient. What does is in `details["private"]`, which
    is there only for a reader whose reading is audited. `details["event"]` is the key of the stored event.
    """

    at: Instant
    kind: Kind
    who: str
    text: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt at one person. `seconds`: from when it was intended until it came to `state`.

    `state` and `why` are those of `escalation.page.Attempt`; `means` is call or sms, `purpose` what for.
    """

    page: str
    number: int
    who: str
    means: str
    purpose: str
    at: Instant
    seconds: int
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is known of a call, in the order of time.

    `practice_name` and `zone` are the plan's (the practice's id and UTC, where it is lost). `caller`: the number, for
    a reader whose reading is audited; else None.
    """

    record: CallRecord
    practice_name: str
    zone: str
    entries: tuple[Entry, ...]
    attempts: tuple[Tried, ...]
    caller: str | None = None
