"""The document's calendar: rotations, schedules, calendars from elsewhere, limits and pay, as they are written."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from whenever import TimeDelta

from routing.plan.faults import MisreadError
from routing.plan.fields import (
    AheadTime,
    ClockTime,
    ConfirmTime,
    DateText,
    FeedUrl,
    HandoffDay,
    LimitTime,
    Money,
    Name,
    Names,
    Part,
    RefreshTime,
    ShiftText,
    StaleTime,
    WindowsByDay,
    Words,
    Zone,
    as_list,
    refusal,
)


class HandoffDoc(Part):
    """When a turn ends and the next begins."""

    at: ClockTime
    """The time on the wall of the practice's zone."""
    day: HandoffDay | None = None
    """The weekday, for shifts of whole weeks; the day of the month (1 to 28, or `last`), for shifts of whole months.

    The day of `from` when left out."""


def _at_only(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"at": value} if isinstance(value, str) else value


SharesDoc = dict[Name, Annotated[int, Field(ge=1, le=20)]]


class ChangeDoc(Part):
    """Other members, from a date on."""

    from_: DateText = Field(alias="from")
    """They take turns from the first handoff on or after this date; the turns before it stay as they were."""
    members: Names
    """Staff ids in the order of their turns; the first takes the first turn."""
    shares: SharesDoc = Field(default_factory=dict)
    """Who of them takes more turns than the others."""


class RotationDoc(Part):
    """People who take turns."""

    members: Names
    """Staff ids in the order of their turns."""
    shares: SharesDoc = Field(default_factory=dict)
    """Who takes more turns than the others: `{osei: 2}` takes two for each one of theirs."""
    on_duty: Annotated[int, Field(ge=1, le=20)] = 1
    """How many people have each turn together; the first of them is the primary."""
    changes: list[ChangeDoc] = Field(default_factory=list)
    """Other members from later dates on, in the order of the dates."""
    timezone: Zone | None = None
    """The IANA zone of the handoffs; the practice's when left out."""
    shift: ShiftText
    """How long a turn lasts: "1 week", "1 day", "12 hours", "1 month"."""
    handoff: Annotated[HandoffDoc, BeforeValidator(_at_only, json_schema_input_type=HandoffDoc | ClockTime)]
    """When a turn ends and the next begins."""
    from_: DateText = Field(alias="from")
    """The first turn starts at the first handoff on or after this date."""


class LayerDoc(Part):
    """A rotation, or a calendar from elsewhere, in a schedule."""

    rotation: Name | None = None
    """The rotation."""
    calendar: Name | None = None
    """The calendar, instead of a rotation."""
    only: WindowsByDay = Field(default_factory=dict)
    """The windows in which it counts, by days, over midnight if need be; always when left out."""
    shifted: Annotated[int, Field(ge=0, le=100)] = 0
    """How many turns ahead: 1 is whoever is next."""
    holidays: Literal["too", "only", "never"] = "too"
    """Whether it counts on the practice's holidays: a window counts by the date on which it begins."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.rotation is None) == (self.calendar is None):
            fault = "the layer has nobody in it" if self.rotation is None else "the layer has two sources"
            raise refusal(MisreadError("form", fault, "Give it either `rotation: <name>` or `calendar: <name>`."))
        if self.calendar is not None and self.shifted:
            mend = "Leave `shifted` out, or derive the backup from a rotation."
            raise refusal(MisreadError("form", "a calendar from elsewhere has no turns to shift", mend))
        return self


def _rotation_only(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"rotation": value} if isinstance(value, str) else value


class ConfirmDoc(Part):
    """Whoever goes on call must answer a test page."""

    within: ConfirmTime = TimeDelta(minutes=15)
    """How long after the start of the shift it may take; then the person before stays on, and the operators are told.
    """


def _confirm(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


def _day_and_hour() -> list[TimeDelta]:
    return [TimeDelta(hours=24), TimeDelta(hours=1)]


class ScheduleDoc(Part):
    """Who is on call when."""

    tell: Annotated[
        list[AheadTime],
        BeforeValidator(as_list, json_schema_input_type=list[AheadTime] | AheadTime),
        Field(max_length=5),
    ] = Field(default_factory=_day_and_hour)
    """How long before their shift whoever goes on call is told by SMS; `[]`: not at all."""
    confirm: Annotated[
        ConfirmDoc | None, BeforeValidator(_confirm, json_schema_input_type=ConfirmDoc | bool | None)
    ] = None
    """Whether they must answer a test page when it starts: `true`, or `{within: 15m}`."""

    layers: Annotated[
        list[Annotated[LayerDoc, BeforeValidator(_rotation_only, json_schema_input_type=LayerDoc | str)]],
        Field(min_length=1),
    ]
    """The first layer with someone on duty wins; a bare name is a rotation that always counts."""


class CalendarDoc(Part):
    """A calendar that is kept elsewhere, as an iCalendar feed."""

    url: FeedUrl
    """Its address, as the other calendar gives it out."""
    names: dict[Words, Name] = Field(default_factory=dict)
    """Who is meant: the words that its events use, and the staff id; ids and whole names are understood without."""
    ignore: Annotated[list[Words], BeforeValidator(as_list, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    """Events that are nobody's: the words that they use."""
    refresh: RefreshTime = TimeDelta(minutes=30)
    """How often it is fetched."""
    stale_after: StaleTime = TimeDelta(hours=24)
    """How long it may fail to be fetched before the operators are told; the last good copy is used all the while."""


class LimitsDoc(Part):
    """What being on call must not ask of anybody."""

    nights_in_a_row: Annotated[int, Field(ge=1, le=31)] = 7
    """More nights than this in a row are told as a thin spot."""
    rest_hours: Annotated[int, Field(ge=1, le=48)] = 8
    """Less rest than this between two shifts is told as a thin spot."""
    verified_only: bool = False
    """Whether only numbers count at which somebody has once pressed a key."""
    rings: Annotated[int, Field(ge=1, le=1000)] | None = 20
    """How often one person is rung within `rings_within`. More often only by a page that has not rung them before, or
    where nobody else can be called; `null`: without limit."""
    rings_within: LimitTime = TimeDelta(hours=1)
    """The time in which their ringings are counted."""
    warn_days: Annotated[int, Field(ge=1, le=90)] = 14
    """How many days before an empty shift the operators are told."""


class PayDoc(Part):
    """What being on call is paid, in the practice's currency."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])] = "USD"
    """Three letters, as in ISO 4217."""
    hour: Money = Decimal(0)
    """For an hour that is none of the following."""
    night_hour: Money | None = None
    """For an hour between 22:00 and 07:00."""
    weekend_hour: Money | None = None
    """For an hour on a Saturday or Sunday, by day or by night."""
    holiday_hour: Money | None = None
    """For an hour on one of the practice's holidays; this comes before the others."""
    page: Money = Decimal(0)
    """For a page that the person took."""
    schedules: dict[Name, Money] = Field(default_factory=dict)
    """What an hour on a schedule counts, such as `{backup: "0.5"}`; "1" when left out."""


class SwapsDoc(Part):
    """How people swap."""

    approve: bool = False
    """Whether a swap waits for the practice's approval."""
