"""What being on call asked, and will ask, of each person; and what the practice owes for it."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict
from whenever import Instant, TimeDelta

from api.access import Access, Reading
from api.calendar import span_of
from api.description import errors
from api.fields import Moment, Told, example
from api.problems import Problem, Where
from escalation.burden import Burden
from escalation.oncall import name_of
from escalation.wallclock import month_of
from storage.burdens import Held, held

router: Final = APIRouter(prefix="/practices/{practice}", tags=["who is woken"])

From = Annotated[Moment | None, Query(alias="from", description="From when; the start of this month if left out.")]
To = Annotated[Moment | None, Query(description="Until before when; at most 400 days later.")]
_MONTH: Final = TimeDelta(hours=24 * 31)
_SHEET: Final = (
    "member,name,schedule,kind,seconds,hours,pages,rate,factor,amount,currency\r\n"
    "chen,Dr. Ana Chen,primary,night,25200,7.0000,,15.50,1,108.50,USD\r\n"
    "chen,Dr. Ana Chen,,total,,,,,,108.50,USD\r\n"
    ",,,total,,,,,,108.50,USD\r\n"
)
_ONE: Final = {
    "member": "chen",
    "name": "Dr. Ana Chen",
    "hours": 180.5,
    "by_schedule": {"primary": 96.0, "backup": 84.5},
    "nights": 7,
    "weekend_days": 4,
    "holidays": 1,
    "pages": 6,
    "taken": 5,
    "wake_ups": 3,
    "longest_run_hours": 168.0,
    "shortest_rest_hours": 335.0,
}


class PersonBurden(Told):
    """What one person had in the period."""

    model_config = ConfigDict(json_schema_extra=example(**_ONE))

    member: str
    name: str
    hours: float
    """On call, for any schedule; a moment counts once."""
    by_schedule: dict[str, float]
    """Hours on each schedule."""
    nights: int
    """Nights (22:00 to 07:00) of which they had at least half."""
    weekend_days: int
    """Saturdays and Sundays with at least 8 h on call."""
    holidays: int
    """Holidays of the practice with at least 8 h on call."""
    pages: int
    """Pages at which they were tried."""
    taken: int
    """Of these, taken by them."""
    wake_ups: int
    """Of these, tried between 22:00 and 07:00."""
    longest_run_hours: float
    """On call without a break."""
    shortest_rest_hours: float | None
    """Between two runs; null with fewer than two."""


class Burdens(Told):
    """What everybody had: until now as it was, and from now on as the calendar says."""

    model_config = ConfigDict(
        json_schema_extra=example(
            starts_at="2026-11-01T04:00:00Z", ends_at="2026-12-01T05:00:00Z", balance=0.9412, people=[_ONE]
        )
    )

    starts_at: Moment
    ends_at: Moment
    balance: float
    """How evenly the hours are shared out among those who take turns, by their shares: 1 is evenly."""
    people: list[PersonBurden]


@router.get("/burden", operation_id="getBurden")
async def get_burden(access: Reading, start: From = None, to: To = None) -> Burdens:
    """Say what being on call asks of each person over a span of time; this month if its ends are left out."""
    return await asyncio.to_thread(_told, await _held(access, start, to))


@router.get(
    "/pay-sheet",
    operation_id="getPaySheet",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": _SHEET}}}},
    openapi_extra=errors(409),
)
async def get_pay_sheet(access: Reading, start: From = None, to: To = None) -> Response:
    """Say what the practice owes for being on call, by its rates, to the cent, as CSV: lines that add up."""
    pay = access.plan.calendar.pay
    if pay is None:
        mend = "Give it `pay: {hour: ...}` with the practice's rates, and publish it."
        fault = Where(detail="`pay` is missing in the plan", mend=mend)
        raise Problem(409, "The plan has no rates to pay by.", [fault])
    sheet = await asyncio.to_thread((await _held(access, start, to)).pay_sheet, pay)
    headers = {"Content-Disposition": 'attachment; filename="pay-sheet.csv"'}
    return Response(sheet, media_type="text/csv", headers=headers)


async def _held(access: Access, start: Instant | None, to: Instant | None) -> Held:
    plan, now = access.plan, access.now
    if start is None:
        start, end = month_of(now, plan.zone)
        to = to or end
    span = span_of(now, start, to, _MONTH)
    return await held(access.desk.database, access.desk.plans, plan, span, now)


def _told(found: Held) -> Burdens:
    roster = found.plan.escalation.roster
    return Burdens(
        starts_at=found.span[0],
        ends_at=found.span[1],
        balance=round(float(found.balance), 4),
        people=[_of_person(member, name_of(roster, member), burden) for member, burden in found.burdens().items()],
    )


def _of_person(member: str, name: str, burden: Burden) -> PersonBurden:
    rest = burden.shortest_rest
    return PersonBurden(
        member=member,
        name=name,
        hours=_hours(burden.seconds),
        by_schedule={schedule: _hours(seconds) for schedule, seconds in burden.by_schedule.items()},
        nights=burden.nights,
        weekend_days=burden.weekend_days,
        holidays=burden.holidays,
        pages=burden.pages,
        taken=burden.taken,
        wake_ups=burden.wake_ups,
        longest_run_hours=_hours(burden.longest_run),
        shortest_rest_hours=None if rest is None else _hours(rest),
    )


def _hours(seconds: int) -> float:
    return round(seconds / 3600, 4)
