"""Calls and their events: append-only, each event once, and one round trip for a webhook."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Row, RowMapping, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from ivr.inputs import Note, NoteKind
from storage.seal import KeyRing
from storage.tables import call_events, calls

CALLER: Final = "calls.caller"
CALLBACK: Final = "calls.callback"
PRIVATE: Final = "call_events.private"


@dataclass(frozen=True, slots=True)
class CallHead:
    """What is known of a call from any of its webhooks. `caller` is E.164, or None when withheld or malformed."""

    sid: str
    practice: str
    version: int
    dialled: str
    caller: str | None
    at: Instant
    route: int = -1
    decided: str = "not known: the first webhook was not stored"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the call stands after a turn. None leaves what was stored, except for `ringing`."""

    node: str
    language: str
    turn: int
    category: str | None = None
    ringing: str | None = None
    callback: str | None = None
    answered_by: str | None = None
    answered_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened in a call. `key` names it within the call: a repeat has the same.

    `body` holds nothing about the patient; `private` does, and is sealed.
    """

    key: str
    at: Instant
    kind: str
    body: Mapping[str, object]
    private: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_event` found: the event as first stored where this one was a repeat, and the call's sealed number.

    `ended`: the call was closed before this was known of it.
    """

    earlier: CallEvent | None
    callback: str | None
    page: str | None
    decided: str
    ended: bool


_WRITE: Final = text(
    """
    WITH head AS (
        INSERT INTO calls AS c (sid, practice, version, dialled, caller_sealed, caller_index, callback_sealed, route,
            decided, reasons, node, language, category, last_turn, ringing, started_at, answered_by, answered_at)
        VALUES (:sid, :practice, :version, :dialled, :caller_sealed, :caller_index, :callback_sealed, :route,
            :decided, :reasons, :node, :language, :category, :turn, :ringing, :at,
            :answered_by, :answered_at)
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
        RETURNING c.ended_at IS NOT NULL AS ended
    ), event AS (
        INSERT INTO call_events (call, key, at, kind, body, private_sealed)
        VALUES (:sid, :key, :at, :kind, :body, :private_sealed)
        ON CONFLICT DO NOTHING
    )
    SELECT e.at, e.kind, e.body, e.private_sealed, c.callback_sealed, c.page, c.decided,
        coalesce((SELECT ended FROM head), c.ended_at IS NOT NULL, false) AS ended
    FROM (VALUES (1)) AS one
    LEFT JOIN call_events e ON e.call = :sid AND e.key = :key
    LEFT JOIN calls c ON c.sid = :sid
    """.replace("{newer}", "c.last_turn < excluded.last_turn")
).bindparams(bindparam("reasons", type_=JSONB), bindparam("body", type_=JSONB))


async def write_event(
    connection: AsyncConnection, ring: KeyRing, head: CallHead, progress: Progress, event: CallEvent
) -> Written:
    """Store the event once and the call's progress, whichever of its webhooks comes first; one round trip.

    An event that is already there stays as it is and comes back as `earlier`.
    """
    row = (await connection.execute(_WRITE, _parameters(ring, head, progress, event))).one()
    earlier = None
    if row.kind is not None:
        earlier = _event(ring, event.key, row)
    callback = progress.callback
    if callback is None and row.callback_sealed:
        callback = ring.open(CALLBACK, row.callback_sealed)
    return Written(earlier, callback, row.page, row.decided or head.decided, row.ended)


def _parameters(ring: KeyRing, head: CallHead, progress: Progress, event: CallEvent) -> dict[str, object]:
    return {
        "sid": head.sid,
        "practice": head.practice,
        "version": head.version,
        "dialled": head.dialled,
        "caller_sealed": ring.seal(CALLER, head.caller) if head.caller else None,
        "caller_index": ring.index(head.caller) if head.caller else None,
        "callback_sealed": ring.seal(CALLBACK, progress.callback) if progress.callback else None,
        "route": head.route,
        "decided": head.decided,
        "reasons": list(head.reasons),
        "node": progress.node,
        "language": progress.language,
        "category": progress.category,
        "turn": progress.turn,
        "ringing": progress.ringing,
        "answered_by": progress.answered_by,
        "answered_at": progress.answered_at.to_stdlib() if progress.answered_at else None,
        "at": event.at.to_stdlib(),
        "key": event.key,
        "kind": event.kind,
        "body": dict(event.body),
        "private_sealed": ring.seal_json(PRIVATE, dict(event.private)) if event.private else None,
    }


