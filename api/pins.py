"""PINs of the staff, with which they take their pages by calling the practice from a phone of theirs."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import ConfigDict

from api.access import Access, Changing, Reading
from api.fields import Line, Listing, Moment, Sent, Told, example
from api.problems import Problem, Where
from storage import audit, pins

router: Final = APIRouter(prefix="/practices/{practice}/pins", tags=["who is woken"])

Member = Annotated[str, Path(max_length=64, description="The id of one of the staff.", examples=["chen"])]
_SHOWN: Final = {"member": "chen", "set_at": "2026-11-22T07:10:00Z", "set_by": "front desk"}


class NewPin(Sent):
    """A PIN for one of the staff, in place of any before. It cannot be read again."""

    model_config = ConfigDict(json_schema_extra=example(pin="470219"))

    pin: Line
    """4 to 8 digits; neither one digit alone nor a run such as 1234."""


class Pin(Told):
    """That somebody has a PIN."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    member: str
    set_at: Moment
    set_by: str


@router.get("", operation_id="listPins")
async def list_pins(access: Reading) -> Listing[Pin]:
    """List who has a PIN."""
    return Listing(items=await _pins(access), next=None)


@router.put("/{member}", operation_id="setPin")
async def set_pin(access: Changing, member: Member, given: NewPin) -> Pin:
    """Give one of the staff a PIN: from a number of theirs, they take their page by calling the practice."""
    _check(access, member)
    if wrong := pins.faults(given.pin):
        fault = Where(pointer="/pin", detail=wrong, mend="Choose other digits, 4 to 8 of them.")
        raise Problem(422, "That is no PIN.", [fault])
    desk = access.desk
    async with desk.database.transaction() as connection:
        await pins.set_pin(connection, desk.ring, access.practice, member, given.pin, access.key.name, access.now)
        await audit.write(connection, access.key.actor, "set PIN", f"{access.practice}/{member}", access.now)
    return next(pin for pin in await _pins(access) if pin.member == member)


@router.delete("/{member}", operation_id="clearPin")
async def clear_pin(access: Changing, member: Member) -> Listing[Pin]:
    """Take somebody's PIN away, also of one who is not on the staff any more; who still has one. Again: the same."""
    async with access.desk.database.transaction() as connection:
        if await pins.clear_pin(connection, access.practice, member):
            await audit.write(connection, access.key.actor, "clear PIN", f"{access.practice}/{member}", access.now)
    return Listing(items=await _pins(access), next=None)


def _check(access: Access, member: str) -> None:
    known = access.plan.escalation.roster.members
    if member not in known:
        fault = Where(parameter="member", detail="there is no such member", mend=f"Choose from {', '.join(known)}.")
        raise Problem(404, "Nobody of that id is among the staff.", [fault])


async def _pins(access: Access) -> list[Pin]:
    async with access.desk.database.statement() as connection:
        found = await pins.listed(connection, access.practice)
    return [Pin(member=pin.member, set_at=pin.at, set_by=pin.by) for pin in found]
