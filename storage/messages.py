"""Messages and call-back requests: what a caller left, for the practice to answer by a deadline."""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from ivr.inputs import NoteKind
from routing.deadline import due
from routing.plan import Plan
from storage.calls import CALLBACK, CallHead, events_of, noted
from storage.seal import KeyRing
from storage.tables import messages, recordings

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
    """Make a message of what the call's events noted; its id. Twice makes it once."""
    fields = {
        note.detail: note.private
        for note in noted(await events_of(connection, ring, head.sid))
        if note.kind is NoteKind.FIELD_GIVEN
    }
    message = str(uuid5(NAMESPACE_URL, f"nightbell:{head.sid}:{category}"))
    wanted = plan.categories.get(category)
    deadline = due(wanted.deadline, plan.hours, plan.zone, now, plan.closures) if wanted is not None else None
    await connection.execute(
        upsert(messages)
        .values(
            id=message,
            practice=plan.practice,
            call=head.sid,
            category=category,
            callback_sealed=ring.seal(CALLBACK, callback) if callback else None,
            fields_sealed=ring.seal_json(FIELDS, fields) if fields else None,
            taken_at=now.to_stdlib(),
            due_at=deadline.to_stdlib() if deadline else None,
            done=False,
        )
        .on_conflict_do_nothing()
    )
    await connection.execute(
        update(recordings).where(recordings.c.call == head.sid, recordings.c.page.is_(None)).values(message=message)
    )
    return message