async def busy_lines(connection: AsyncConnection, practice: str) -> dict[str, int]:
    """How many calls ring or talk at each destination now."""
    rows = await connection.execute(
        text(
            "SELECT ringing, count(*) AS lines FROM calls "
            "WHERE practice = :practice AND ended_at IS NULL AND ringing IS NOT NULL GROUP BY ringing"
        ),
        {"practice": practice},
    )
    return {row.ringing: row.lines for row in rows}


async def lock_call(connection: AsyncConnection, sid: str) -> Row[Any] | None:
    """The call's row, locked until the transaction ends; None when it is not known."""
    return (await connection.execute(select(calls).where(calls.c.sid == sid).with_for_update())).one_or_none()


async def events_of(connection: AsyncConnection, ring: KeyRing, sid: str) -> list[CallEvent]:
    """The call's events in their order, with their private parts opened. Raises SealError."""
    rows = await connection.execute(
        select(call_events).where(call_events.c.call == sid).order_by(call_events.c.at, call_events.c.key)
    )
    return [_event(ring, row.key, row) for row in rows]


def _event(ring: KeyRing, key: str, row: Row[Any]) -> CallEvent:
    private = ring.open_json(PRIVATE, row.private_sealed) if row.private_sealed else {}
    return CallEvent(key, Instant(row.at), row.kind, row.body, cast("dict[str, object]", private))


def note_parts(notes: Iterable[Note]) -> tuple[list[list[str]], dict[str, str]]:
    """The notes as an event keeps them: kinds and details for the body, private values (by position) to be sealed."""
    numbered = list(enumerate(notes))
    return [[n.kind.value, n.detail] for _, n in numbered], {str(i): n.private for i, n in numbered if n.private}


def noted(events: Iterable[CallEvent]) -> list[Note]:
    """The notes of the events, in their order."""
    return [note for event in events for note in _notes(event)]


def _notes(event: CallEvent) -> Iterator[Note]:
    private = cast("dict[str, str]", event.private.get("notes", {}))
    for n, (kind, detail) in enumerate(cast("list[list[str]]", event.body.get("notes", []))):
        yield Note(NoteKind(kind), detail, private.get(str(n), ""))


async def mark_answered(connection: AsyncConnection, sid: str, by: str, at: Instant) -> None:
    """A person talks to the caller now. The first one counts."""
    await connection.execute(
        update(calls)
        .where(calls.c.sid == sid, calls.c.answered_at.is_(None))
        .values(answered_at=at.to_stdlib(), answered_by=by)
    )


async def mark_at_desk(connection: AsyncConnection, sid: str, destination: str, at: Instant) -> None:
    """A destination takes this caller out of its queue: its line is taken until the call ends."""
    await connection.execute(
        update(calls)
        .where(calls.c.sid == sid, calls.c.ended_at.is_(None))
        .values(
            ringing=destination,
            answered_at=func.coalesce(calls.c.answered_at, at.to_stdlib()),
            answered_by=func.coalesce(calls.c.answered_by, destination),
        )
    )


async def leg_position(connection: AsyncConnection, sid: str) -> tuple[str, str, int] | None:
    """Where the call stands: node, language and last turn; None when it is over or not known."""
    row = (
        await connection.execute(
            select(calls.c.node, calls.c.language, calls.c.last_turn).where(
                calls.c.sid == sid, calls.c.ended_at.is_(None)
            )
        )
    ).one_or_none()
    return (row.node, row.language, row.last_turn) if row else None


async def calls_without_news(connection: AsyncConnection, since: Instant, limit: int = 100) -> Sequence[RowMapping]:
    """The oldest calls that have not ended and have no event since then."""
    newest = select(func.max(call_events.c.at)).where(call_events.c.call == calls.c.sid).scalar_subquery()
    query = (
        select(calls.c.sid, calls.c.practice, calls.c.version, calls.c.dialled)
        .where(calls.c.ended_at.is_(None), calls.c.started_at < since.to_stdlib(), newest < since.to_stdlib())
        .order_by(calls.c.started_at)
        .limit(limit)
    )
    return (await connection.execute(query)).mappings().all()


async def page_of_call(connection: AsyncConnection, sid: str) -> str:
    """The page that was opened for the call; "" for none."""
    return str(await connection.scalar(select(calls.c.page).where(calls.c.sid == sid)) or "")


async def waiting_in_line(connection: AsyncConnection, practice: str, nodes: Sequence[str]) -> int:
    """How many calls hold in these queue nodes and were not taken out by anybody."""
    found = await connection.scalar(
        select(func.count()).where(
            calls.c.practice == practice,
            calls.c.node.in_(nodes),
            calls.c.ended_at.is_(None),
            calls.c.ringing.is_(None),
        )
    )
    return int(found or 0)
