"""The types of the document's fields: how each is read, its short forms, and its JSON Schema."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from whenever import Date, Time, TimeDelta, Weekday

from escalation.roster import LAST_DAY, Shift
from routing.opening import Deadline, Window
from routing.plan import grammar
from routing.plan.faults import MisreadError
from routing.plan.grammar import quoted

T = TypeVar("T")
FIRST_LANGUAGE: Final = ""
"""Stands for the practice's first language where a text is given without one."""
CALLER_WORDS: Final = ("blocked", "withheld", "unknown")
"""What a route may say of a caller besides numbers; the last two mean the same."""
FAULT: Final = "{fault}"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_UNSPEAKABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MOST_WORDS: Final = 4000


class Part(BaseModel):
    """A part of the document: unknown keys are refused, nothing is converted silently, nothing changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


def refusal(misread: MisreadError) -> PydanticCustomError:
    """The misread value as pydantic carries it; `routing.plan.reading` makes a Fault of it again."""
    told = {"fault": misread.fault, "mend": misread.mend, "check": misread.check}
    return PydanticCustomError("misread", FAULT, told)


def _reads(parse: Callable[[str], T], expected: str) -> PlainValidator:
    """A validator that gives text to the grammar and refuses everything else."""

    def validate(value: object) -> T:
        if not isinstance(value, str):
            raise PydanticCustomError("not_text", "{expected}", {"expected": expected})
        try:
            return parse(value)
        except MisreadError as misread:
            raise refusal(misread) from None

    return PlainValidator(validate)


def _between(low: str, high: str) -> Callable[[str], TimeDelta]:
    """The duration grammar, within bounds (both allowed)."""

    def parse(text: str) -> TimeDelta:
        made = grammar.duration(text)
        if not grammar.duration(low) <= made <= grammar.duration(high):
            raise MisreadError(
                "duration", f"{quoted(text)} is out of bounds", f"Choose a duration from {low} to {high}."
            )
        return made

    return parse


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        mend = "Use letters, digits, `_` and `-`, at most 64 of them."
        raise MisreadError("name", f"{quoted(text)} cannot be a name", mend)
    return text


def _tag(text: str) -> str:
    if text == FIRST_LANGUAGE or _TAG.fullmatch(text):
        return text
    mend = "Write a language with its region, such as en-US or es-US."
    raise MisreadError("language", f"{quoted(text)} is not a language", mend)


def _words(text: str) -> str:
    words = " ".join(_UNSPEAKABLE.sub("\ufffd", text).split())
    if not words:
        raise MisreadError("text", "the text is empty", "Write the words, or leave the key out.")
    if "\ufffd" in words:
        raise MisreadError("text", "the text holds a character that cannot be spoken", "Write it anew as plain text.")
    if len(words) > _MOST_WORDS:
        raise MisreadError("text", "the text is too long to be spoken", "Keep it to a few sentences.")
    return words


def _key(text: str) -> str:
    if text in {"*", "#"}:
        mend = "`*` repeats the prompt and `#` ends an entry, everywhere. Use a digit from 0 to 9."
        raise MisreadError("key", f"`{text}` cannot be a choice", mend)
    if not (len(text) == 1 and text.isascii() and text.isdigit()):
        raise MisreadError("key", f"{quoted(text)} is not a key of the telephone", "Use a digit from 0 to 9.")
    return text


def _caller_rule(text: str) -> str:
    """`+1617` or a whole number: `+` and digits."""
    bare = re.sub(r"[ ().-]", "", text)
    if not re.fullmatch(r"\+[1-9][0-9]{0,14}", bare):
        mend = 'Write "+1617" (a prefix), a whole number, `blocked` or `withheld`.'
        raise MisreadError("number", f"{quoted(text)} is neither a number nor the beginning of one", mend)
    return bare


def _caller(text: str) -> str:
    return text if text in CALLER_WORDS else _caller_rule(text)


def _days(text: str) -> str:
    grammar.days(text)
    return text


def as_list(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    """One text stands for a list of it."""
    return [value] if isinstance(value, str) else value


def _in_first_language(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {FIRST_LANGUAGE: value} if isinstance(value, str) else value


def _text(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def _handoff_day(value: object) -> Weekday | int:
    """A day of the month may be written as a bare number; 31 itself is kept apart from `last`."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise PydanticCustomError("not_text", "{expected}", {"expected": "a day such as mon, 1 or last"})
    try:
        found = grammar.handoff_day(text)
    except MisreadError as misread:
        raise refusal(misread) from None
    if found == LAST_DAY and text.strip().lower() != "last":
        mend = "Write `last` for the last day of every month."
        raise refusal(MisreadError("rotation", "not every month has a 31st", mend))
    return found


_reads_day: Final = PlainValidator(_handoff_day)
_MONEY: Final = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"
_LENGTH: Final = _text(r"^\s*[0-9]{1,6} ?[A-Za-z]+\s*$", "20s", "3m", "12 hours", "1 week")
_AN_AMOUNT: Final = 'a duration in quotes, such as "20s"'

