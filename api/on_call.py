"""Who is on call."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import ConfigDict
from whenever import Instant

from api.access import Reading
from api.fields import Moment, Told, example
from api.problems import Problem
from escalation.oncall import name_of, on_call
from escalation.roster import Roster

router: Final = APIRouter(prefix="/practices/{practice}/oncall", tags=["who is woken"])


class Person(Told):
    """One of the staff."""

    member: str
    name: str


class Duty(Told):
    """Who is on call for a schedule, and why."""

    schedule: str
    member: str | None
    """The id of one of the staff: the primary; null when nobody is on call."""
    name: str | None
    people: list[Person]
    """Everybody who is on call, the primary first."""
    because: str
    """The rotation's turn, or the override with its author and reason."""
    until: Moment | None
    """When this next may change; null for never."""


class Duties(Told):
    """Who is on call at one moment, for every schedule, overrides applied."""

    model_config = ConfigDict(
        json_schema_extra=example(
            at="2026-11-22T07:10:00Z",
            duties=[
                {
                    "schedule": "primary",
                    "member": "osei",
                    "name": "Dr. Kofi Osei",
                    "people": [{"member": "osei", "name": "Dr. Kofi Osei"}],
                    "because": "Dr. Kofi Osei: override by front desk from Sun 02:00 to Sun 07:00 (swapped with Chen)",
                    "until": "2026-11-22T12:00:00Z",
                }
            ],
        )
    )

    at: Moment
    duties: list[Duty]


@router.get("", operation_id="getOnCall")
async def get_on_call(
    access: Reading,
    at: Annotated[Moment | None, Query(description="When; now if left out.")] = None,
    schedule: Annotated[str | None, Query(description="Which schedule; all if left out.", max_length=64)] = None,
) -> Duties:
    """Say who is on call, for each schedule, and why."""
    moment, roster = at or access.now, access.plan.escalation.roster
    names = [schedule_of(roster, schedule)] if schedule is not None else list(roster.schedules)
    return Duties(at=moment, duties=[_duty(roster, name, moment) for name in names])


def schedule_of(roster: Roster, name: str) -> str:
    """The name, where there is such a schedule. Raises Problem 404."""
    if name not in roster.schedules:
        raise Problem(404, f"There is no such schedule; there are: {', '.join(roster.schedules) or 'none'}.")
    return name


def _duty(roster: Roster, schedule: str, at: Instant) -> Duty:
    found = on_call(roster, schedule, at)
    if found is None:
        return Duty(schedule=schedule, member=None, name=None, people=[], because="nobody is on call", until=None)
    return Duty(
        schedule=schedule,
        member=found.member,
        name=name_of(roster, found.member),
        people=[Person(member=member, name=name_of(roster, member)) for member in found.members],
        because=found.because,
        until=found.until if found.until < Instant.MAX else None,
    )
