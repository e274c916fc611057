"""The document: one practice's plan as its operators write it.

Every field's docstring is its description in the published JSON Schema. What refers to what, and whether a caller
always has a way on, is for `routing.plan.checks`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from whenever import TimeDelta

from routing.plan.document_calendar import CalendarDoc, LimitsDoc, PayDoc, RotationDoc, ScheduleDoc, SwapsDoc
from routing.plan.document_flow import NodeDoc
from routing.plan.document_people import CategoryDoc, PolicyDoc, StaffDoc
from routing.plan.faults import MisreadError
from routing.plan.fields import (
    Caller,
    CallerRule,
    DateText,
    DaysText,
    Language,
    Name,
    Names,
    Number,
    Numbers,
    Part,
    RingTime,
    Say,
    WindowText,
    Words,
    Zone,
    as_list,
    refusal,
)
from routing.plan.source import Source

HoursName = Literal["open", "closed", "holiday", "closure"]
Lines = Literal["free", "busy"]
ANY_LINES = "*"
"""Stands for the only destination that has `lines`, where a route says just `lines: busy`."""


class LanguageDoc(Part):
    """A language of the practice."""

    voice: Words | None = None
    """Twilio's name for the voice; en-US and es-US have one by default."""


def _languages(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    if isinstance(value, list):
        return {tag: {} for tag in value} if all(isinstance(tag, str) for tag in value) else value
    if isinstance(value, dict):
        return {tag: {} if entry is None else entry for tag, entry in value.items()}
    return value


class HolidaysDoc(Part):
    """Whose public holidays are kept."""

    country: Annotated[str, Field(examples=["US"])]
    """The country (ISO 3166)."""
    subdivision: Annotated[str | None, Field(examples=["MA"])] = None
    """The state or province."""
    open_on: Annotated[list[Words], BeforeValidator(as_list, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    """Holidays, by name, on which the weekly hours count all the same."""


Windows = Annotated[list[WindowText], BeforeValidator(as_list, json_schema_input_type=list[WindowText] | WindowText)]


class ExceptionDoc(Part):
    """The hours of one date, whatever the week and the holidays say."""

    date: DateText
    """The date."""
    open: Windows = Field(default_factory=list)
    """When it is open; empty: closed all day."""
    name: Words
    """What the day is called, as the reasons tell it."""


class HoursDoc(Part):
    """The opening hours, on the wall clock of the practice's zone."""

    weekly: dict[DaysText, Windows]
    """Windows by days: `mon-fri: ["08:30-12:00", "13:00-17:00"]`."""
    holidays: HolidaysDoc | None = None
    """The public holidays on which it is closed."""
    exceptions: list[ExceptionDoc] = Field(default_factory=list)
    """Single dates with hours of their own; they win over holidays."""


class DestinationDoc(Part):
    """Where a call can be transferred."""

    numbers: Annotated[Numbers, Field(min_length=1, max_length=10)]
    """The numbers that ring."""
    ring: Literal["all", "in turn"] = "in turn"
    """Whether they ring at once or one after the other."""
    ring_for: RingTime = TimeDelta(seconds=25)
    """How long it rings."""
    lines: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many calls it can take at once, for `lines: busy`."""
    screened: bool = False
    """Whether who picks up must press a key, so that a voicemail is never taken for a person."""


def _lines(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {ANY_LINES: value} if isinstance(value, str) else value


class WhenDoc(Part):
    """What must hold for a route; all of it."""

    hours: (
        Annotated[
            list[HoursName],
            BeforeValidator(as_list, json_schema_input_type=list[HoursName] | HoursName),
            Field(min_length=1),
        ]
        | None
    ) = None
    """What the opening hours say: one or several of open, closed, holiday, closure."""
    lines: Annotated[dict[str, Lines], BeforeValidator(_lines, json_schema_input_type=dict[str, Lines] | Lines)] = (
        Field(default_factory=dict)
    )
    """Whether a destination has a free line: `busy`, or by name `{front_desk: busy}`."""
    caller: (
        Annotated[
            list[Caller],
            BeforeValidator(as_list, json_schema_input_type=list[str] | str),
            Field(min_length=1),
        ]
        | None
    ) = None
    """Who calls: `blocked`, `withheld` (or `unknown`), or numbers and prefixes."""
    dialled: Annotated[Numbers, Field(min_length=1)] | None = None
    """Which of the practice's numbers was dialled."""


class RouteDoc(Part):
    """Where a call goes when `when` holds; the first route that matches is taken."""

    when: WhenDoc = Field(default_factory=WhenDoc)
    """What must hold; without it the route takes every call."""
    go: Name | None = None
    """The node of the flow."""
    reject: Literal["busy", "rejected"] | None = None
    """How the call is turned away instead."""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.go is None) == (self.reject is None):
            fault = "the route leads nowhere" if self.go is None else "the route both goes on and rejects"
            raise refusal(MisreadError("form", fault, "Give it either `go: <node>` or `reject: busy`."))
        return self


class OperatorsDoc(Part):
    """Who is told when the server needs a person."""

    page: Names = Field(default_factory=list)
    """The operators' own on call: schedules, rotations, staff ids; one or a list. Whoever it is then gets a text.

    A text that does not arrive turns into a call, and one that nobody picks up goes on to their next number.
    """
    sms: Numbers = Field(default_factory=list)
    """Numbers that get a text, whoever is on call."""
    call: bool = False
    """Whether the same people are rung, too, where it cannot wait: a page that nobody took, Twilio or a worker down.

    They hear what it is, twice, and confirm with 1.
    """
    webhook: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=500)] | None = None
    """An address, `https://...`, to which each alert is posted as JSON: signed, in three tries, followed nowhere."""
    email: Annotated[
        list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]],
        BeforeValidator(as_list, json_schema_input_type=list[str] | str),
    ] = Field(default_factory=list)
    """Kept for the record: no mail is sent."""


