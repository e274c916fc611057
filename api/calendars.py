"""The calendars from elsewhere that a practice goes by: how old its copies are, and whom it does not know in them."""

from typing import Final

from fastapi import APIRouter
from pydantic import ConfigDict
from whenever import Instant

from api.access import Reading
from api.fields import Moment, Told, example
from routing.plan import Beside, Plan
from routing.plan.elsewhere import unknown_ahead
from storage import calendar_copies
from storage.calendar_copies import State

router: Final = APIRouter(prefix="/practices/{practice}/calendars", tags=["who is woken"])

_UNKNOWN: Final = {"words": "dr. locum", "starts_at": "2026-11-28T12:00:00Z", "events": 2}
_SHOWN: Final = {
    "name": "hospital",
    "fetched_at": "2026-11-22T06:40:00Z",
    "age_seconds": 1800,
    "is_stale": False,
    "tried_at": "2026-11-22T07:10:00Z",
    "failing_since": "2026-11-22T07:10:00Z",
    "failure": "it was not there within 10 s. It is tried again by itself.",
    "events": 412,
    "unknown": [_UNKNOWN],
}


class UnknownName(Told):
    """Words in events of the next 90 days that mean nobody: whoever is meant is not called."""

    model_config = ConfigDict(json_schema_extra=example(**_UNKNOWN))

    words: str
    starts_at: Moment
    """When the first of the events starts."""
    events: int


class CalendarCopy(Told):
    """How it stands with a calendar. Its address is a secret, and not told."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    name: str
    fetched_at: Moment | None
    """When the copy that is used was last seen to be right; null: there is none yet."""
    age_seconds: int | None
    is_stale: bool
    """Whether it has failed for longer than the plan's `stale_after`."""
    tried_at: Moment | None
    failing_since: Moment | None
    """Since when it cannot be had; null: it can."""
    failure: str | None
    """Why, and what would mend it."""
    events: int
    """In the copy: from 31 days before it was read to 400 days after."""
    unknown: list[UnknownName]


class CalendarCopies(Told):
    """The calendars that the plan names."""

    model_config = ConfigDict(json_schema_extra=example(items=[_SHOWN]))

    items: list[CalendarCopy]


@router.get("", operation_id="listCalendars")
async def list_calendars(access: Reading) -> CalendarCopies:
    """Say how it stands with each calendar from elsewhere."""
    async with access.desk.database.statement() as connection:
        states = await calendar_copies.states(connection, access.practice)
    return CalendarCopies(items=told(access.plan, access.desk.plans.beside(access.practice), states, access.now))


def told(plan: Plan, beside: Beside, states: dict[str, State], now: Instant) -> list[CalendarCopy]:
    """Each calendar of the plan, in its order; for the command too."""
    return [_told(plan, beside, name, states.get(name), now) for name in plan.calendar.feeds]


def _told(plan: Plan, beside: Beside, name: str, state: State | None, now: Instant) -> CalendarCopy:
    feed, events = plan.calendar.feeds[name], beside.calendars.get(name, ())
    fetched_at = state.fetched_at if state is not None else None
    return CalendarCopy(
        name=name,
        fetched_at=fetched_at,
        age_seconds=int((now - fetched_at).total("seconds")) if fetched_at is not None else None,
        is_stale=state is not None and state.is_stale(feed, now),
        tried_at=state.tried_at if state is not None else None,
        failing_since=state.failing_since if state is not None else None,
        failure=(state.failure or None) if state is not None else None,
        events=len(events),
        unknown=[
            UnknownName(words=one.words, starts_at=one.start, events=one.events)
            for one in unknown_ahead(feed, events, now)
        ],
    )
