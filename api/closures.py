"""Closures: the practice is closed for a window, whatever its hours say."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict

from api.access import Changing, Reading
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.fields import Cursor, Limit, Listing, cut, example
from api.windows import Kept, Window, bounds, not_to_be_ended, overlap, told
from routing.opening import Closure as Added
from storage import beside, plans

router: Final = APIRouter(prefix="/practices/{practice}/closures", tags=["beside the plan"])

Number = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="The record's number.", examples=[1])]


class NewClosure(Window):
    """Close the practice for a window."""

    model_config = ConfigDict(
        json_schema_extra=example(
            starts_at="2026-11-24T14:00:00-05:00", ends_at="2026-11-25T08:00:00-05:00", reason="Snow"
        )
    )


class Closure(Kept):
    """A closure."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=7,
            state="active",
            starts_at="2026-11-24T19:00:00Z",
            ends_at="2026-11-25T13:00:00Z",
            author="front desk",
            reason="Snow",
            ended_at=None,
            ended_by=None,
        )
    )


@router.get("", operation_id="listClosures")
async def list_closures(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[Closure]:
    """List the closures, the newest record first, also those that are over."""
    about = f"closures/{access.practice}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await beside.closures_of(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].id)]) if more else None
    return Listing(items=[Closure(**told(record, access.now)) for record in shown], next=following)


@router.post("", operation_id="createClosure", status_code=201, openapi_extra=errors(409))
async def create_closure(access: Changing, wanted: NewClosure, response: Response) -> Closure:
    """Close the practice for a window. It may not overlap with another closure."""
    start, end = bounds(wanted, access.now)
    async with access.desk.database.transaction() as connection:
        await beside.lock_practice(connection, access.practice)
        other = await beside.closure_within(connection, access.practice, start, end)
        if other is not None:
            raise overlap(other)
        added = Added(start, end, access.key.name, wanted.reason)
        number = await plans.add_closure(connection, access.practice, added)
    await access.desk.reload()
    response.headers["Location"] = f"/v1/practices/{access.practice}/closures/{number}"
    return await _closure(access, number)


@router.get("/{id}", operation_id="getClosure")
async def get_closure(access: Reading, number: Number) -> Closure:
    """Get a closure."""
    return await _closure(access, number)


@router.delete("/{id}", operation_id="endClosure", openapi_extra=errors(409))
async def end_closure(access: Changing, number: Number) -> Closure:
    """End a closure that is under way, or cancel one that is to come. The record stays."""
    async with access.desk.database.transaction() as connection:
        ended = await beside.end_closure(connection, access.practice, number, access.key.name, access.now)
        found = await beside.closure(connection, access.practice, number)
    if not ended or found is None:
        raise not_to_be_ended(found)
    await access.desk.reload()
    return Closure(**told(found, access.now))


async def _closure(access: Reading, number: int) -> Closure:
    async with access.desk.database.statement() as connection:
        found = await beside.closure(connection, access.practice, number)
    if found is None:
        raise not_to_be_ended(found)
    return Closure(**told(found, access.now))
