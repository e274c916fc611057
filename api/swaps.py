"""Swaps: somebody offers a time of theirs on call, and somebody else takes it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from api.access import Access, Changing, Reading
from api.changing import DryRun, Waiver, answer, asked, told
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.documents import created
from api.fields import Cursor, Limit, Line, Listing, Moment, Named, Sent, cut, example
from api.told_swaps import Swap, swap_told
from escalation import swap as machine
from escalation.swap import Declined, SwapState, Withdrawn
from routing.effect import Effect
from storage import swapping
from storage import swaps as records

router: Final = APIRouter(prefix="/practices/{practice}/swaps", tags=["beside the plan"])

Number = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="The swap's number.", examples=[1])]


class WantedTime(Sent):
    """A time that is wanted in exchange: whoever takes the swap must be on call then."""

    schedule: Named
    starts_at: Moment
    ends_at: Moment


class NewSwap(Sent):
    """Offer a time; it need not match a shift."""

    model_config = ConfigDict(
        json_schema_extra=example(
            schedule="primary",
            member="chen",
            starts_at="2026-11-22T12:00:00-05:00",
            ends_at="2026-11-22T20:00:00-05:00",
            reason="A recital",
        )
    )

    schedule: Named
    member: Named
    """Who offers: the id of one of the staff, who is on call then, be it not all the time."""
    starts_at: Moment
    ends_at: Moment
    reason: Line
    """For people, and kept with the override: nothing about patients."""
    in_exchange: WantedTime | None = None
    """What they want for it; left out, nothing."""


class TakeSwap(Sent):
    """Take what is offered."""

    model_config = ConfigDict(json_schema_extra=example(member="patel"))

    member: Named
    """Who takes it: the id of one of the staff."""
    waiver: Line | None = None
    """Why a hole that this makes is accepted; left out, it is refused with one."""


@router.get("", operation_id="listSwaps")
async def list_swaps(
    access: Reading,
    state: Annotated[SwapState | None, Query(description="Only those that stand so.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing[Swap]:
    """List the swaps, the newest first, also those that are over."""
    about = f"swaps/{access.practice}/{state or ''}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await records.listed(connection, access.practice, before, limit + 1, state)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].number)]) if more else None
    return Listing(items=[swap_told(access, each) for each in shown], next=following)


@router.post(
    "",
    operation_id="offerSwap",
    response_model=Swap,
    responses=created(Swap, "The time is offered.") | {200: {"description": "It could be offered; nothing is stored."}},
    openapi_extra=errors(409),
)
async def offer(access: Changing, wanted: NewSwap, dry_run: DryRun = False) -> JSONResponse:
    """Offer a time. Until somebody takes it, and if nobody does, whoever is on call stays so."""
    exchange, how = wanted.in_exchange, asked(access, None, dry_run=dry_run)
    swap = machine.Swap(
        wanted.schedule,
        wanted.member,
        wanted.starts_at,
        wanted.ends_at,
        access.key.name,
        wanted.reason,
        how.now,
        machine.Exchange(exchange.schedule, exchange.starts_at, exchange.ends_at) if exchange else None,
    )
    made = await swapping.offer(access.desk.database, access.plan, swap, how)
    location = f"/v1/practices/{access.practice}/swaps/{made.number}"
    return answer(swap_told(access, made), location if made.number else None)


@router.get("/{id}", operation_id="getSwap")
async def get_swap(access: Reading, number: Number) -> Swap:
    """Get a swap."""
    async with access.desk.database.statement() as connection:
        return swap_told(access, await records.found(connection, access.practice, number))


@router.post("/{id}/take", operation_id="takeSwap", openapi_extra=errors(409))
async def take(access: Changing, number: Number, wanted: TakeSwap, dry_run: DryRun = False) -> Swap:
    """Take an offered time. It counts at once or, where the plan says so, once the practice approves.

    Of two who take one at once, the second is told who was first.
    """
    how = asked(access, wanted.waiver, dry_run=dry_run)
    return await _done(access, await swapping.take(access.desk.database, access.plan, number, wanted.member, how))


@router.post("/{id}/approve", operation_id="approveSwap", openapi_extra=errors(409))
async def approve(access: Changing, number: Number, dry_run: DryRun = False, waiver: Waiver = None) -> Swap:
    """Approve a swap that somebody took: it counts."""
    how = asked(access, waiver, dry_run=dry_run)
    return await _done(access, await swapping.approve(access.desk.database, access.plan, number, how))


@router.post("/{id}/decline", operation_id="declineSwap", openapi_extra=errors(409))
async def decline(access: Changing, number: Number) -> Swap:
    """Decline a swap that somebody took: whoever is on call stays so."""
    return await _call_off(access, number, Declined(access.key.name))


@router.post("/{id}/withdraw", operation_id="withdrawSwap", openapi_extra=errors(409))
async def withdraw(access: Changing, number: Number) -> Swap:
    """Withdraw an offer, also one that waits for approval."""
    return await _call_off(access, number, Withdrawn(access.key.name))


async def _call_off(access: Access, number: int, event: Declined | Withdrawn) -> Swap:
    how = asked(access, None, dry_run=False)
    return swap_told(access, await swapping.call_off(access.desk.database, access.plan, number, event, how))


async def _done(access: Access, came: tuple[machine.Swap, Effect]) -> Swap:
    swap, effect = came
    await access.desk.reload()
    return swap_told(access, swap).model_copy(update={"changes": told(effect)})
