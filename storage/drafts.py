"""Drafts of plans: one for each practice, published yet or not, as whoever writes it has left it, faults and all."""

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.tables import plan_drafts


@dataclass(frozen=True, slots=True)
class Draft:
    """A document being written, as text. `media_type`: as it was sent."""

    practice: str
    document: str
    media_type: str
    saved_at: Instant
    saved_by: str

    @property
    def tag(self) -> str:
        """What tells it from every other text: equal drafts have equal tags."""
        return sha256(f"{self.media_type}\n{self.document}".encode()).hexdigest()[:32]


async def load(connection: AsyncConnection, practice: str) -> Draft | None:
    """The practice's draft; None when there is none."""
    row = (await connection.execute(select(plan_drafts).where(plan_drafts.c.practice == practice))).one_or_none()
    return Draft(row.practice, row.document, row.media_type, Instant(row.saved_at), row.saved_by) if row else None


async def hold(connection: AsyncConnection, practice: str) -> Draft | None:
    """The same; nobody else who asks like this gets it until the transaction ends, be there a draft or not."""
    lock = text("SELECT pg_advisory_xact_lock(hashtext('draft'), hashtext(:practice))")
    await connection.execute(lock, {"practice": practice})
    return await load(connection, practice)


async def save(connection: AsyncConnection, draft: Draft) -> None:
    """Store the draft in place of the one there was."""
    values = {
        "document": draft.document,
        "media_type": draft.media_type,
        "saved_at": draft.saved_at.to_stdlib(),
        "saved_by": draft.saved_by,
    }
    statement = upsert(plan_drafts).values(practice=draft.practice, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["practice"], set_=values))


async def discard(connection: AsyncConnection, practice: str) -> None:
    """Drop the practice's draft."""
    await connection.execute(delete(plan_drafts).where(plan_drafts.c.practice == practice))
