"""Storing what happened in a call: in the database, or in the journal when that fails; the call goes on either way."""

from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from pydantic import TypeAdapter
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from ivr.inputs import Note, NoteKind
from routing.plan import Plan
from storage import messages
from storage.call_events import Write, write_event
from storage.calls import CallEvent, CallHead, Progress, Written, noted
from storage.errors import UnavailableError
from storage.recordings import Recording
from storage.tables import calls
from webhooks.paging import open_page
from webhooks.signed import where
from webhooks.site import Site

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of keeping a turn: what the database knew of it and of its call; nothing when it did not answer."""

    earlier: CallEvent | None = None
    callback: str | None = None
    page: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing to keep: the call's head, its progress, the event, and the notes that ask for more than a row."""

    head: CallHead
    progress: Progress
    event: CallEvent
    opens_page: str = ""
    """The connect node that wants a page."""

    @property
    def write(self) -> Write:
        """What of it is a row."""
        return Write(self.head, self.progress, self.event)


_RECORD: Final[TypeAdapter[Record]] = TypeAdapter(Record)
RECORDING: Final[TypeAdapter[Recording]] = TypeAdapter(Recording)

MESSAGE_NOTES: Final = frozenset({NoteKind.MESSAGE_DONE, NoteKind.CALLBACK_DONE})


async def keep(site: Site, plan: Plan, record: Record, notes: tuple[Note, ...] = ()) -> Kept:
    """Keep the record. Never raises: what the database does not take, for whatever reason, the journal has."""
    try:
        if record.opens_page or any(note.kind in MESSAGE_NOTES for note in notes):
            return await site.database.in_time(lambda: _write_with_consequences(site, plan, record))
        return await _write(site, record)
    except UnavailableError as error:
        _log.error("database_unavailable", why=str(error))
    except Exception as error:  # noqa: BLE001 - a caller is on the line, and what they did must not be lost
        _log.error("not_stored", error=type(error).__name__, where=where(error))
    journal(site, record)
    return Kept(callback=record.progress.callback or record.head.caller)


def journal(site: Site, record: Record) -> None:
    """Keep the record on disk. A disk that fails too costs the record, not the call."""
    try:
        site.journal.append({"record": _RECORD.dump_python(record, mode="json")})
    except OSError as error:
        _log.error("journal_failed", error=type(error).__name__)
        return
    site.metrics.journaled.inc()


async def replay(site: Site, entry: dict[str, Any]) -> None:
    """Write a journaled record. Raises UnavailableError, or ValueError for what is not one."""
    if "ended" in entry:
        from webhooks.closing import close_call  # noqa: PLC0415 - closing keeps records too

        await close_call(site, entry["ended"])
        return
    if "recording" in entry:
        from webhooks.recording import store  # noqa: PLC0415 - as above

        await store(site, RECORDING.validate_python(entry["recording"]))
        return
    record = _RECORD.validate_python(entry["record"])
    plan = await site.plans.version(record.head.practice, record.head.version)
    if plan is None:
        raise ValueError("its practice is not known")
    # A page that a caller could not wait for is opened when the call is closed; see `webhooks.closing`.
    kept = await _write_with_consequences(site, plan, replace(record, opens_page=""))
    if kept.earlier is not None:
        # Its webhook had given up waiting when it was written after all, perhaps after the call's end.
        await _amend(site, record)


async def _write(site: Site, record: Record) -> Kept:
    written = await site.database.in_time(lambda: site.events.write(record.write))
    if _is_late(written):
        await site.database.in_time(lambda: _amend(site, record))
    return _kept(site, record, written)


async def _write_with_consequences(site: Site, plan: Plan, record: Record) -> Kept:
    async with site.database.transaction() as connection:
        written = await write_event(connection, site.ring, record.write)
        kept = _kept(site, record, written)
        if written.earlier is not None:
            return kept
        await _take_message(site, connection, plan, record, kept)
        if record.opens_page and not written.ended:
            kept = replace(kept, page=await _open(site, connection, plan, record, kept))
    if _is_late(written):
        await _amend(site, record)
    return kept


def _is_late(written: Written) -> bool:
    """The call was over before this came, for the first time."""
    return written.ended and written.earlier is None


async def _amend(site: Site, record: Record) -> None:
    """What the call ended in is decided anew, and a page is opened for who is gone."""
    from webhooks.closing import amend  # noqa: PLC0415 - closing keeps records too

    await amend(site, record.head.sid)


def _kept(site: Site, record: Record, written: Written) -> Kept:
    if written.earlier is not None:
        site.metrics.repeats.inc()
    return Kept(earlier=written.earlier, callback=written.callback or record.head.caller, page=written.page or "")


async def _open(site: Site, connection: AsyncConnection, plan: Plan, record: Record, kept: Kept) -> str:
    page = await open_page(site, connection, plan, record.head, record.progress, record.opens_page, kept.callback)
    await connection.execute(update(calls).where(calls.c.sid == record.head.sid).values(page=page))
    return page


async def _take_message(site: Site, connection: AsyncConnection, plan: Plan, record: Record, kept: Kept) -> None:
    done = next((note.detail for note in noted([record.event]) if note.kind in MESSAGE_NOTES), None)
    if done is not None:
        await messages.take(connection, site.ring, plan, record.head, done, kept.callback, record.event.at)
