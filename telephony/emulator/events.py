"""What happens on a call, as the person at the phone's end would tell it."""

from dataclasses import dataclass, fields
from typing import Any

from whenever import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something that happened on one leg, ``at`` an instant of the timeline."""

    at: Instant

    def as_json(self) -> dict[str, Any]:
        """The event as plain values: its kind, the instant in ISO 8601, and its own fields."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "at"}
        return {"kind": type(self).__name__.lower(), "at": self.at.format_iso(), **own}

    def __str__(self) -> str:
        own = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name != "at")
        return f"{self.at.format_iso()[11:19]}  {type(self).__name__} {own}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(CallEvent):
    """Speech begins at the phone; it takes ``seconds`` unless cut off."""

    text: str
    language: str = ""
    voice: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played(CallEvent):
    """A sound file begins, or tones are played."""

    url: str = ""
    digits: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff(CallEvent):
    """Speech or sound stopped before its end: a key was pressed, or the call went elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed(CallEvent):
    """The person pressed keys."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke(CallEvent):
    """The person began to speak."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(CallEvent):
    """The call was placed."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang(CallEvent):
    """The phone began to ring."""

    caller_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(CallEvent):
    """The call was picked up: by the person, or by Twilio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged(CallEvent):
    """The person can talk to another party (``other``: a number, or a conference's name)."""

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbridged(CallEvent):
    """The person no longer talks to that party."""

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(CallEvent):
    """A recording of so many seconds was made."""

    sid: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(CallEvent):
    """The call is over; ``reason`` says how."""

    reason: str
