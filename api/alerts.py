"""Alerts: what the operators were told, and whether a person has heard it."""

from typing import Final

from fastapi import APIRouter
from pydantic import ConfigDict

from api.access import Reading
from api.cursors import read_cursor, write_cursor
from api.fields import Cursor, Limit, Listing, Moment, Told, cut, example
from storage import alerts
from storage.alerts import AlertKind, Raised

router: Final = APIRouter(prefix="/practices/{practice}/alerts", tags=["who is woken"])
_SHOWN: Final = {
    "id": 12,
    "kind": "page",
    "why": "every step of the policy urgent has passed and nobody has taken the page",
    "page": "f03c1b7e",
    "at": "2026-11-22T07:25:20Z",
    "times": 1,
    "last_at": "2026-11-22T07:25:20Z",
    "told_at": "2026-11-22T07:25:21Z",
    "confirmed_at": None,
    "confirmed_by": None,
    "over_at": None,
}


class Alert(Told):
    """An alert. What did not happen is null."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    id: int
    kind: AlertKind
    why: str
    page: str | None
    """The page that it is about."""
    at: Moment
    times: int
    """How often the same came since `at`; it was told once."""
    last_at: Moment
    told_at: Moment | None
    """When somebody was told; until then it is tried again."""
    confirmed_at: Moment | None
    confirmed_by: str | None
    """Who pressed the key when they were rung."""
    over_at: Moment | None
    """When the trouble was seen to be over, where that can be seen."""


@router.get("", operation_id="listAlerts")
async def list_alerts(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[Alert]:
    """List the practice's alerts, the newest first."""
    about = f"alerts/{access.practice}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await alerts.listed(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].number)]) if more else None
    return Listing(items=[told(each) for each in shown], next=following)


def told(raised: Raised) -> Alert:
    """As it is shown."""
    alert = raised.alert
    return Alert(
        id=raised.number, kind=alert.kind, why=alert.why, page=alert.page or None, at=raised.at, times=raised.times,
        last_at=raised.last_at, told_at=raised.told_at, confirmed_at=raised.confirmed_at,
        confirmed_by=raised.confirmed_by, over_at=raised.over_at,
    )  # fmt: skip
