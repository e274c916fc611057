"""What the telephone does next, once the words are said."""

from dataclasses import dataclass

from whenever import TimeDelta


@dataclass(frozen=True, slots=True)
class GatherKeys:
    """Await up to `most` keys for `wait` after the words; keys work during them.

    `finish`: the key that ends an entry ("" for single keys, so that `*` and `#` arrive as keys). `hints`: words to
    listen for beside keys; empty means keys only.
    """

    most: int
    wait: TimeDelta
    finish: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordVoice:
    """Record after a tone, until silence, `finish` (any of these keys) or `at_most`."""

    at_most: TimeDelta
    finish: str


@dataclass(frozen=True, slots=True)
class OpenPage:
    """The caller is to be connected to the clinician on call: open (or join) a page."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The next turn of the hold loop (`ivr.hold`)."""


@dataclass(frozen=True, slots=True)
class RingDestination:
    """Ring a destination of the plan and bridge who picks up."""

    destination: str


@dataclass(frozen=True, slots=True)
class HoldInLine:
    """Hold in the queue of a destination."""

    destination: str


@dataclass(frozen=True, slots=True)
class End:
    """Hang up."""


Action = GatherKeys | RecordVoice | OpenPage | Hold | RingDestination | HoldInLine | End
