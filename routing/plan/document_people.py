"""The document's people: staff, rotations, schedules, policies and categories, as they are written."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from whenever import TimeDelta

from routing.plan.fields import (
    ClockTime,
    DateText,
    Day,
    DaysText,
    DeadlineText,
    HoldTime,
    Name,
    Names,
    Number,
    Numbers,
    Part,
    ReopenTime,
    RingTime,
    ShiftText,
    StepTime,
    WindowText,
    Words,
    as_list,
)

By = Literal["call", "sms"]


class StaffDoc(Part):
    """One of the people who can be on call."""

    id: Name
    """What rotations and policies call them."""
    name: Words
    """Their name, as it is shown and spoken."""
    voice: Numbers = Field(default_factory=list)
    """The numbers to call, tried in this order."""
    sms: Number | None = None
    """The number to text."""


class HandoffDoc(Part):
    """When a turn ends and the next begins."""

    at: ClockTime
    """The time on the wall of the practice's zone."""
    day: Day | None = None
    """The weekday, for shifts of whole weeks; the weekday of `from` when left out."""


def _at_only(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"at": value} if isinstance(value, str) else value


class RotationDoc(Part):
    """People who take turns."""

    members: Names
    """Staff ids in the order of their turns."""
    shift: ShiftText
    """How long a turn lasts: "1 week", "1 day", "12 hours"."""
    handoff: Annotated[HandoffDoc, BeforeValidator(_at_only, json_schema_input_type=HandoffDoc | ClockTime)]
    """When a turn ends and the next begins."""
    from_: DateText = Field(alias="from")
    """The first turn starts at the first handoff on or after this date."""


class LayerDoc(Part):
    """A rotation in a schedule."""

    rotation: Name
    """The rotation."""
    only: dict[
        DaysText,
        Annotated[list[WindowText], BeforeValidator(as_list, json_schema_input_type=list[WindowText] | WindowText)],
    ] = Field(default_factory=dict)
    """The windows in which it counts, by days, over midnight if need be; always when left out."""
    shifted: Annotated[int, Field(ge=0, le=100)] = 0
    """How many turns ahead: 1 is whoever is next."""


def _rotation_only(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"rotation": value} if isinstance(value, str) else value


class ScheduleDoc(Part):
    """Who is on call when."""

    layers: Annotated[
        list[Annotated[LayerDoc, BeforeValidator(_rotation_only, json_schema_input_type=LayerDoc | str)]],
        Field(min_length=1),
    ]
    """The first layer with someone on duty wins; a bare name is a rotation that always counts."""


def _both_means() -> list[By]:
    return ["call", "sms"]


class StepDoc(Part):
    """One step of a policy."""

    page: Annotated[Names, Field(min_length=1)]
    """Whom to page: schedules, rotations, staff ids; one or a list."""
    by: Annotated[
        list[By], BeforeValidator(as_list, json_schema_input_type=list[By] | By), Field(min_length=1, max_length=2)
    ] = Field(default_factory=_both_means)
    """By which means."""
    for_: StepTime = Field(alias="for")
    """How long to wait before the next step."""
    ring: Literal["all", "in turn"] = "in turn"
    """Whether several people ring at once or one after the other."""


class LastResortDoc(Part):
    """What happens when every step has passed."""

    transfer: Name | None = None
    """The destination that the caller is put through to."""
    alert: Literal["operators"] | None = None
    """Whether the operators are told."""


class PolicyDoc(Part):
    """How a page reaches a person."""

    steps: list[StepDoc]
    """Whom to page, in order."""
    repeat: Annotated[int, Field(ge=0, le=20)] = 0
    """How often all steps are walked again."""
    ring_for: RingTime = TimeDelta(seconds=25)
    """How long one phone rings."""
    hold_at_most: HoldTime = TimeDelta(minutes=3)
    """How long the caller is kept on the line."""
    last_resort: LastResortDoc = Field(default_factory=LastResortDoc)
    """What happens when nobody accepted."""


class CategoryDoc(Part):
    """A kind of page or message."""

    policy: Name | None = None
    """How its pages reach a person; none: messages only."""
    reach_within: DeadlineText | None = None
    """By when the patient is reached; "10m" with a policy, "30 office minutes" without, when left out."""
    reopen_if_not_called_back: ReopenTime | None = None
    """A page that was accepted is opened again after this, unless the patient was reached; "20m" by default."""
    page_on_hang_up: bool = True
    """Whether a caller who hangs up before being connected is paged about all the same."""
    escalate_to: Name | None = None
    """The policy that pages about a message which was not answered in time."""
