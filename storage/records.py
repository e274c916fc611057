"""Call records: one line for each call, streamed, with nothing that identifies the caller."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from ivr.outcome import Outcome
from routing.counted import Counted
from routing.synthetic import PROBE
from storage.database import Database

COLUMNS: Final = (
    "sid", "practice", "plan_version", "dialled", "route", "decided", "reasons", "path", "category", "language",
    "outcome", "started_at", "answered_at", "answered_by", "ended_at", "waited_seconds", "seconds",
    "served", "talk_seconds", "abandoned_after_seconds", "page", "to_page_seconds", "to_clinician_seconds",
)  # fmt: skip
"""Of the export. Durations are whole seconds; lists are joined by " | " and " > "."""

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. `route` counts from 1 as in the plan, 0 for none.

    `outcome`, `ended_at` and what follows from them are None while it is under way. `seconds`: as Twilio counts the
    call; None when its end was found out otherwise. `served`: open, overflow or after hours. `page`: the one that was
    opened for it, or that it joined; `page_opened_at` and `accepted_at` (a clinician took it) are that page's.
    """

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
    served: str | None = None
    page: str | None = None
    page_opened_at: Instant | None = None
    accepted_at: Instant | None = None

    @property
    def waited(self) -> int | None:
        """Speed of answer: whole seconds from the beginning until a person answered; None when none did."""
        return _between(self.started_at, self.answered_at)

    @property
    def talked(self) -> int | None:
        """Whole seconds from when a person answered until the end; None when none did, or while they talk."""
        return _between(self.answered_at, self.ended_at)

    @property
    def abandoned_after(self) -> int | None:
        """Whole seconds after which an abandoned call was given up; None for any other."""
        return _between(self.started_at, self.ended_at) if self.outcome == Outcome.ABANDONED.value else None

    @property
    def to_page(self) -> int | None:
        """Whole seconds from the beginning until its page was opened; 0 when it joined one; None without a page."""
        return _between(self.started_at, self.page_opened_at)

    @property
    def to_clinician(self) -> int | None:
        """Whole seconds from when its page was opened (or joined) until a clinician took it; None when none did."""
        opened = max(self.page_opened_at, self.started_at) if self.page_opened_at else None
        return _between(opened, self.accepted_at)

    def values(self) -> list[str | int | Instant | None]:
        """The values of COLUMNS, in their types; lists as text."""
        return [
            self.sid, self.practice, self.version, self.dialled, self.route, self.decided,
            " | ".join(self.reasons), " > ".join(self.path), self.category, self.language, self.outcome,
            self.started_at, self.answered_at, self.answered_by, self.ended_at, self.waited, self.seconds,
            self.served, self.talked, self.abandoned_after, self.page, self.to_page, self.to_clinician,
        ]  # fmt: skip


def _between(start: Instant | None, end: Instant | None) -> int | None:
    return max(0, round((end - start).total("seconds"))) if start and end else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: of one practice, begun from `since` until before `until`; None is no condition.

    Of all practices, the watchdog's calls are left out.
    """

    practice: str | None = None
    since: Instant | None = None
    until: Instant | None = None


_QUERY: Final = """
    SELECT c.*, p.opened_at AS page_opened_at, p.accepted_at, (
        SELECT coalesce(json_agg(n.value ->> 1 ORDER BY e.at, e.key, n.ordinality), '[]'::json)
        FROM call_events e, jsonb_array_elements(e.body -> 'notes') WITH ORDINALITY n
        WHERE e.call = c.sid AND n.value ->> 0 = 'entered'
    ) AS path
    FROM calls c LEFT JOIN pages p ON p.id = c.page AND p.accepted_by IS DISTINCT FROM ''
    WHERE {where}
"""
"""A page that the last resort took was taken by no clinician."""


async def read_record(connection: AsyncConnection, sid: str) -> CallRecord | None:
    """One call's record; None when the call is not known."""
    row = (await connection.execute(text(_QUERY.format(where="c.sid = :sid")), {"sid": sid})).one_or_none()
    return _record(row) if row else None


async def records(
    database: Database, wanted: Wanted | None = None, *, newest_first: bool = False, limit: int | None = None
) -> AsyncIterator[CallRecord]:
    """The calls, streamed from the server in constant memory. Raises UnavailableError."""
    where, values = _condition(wanted or Wanted())
    order = "DESC" if newest_first else "ASC"
    query = text(_QUERY.format(where=f"{where} ORDER BY c.started_at {order}, c.sid LIMIT :limit"))
    async with database.transaction() as connection:
        batched = query.execution_options(yield_per=_BATCH)
        async with connection.stream(batched, {**values, "limit": limit}) as rows:
            async for row in rows:
                yield _record(row)


def _condition(wanted: Wanted) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {}
    conditions = []
    if wanted.practice is None:
        conditions.append(f"c.practice <> '{PROBE}'")
    else:
        conditions.append("c.practice = :practice")
        values["practice"] = wanted.practice
    for name, sign, limit in (("since", ">=", wanted.since), ("until", "<", wanted.until)):
        if limit is not None:
            conditions.append(f"c.started_at {sign} :{name}")
            values[name] = limit.to_stdlib()
    return " AND ".join(conditions), values


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
        answered_at=_instant(row.answered_at),
        answered_by=row.answered_by,
        ended_at=_instant(row.ended_at),
        seconds=row.seconds,
        served=Counted.of(row.counted).served.value if row.counted is not None else None,
        page=row.page,
        page_opened_at=_instant(row.page_opened_at),
        accepted_at=_instant(row.accepted_at),
    )


def _instant(at: datetime | None) -> Instant | None:
    return Instant(at) if at else None
