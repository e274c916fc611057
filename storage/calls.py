"""Calls and their events, as they are stored and read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Row, RowMapping, func, select, text, update
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
    """What writing found: the event as first stored where this one was a repeat, and the call's number to call back.

    `ended`: the call was closed before this was known of it.
    """

    earlier: CallEvent | None
    callback: str | None
    page: str | None
    ended: bool


async def practice_last_called(connection: AsyncConnection, ring: KeyRing, caller: str) -> str | None:
    """The practice that this number called last; None: it never did."""
    found = await connection.scalar(
        select(calls.c.practice)
        .where(calls.c.caller_index.in_(ring.indexes(caller)))
        .order_by(calls.c.started_at.desc())
        .limit(1)
    )
    return str(found) if found is not None else None


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
    return [event_of(ring, row.key, row) for row in rows]


def event_of(ring: KeyRing, key: str, row: Row[Any]) -> CallEvent:
    """The event in a row that has `at`, `kind`, `body` and `private_sealed`. Raises SealError."""
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
    """The oldest calls that have not ended and have no event since then; `heard_at`: their last one."""
    newest = select(func.max(call_events.c.at)).where(call_events.c.call == calls.c.sid).scalar_subquery()
    query = (
        select(
            calls.c.sid, calls.c.practice, calls.c.version, calls.c.dialled, calls.c.started_at,
            newest.label("heard_at"),
        )
        .where(calls.c.ended_at.is_(None), calls.c.started_at < since.to_stdlib(), newest < since.to_stdlib())
        .order_by(calls.c.started_at)
        .limit(limit)
    )  # fmt: skip
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
