"""Call records: one line for each call, streamed, with nothing that identifies the caller."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from storage.database import Database

COLUMNS: Final = (
    "sid", "practice", "plan_version", "dialled", "route", "decided", "reasons", "path", "category", "language",
    "outcome", "started_at", "answered_at", "answered_by", "ended_at", "waited_seconds", "seconds",
)  # fmt: skip
"""Of the export. Times are RFC 3339 in UTC; durations whole seconds; lists are joined by " | " and " > "."""

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. `route` counts from 1 as in the plan, 0 for none. `waited`: seconds until a person answered."""

    sid: str
    practice: str
    version: int
    dialled: str
    route: int
    decided: str
    reasons: tuple[str, ...]
    path: tuple[str, ...]
    category: str | None
    language: str
    outcome: str | None
    started_at: Instant
    answered_at: Instant | None
    answered_by: str | None
    ended_at: Instant | None
    seconds: int | None

    @property
    def waited(self) -> int | None:
        """Whole seconds from the beginning until a person answered; None when none did."""
        return round((self.answered_at - self.started_at).total("seconds")) if self.answered_at else None

    def row(self) -> list[str | int]:
        """The values of COLUMNS, as text or numbers; no text is one that a spreadsheet would run."""
        return [_harmless(value) for value in self._values()]

    def _values(self) -> list[str | int]:
        return [
            self.sid, self.practice, self.version, self.dialled, self.route, self.decided,
            " | ".join(self.reasons), " > ".join(self.path), self.category or "", self.language, self.outcome or "",
            self.started_at.format_iso(), _iso(self.answered_at), self.answered_by or "", _iso(self.ended_at),
            "" if self.waited is None else self.waited, "" if self.seconds is None else self.seconds,
        ]  # fmt: skip


def _harmless(value: str | int) -> str | int:
    """A text that begins as a formula does gets an apostrophe before it. Telephone numbers stay as they are."""
    if isinstance(value, int) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


_NUMBER: Final = re.compile(r"\+[0-9]*")


def _iso(at: Instant | None) -> str:
    return at.format_iso() if at else ""


_QUERY: Final = """
    SELECT c.*, (
        SELECT coalesce(json_agg(n.value ->> 1 ORDER BY e.at, e.key, n.ordinality), '[]'::json)
        FROM call_events e, jsonb_array_elements(e.body -> 'notes') WITH ORDINALITY n
        WHERE e.call = c.sid AND n.value ->> 0 = 'entered'
    ) AS path
    FROM calls c
    WHERE {where}
"""
_LISTED: Final = """(CAST(:practice AS text) IS NULL OR c.practice = :practice)
    ORDER BY c.started_at {order}, c.sid LIMIT :limit"""


async def read_record(connection: AsyncConnection, sid: str) -> CallRecord | None:
    """One call's record; None when the call is not known."""
    row = (await connection.execute(text(_QUERY.format(where="c.sid = :sid")), {"sid": sid})).one_or_none()
    return _record(row) if row else None


async def records(
    database: Database, practice: str | None = None, *, newest_first: bool = False, limit: int | None = None
) -> AsyncIterator[CallRecord]:
    """The calls, streamed from the server in constant memory. Raises UnavailableError."""
    query = text(_QUERY.format(where=_LISTED.format(order="DESC" if newest_first else "ASC")))
    async with database.transaction() as connection:
        batched = query.execution_options(yield_per=_BATCH)
        async with connection.stream(batched, {"practice": practice, "limit": limit}) as rows:
            async for row in rows:
                yield _record(row)


def _record(row: Row[Any]) -> CallRecord:
    return CallRecord(
        sid=row.sid,
        practice=row.practice,
        version=row.version,
        dialled=row.dialled,
        route=row.route + 1,
        decided=row.decided,
        reasons=tuple(row.reasons),
        path=tuple(row.path),
        category=row.category,
        language=row.language,
        outcome=row.outcome,
        started_at=Instant(row.started_at),
        answered_at=Instant(row.answered_at) if row.answered_at else None,
        answered_by=row.answered_by,
        ended_at=Instant(row.ended_at) if row.ended_at else None,
        seconds=row.seconds,
    )
