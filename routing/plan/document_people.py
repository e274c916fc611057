"""The document's people: staff, policies and categories, as they are written."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from whenever import TimeDelta

from routing.plan.fields import (
    AgainTime,
    DeadlineText,
    HoldTime,
    Name,
    Names,
    Number,
    Numbers,
    Part,
    ReopenTime,
    RingTime,
    StepTime,
    WindowsByDay,
    WindowText,
    Words,
    as_list,
)

By = Literal["call", "sms"]


def _daily(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"daily": value} if isinstance(value, str) else value


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
    quiet: Annotated[WindowsByDay, BeforeValidator(_daily, json_schema_input_type=WindowsByDay | WindowText)] = Field(
        default_factory=dict
    )
    """Their quiet hours, as "22:00-07:00" (daily) or by days: only pages of urgent policies reach them then."""


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
    ring_again_after: AgainTime = TimeDelta(minutes=5)
    """Who presses 3, "I cannot talk now", is rung again after this unless somebody has the page by then."""
    urgent: bool = True
    """Whether its pages reach people in their quiet hours too, and ring them however often they were rung."""
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
