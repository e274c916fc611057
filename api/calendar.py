"""The calendar of those on call over a span of time, the proof that it has no hole, and what a draft would change."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict
from whenever import Instant, TimeDelta

from api import documents
from api.access import Access, Drafting, Reading
from api.description import errors
from api.differences import Changes, changes
from api.fields import Moment, Told, example
from api.on_call import Person, schedule_of
from api.plan import document_of, news_of
from api.problems import Problem, Where
from escalation.duties import render
from escalation.oncall import name_of
from escalation.roster import Roster
from escalation.thin import ThinKind
from routing.plan import Plan
from routing.proving import PROVED, preview, prove
from storage import publishing

router: Final = APIRouter(prefix="/practices/{practice}", tags=["who is woken"])

MOST: Final = TimeDelta(hours=24 * 400)
_DUTY: Final = {
    "schedule": "primary",
    "starts_at": "2026-11-27T00:00:00Z",
    "ends_at": "2026-11-27T12:00:00Z",
    "people": [{"member": "osei", "name": "Dr. Kofi Osei"}],
}

From = Annotated[Moment | None, Query(alias="from", description="From when; now if left out.")]
To = Annotated[Moment | None, Query(description="Until before when; at most 400 days later.")]


class CalendarDuty(Told):
    """From `starts_at` until before `ends_at` these people are on call; nobody, where there are none."""

    model_config = ConfigDict(json_schema_extra=example(**_DUTY))

    schedule: str
    starts_at: Moment
    ends_at: Moment
    people: list[Person]
    """Everybody who is on call, the primary first."""


class Calendar(Told):
    """Who is on call from when to when, for each schedule, without gaps."""

    model_config = ConfigDict(json_schema_extra=example(duties=[_DUTY]))

    duties: list[CalendarDuty]


class CoverageHole(Told):
    """A stretch in which a policy reaches nobody."""

    policy: str
    starts_at: Moment
    ends_at: Moment
    because: list[str]
    """Why, for each step of the policy."""


class Thin(Told):
    """A stretch in which somebody is reached, and it hangs by a thread or by a tired person."""

    kind: ThinKind
    policy: str | None
    """Null where it is about a person, whatever the policy."""
    starts_at: Moment
    ends_at: Moment
    people: list[Person]
    because: str


class Proof(Told):
    """Whether every minute of the span is covered, by every policy, with overrides, time off and all."""

    model_config = ConfigDict(
        json_schema_extra=example(
            starts_at="2026-11-27T00:00:00Z",
            ends_at="2027-02-25T00:00:00Z",
            proved=False,
            holes=[
                {
                    "policy": "urgent",
                    "starts_at": "2026-12-24T13:00:00Z",
                    "ends_at": "2026-12-24T17:00:00Z",
                    "because": ["Dr. Kofi Osei has time off"],
                }
            ],
            thin=[],
        )
    )

    starts_at: Moment
    ends_at: Moment
    proved: bool
    """Whether there is no hole."""
    holes: list[CoverageHole]
    thin: list[Thin]


@router.get("/calendar", operation_id="getCalendar")
async def get_calendar(
    access: Reading,
    start: From = None,
    to: To = None,
    schedule: Annotated[str | None, Query(description="Which schedule; all if left out.", max_length=64)] = None,
) -> Calendar:
    """Say who is on call over a span of time; four weeks if its end is left out."""
    span = span_of(access.now, start, to, TimeDelta(hours=24 * 28))
    roster = access.plan.escalation.roster
    names = [schedule_of(roster, schedule)] if schedule is not None else list(roster.schedules)
    return Calendar(duties=await asyncio.to_thread(_duties, roster, names, span))


@router.get("/coverage", operation_id="getCoverage")
async def get_coverage(access: Reading, start: From = None, to: To = None) -> Proof:
    """Prove that no minute is without somebody who can be reached; 90 days if the end is left out."""
    span = span_of(access.now, start, to, PROVED)
    return await asyncio.to_thread(_proof, access.plan, span)


@router.post("/plan/preview", operation_id="previewPlan", openapi_extra=documents.sent() | errors(413, 415, 422))
async def preview_plan(access: Drafting, request: Request) -> Changes:
    """Say whom the plan that is sent would have called in the next 90 days instead of whom; without a body, the draft.

    Changes nothing. A plan with faults is refused with all of them.
    """
    document, _ = await document_of(access, request)
    beside = (await news_of(access, document)).joined(access.desk.plans.beside(access.practice))
    found = await publishing.checked(document, access.now, beside)
    return await asyncio.to_thread(_preview, access, found.plan)


def _preview(access: Access, draft: Plan) -> Changes:
    present = access.desk.plans.current(access.practice) or draft
    return changes(preview(present, draft, access.now), present.escalation.roster, draft.escalation.roster)


def span_of(now: Instant, start: Instant | None, end: Instant | None, usual: TimeDelta) -> tuple[Instant, Instant]:
    """From when until before when: from now if nothing is said, and as long as usual.

    Raises Problem 422 for a span that ends before it begins, or is longer than can be told at once.
    """
    start = start or now
    end = end or start + usual
    if end <= start:
        fault = Where(parameter="to", detail="it is not after `from`", mend="Choose a later end.")
        raise Problem(422, "The span of time is reversed or empty.", [fault])
    if end - start > MOST:
        fault = Where(parameter="to", detail="it is more than 400 days after `from`", mend="Ask for less at once.")
        raise Problem(422, "The span of time is too long.", [fault])
    return start, end


def _duties(roster: Roster, names: list[str], span: tuple[Instant, Instant]) -> list[CalendarDuty]:
    return [
        CalendarDuty(schedule=name, starts_at=duty.start, ends_at=duty.end, people=_people(roster, duty.members))
        for name in names
        for duty in render(roster, name, *span)
    ]


def _proof(plan: Plan, span: tuple[Instant, Instant]) -> Proof:
    found = prove(plan, *span)
    roster = plan.escalation.roster
    return Proof(
        starts_at=found.start,
        ends_at=found.end,
        proved=found.is_proved,
        holes=[
            CoverageHole(policy=name, starts_at=hole.start, ends_at=hole.end, because=list(hole.because))
            for name, holes in found.holes.items()
            for hole in holes
        ],
        thin=[
            Thin(
                kind=spot.kind,
                policy=spot.policy or None,
                starts_at=spot.start,
                ends_at=spot.end,
                people=_people(roster, spot.members),
                because=spot.because,
            )
            for spot in found.thin
        ],
    )


def _people(roster: Roster, members: tuple[str, ...]) -> list[Person]:
    return [Person(member=member, name=name_of(roster, member)) for member in members]
