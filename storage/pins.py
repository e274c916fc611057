"""PINs of the staff: set by an operator, and entered on the telephone by who calls from a registered number.

Sealed under the key ring, not hashed: so few digits are found from any hash by trying them all.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from routing.plan import Plan
from storage.alerts import Alert, AlertKind, raise_alert
from storage.jobs import Jobs
from storage.seal import KeyRing
from storage.tables_calendar import pins

FIELD: Final = "pins.pin"
MOST_FAILURES: Final = 5
"""Wrong ones in a row; then none is taken for a while, from whichever phone."""
LOCKED_FOR: Final = TimeDelta(minutes=15)
_DIGITS: Final = re.compile(r"[0-9]{4,8}")
_RUNS: Final = ("01234567890", "09876543210")


class Verdict(StrEnum):
    """What an entered PIN is. LOCKED: too many were wrong, this one was not looked at."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class PinSet:
    """That somebody has a PIN: since when, and who set it."""

    member: str
    at: Instant
    by: str


def faults(pin: str) -> str:
    """What is wrong with a PIN that is to be set, and what would mend it; "" when nothing is."""
    if not _DIGITS.fullmatch(pin):
        return "a PIN is 4 to 8 digits"
    if len(set(pin)) == 1 or any(pin in run for run in _RUNS):
        return "it is the first that anybody would try; choose one that is no run and not one digit alone"
    return ""


async def set_pin(
    connection: AsyncConnection, ring: KeyRing, practice: str, member: str, pin: str, author: str, now: Instant
) -> None:
    """Set the member's PIN, in place of any before. Raises ValueError for one that has `faults`."""
    if wrong := faults(pin):
        raise ValueError(wrong)
    values = {"sealed": ring.seal(FIELD, pin), "set_at": now.to_stdlib(), "set_by": author, "failures": 0}
    statement = upsert(pins).values(practice=practice, member=member, failed_at=None, **values)
    changed = {**values, "failed_at": None}
    await connection.execute(statement.on_conflict_do_update(index_elements=["practice", "member"], set_=changed))


async def clear_pin(connection: AsyncConnection, practice: str, member: str) -> bool:
    """Take the member's PIN away; False when there was none."""
    done = await connection.execute(delete(pins).where(pins.c.practice == practice, pins.c.member == member))
    return bool(done.rowcount)


async def listed(connection: AsyncConnection, practice: str) -> list[PinSet]:
    """Who has a PIN."""
    rows = await connection.execute(select(pins).where(pins.c.practice == practice).order_by(pins.c.member))
    return [PinSet(row.member, Instant(row.set_at), row.set_by) for row in rows]


async def with_pin(connection: AsyncConnection, practice: str, members: Sequence[str]) -> list[str]:
    """Those of the members who have one."""
    query = select(pins.c.member).where(pins.c.practice == practice, pins.c.member.in_(members))
    return [row.member for row in await connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Checked:
    """What an entered PIN was, and whose it is when it was right. `locks`: with this one, it was wrong too often."""

    verdict: Verdict
    member: str = ""
    locks: bool = False


async def check(
    connection: AsyncConnection, ring: KeyRing, queue: Jobs, plan: Plan, members: Sequence[str], pin: str, now: Instant
) -> Checked:
    """Compare an entered PIN with those of the members, who share a telephone, and count it when it is nobody's.

    The operators are told when it was wrong so often that none is taken for a while.
    """
    checked = await _compared(connection, ring, plan.practice, members, pin, now)
    if checked.locks:
        names = " or ".join(plan.escalation.roster.members[member].name for member in members)
        why = f"{MOST_FAILURES} wrong PINs in a row for {names}: none is taken for 15 minutes"
        await raise_alert(connection, queue, Alert(AlertKind.STAFF, why, plan.practice), now)
    return checked


async def _compared(
    connection: AsyncConnection, ring: KeyRing, practice: str, members: Sequence[str], pin: str, now: Instant
) -> Checked:
    mine = (pins.c.practice == practice) & pins.c.member.in_(members)
    rows = list(await connection.execute(select(pins).where(mine).order_by(pins.c.member).with_for_update()))
    failures = {row.member: _failures(row, now) for row in rows}
    open_ = [row for row in rows if failures[row.member] < MOST_FAILURES]
    if rows and not open_:
        return Checked(Verdict.LOCKED)
    for row in open_:
        if hmac.compare_digest(ring.open(FIELD, bytes(row.sealed)).encode(), pin.encode()):
            await _count(connection, practice, row.member, 0, None)
            return Checked(Verdict.RIGHT, row.member)
    for row in open_:
        await _count(connection, practice, row.member, failures[row.member] + 1, now)
    return Checked(Verdict.WRONG, locks=any(failures[row.member] + 1 == MOST_FAILURES for row in open_))


def _failures(row: Row[Any], now: Instant) -> int:
    recent = row.failed_at is not None and now < Instant(row.failed_at) + LOCKED_FOR
    return int(row.failures) if recent else 0


async def _count(connection: AsyncConnection, practice: str, member: str, failures: int, at: Instant | None) -> None:
    counted = {"failures": failures, "failed_at": at.to_stdlib() if at else None}
    await connection.execute(update(pins).where(pins.c.practice == practice, pins.c.member == member).values(**counted))
