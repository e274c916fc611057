"""Who would get a call, and why: the live code's own answer, without placing any."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.access import Reading
from api.description import errors
from api.fields import Moment, Named, Sent, Told, example
from api.problems import Problem, Where
from ivr.taking import callback_number
from routing.decide import Incoming, Load
from routing.explain import Call, explain
from routing.plan import Plan

router: Final = APIRouter(prefix="/practices/{practice}/explain", tags=["who is woken"])

Telephone = Annotated[str, Field(min_length=1, max_length=32)]
Pressed = Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")]


class ImaginedCall(Sent):
    """A call that nobody makes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            at="2026-11-22T02:10:00-05:00", caller="+16175550180", keys=["1", "1"], busy={"front_desk": 2}
        )
    )

    at: Moment | None = None
    """When; now if left out."""
    caller: Telephone | None = None
    """The caller's number; withheld if left out."""
    dialled: Telephone | None = None
    """The number dialled; the practice's first if left out."""
    keys: Annotated[list[Pressed], Field(default_factory=list, max_length=50)]
    """What is pressed at each prompt, one text each; then silence."""
    busy: Annotated[dict[Named, Annotated[int, Field(ge=0, le=1000)]], Field(default_factory=dict, max_length=100)]
    """How many lines of a destination are taken."""
    answered: bool = True
    """Whether a destination that is rung picks up."""


class Explained(Told):
    """What would happen, and why."""

    model_config = ConfigDict(
        json_schema_extra=example(
            version=3,
            route=4,
            go="night",
            reject=None,
            reasons=["Route 4 (go night) matches: it takes every call; Sunday 02:10 is outside the weekly hours."],
            pages=["chen", "osei"],
            lines=["Sun 2026-11-22 02:10 America/New_York, plan version 3", "[night] Maple Pediatrics is closed."],
        )
    )

    version: int
    route: int
    """Counted from 1, as in the plan; 0 when none matched and the call goes to a person."""
    go: str | None
    """The node of the flow to which it goes; null when it is rejected."""
    reject: str | None
    """How it is rejected; null when it is answered."""
    reasons: list[str]
    pages: list[str]
    """The ids of the staff who would be paged, in order."""
    lines: list[str]
    """All of it, as sentences."""


@router.post("", operation_id="explainCall", openapi_extra=errors(413, 415, 422))
async def explain_call(access: Reading, imagined: ImaginedCall) -> Explained:
    """Say who would get this call, and why. Changes nothing."""
    plan = access.plan
    call = Call(_incoming(plan, imagined), tuple(imagined.keys), answered=imagined.answered)
    found = explain(plan, call, Load(imagined.busy), imagined.at or access.now)
    return Explained(
        version=plan.version,
        route=found.decision.route + 1,
        go=found.decision.go,
        reject=found.decision.reject,
        reasons=list(found.decision.reasons),
        pages=list(found.pages),
        lines=list(found.lines),
    )


def _incoming(plan: Plan, imagined: ImaginedCall) -> Incoming:
    """The call, with its numbers as E.164. Raises Problem 422 with every fault."""
    faults: list[Where] = []

    def number(name: str, text: str) -> str | None:
        read = callback_number(text, plan.flow.region)
        if read is None:
            detail, mend = "this is not a whole telephone number", "Write it as +16175550180."
            faults.append(Where(pointer=f"/{name}", detail=detail, mend=mend))
        return read

    caller = number("caller", imagined.caller) if imagined.caller is not None else None
    dialled = number("dialled", imagined.dialled) if imagined.dialled is not None else plan.numbers[0]
    if dialled is not None and dialled not in plan.numbers:
        mend = f"Choose one of {', '.join(plan.numbers)}."
        faults.append(Where(pointer="/dialled", detail="this is not a number of the practice", mend=mend))
    for name in imagined.busy.keys() - plan.destinations.keys():
        mend = f"Choose from {', '.join(plan.destinations) or 'none'}."
        faults.append(Where(pointer=f"/busy/{name}", detail="there is no such destination", mend=mend))
    if faults or dialled is None:
        raise Problem(422, "The call has faults.", faults)
    return Incoming(dialled, caller, withheld=caller is None)
