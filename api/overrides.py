"""Overrides: somebody is on call for a schedule in a window, or besides, or is not, whatever the rotations say."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from api.access import Access, Changing, Reading
from api.changing import DryRun, Waiver, answer, answers, asked, either, told
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.differences import Changes
from api.fields import Cursor, Limit, Line, Listing, Moment, Named, Sent, cut, example
from api.windows import Kept, Window, not_to_be_ended
from api.windows import told as window_told
from escalation.roster import Override as Wanted
from escalation.roster import OverrideKind
from escalation.shift import Passing
from storage import beside, overriding
from storage.beside import Record
from storage.overriding import Overridden

router: Final = APIRouter(prefix="/practices/{practice}/overrides", tags=["beside the plan"])

Number = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="The record's number.", examples=[1])]


class NewOverride(Window):
    """Say who is on call for a window."""

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
    kind: Annotated[OverrideKind, Field(strict=False)] = OverrideKind.REPLACE
    """`replace`: the member is on call in place of everybody, or of `instead_of`; `add`: besides; `remove`: not."""
    instead_of: Named | None = None
    """For `replace`: the one person whose place the member takes, while that person is on call."""
    waiver: Line | None = None
    """Why a hole that this makes is accepted; left out, it is refused with one."""


class TakeOver(Sent):
    """Somebody has a schedule from now on, in place of who is on call."""

    model_config = ConfigDict(
        json_schema_extra=example(schedule="primary", member="osei", reason="Dr. Chen is on a plane")
    )

    schedule: Named
    member: Named
    """Who takes it: the id of one of the staff."""
    until: Moment | None = None
    """The end of the shift that goes on now if left out."""
    instead_of: Named | None = None
    """Whose place they take; the primary's if left out."""
    reason: Line = "Taken over"
    waiver: Line | None = None
    """Why a hole that this makes is accepted; left out, it is refused with one."""


class HandOver(TakeOver):
    """Whoever is on call gives it to somebody else from now on."""

    model_config = ConfigDict(
        json_schema_extra=example(schedule="primary", instead_of="chen", member="osei", reason="Has a fever")
    )

    instead_of: Named
    """Who is on call, and gives it."""
    reason: Line = "Handed over"


class Override(Kept):
    """An override."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=3,
            state="upcoming",
            schedule="primary",
            member="osei",
            kind="replace",
            instead_of=None,
            starts_at="2026-11-25T00:00:00Z",
            ends_at="2026-11-25T12:00:00Z",
            author="front desk",
            reason="Swapped with Dr. Chen",
            origin=None,
            ended_at=None,
            ended_by=None,
        )
    )

    schedule: str
    member: str
    kind: OverrideKind
    instead_of: str | None
    origin: str | None
    """What it came of, such as `swap 3` or `time off 7`; null: of itself."""


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


_ANSWERS: Final = answers(Override, "The override is stored, and counts.")


@router.post("", operation_id="createOverride", **_ANSWERS, openapi_extra=errors(409))
async def create_override(access: Changing, wanted: NewOverride, dry_run: DryRun = False) -> JSONResponse:
    """Say who is on call for a window.

    Refused where it contradicts another override, would do nothing, or would leave a hole.
    """
    override = Wanted(
        wanted.schedule,
        wanted.member,
        wanted.starts_at or access.now,
        wanted.ends_at,
        access.key.name,
        wanted.reason,
        wanted.kind,
        wanted.instead_of or "",
    )
    how = asked(access, wanted.waiver, dry_run=dry_run)
    return await _answer(access, await overriding.add(access.desk.database, access.plan, override, how))


@router.post("/take-over", operation_id="takeOver", **_ANSWERS, openapi_extra=errors(409))
async def take_over(access: Changing, wanted: TakeOver, dry_run: DryRun = False) -> JSONResponse:
    """Take a schedule over, now: from whoever is the primary, until the end of the shift that goes on."""
    return await _pass_on(access, wanted, dry_run)


@router.post("/hand-over", operation_id="handOver", **_ANSWERS, openapi_extra=errors(409))
async def hand_over(access: Changing, wanted: HandOver, dry_run: DryRun = False) -> JSONResponse:
    """Hand a schedule over, now: from somebody who is on call, until the end of the shift that goes on."""
    return await _pass_on(access, wanted, dry_run)


@router.get("/{id}", operation_id="getOverride")
async def get_override(access: Reading, number: Number) -> Override:
    """Get an override."""
    return await _override(access, number)


@router.delete("/{id}", operation_id="endOverride", **either(Override), openapi_extra=errors(409))
async def end_override(
    access: Changing, number: Number, dry_run: DryRun = False, waiver: Waiver = None
) -> Override | Changes:
    """End an override that is under way, or cancel one that is to come. The record stays."""
    found = await overriding.end(access.desk.database, access.plan, number, asked(access, waiver, dry_run=dry_run))
    if dry_run:
        return told(found)
    await access.desk.reload()
    return await _override(access, number)


async def _pass_on(access: Access, wanted: TakeOver, dry_run: bool) -> JSONResponse:
    passing = Passing(wanted.schedule, wanted.instead_of, wanted.member, wanted.until, access.key.name, wanted.reason)
    how = asked(access, wanted.waiver, dry_run=dry_run)
    return await _answer(access, await overriding.pass_on(access.desk.database, access.plan, passing, how))


async def _answer(access: Access, made: Overridden) -> JSONResponse:
    if made.number is None:
        return answer(told(made.effect))
    await access.desk.reload()
    location = f"/v1/practices/{access.practice}/overrides/{made.number}"
    return answer(await _override(access, made.number), location)


async def _override(access: Access, number: int) -> Override:
    async with access.desk.database.statement() as connection:
        found = await beside.override(connection, access.practice, number)
    if found is None:
        raise not_to_be_ended(found)
    return _told(access, found)


def _told(access: Access, record: Record) -> Override:
    return Override(
        **window_told(record, access.now),
        schedule=record.schedule,
        member=record.member,
        kind=OverrideKind(record.kind),
        instead_of=record.instead_of or None,
        origin=record.origin or None,
    )
