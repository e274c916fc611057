"""Writing events of calls: any number of them in one statement, each once, with the progress of its call."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import TimeDelta

from storage.calls import CALLBACK, CALLER, PRIVATE, CallEvent, CallHead, Progress, Written, event_of
from storage.seal import KeyRing


@dataclass(frozen=True, slots=True)
class Write:
    """One event to be written, with what its webhook knew of the call."""

    head: CallHead
    progress: Progress
    event: CallEvent


_WRITE: Final = text(
    """
    WITH given AS (
        SELECT g.* FROM set_config('lock_timeout', :patience, true),
            jsonb_to_recordset(CAST(:writes AS jsonb)) AS g (n int, sid text, practice text, version int,
            dialled text, caller_sealed bytea, caller_index bytea, callback_sealed bytea, route int, decided text,
            reasons jsonb, node text, language text, category text, turn int, ringing text, at timestamptz,
            answered_by text, answered_at timestamptz, key text, kind text, body jsonb, private_sealed bytea)
    ), head AS (
        INSERT INTO calls AS c (sid, practice, version, dialled, caller_sealed, caller_index, callback_sealed, route,
            decided, reasons, node, language, category, last_turn, ringing, started_at, answered_by, answered_at)
        SELECT sid, practice, version, dialled, caller_sealed, caller_index, callback_sealed, route,
            decided, reasons, node, language, category, turn, ringing, at, answered_by, answered_at
        FROM given ORDER BY sid
        ON CONFLICT (sid) DO UPDATE SET
            node = CASE WHEN {newer} THEN excluded.node ELSE c.node END,
            language = CASE WHEN {newer} THEN excluded.language ELSE c.language END,
            ringing = CASE WHEN {newer} AND c.ended_at IS NULL THEN excluded.ringing ELSE c.ringing END,
            category = CASE WHEN {newer} THEN coalesce(excluded.category, c.category)
                ELSE coalesce(c.category, excluded.category) END,
            callback_sealed = CASE WHEN {newer} THEN coalesce(excluded.callback_sealed, c.callback_sealed)
                ELSE coalesce(c.callback_sealed, excluded.callback_sealed) END,
            answered_by = coalesce(c.answered_by, excluded.answered_by),
            answered_at = coalesce(c.answered_at, excluded.answered_at),
            last_turn = greatest(c.last_turn, excluded.last_turn)
        RETURNING c.sid, c.ended_at IS NOT NULL AS ended
    ), event AS (
        INSERT INTO call_events (call, key, at, kind, body, private_sealed)
        SELECT sid, key, at, kind, body, private_sealed FROM given ORDER BY sid
        ON CONFLICT DO NOTHING
    )
    SELECT g.n, e.at, e.kind, e.body, e.private_sealed, c.callback_sealed, c.page,
        coalesce(head.ended, c.ended_at IS NOT NULL, false) AS ended
    FROM given g
    LEFT JOIN head ON head.sid = g.sid
    LEFT JOIN call_events e ON e.call = g.sid AND e.key = g.key
    LEFT JOIN calls c ON c.sid = g.sid
    """.replace("{newer}", "c.last_turn < excluded.last_turn")
)
"""Calls are locked in the order of their SIDs, so that two such statements cannot wait for each other."""


async def write_event(connection: AsyncConnection, ring: KeyRing, write: Write) -> Written:
    """Store one event; see `write_events`."""
    return (await write_events(connection, ring, [write]))[0]


async def write_events(
    connection: AsyncConnection, ring: KeyRing, writes: Sequence[Write], lock_bound: TimeDelta = TimeDelta.ZERO
) -> list[Written]:
    """Store each event once and its call's progress, whichever of the call's webhooks comes first; one round trip.

    An event that is already there stays as it is and comes back as `earlier`. The events must be of different calls.
    `lock_bound`: how long to wait for a call that somebody else has locked, then ContendedError; zero is no bound.
    """
    given = json.dumps([_parameters(n, write, ring) for n, write in enumerate(writes)], separators=(",", ":"))
    patience = f"{lock_bound.total('milliseconds'):.0f}"
    rows = {row.n: row for row in await connection.execute(_WRITE, {"writes": given, "patience": patience})}
    return [_written(ring, write, rows[n]) for n, write in enumerate(writes)]


def _parameters(n: int, write: Write, ring: KeyRing) -> dict[str, object]:
    head, progress, event = write.head, write.progress, write.event
    return {
        "n": n,
        "sid": head.sid,
        "practice": head.practice,
        "version": head.version,
        "dialled": head.dialled,
        "caller_sealed": _hex(ring.seal(CALLER, head.caller)) if head.caller else None,
        "caller_index": _hex(ring.index(head.caller)) if head.caller else None,
        "callback_sealed": _hex(ring.seal(CALLBACK, progress.callback)) if progress.callback else None,
        "route": head.route,
        "decided": head.decided,
        "reasons": head.reasons,
        "node": progress.node,
        "language": progress.language,
        "category": progress.category,
        "turn": progress.turn,
        "ringing": progress.ringing,
        "answered_by": progress.answered_by,
        "answered_at": progress.answered_at.format_iso() if progress.answered_at else None,
        "at": event.at.format_iso(),
        "key": event.key,
        "kind": event.kind,
        "body": event.body,
        "private_sealed": _hex(ring.seal_json(PRIVATE, dict(event.private))) if event.private else None,
    }


def _hex(value: bytes) -> str:
    """As PostgreSQL reads a bytea."""
    return "\\x" + value.hex()


def _written(ring: KeyRing, write: Write, row: Row[Any]) -> Written:
    earlier = None if row.kind is None else event_of(ring, write.event.key, row)
    callback = write.progress.callback
    if callback is None and row.callback_sealed:
        callback = ring.open(CALLBACK, row.callback_sealed)
    return Written(earlier, callback, row.page, row.ended)
