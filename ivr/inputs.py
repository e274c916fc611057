"""What can come back from a caller at a position, and what is noted about it."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Entered:
    """The call comes to the position's node for the first time."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys pressed, without the finish key. Empty: silence."""

    digits: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words recognised where the node listens for speech."""

    words: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording ended; 0 s: nothing was said. `hung_up`: the caller left while recording."""

    seconds: int
    hung_up: bool = False


class DialResult(StrEnum):
    """How ringing a destination ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DialEnded:
    """A `<Dial>` is over."""

    result: DialResult


@dataclass(frozen=True, slots=True)
class QueueEnded:
    """Holding in a queue is over. `bridged`: a person took the call."""

    bridged: bool


Input = Entered | Keys | Spoken | Recorded | DialEnded | QueueEnded


class NoteKind(StrEnum):
    """What is kept of a turn, for the timeline and the record."""

    ENTERED = "entered"
    CHOSE = "chose"
    SAID = "said"
    WRONG_KEY = "wrong key"
    SILENCE = "silence"
    REPEATED = "asked to repeat"
    GAVE_UP = "no choice made"
    ASKED_FOR_PERSON = "asked for a person"
    LANGUAGE = "language"
    NUMBER_CONFIRMED = "call-back number confirmed"
    NUMBER_ASSUMED = "call-back number assumed"
    NUMBER_GIVEN = "call-back number given"
    NUMBER_MISSING = "no call-back number"
    FIELD_GIVEN = "given"
    FIELD_MISSING = "not given"
    RECORDED = "recorded"
    NOT_RECORDED = "nothing recorded"
    INFORMED = "informed"
    TOLD_911 = "told to dial 911"
    MESSAGE_DONE = "message taken"
    CALLBACK_DONE = "call-back queued"
    URGENT = "asked for the clinician"
    SCORE = "survey"
    RANG = "destination rung"
    QUEUED = "holding in line"
    LOST = "position lost"
    CALLED_IN = "one of the staff, about a page"


@dataclass(frozen=True, slots=True)
class Note:
    """`detail` is safe in a log (node names, keys of a menu, counts); `private` is patient data, to be sealed."""

    kind: NoteKind
    detail: str = ""
    private: str = ""
