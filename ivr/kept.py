"""What a caller did, as an event keeps it: plain JSON, and back."""

from collections.abc import Mapping
from typing import cast

from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, QueueEnded, Recorded, Spoken


def to_json(given: Input) -> dict[str, object]:
    """The input as an event keeps it."""
    match given:
        case Entered():
            return {"entered": True}
        case Keys(digits):
            return {"keys": digits}
        case Spoken(words):
            return {"spoken": words}
        case Recorded(seconds, hung_up):
            return {"recorded": seconds, "hung_up": hung_up}
        case DialEnded(result):
            return {"dial": result.value}
        case QueueEnded(bridged):
            return {"bridged": bridged}


def from_json(kept: Mapping[str, object]) -> Input:
    """The input that `to_json` kept. Raises ValueError for anything else."""
    match dict(kept):
        case {"entered": _}:
            return Entered()
        case {"keys": str(digits)}:
            return Keys(digits)
        case {"spoken": str(words)}:
            return Spoken(words)
        case {"recorded": int(seconds), "hung_up": hung_up}:
            return Recorded(seconds, cast("bool", hung_up))
        case {"dial": str(result)}:
            return DialEnded(DialResult(result))
        case {"bridged": bool(bridged)}:
            return QueueEnded(bridged)
        case _:
            raise ValueError("not a kept input")
