"""Reading a call's timeline from the database."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.page import Purpose
from routing.plan import Plan
from routing.synthetic import PROBE
from storage import audit
from storage.calls import CALLER, PRIVATE, CallEvent
from storage.errors import NotFoundError, SealError
from storage.records import CallRecord, read_record
from storage.seal import KeyRing
from storage.tables import alerts, call_events, calls, deliveries, messages, page_events, pages, recordings
from storage.timeline.caller import caller_entries
from storage.timeline.entries import SERVER, Entry, Kind, Timeline, Tried
from storage.timeline.paged import (
    PageEvent,
    alert_entry,
    done_entry,
    opened_entry,
    page_entries,
    recording_entry,
    tried,
)

PlanLookup = Callable[[str, int], Awaitable[Plan | None]]
"""A practice's plan in a version, such as `PlanCache.version`."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the private part of a call, and when: it is written to the audit trail."""

    actor: str
    now: Instant


async def find_call(connection: AsyncConnection, begins: str, practice: str | None = None) -> str:
    """The SID of the call whose SID begins so. Raises NotFoundError: none does, or several."""
    query = select(calls.c.sid).where(calls.c.sid.startswith(begins, autoescape=True)).limit(2)
    found = (await connection.execute(query if practice is None else query.where(calls.c.practice == practice))).all()
    if len(found) != 1:
        raise NotFoundError(f"{'several' if found else 'no'} calls begin with {begins!r}; `nightbell calls` lists them")
    return str(found[0].sid)


async def newest_call(connection: AsyncConnection, practice: str | None = None) -> str | None:
    """The SID of the call that began last; of all practices, not one of the watchdog's."""
    query = select(calls.c.sid).order_by(calls.c.started_at.desc()).limit(1)
    whose = calls.c.practice != PROBE if practice is None else calls.c.practice == practice
    return await connection.scalar(query.where(whose))


async def read_timeline(
    connection: AsyncConnection, ring: KeyRing, lookup: PlanLookup, sid: str, reader: Reader | None = None
) -> Timeline | None:
    """All that is known of the call; None when it is not known.

    With a `reader`, the sealed parts are opened (the caller's number, what they keyed and said), which is noted in the
    audit trail of the connection's transaction. A part whose key is lost stays closed. Raises UnavailableError.
    """
    record = await read_record(connection, sid)
    if record is None:
        return None
    if reader is not None:
        await audit.write(connection, reader.actor, "read call", sid, reader.now)
    plan = await lookup(record.practice, record.version)
    opening = ring if reader is not None else None
    entries = [_decided(record), *caller_entries(plan, await _events(connection, opening, sid))]
    attempts = await _page_part(connection, plan, sid, entries)
    entries += await _left_behind(connection, sid)
    if record.ended_at is not None:
        entries.append(_ended(record, record.ended_at))
    return Timeline(
        record,
        plan.name if plan else record.practice,
        plan.zone if plan else "UTC",
        tuple(sorted(entries, key=lambda entry: entry.at)),  # stable: within one moment as they were found
        tuple(attempts),
        await _caller(connection, ring, sid) if reader is not None else None,
    )


def _decided(record: CallRecord) -> Entry:
    text = f"{record.decided.replace('_', ' ')}. {record.reasons[-1] if record.reasons else ''}".strip()
    details = {"event": "call", "route": record.route, "reasons": record.reasons}
    return Entry(record.started_at, Kind.DECIDED, SERVER, f"The call is answered: {text}", details)


def _ended(record: CallRecord, at: Instant) -> Entry:
    lasted = "" if record.seconds is None else f" after {record.seconds} s"
    return Entry(at, Kind.ENDED, SERVER, f"The call ends{lasted}: {record.outcome}", {"outcome": record.outcome})


async def _events(connection: AsyncConnection, ring: KeyRing | None, sid: str) -> list[CallEvent]:
    rows = await connection.execute(select(call_events).where(call_events.c.call == sid))
    return [CallEvent(row.key, Instant(row.at), row.kind, row.body, _opened(ring, row.private_sealed)) for row in rows]


def _opened(ring: KeyRing | None, sealed: bytes | None) -> dict[str, object]:
    if ring is None or not sealed:
        return {}
    try:
        return cast("dict[str, object]", ring.open_json(PRIVATE, sealed))
    except SealError:
        return {}


async def _caller(connection: AsyncConnection, ring: KeyRing, sid: str) -> str | None:
    sealed = await connection.scalar(select(calls.c.caller_sealed).where(calls.c.sid == sid))
    try:
        return ring.open(CALLER, sealed) if sealed else None
    except SealError:
        return None


async def _page_part(connection: AsyncConnection, plan: Plan | None, sid: str, entries: list[Entry]) -> list[Tried]:
    """The pages of the call, and the one that it joined: their trails go to the entries, their attempts come back."""
    joined = select(calls.c.page).where(calls.c.sid == sid).scalar_subquery()
    about = or_(pages.c.call == sid, pages.c.caller_leg == sid, pages.c.id == joined)
    wanted = select(pages.c.id, pages.c.body, pages.c.category, pages.c.opened_at).where(about)
    found = (await connection.execute(wanted.order_by(pages.c.opened_at))).mappings().all()
    ids = [row["id"] for row in found]
    if not ids:
        return []
    trail = await connection.execute(
        select(page_events).where(page_events.c.page.in_(ids)).order_by(page_events.c.at, page_events.c.version)
    )
    entries += [opened_entry(Instant(row["opened_at"]), row["id"], row["category"]) for row in found]
    entries += page_entries(PageEvent(r.page, r.version, Instant(r.at), r.event, tuple(r.trail)) for r in trail)
    told = await connection.execute(select(alerts).where(alerts.c.page.in_(ids)).order_by(alerts.c.id))
    entries += [alert_entry(Instant(row.at), row.why) for row in told]
    rows = await connection.execute(
        select(deliveries).where(deliveries.c.page.in_(ids)).order_by(deliveries.c.intended_at, deliveries.c.attempt)
    )
    purposes = {(row["id"], attempt["number"]): attempt["purpose"] for row in found for attempt in _attempts(row)}
    return [_tried(plan, row, purposes) for row in rows.mappings()]


def _attempts(row: RowMapping) -> Sequence[dict[str, Any]]:
    return cast("Sequence[dict[str, Any]]", row["body"].get("attempts") or ())


def _tried(plan: Plan | None, row: RowMapping, purposes: dict[tuple[str, int], str]) -> Tried:
    members = plan.escalation.roster.members if plan else {}
    member = members.get(row["member"])
    name = member.name if member else row["member"] or _LAST_RESORT
    return tried(row, purposes.get((row["page"], row["attempt"]), Purpose.PAGE.value), name)


_LAST_RESORT: Final = "the last resort"


async def _left_behind(connection: AsyncConnection, sid: str) -> list[Entry]:
    sounds = await connection.execute(
        select(recordings).where(recordings.c.call == sid, recordings.c.state == "completed")
    )
    entries = [recording_entry(Instant(row.made_at), row.sid, row.purpose, row.seconds) for row in sounds]
    done = await connection.execute(select(messages).where(messages.c.call == sid, messages.c.done_at.is_not(None)))
    return [*entries, *(done_entry(Instant(row.done_at), row.category, row.done_by or "somebody") for row in done)]
