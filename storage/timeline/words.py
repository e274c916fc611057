"""The words of a call, told again by the code that spoke them: each event's position and answer, stepped once more.

Where the answer is sealed, one of the same kind stands in for it: the words that follow are the same.
"""

from collections.abc import Mapping
from typing import Final

import phonenumbers

from ivr.actions import OpenPage
from ivr.flow import Connect, Menu
from ivr.inputs import Entered, Input, Keys, Note, NoteKind, Recorded
from ivr.kept import from_json
from ivr.position import Phase, Position, from_query
from ivr.prompts import NUMBER_SLOT, Utterance, own
from ivr.walk import Step, step
from routing.plan import Plan
from storage.calls import CallEvent, noted

_UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError)


def position_of(event: CallEvent) -> Position | None:
    """Where the call stood when the event came; None where it says none that can be read."""
    try:
        return from_query({str(name): str(part) for name, part in _mapping(event.body["position"]).items()})
    except _UNREADABLE:
        return None


def notes_of(event: CallEvent) -> list[Note]:
    """The event's notes; none, where they cannot be read."""
    try:
        return noted([event])
    except _UNREADABLE:
        return []


def given_of(event: CallEvent) -> Input | None:
    """What the caller did; None where it is sealed, or cannot be read."""
    try:
        return from_json(_mapping(event.private.get("given") or event.body["given"]))
    except _UNREADABLE:
        return None


def step_of(plan: Plan, event: CallEvent) -> Step | None:
    """The step that was taken; None for an event that is no answer to a position."""
    position = position_of(event)
    if position is None or event.kind not in {"answered", "turn"}:
        return None
    given = Entered() if event.kind == "answered" else given_of(event) or _stand_in(plan, notes_of(event))
    return step(plan.flow, position, given, event.at.to_tz(plan.zone).date())


def words_of(plan: Plan, taken: Step, following: Position | None) -> str:
    """What was heard. `following`: where the next event found the call, since a page that opens asks for more."""
    said = list(taken.say)
    asked = following is None or following.phase is Phase.REASON
    node = plan.flow.nodes.get(taken.position.node)
    if isinstance(taken.action, OpenPage) and isinstance(node, Connect) and node.record_reason and asked:
        said.append(own("ask_reason", taken.position.language))
    return " ".join(_plain(utterance) for utterance in said)


def _plain(utterance: Utterance) -> str:
    return utterance.text.replace(NUMBER_SLOT, "(the number)").strip()


def label_of(plan: Plan, position: Position | None, key: str) -> str:
    """What the menu offers behind a key, in its first language; "" for a key that it does not offer."""
    node = plan.flow.nodes.get(position.node) if position else None
    choices = node.choices if isinstance(node, Menu) else ()
    label = next((choice.label for choice in choices if choice.key == key), None)
    return next(iter(label.by_language.values()), "").strip(" .") if label else ""


def _stand_in(plan: Plan, notes: list[Note]) -> Input:
    """An answer that is noted as the sealed one was."""
    for note in notes:
        match note.kind:
            case NoteKind.SAID:
                return Keys(note.detail)
            case NoteKind.NUMBER_GIVEN:
                return Keys(_some_number(plan.flow.region))
            case NoteKind.FIELD_GIVEN:
                return _FIELDS.get(note.detail, Recorded(1))
            case NoteKind.REPEATED:
                return Keys("*")
            case NoteKind.ASKED_FOR_PERSON:
                return Keys("0")
            case _:
                continue
    return Keys("")


_FIELDS: Final[dict[str, Input]] = {"date_of_birth": Keys("01012000"), "preferred_time": Keys("1")}


def _some_number(region: str) -> str:
    number = phonenumbers.example_number(region)
    return str(number.national_number) if number else ""


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not a mapping")
    return value
