"""Taking what a caller enters or says: the call-back number, a message's fields, a recording."""

from dataclasses import replace
from typing import Final

import phonenumbers
from whenever import Date

from ivr import entering
from ivr.entering import Walk
from ivr.flow import Connect, Field, Message, Node
from ivr.inputs import Input, Keys, NoteKind, Recorded
from ivr.prompts import own

NUMBER_TRIES: Final = 3
CONFIRM_TRIES: Final = 2
"""One repeat only: behind it somebody waits for a clinician."""
FIELD_TRIES: Final = 3

PATIENCE: Final = 40
"""Turns after which a silent line that says no number is not led to a person once more: it may be a pocket's."""
REPEAT: Final = (Keys("*"), Keys("#"))
"""Star says it again. So does pound, which people press behind a key because other prompts asked for it."""
_TIMES: Final = {"1": "morning", "2": "afternoon", "3": "any time"}
_OLDEST_YEAR: Final = 1890


def confirm_number(walk: Walk, node: Node, given: Input) -> None:
    """1: the number is right; 2: another. Silence takes the number that the call came from.

    0 asks for a person: from a message it leads there; who is being connected to one is kept waiting no longer.
    """
    if given == Keys("1"):
        walk.note(NoteKind.NUMBER_CONFIRMED)
        _go_on(walk, node)
    elif given == Keys("2"):
        entering.ask_number_keys(walk)
    elif given in REPEAT:
        walk.note(NoteKind.REPEATED)
        entering.ask_confirmation(walk, tries=walk.position.tries)
    elif given == Keys("0") and isinstance(node, Message):
        _to_person(walk)
    elif given != Keys("0") and walk.position.tries + 1 < CONFIRM_TRIES:
        _sorry(walk, given, "wrong_key")
        entering.ask_confirmation(walk, tries=walk.position.tries + 1)
    else:
        walk.note(NoteKind.NUMBER_ASSUMED)
        _go_on(walk, node)


def take_number(walk: Walk, node: Node, given: Input) -> None:
    """A typed telephone number, checked against the region's numbering plan. It never stops the call; 0 as above."""
    digits = given.digits if isinstance(given, Keys) else ""
    number = callback_number(digits, walk.flow.region)
    if number is not None:
        walk.note(NoteKind.NUMBER_GIVEN, private=number)
        walk.position = replace(walk.position, withheld=False)
        _go_on(walk, node)
    elif given in REPEAT:
        walk.note(NoteKind.REPEATED)
        entering.ask_number_keys(walk, tries=walk.position.tries)
    elif digits == "0" and isinstance(node, Message):
        _to_person(walk)
    elif digits != "0" and walk.position.tries + 1 < NUMBER_TRIES:
        _sorry(walk, given, "bad_number")
        entering.ask_number_keys(walk, tries=walk.position.tries + 1)
    else:
        walk.note(NoteKind.NUMBER_MISSING if walk.position.withheld else NoteKind.NUMBER_ASSUMED)
        _go_on(walk, node)


def callback_number(digits: str, region: str) -> str | None:
    """The typed digits as E.164, or None when they cannot be a number. Fictional numbers (555-01xx) pass."""
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def take_field(walk: Walk, node: Node, given: Input) -> None:
    """One of a message's fields. After three tries it is left out: the message matters more than its form."""
    index = walk.position.index
    if not isinstance(node, Message) or index >= len(node.ask):
        walk.go(node.name)
        return
    wanted = node.ask[index]
    if given == Keys("0"):
        _to_person(walk)
        return
    if given in REPEAT:
        walk.note(NoteKind.REPEATED)
        entering.go_on_with_message(walk, node, index, tries=walk.position.tries)
        return
    value = _field_value(wanted, given, walk.today)
    if value is not None:
        walk.note(NoteKind.FIELD_GIVEN, wanted.value, value)
    elif walk.position.tries + 1 < FIELD_TRIES:
        _sorry(walk, given, "bad_date" if wanted is Field.DATE_OF_BIRTH else "wrong_key")
        entering.go_on_with_message(walk, node, index, tries=walk.position.tries + 1)
        return
    else:
        walk.note(NoteKind.FIELD_MISSING, wanted.value)
    entering.go_on_with_message(walk, node, index + 1)


