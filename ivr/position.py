"""Where a call stands: small enough for a URL, and never anything about the patient."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum


class Phase(StrEnum):
    """What is awaited at a node."""

    ENTER = "enter"
    """The node has not been spoken yet (a call's beginning, or a restart there)."""
    KEY = "key"
    CONFIRM = "confirm"
    """Is the number that you call from the one to call back? 1 yes, 2 another."""
    NUMBER = "number"
    FIELD = "field"
    RECORD = "record"
    REASON = "reason"
    HOLD = "hold"
    RING = "ring"
    QUEUE = "queue"
    OVER = "over"


class BadPositionError(ValueError):
    """The query of an action URL does not say a position. The message says which part, and holds no other input."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the flow.

    `turn` counts the call's answers from 0: with the call it names an event, so that a repeated webhook is known.
    `index`: which of a message's fields. `withheld`: no number to call back is known. `advised`: the advice to
    dial 911 has been spoken. `page` and `since` (Unix seconds): the page that the caller holds for, since when.
    """

    node: str
    phase: Phase
    language: str
    turn: int = 0
    tries: int = 0
    index: int = 0
    withheld: bool = False
    advised: bool = False
    page: str = ""
    since: int = 0

    def next(self, **changes: object) -> "Position":
        """This position one turn later, with the changes."""
        return replace(self, turn=self.turn + 1, **changes)  # type: ignore[arg-type] # the fields' own types


def to_query(position: Position) -> dict[str, str]:
    """The position as query parameters, without those at their default."""
    return {f.name: _text(value) for f in fields(position) if (value := getattr(position, f.name)) != f.default}


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def from_query(query: Mapping[str, str]) -> Position:
    """The position that `to_query` wrote.

    Raises BadPositionError: a part is missing or malformed. Such a URL was not written by this server.
    """
    try:
        return Position(
            node=_word(query, "node"),
            phase=Phase(query["phase"]),
            language=_word(query, "language"),
            page=query.get("page", ""),
            withheld=_flag(query, "withheld"),
            advised=_flag(query, "advised"),
            turn=_count(query, "turn"),
            tries=_count(query, "tries"),
            index=_count(query, "index"),
            since=_count(query, "since"),
        )
    except KeyError as missing:
        raise BadPositionError(f"the position lacks {missing.args[0]}") from missing
    except ValueError as malformed:
        raise BadPositionError("the position is malformed") from malformed


def _word(query: Mapping[str, str], name: str) -> str:
    if not query[name]:
        raise ValueError(name)
    return query[name]


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "0")
    if text not in {"0", "1"}:
        raise ValueError(name)
    return text == "1"


def _count(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - Unix seconds fit
        raise ValueError(name)
    return int(text)
