"""Recordings: which exist, of what, and where at Twilio. The sound stays there; the URL is sealed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.seal import KeyRing
from storage.tables import recordings

URL: Final = "recordings.url"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. `key`: the call's turn that it was made in; `purpose`: reason, name or message."""

    sid: str
    call: str
    key: str
    purpose: str
    url: str
    seconds: int | None
    state: str
    page: str | None
    at: Instant


async def store(connection: AsyncConnection, ring: KeyRing, recording: Recording) -> None:
    """Store it, or what is newly known of it; a completed one stays completed."""
    statement = upsert(recordings).values(
        sid=recording.sid,
        call=recording.call,
        key=recording.key,
        purpose=recording.purpose,
        page=recording.page,
        url_sealed=ring.seal(URL, recording.url),
        seconds=recording.seconds,
        state=recording.state,
        made_at=recording.at.to_stdlib(),
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["sid"],
            set_={"state": statement.excluded.state, "seconds": statement.excluded.seconds},
            where=recordings.c.state != "completed",
        )
    )


async def reason_of(connection: AsyncConnection, page: str) -> str | None:
    """The SID of the newest completed recording of why the caller needs the clinician."""
    found = await connection.scalar(
        select(recordings.c.sid)
        .where(recordings.c.page == page, recordings.c.state == "completed")
        .order_by(recordings.c.made_at.desc())
        .limit(1)
    )
    return str(found) if found else None


async def url_of(connection: AsyncConnection, ring: KeyRing, sid: str) -> str | None:
    """Where the recording's media is at Twilio."""
    sealed = await connection.scalar(select(recordings.c.url_sealed).where(recordings.c.sid == sid))
    return ring.open(URL, sealed) if sealed else None