def _sorry(walk: Walk, given: Input, wrong: str) -> None:
    """Say what was the matter with the answer: `wrong` with what was keyed, or that nothing came."""
    keyed = isinstance(given, Keys) and bool(given.digits)
    walk.say.append(own(wrong if keyed else "nothing_heard", walk.position.language))


def _field_value(wanted: Field, given: Input, today: Date | None) -> str | None:
    """What was given for the field; None when it is not an answer to it."""
    match given:
        case Recorded(seconds) if wanted is Field.PATIENT_NAME and seconds > 0:
            return f"recording of {seconds} s"
        case Keys(digits) if wanted is Field.PREFERRED_TIME:
            return _TIMES.get(digits)
        case Keys(digits) if wanted is Field.DATE_OF_BIRTH:
            return date_of_birth(digits, today)
        case _:
            return None


def date_of_birth(digits: str, today: Date | None) -> str | None:
    """Eight keys as an ISO date: month, day, year, as asked for; None when there is no such day up to today.

    Callers from elsewhere key the day first, and some the year: taken so where the asked order gives no day.
    """
    if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - MMDDYYYY
        return None
    month_first = digits[4:], digits[:2], digits[2:4]
    day_first = digits[4:], digits[2:4], digits[:2]
    year_first = digits[:4], digits[4:6], digits[6:]
    found = (_day(*(int(part) for part in parts), today=today) for parts in (month_first, day_first, year_first))
    return next((str(day) for day in found if day is not None), None)


def _day(year: int, month: int, day: int, *, today: Date | None) -> Date | None:
    try:
        found = Date(year, month, day)
    except ValueError:
        return None
    return found if found.year >= _OLDEST_YEAR and (today is None or found <= today) else None


def take_recording(walk: Walk, node: Node, given: Input) -> None:
    """The message itself. Silence is asked about once; after that the request counts without words."""
    if not isinstance(node, Message):
        walk.go(node.name)
        return
    seconds = given.seconds if isinstance(given, Recorded) else 0
    hung_up = isinstance(given, Recorded) and given.hung_up
    if seconds > 0:
        walk.note(NoteKind.RECORDED, f"{seconds} s")
    elif walk.position.tries == 0 and not hung_up:
        walk.say.append(own("nothing_recorded", walk.position.language))
        entering.go_on_with_message(walk, node, walk.position.index, tries=1)
        return
    elif entering.must_say_number(walk, node):
        # There is no number, spoken or keyed: to promise a call-back would be a lie.
        walk.note(NoteKind.NOT_RECORDED)
        if hung_up or walk.position.turn > PATIENCE:
            walk.end("goodbye")
        else:
            _to_person(walk)
        return
    else:
        walk.note(NoteKind.NOT_RECORDED)
    entering.finish_message(walk, node)


def take_reason(walk: Walk, _node: Node, given: Input) -> None:
    """Why the caller needs the clinician, who is being rung meanwhile; then the caller holds."""
    seconds = given.seconds if isinstance(given, Recorded) else 0
    walk.note(*((NoteKind.RECORDED, f"{seconds} s") if seconds else (NoteKind.NOT_RECORDED, "")))
    entering.hold(walk)


def _go_on(walk: Walk, node: Node) -> None:
    walk.position = replace(walk.position, tries=0)
    if isinstance(node, Connect):
        entering.open_page(walk)
    elif isinstance(node, Message):
        entering.go_on_with_message(walk, node, 0)
    else:
        walk.go(node.name)


def _to_person(walk: Walk) -> None:
    walk.note(NoteKind.ASKED_FOR_PERSON)
    walk.go(walk.flow.person)
