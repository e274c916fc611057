"""Time off: somebody is not on call in a window, and somebody else covers."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from api.access import Access, Changing, Reading
from api.changing import DryRun, Waiver, answer, asked, either, told
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.differences import Changes
from api.documents import created
from api.fields import Cursor, Limit, Line, Listing, Moment, Named, Sent, Told, cut, example
from api.on_call import Person
from api.windows import Kept, Window, not_to_be_ended
from api.windows import told as window_told
from escalation.cover import Cover, Gap
from escalation.oncall import name_of
from escalation.roster import Leave, Roster
from routing.leaving import Leaving
from storage import leaving
from storage import time_off as records
from storage.beside import Record

router: Final = APIRouter(prefix="/practices/{practice}/time-off", tags=["beside the plan"])

Number = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="The record's number.", examples=[1])]
_OPEN: Final = {
    "schedule": "primary",
    "starts_at": "2026-11-22T17:00:00Z",
    "ends_at": "2026-11-23T01:00:00Z",
    "proposed": {"member": "patel", "name": "Dr. Mira Patel"},
}


class NewCover(Sent):
    """Somebody stands in wherever the other would be on call."""

    member: Named
    """The id of one of the staff."""
    schedule: Named | None = None
    """On which schedule; on all if left out."""
    starts_at: Moment | None = None
    """From when; from the start of the time off if left out."""
    ends_at: Moment | None = None
    """Until before when; until the end of the time off if left out."""


class NewTimeOff(Window):
    """Give somebody time off."""

    model_config = ConfigDict(
        json_schema_extra=example(
            member="chen",
            starts_at="2026-11-22T12:00:00-05:00",
            ends_at="2026-11-22T20:00:00-05:00",
            reason="A recital",
            covers=[{"member": "patel"}],
        )
    )

    member: Named
    """The id of one of the staff."""
    covers: Annotated[list[NewCover], Field(default_factory=list, max_length=50)]
    """Who stands in."""
    as_proposed: bool = False
    """Whether whoever is proposed covers all that `covers` leaves open."""
    waiver: Line | None = None
    """Why it is accepted that something stays open, or a hole; left out, it is refused then."""


class TimeOff(Kept):
    """Time off."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=7,
            state="upcoming",
            member="chen",
            starts_at="2026-11-22T17:00:00Z",
            ends_at="2026-11-23T01:00:00Z",
            author="front desk",
            reason="A recital",
            ended_at=None,
            ended_by=None,
        )
    )

    member: str


class Covered(Told):
    """From `starts_at` until before `ends_at` this person stands in."""

    schedule: str
    starts_at: Moment
    ends_at: Moment
    person: Person


class Uncovered(Told):
    """From `starts_at` until before `ends_at` nobody stands in."""

    schedule: str
    starts_at: Moment
    ends_at: Moment
    proposed: Person | None
    """Who could: of those who take turns on the schedule and are free then, whoever was off call longest."""


class TriedTimeOff(Told):
    """What time off would do."""

    model_config = ConfigDict(
        json_schema_extra=example(
            changes=Changes.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
            covers=[],
            open=[_OPEN],
        )
    )

    changes: Changes
    covers: list[Covered]
    open: list[Uncovered]
    """Where nobody covers: with anything here, it is refused unless it has a waiver."""


@router.get("", operation_id="listTimeOff")
async def list_time_off(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[TimeOff]:
    """List the time off, the newest record first, also what is over."""
    about = f"time-off/{access.practice}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await records.listed(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].id)]) if more else None
    return Listing(items=[_told(access, record) for record in shown], next=following)


@router.post(
    "",
    operation_id="createTimeOff",
    response_model=TriedTimeOff,
    responses=created(TimeOff, "The time off is stored, with who covers."),
    openapi_extra=errors(409),
)
async def create_time_off(access: Changing, wanted: NewTimeOff, dry_run: DryRun = False) -> JSONResponse:
    """Give somebody time off. Where they would be on call, somebody has to cover: who could is proposed.

    A dry run says what stays open and who could cover; without one, it is refused where something does.
    """
    leave = Leave(wanted.member, wanted.starts_at or access.now, wanted.ends_at)
    covers = [Cover(one.member, one.schedule, one.starts_at, one.ends_at) for one in wanted.covers]
    asking = leaving.TimeOff(leave, wanted.reason, covers, wanted.as_proposed)
    how = asked(access, wanted.waiver, dry_run=dry_run)
    number, found = await leaving.add(access.desk.database, access.plan, asking, how)
    if number is None:
        return answer(_tried(found))
    await access.desk.reload()
    return answer(await _time_off(access, number), f"/v1/practices/{access.practice}/time-off/{number}")


@router.get("/{id}", operation_id="getTimeOff")
async def get_time_off(access: Reading, number: Number) -> TimeOff:
    """Get a record of time off."""
    return await _time_off(access, number)


@router.delete("/{id}", operation_id="endTimeOff", **either(TimeOff), openapi_extra=errors(409))
async def end_time_off(
    access: Changing, number: Number, dry_run: DryRun = False, waiver: Waiver = None
) -> TimeOff | Changes:
    """Take time off back, and with it whoever covers. The record stays."""
    found = await leaving.end(access.desk.database, access.plan, number, asked(access, waiver, dry_run=dry_run))
    if dry_run:
        return told(found)
    await access.desk.reload()
    return await _time_off(access, number)


async def _time_off(access: Access, number: int) -> TimeOff:
    async with access.desk.database.statement() as connection:
        found = await records.found(connection, access.practice, number)
    if found is None:
        raise not_to_be_ended(found)
    return _told(access, found)


def _told(access: Access, record: Record) -> TimeOff:
    return TimeOff(**window_told(record, access.now), member=record.member)


def _tried(found: Leaving) -> TriedTimeOff:
    roster = found.effect.after.escalation.roster
    return TriedTimeOff(
        changes=told(found.effect),
        covers=[
            Covered(schedule=one.schedule, starts_at=one.start, ends_at=one.end, person=_person(roster, one.member))
            for one in found.covers
            if one.instead_of
        ],
        open=[_uncovered(roster, gap) for gap in found.open],
    )


def _uncovered(roster: Roster, gap: Gap) -> Uncovered:
    proposed = _person(roster, gap.proposed) if gap.proposed is not None else None
    return Uncovered(schedule=gap.schedule, starts_at=gap.start, ends_at=gap.end, proposed=proposed)


def _person(roster: Roster, member: str) -> Person:
    return Person(member=member, name=name_of(roster, member))
