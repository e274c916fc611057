"""The practices that a key opens."""

from typing import Final

from fastapi import APIRouter, Request
from pydantic import ConfigDict

from api.access import Reading, desk_of, key_of
from api.cursors import read_cursor, write_cursor
from api.fields import Cursor, Limit, Listing, Told, cut, example
from routing.plan import Plan

router: Final = APIRouter(prefix="/practices", tags=["practices"])


class Practice(Told):
    """A practice, as its current plan says."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id="maple-pediatrics",
            name="Maple Pediatrics",
            numbers=["+16175550100"],
            timezone="America/New_York",
            version=3,
        )
    )

    id: str
    name: str
    numbers: list[str]
    """The dialled numbers that belong to it, as E.164."""
    timezone: str
    """Its IANA zone."""
    version: int
    """The current version of its plan."""


def _practice(plan: Plan) -> Practice:
    return Practice(
        id=plan.practice, name=plan.name, numbers=list(plan.numbers), timezone=plan.zone, version=plan.version
    )


@router.get("", operation_id="listPractices")
async def list_practices(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Listing[Practice]:
    """List the practices that the key opens, by id."""
    desk, key = desk_of(request), key_of(request)
    last = read_cursor(desk.ring, "practices", cursor)[0] if cursor is not None else ""
    found = sorted(
        (p for p in desk.plans.all() if key.opens(p.practice) and p.practice > last), key=lambda p: p.practice
    )
    shown, more = cut(found, limit)
    following = write_cursor(desk.ring, "practices", [shown[-1].practice]) if more else None
    return Listing(items=[_practice(plan) for plan in shown], next=following)


@router.get("/{practice}", operation_id="getPractice")
async def get_practice(access: Reading) -> Practice:
    """Get a practice."""
    return _practice(access.plan)
