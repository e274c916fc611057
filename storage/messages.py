"""Messages and call-back requests: what a caller left, for the practice to answer by a deadline."""

from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from ivr.inputs import NoteKind
from routing.deadline import due
from routing.plan import Plan
from storage import audit
from storage.calls import CALLBACK, CallHead, events_of, noted
from storage.errors import NotFoundError
from storage.seal import KeyRing
from storage.tables import calls, messages, recordings

FIELDS: Final = "messages.fields"


async def take(
    connection: AsyncConnection,
    ring: KeyRing,
    plan: Plan,
    head: CallHead,
    category: str,
    callback: str | None,
    now: Instant,
) -> str:
    """Make a message of what the call's events noted; its id. Twice makes it once, with all that is known by then."""
    fields = {
        note.detail: note.private
        for note in noted(await events_of(connection, ring, head.sid))
        if note.kind is NoteKind.FIELD_GIVEN
    }
    message = str(uuid5(NAMESPACE_URL, f"nightbell:{head.sid}:{category}"))
    wanted = plan.categories.get(category)
    deadline = due(wanted.deadline, plan.hours, plan.zone, now, plan.closures) if wanted is not None else None
    statement = upsert(messages).values(
        id=message,
        practice=plan.practice,
        call=head.sid,
        category=category,
        callback_sealed=ring.seal(CALLBACK, callback) if callback else None,
        fields_sealed=ring.seal_json(FIELDS, fields) if fields else None,
        taken_at=now.to_stdlib(),
        due_at=deadline.to_stdlib() if deadline else None,
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={
                "callback_sealed": func.coalesce(statement.excluded.callback_sealed, messages.c.callback_sealed),
                "fields_sealed": func.coalesce(statement.excluded.fields_sealed, messages.c.fields_sealed),
            },
        )
    )
    return message


@dataclass(frozen=True, slots=True)
class Message:
    """A message without what it says: nothing here is about the patient. `number`: its short id for people."""

    id: str
    practice: str
    call: str
    category: str
    language: str
    taken_at: Instant
    due_at: Instant | None
    done_at: Instant | None
    done_by: str | None

    @property
    def number(self) -> str:
        """Enough of the id to name it by."""
        return self.id[:8]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message says: patient data, whose reading is audited. Recordings: SID, purpose, seconds."""

    callback: str | None
    fields: dict[str, str]
    recordings: tuple[tuple[str, str, int], ...]


def _selected() -> Select[Any]:
    return select(messages, calls.c.language).join(calls, calls.c.sid == messages.c.call)


async def listed(
    connection: AsyncConnection, practice: str | None = None, *, done: bool = False, limit: int = 200
) -> list[Message]:
    """The open messages (or those that are done), the most urgent first."""
    query = _selected().where(messages.c.done_at.is_not(None) if done else messages.c.done_at.is_(None))
    if practice is not None:
        query = query.where(messages.c.practice == practice)
    rows = await connection.execute(query.order_by(messages.c.due_at, messages.c.taken_at).limit(limit))
    return [_message(row) for row in rows]


async def find(connection: AsyncConnection, number: str) -> Message:
    """The message whose id begins so. Raises NotFoundError: none does, or several."""
    rows = (await connection.execute(_selected().where(messages.c.id.startswith(number, autoescape=True)))).all()
    if len(rows) != 1:
        raise NotFoundError(f"{len(rows) or 'no'} messages begin with {number!r}; `nightbell messages list` shows them")
    return _message(rows[0])


async def read(connection: AsyncConnection, ring: KeyRing, message: Message, actor: str, now: Instant) -> Contents:
    """What the message says. That it was read, and by whom, is in the audit trail of the same transaction."""
    await audit.write(connection, actor, "read message", message.id, now)
    row = (await connection.execute(select(messages).where(messages.c.id == message.id))).one()
    sounds = await connection.execute(
        select(recordings.c.sid, recordings.c.purpose, recordings.c.seconds)
        .where(recordings.c.call == message.call, recordings.c.page.is_(None), recordings.c.state == "completed")
        .order_by(recordings.c.made_at)
    )
    fields = ring.open_json(FIELDS, row.fields_sealed) if row.fields_sealed else {}
    return Contents(
        ring.open(CALLBACK, row.callback_sealed) if row.callback_sealed else None,
        cast("dict[str, str]", fields),
        tuple((sound.sid, sound.purpose, sound.seconds or 0) for sound in sounds),
    )


async def finish(connection: AsyncConnection, message: Message, actor: str, now: Instant) -> None:
    """The message was answered. Saying so twice changes nothing."""
    done = await connection.execute(
        update(messages)
        .where(messages.c.id == message.id, messages.c.done_at.is_(None))
        .values(done_at=now.to_stdlib(), done_by=actor)
    )
    if done.rowcount:
        await audit.write(connection, actor, "finish message", message.id, now)


async def finish_by_page(connection: AsyncConnection, page: str, actor: str, now: Instant) -> None:
    """The page that was opened about an overdue message has reached the patient."""
    await connection.execute(
        update(messages)
        .where(messages.c.page == page, messages.c.done_at.is_(None))
        .values(done_at=now.to_stdlib(), done_by=actor)
    )


async def overdue(connection: AsyncConnection, now: Instant, limit: int = 50) -> list[Message]:
    """Messages past their deadline, about which nobody was paged yet; locked against other sweeps."""
    rows = await connection.execute(
        _selected()
        .where(messages.c.done_at.is_(None), messages.c.page.is_(None), messages.c.due_at <= now.to_stdlib())
        .order_by(messages.c.due_at)
        .limit(limit)
        .with_for_update(of=messages, skip_locked=True)
    )
    return [_message(row) for row in rows]


async def set_page(connection: AsyncConnection, message: Message, page: str) -> None:
    """A page was opened about it; "" where its category asks for none, so that it is not looked at again."""
    await connection.execute(update(messages).where(messages.c.id == message.id).values(page=page))


async def callback_of(connection: AsyncConnection, ring: KeyRing, message: Message) -> str | None:
    """The number to call back, for the page that is opened about it."""
    sealed = await connection.scalar(select(messages.c.callback_sealed).where(messages.c.id == message.id))
    return ring.open(CALLBACK, sealed) if sealed else None


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        practice=row.practice,
        call=row.call,
        category=row.category,
        language=row.language,
        taken_at=Instant(row.taken_at),
        due_at=Instant(row.due_at) if row.due_at else None,
        done_at=Instant(row.done_at) if row.done_at else None,
        done_by=row.done_by,
    )
