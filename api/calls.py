"""Calls, and what became of them."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from api.access import Access, Reading
from api.cursors import read_cursor, write_cursor
from api.fields import Cursor, Limit, Listing, Moment, Told, cut, example
from api.problems import Problem, Where
from ivr.outcome import Outcome
from storage import call_list
from storage.call_list import Wanted
from storage.timeline import Kind, Reader, read_timeline

router: Final = APIRouter(prefix="/practices/{practice}/calls", tags=["calls"])
_SID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHOWN: Final = {
    "sid": "CA0123456789abcdef0123456789abcdef",
    "version": 3,
    "dialled": "+16175550100",
    "route": 4,
    "decided": "go night",
    "reasons": ["Route 4 (go night) matches: it takes every call; Sunday 02:10 is outside the weekly hours."],
    "category": "urgent",
    "language": "en-US",
    "outcome": "connected",
    "started_at": "2026-11-22T07:10:03Z",
    "answered_at": "2026-11-22T07:12:14Z",
    "answered_by": "Dr. Kofi Osei",
    "ended_at": "2026-11-22T07:12:25Z",
    "waited_seconds": 131,
    "seconds": 142,
    "page": "f03c1b7e",
}


class Call(Told):
    """A call, without its caller. What is not known, or did not happen, is null."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    sid: str
    """Twilio's CallSid."""
    version: int
    """Of the plan that it began with."""
    dialled: str
    route: int
    """Counted from 1, as in the plan; 0 when none matched."""
    decided: str
    reasons: list[str]
    category: str | None
    language: str
    outcome: Outcome | None
    """Null while it is under way."""
    started_at: Moment
    answered_at: Moment | None
    """When a person answered."""
    answered_by: str | None
    ended_at: Moment | None
    waited_seconds: int | None
    """From the beginning until a person answered."""
    seconds: int | None
    page: str | None
    """The page that was opened about it."""


class Entry(Told):
    """One thing that happened. `who`: the caller, Nightbell, or the name of one of the staff."""

    at: Moment
    kind: Kind
    who: str
    text: str
    """A sentence that holds nothing about the patient."""
    details: dict[str, Any]
    """What belongs to the kind; `private` is what the caller keyed or said."""


class Attempt(Told):
    """One attempt at one person, by call or SMS. `seconds`: until it came to this state."""

    page: str
    number: int
    who: str
    means: str
    purpose: str
    at: Moment
    seconds: int
    state: str
    why: str


class CallRead(Call):
    """A call, with its caller and its timeline."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_SHOWN,
            caller="+16175550180",
            timeline=[
                {"at": "2026-11-22T07:10:14Z", "kind": "pressed", "who": "caller", "text": "Presses 1", "details": {}}
            ],
            attempts=[
                {
                    "page": "f03c1b7e",
                    "number": 1,
                    "who": "Dr. Ana Chen",
                    "means": "call",
                    "purpose": "page",
                    "at": "2026-11-22T07:10:22Z",
                    "seconds": 44,
                    "state": "missed",
                    "why": "picked up, but no key was pressed: a voicemail, or nobody there",
                }
            ],
        )
    )

    caller: str | None
    """The caller's number; null when it was withheld."""
    timeline: list[Entry]
    attempts: list[Attempt]


From = Annotated[Moment | None, Query(alias="from", description="Those that began at this time or later.")]
To = Annotated[Moment | None, Query(alias="to", description="Those that began before this time.")]
Ended = Annotated[Outcome | None, Query(description="Those that ended in this.")]


@router.get("", operation_id="listCalls")
async def list_calls(
    access: Reading,
    since: From = None,
    until: To = None,
    outcome: Ended = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing[Call]:
    """List the calls, the newest first, without their callers."""
    if since is not None and until is not None and until <= since:
        mend = "Choose a time after `from`."
        raise Problem(
            400, "No call can be in this span.", [Where(parameter="to", detail="not after `from`", mend=mend)]
        )
    wanted = Wanted(access.practice, since, until, outcome.value if outcome else None)
    about, ring = f"calls/{wanted!r}", access.desk.ring
    began, last = read_cursor(ring, about, cursor) if cursor is not None else ("", "")
    after = (Instant.parse_iso(began), last) if began else None
    async with access.desk.database.statement() as connection:
        found = await call_list.listed(connection, wanted, after, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(ring, about, [_iso(shown[-1]["started_at"]), shown[-1]["sid"]]) if more else None
    return Listing(items=[Call(**_told(row)) for row in shown], next=following)


@router.get("/{sid}", operation_id="getCall")
async def get_call(
    access: Reading, sid: Annotated[str, Path(description="Twilio's CallSid.", examples=[_SHOWN["sid"]])]
) -> CallRead:
    """Get a call: its caller, what was heard and pressed, who was rung. That it was read is in the audit trail."""
    desk = access.desk
    async with desk.database.transaction() as connection:
        row = await _find(access, sid, connection)
        reader = Reader(access.key.actor, access.now)
        told = await read_timeline(connection, desk.ring, desk.plans.version, sid, reader)
    if told is None:
        raise _unknown()
    timeline = [Entry(at=e.at, kind=e.kind, who=e.who, text=e.text, details=dict(e.details)) for e in told.entries]
    attempts = [Attempt.model_validate(asdict(tried)) for tried in told.attempts]
    return CallRead(**_told(row), caller=told.caller, timeline=timeline, attempts=attempts)


def _unknown() -> Problem:
    return Problem(404, "There is no such call.")


async def _find(access: Access, sid: str, connection: AsyncConnection) -> RowMapping:
    row = await call_list.find(connection, access.practice, sid) if _SID.fullmatch(sid) else None
    if row is None:
        raise _unknown()
    return row


def _told(row: RowMapping) -> dict[str, object]:
    moments: dict[str, Instant | None] = {
        name: Instant(row[name]) if row[name] else None for name in ("started_at", "answered_at", "ended_at")
    }
    began, answered = moments["started_at"], moments["answered_at"]
    waited = round((answered - began).total("seconds")) if began and answered else None
    plain = (
        "sid", "version", "dialled", "decided", "reasons", "category", "language", "outcome", "answered_by", "seconds",
    )  # fmt: skip
    shown = {name: row[name] for name in plain}
    return {**shown, **moments, "route": row["route"] + 1, "waited_seconds": waited, "page": row["page"] or None}


def _iso(at: datetime) -> str:
    return Instant(at).format_iso()