class WaiverDoc(Part):
    """A fault that is accepted, and recorded."""

    check: Annotated[str, Field(examples=["missing-language"])]
    """The name of the check, as the fault tells it."""
    at: str = ""
    """Only faults at this path or below it."""
    because: Words
    """Why it is accepted."""


class Document(Part):
    """One practice's plan."""

    practice: Name
    """The practice's id."""
    name: Words
    """The practice's name, as it is spoken."""
    timezone: Zone
    """The IANA zone of every wall-clock time in the plan."""
    numbers: Annotated[Numbers, Field(min_length=1)]
    """The dialled numbers that belong to this practice."""
    caller_id: Number | None = None
    """What clinicians and called-back patients see; the first of `numbers` when left out."""
    languages: Annotated[
        dict[Language, LanguageDoc],
        BeforeValidator(_languages, json_schema_input_type=dict[Language, LanguageDoc | None] | list[Language]),
        Field(min_length=1),
    ]
    """The languages with their voices; a call begins in the first."""
    hours: HoursDoc
    """The opening hours."""
    destinations: dict[Name, DestinationDoc] = Field(default_factory=dict)
    """Where calls can be transferred, by name."""
    routes: Annotated[list[RouteDoc], Field(min_length=1)]
    """Where calls go; the first that matches."""
    flow: Annotated[dict[Name, NodeDoc], Field(min_length=1)]
    """What callers hear and press, by node."""
    person: Name | None = None
    """The node that 0 leads to in menus without a 0 of their own; the first `connect` of the flow when left out."""
    emergency_advice: Say = Field(default_factory=dict)
    """The advice to dial 911, spoken first; English and Spanish have one by default."""
    staff: list[StaffDoc] = Field(default_factory=list)
    """The people who can be on call."""
    rotations: dict[Name, RotationDoc] = Field(default_factory=dict)
    """How people take turns, by name."""
    schedules: dict[Name, ScheduleDoc] = Field(default_factory=dict)
    """Who is on call when, by name."""
    calendars: dict[Name, CalendarDoc] = Field(default_factory=dict)
    """Calendars that are kept elsewhere, by name, for layers of schedules."""
    limits: LimitsDoc = Field(default_factory=LimitsDoc)
    """What the calendar must not ask of anybody, and when the operators are told."""
    swaps: SwapsDoc = Field(default_factory=SwapsDoc)
    """Whether a swap needs the practice's approval."""
    pay: PayDoc | None = None
    """What being on call is paid; without it there is no pay sheet."""
    policies: dict[Name, PolicyDoc] = Field(default_factory=dict)
    """How a page reaches a person, by name."""
    categories: dict[Name, CategoryDoc] = Field(default_factory=dict)
    """Kinds of pages and messages, by name."""
    blocked: Annotated[list[CallerRule], BeforeValidator(as_list, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    """Numbers and prefixes for `caller: blocked`."""
    operators: OperatorsDoc = Field(default_factory=OperatorsDoc)
    """The operators: where they are told."""
    waivers: list[WaiverDoc] = Field(default_factory=list)
    """Faults that are accepted, each with its reason."""
    _source: Source = PrivateAttr(default_factory=Source)

    @property
    def source(self) -> Source:
        """Where each value stood in the text."""
        return self._source

    @property
    def first_language(self) -> str:
        """The language that a call begins in."""
        return next(iter(self.languages))