Name = Annotated[str, _reads(_name, "a name"), _text(r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$", "night")]
Words = Annotated[str, _reads(_words, "text in quotes"), WithJsonSchema({"type": "string", "minLength": 1})]
Language = Annotated[str, _reads(_tag, "a language"), _text(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
Key = Annotated[str, _reads(_key, "a key"), _text("^[0-9]$", "1")]
Number = Annotated[
    str,
    _reads(grammar.number, 'a telephone number in quotes, such as "+16175550100"'),
    _text(r"^\+[1-9][0-9 ().-]{6,24}$", "+16175550100"),
]
Caller = Annotated[str, _reads(_caller, "a number in quotes"), _text(r"^(blocked|withheld|unknown|\+.*)$", "blocked")]
CallerRule = Annotated[str, _reads(_caller_rule, "a number in quotes"), _text(r"^\+[1-9][0-9 ().-]*$", "+1617")]
Zone = Annotated[str, _reads(grammar.zone, "a time zone"), _text("^.+$", "America/New_York")]
DaysText = Annotated[str, _reads(_days, "days"), _text("^[A-Za-z, -]+$", "mon-fri", "sat", "mon,wed")]
"""Days of the week as written, which `grammar.days` understands."""
Day = Annotated[Weekday, _reads(grammar.weekday, "a day of the week"), _text("^[A-Za-z]+$", "mon")]
HandoffDay = Annotated[Weekday | int, _reads_day, _text("^([A-Za-z]+|[0-9]{1,2})$", "mon", "1", "last")]
"""A weekday, or the day of the month as a number (31 only as `last`)."""
ClockTime = Annotated[
    Time, _reads(grammar.time, 'a time in quotes, such as "19:00"'), _text("^[0-9]{1,2}:[0-9]{2}$", "19:00")
]
WindowText = Annotated[
    Window,
    _reads(grammar.window, 'a window in quotes, such as "08:30-12:00"'),
    _text("^[0-9]{1,2}:[0-9]{2}\\s*[-\N{EN DASH}]\\s*[0-9]{1,2}:[0-9]{2}$", "08:30-12:00"),
]
WindowsByDay = dict[
    DaysText,
    Annotated[
        list[WindowText],
        Field(min_length=1),
        BeforeValidator(as_list, json_schema_input_type=list[WindowText] | WindowText),
    ],
]
"""Windows by the days on which they begin."""
DateText = Annotated[
    Date, _reads(grammar.date, "a date such as 2026-12-24"), _text(r"^\d{4}-\d{2}-\d{2}$", "2026-12-24")
]
DeadlineText = Annotated[
    Deadline,
    _reads(grammar.deadline, 'a deadline, such as "30 office minutes"'),
    _text("^.+$", "10m", "30 office minutes", "next office day 12:00"),
]
ShiftText = Annotated[Shift, _reads(grammar.shift, 'a length such as "1 week"'), _LENGTH]
RefreshTime = Annotated[TimeDelta, _reads(_between("5m", "24h"), _AN_AMOUNT), _LENGTH]
StaleTime = Annotated[TimeDelta, _reads(_between("1h", "30d"), _AN_AMOUNT), _LENGTH]
ConfirmTime = Annotated[TimeDelta, _reads(_between("1m", "4h"), _AN_AMOUNT), _LENGTH]
AheadTime = Annotated[TimeDelta, _reads(_between("5m", "14d"), _AN_AMOUNT), _LENGTH]
Money = Annotated[
    Decimal,
    _reads(grammar.money, 'an amount in quotes, such as "25.00"'),
    _text(_MONEY, "25.00"),
]
FeedUrl = Annotated[
    str,
    _reads(grammar.feed_url, "an address in quotes"),
    _text("^(https?|webcal)://.+$", "https://example.org/oncall.ics"),
]
RingTime = Annotated[TimeDelta, _reads(_between("5s", "10m"), _AN_AMOUNT), _LENGTH]
AgainTime = Annotated[TimeDelta, _reads(_between("1m", "1h"), _AN_AMOUNT), _LENGTH]
LimitTime = Annotated[TimeDelta, _reads(_between("10m", "24h"), _AN_AMOUNT), _LENGTH]
StepTime = Annotated[TimeDelta, _reads(_between("5s", "24h"), _AN_AMOUNT), _LENGTH]
HoldTime = Annotated[TimeDelta, _reads(_between("10s", "4h"), _AN_AMOUNT), _LENGTH]
KeyTime = Annotated[TimeDelta, _reads(_between("1s", "1m"), _AN_AMOUNT), _LENGTH]
ReopenTime = Annotated[TimeDelta, _reads(_between("1m", "24h"), _AN_AMOUNT), _LENGTH]

Say = Annotated[
    dict[Language, Words],
    Field(min_length=1),
    BeforeValidator(_in_first_language, json_schema_input_type=dict[Language, Words] | Words),
]
"""Words by language; a bare text is in the practice's first language."""
Numbers = Annotated[list[Number], BeforeValidator(as_list, json_schema_input_type=list[Number] | Number)]
Names = Annotated[list[Name], BeforeValidator(as_list, json_schema_input_type=list[Name] | Name)]
