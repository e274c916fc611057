"""From a call's events to what a manager reads: what the caller heard and did. Pure, and never raises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.hold import Turn
from ivr.inputs import DialEnded, Entered, Input, Keys, Note, NoteKind, QueueEnded, Recorded, Spoken
from ivr.position import Phase
from routing.plan import Plan
from storage.calls import CallEvent
from storage.timeline.entries import CALLER, SERVER, Entry, Kind
from storage.timeline.words import given_of, label_of, notes_of, position_of, step_of, words_of


def caller_entries(plan: Plan | None, events: Sequence[CallEvent]) -> list[Entry]:
    """An entry or more for each event, each once; turns of the hold loop in a row are one. In the order of time."""
    once = {event.key: event for event in events}
    ordered = sorted(once.values(), key=lambda event: (event.at, _turn(event), event.key))
    entries: list[Entry] = []
    held: list[CallEvent] = []
    for n, event in enumerate(ordered):
        if _is_waiting(event):
            held.append(event)
            continue
        entries += _held(held)
        held = []
        entries += _told(plan, event, ordered[n + 1] if n + 1 < len(ordered) else None)
    return [*entries, *_held(held)]


def _turn(event: CallEvent) -> int:
    """Within one moment the turns count."""
    name, _, number = event.key.partition(":")
    return int(number) if name == "turn" and number.isascii() and number.isdigit() and len(number) <= 9 else 0  # noqa: PLR2004 - any real one fits


def _is_waiting(event: CallEvent) -> bool:
    return event.kind == "hold" and event.body.get("turn") == Turn.WAIT.value and not event.body.get("pressed")


def _held(events: Sequence[CallEvent]) -> Iterator[Entry]:
    if not events:
        return
    reasons = list(dict.fromkeys(str(event.body.get("why", "")) for event in events))
    seconds = round((events[-1].at - events[0].at).total("seconds"))
    keys = tuple(event.key for event in events)
    text = f"Holds ({', then '.join(filter(None, reasons)) or 'for the page'})"
    details = {"event": keys[0], "events": keys, "turns": len(events), "seconds": seconds}
    yield Entry(events[0].at, Kind.HELD, CALLER, text, details)


@dataclass(frozen=True, slots=True)
class _Told:
    """One event in the making. `entry` makes an entry of it."""

    plan: Plan | None
    event: CallEvent

    def entry(self, kind: Kind, text: str, private: str = "", *, who: str = CALLER, **details: object) -> Entry:
        more = {"private": private} if private else {}
        return Entry(self.event.at, kind, who, text, {"event": self.event.key, **details, **more})


def _told(plan: Plan | None, event: CallEvent, following: CallEvent | None) -> list[Entry]:
    told = _Told(plan, event)
    if event.kind == "hold":
        return [_hold_turn(told)]
    entries = [*_done(told), *_noted(told), *_heard(told, following)]
    if entries:
        return entries
    words = {"end": "The call ended before any of its webhooks could be stored", "dialled": "A phone was dialled"}
    return [told.entry(Kind.OTHER, words.get(event.kind, f"Something happened: {event.kind}"), who=SERVER)]


def _hold_turn(told: _Told) -> Entry:
    body = told.event.body
    pressed, why = str(body.get("pressed") or ""), str(body.get("why") or "")
    what = _HOLD.get(str(body.get("turn")), "Holds")
    text = f"{what}{f' ({why})' if why else ''}"
    if pressed:
        return told.entry(Kind.PRESSED, f"Presses {pressed} while holding. {text}", why=why)
    return told.entry(Kind.HELD, text, why=why)


_HOLD: Final = {
    Turn.WAIT.value: "Holds",
    Turn.JOIN.value: "Is brought to the clinician",
    Turn.DIAL.value: "Their own line now dials the staff",
    Turn.TRANSFER.value: "Is put through to the last resort",
    Turn.OFFER_PERSON.value: "Is offered to talk to a person",
    Turn.LEAVE.value: "Hangs up to be called back",
}


def _done(told: _Told) -> Iterator[Entry]:
    """What the caller did."""
    if told.event.kind != "turn":
        return
    given = given_of(told.event)
    sealed = "given" in told.event.private
    if given is None:
        position = position_of(told.event)
        kind = Kind.SAID if _has(told, NoteKind.SAID) else Kind.PRESSED
        what = {Phase.NUMBER: "Enters a number", Phase.FIELD: "Answers a question about the patient"}
        yield told.entry(kind, what.get(position.phase, "Says something") if position else "Answers")
        return
    kind, text = _doing(told, given, sealed=sealed)
    if text:
        yield told.entry(kind, text, _value(given) if sealed else "")


def _doing(  # noqa: PLR0911 - one line for each kind of answer
    told: _Told, given: Input, *, sealed: bool
) -> tuple[Kind, str]:
    match given:
        case Keys(""):
            return Kind.SILENT, "Presses nothing"
        case Keys(_) if sealed:
            return Kind.PRESSED, "Enters digits"
        case Keys(keys):
            label = label_of(told.plan, position_of(told.event), keys) if told.plan else ""
            return Kind.PRESSED, f"Presses {keys}{f' ({label})' if label else ''}"
        case Spoken():
            return Kind.SAID, "Says something"
        case Recorded(seconds, hung_up):
            words = f"Speaks for {seconds} s" if seconds else "Says nothing to be recorded"
            return Kind.RECORDED, f"{words}, and hangs up" if hung_up else words
        case QueueEnded(bridged):
            return Kind.RANG, "Is taken out of the line" if bridged else "Leaves the line"
        case DialEnded() | Entered():
            return Kind.OTHER, ""  # the notes say it


def _value(given: Input) -> str:
    return given.digits if isinstance(given, Keys) else given.words if isinstance(given, Spoken) else ""


def _has(told: _Told, kind: NoteKind) -> bool:
    return any(note.kind is kind for note in notes_of(told.event))


def _noted(told: _Told) -> Iterator[Entry]:
    """What followed from it."""
    for note in notes_of(told.event):
        words = _NOTES.get(note.kind)
        if note.kind is NoteKind.RECORDED and told.event.kind == "dialled":
            yield told.entry(Kind.RECORDED, f"Leaves a recording of {note.detail}")
        elif words is not None:
            kind = _KINDS.get(note.kind, Kind.NOTED)
            yield told.entry(kind, words.format(_readable(note)), note.private, who=SERVER, note=note.kind.value)


def _readable(note: Note) -> str:
    return note.detail.replace("_", " ")


_KINDS: Final = {
    NoteKind.RANG: Kind.RANG,
    NoteKind.QUEUED: Kind.RANG,
    NoteKind.MESSAGE_DONE: Kind.MESSAGE,
    NoteKind.CALLBACK_DONE: Kind.MESSAGE,
}
_NOTES: Final = {
    NoteKind.WRONG_KEY: "That is none of the choices",
    NoteKind.REPEATED: "The words are repeated",
    NoteKind.GAVE_UP: "No choice was made: the call goes on by itself",
    NoteKind.ASKED_FOR_PERSON: "The caller asks for a person",
    NoteKind.LANGUAGE: "The call goes on in {}",
    NoteKind.NUMBER_CONFIRMED: "The number to call back is confirmed",
    NoteKind.NUMBER_ASSUMED: "The number of the call is taken as the one to call back",
    NoteKind.NUMBER_GIVEN: "Another number to call back is given",
    NoteKind.NUMBER_MISSING: "No number to call back is known",
    NoteKind.FIELD_GIVEN: "Given: {}",
    NoteKind.FIELD_MISSING: "Not given: {}",
    NoteKind.INFORMED: "Information was given ({})",
    NoteKind.TOLD_911: "The caller was told to dial 911",
    NoteKind.MESSAGE_DONE: "A message is taken ({})",
    NoteKind.CALLBACK_DONE: "A call-back is queued ({})",
    NoteKind.URGENT: "The clinician on call is asked for ({})",
    NoteKind.SCORE: "The survey's answer: {}",
    NoteKind.RANG: "Rung: {}",
    NoteKind.QUEUED: "Holding in the line of {}",
    NoteKind.NOT_RECORDED: "Nothing was recorded",
    NoteKind.LOST: "The plan has no such step as {}: on to a person",
}
"""ENTERED, CHOSE, SAID, SILENCE and RECORDED are told by what the caller heard and did."""


def _heard(told: _Told, following: CallEvent | None) -> Iterator[Entry]:
    taken = step_of(told.plan, told.event) if told.plan else None
    path = tuple(note.detail for note in notes_of(told.event) if note.kind is NoteKind.ENTERED)
    if taken is None or told.plan is None:
        if path:
            yield told.entry(Kind.HEARD, f"Comes to: {', '.join(path)}", node=path[-1])
        return
    words = words_of(told.plan, taken, position_of(following) if following else None)
    if words:
        at = taken.position
        yield told.entry(Kind.HEARD, words, node=at.node, language=at.language, path=path)
