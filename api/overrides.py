"""Overrides: somebody is on call for a schedule in a window, whatever the rotations say."""

import asyncio
import dataclasses
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict
from whenever import Instant

from api.access import Access, Changing, Reading
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.fields import Cursor, Limit, Listing, Named, cut, example
from api.problems import Problem, Where
from api.windows import Kept, Window, bounds, not_to_be_ended, overlap, told
from escalation.coverage import holes
from escalation.roster import Override as Added
from routing.plan import Plan
from storage import beside, plans
from storage.beside import Record

router: Final = APIRouter(prefix="/practices/{practice}/overrides", tags=["beside the plan"])

Number = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="The record's number.", examples=[1])]


class NewOverride(Window):
    """Put somebody on call for a window."""

    model_config = ConfigDict(
        json_schema_extra=example(
            schedule="primary",
            member="osei",
            starts_at="2026-11-24T19:00:00-05:00",
            ends_at="2026-11-25T07:00:00-05:00",
            reason="Swapped with Dr. Chen",
        )
    )

    schedule: Named
    member: Named
    """The id of one of the staff."""


class Override(Kept):
    """An override."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=3,
            state="upcoming",
            schedule="primary",
            member="osei",
            starts_at="2026-11-25T00:00:00Z",
            ends_at="2026-11-25T12:00:00Z",
            author="front desk",
            reason="Swapped with Dr. Chen",
            ended_at=None,
            ended_by=None,
        )
    )

    schedule: str
    member: str


@router.get("", operation_id="listOverrides")
async def list_overrides(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[Override]:
    """List the overrides, the newest record first, also those that are over."""
    about = f"overrides/{access.practice}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await beside.overrides_of(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].id)]) if more else None
    return Listing(items=[_told(access, record) for record in shown], next=following)


@router.post("", operation_id="createOverride", status_code=201, openapi_extra=errors(409))
async def create_override(access: Changing, wanted: NewOverride, response: Response) -> Override:
    """Put somebody on call for a window. One schedule's overrides may not overlap."""
    plan = access.plan
    _check_names(plan, wanted)
    start, end = bounds(wanted, access.now)
    added = Added(wanted.schedule, wanted.member, start, end, access.key.name, wanted.reason)
    await asyncio.to_thread(_check_coverage, plan, added, max(start, access.now))
    async with access.desk.database.transaction() as connection:
        await beside.lock_practice(connection, access.practice)
        other = await beside.override_within(connection, access.practice, wanted.schedule, start, end)
        if other is not None:
            raise overlap(other)
        number = await plans.add_override(connection, access.practice, added)
    await access.desk.reload()
    response.headers["Location"] = f"/v1/practices/{access.practice}/overrides/{number}"
    return await _override(access, number)


@router.get("/{id}", operation_id="getOverride")
async def get_override(access: Reading, number: Number) -> Override:
    """Get an override."""
    return await _override(access, number)


@router.delete("/{id}", operation_id="endOverride", openapi_extra=errors(409))
async def end_override(access: Changing, number: Number) -> Override:
    """End an override that is under way, or cancel one that is to come. The record stays."""
    async with access.desk.database.transaction() as connection:
        ended = await beside.end_override(connection, access.practice, number, access.key.name, access.now)
        found = await beside.override(connection, access.practice, number)
    if not ended or found is None:
        raise not_to_be_ended(found)
    await access.desk.reload()
    return _told(access, found)


async def _override(access: Access, number: int) -> Override:
    async with access.desk.database.statement() as connection:
        found = await beside.override(connection, access.practice, number)
    if found is None:
        raise not_to_be_ended(found)
    return _told(access, found)


def _told(access: Access, record: Record) -> Override:
    return Override(**told(record, access.now), schedule=record.schedule, member=record.member)


def _check_names(plan: Plan, wanted: NewOverride) -> None:
    roster = plan.escalation.roster
    faults = [
        Where(
            pointer=f"/{field}", detail=f"there is no such {field}", mend=f"Choose from {', '.join(known) or 'none'}."
        )
        for field, name, known in (
            ("schedule", wanted.schedule, roster.schedules),
            ("member", wanted.member, roster.members),
        )
        if name not in known
    ]
    if faults:
        raise Problem(422, "The override names what the plan does not have.", faults)


def _check_coverage(plan: Plan, added: Added, start: Instant) -> None:
    """Raise Problem 422 for an override through which, for a while, nobody at all could be paged."""
    roster = plan.escalation.roster
    after = dataclasses.replace(
        plan.escalation, roster=dataclasses.replace(roster, overrides=(*roster.overrides, added))
    )
    for name, policy in plan.escalation.policies.items():
        if holes(after, policy, start, added.end) and not holes(plan.escalation, policy, start, added.end):
            detail = f"the policy {name} would reach nobody for a while"
            fault = Where(pointer="/member", detail=detail, mend="Choose somebody who has a number for its steps.")
            raise Problem(422, "The override would leave a hole.", [fault])
