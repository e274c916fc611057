"""The report: how the calls of some days went. One pass over a covering index, however many there are.

What each figure means is in `storage.figures`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Date, Instant, Time

from escalation.page import PageState
from ivr.outcome import Outcome
from routing.counted import Counted
from routing.synthetic import PROBE
from storage.figures import Pages, Reach, Report, spread

ANSWERED: Final = frozenset({Outcome.CONNECTED.value, Outcome.TRANSFERRED.value})
_REAL: Final = f"practice <> '{PROBE}'"
"""The watchdog's calls have no day, and so are in no report; its pages are told by their practice."""
LAST_RESORT: Final = ""
"""Stands for the member where the last resort took a page."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which calls: of one practice or all; days are on the practice's clock and both included; None is no limit.

    `zone`: of the days of pages, which the index knows by their instant: the practice's.
    """

    practice: str | None = None
    first: Date | None = None
    last: Date | None = None
    zone: str = "UTC"

    def days(self) -> tuple[str, dict[str, object]]:
        """The condition on calls."""
        limits = (("day >= :first", self.first), ("day <= :last", self.last))
        return self._where(["day IS NOT NULL", *(sql for sql, limit in limits if limit)])

    def instants(self) -> tuple[str, dict[str, object]]:
        """The condition on pages."""
        limits = (("opened_at >= :since", self.first), ("opened_at < :until", self.last))
        return self._where([_REAL, *(sql for sql, limit in limits if limit)])

    def _where(self, conditions: list[str]) -> tuple[str, dict[str, object]]:
        values: dict[str, object] = {}
        if self.practice is not None:
            conditions.insert(0, "practice = :practice")
            values["practice"] = self.practice
        if self.first is not None:
            values |= {"first": self.first.to_stdlib(), "since": self._midnight(self.first).to_stdlib()}
        if self.last is not None:
            values |= {"last": self.last.to_stdlib(), "until": self._midnight(self.last.add(days=1)).to_stdlib()}
        sql = " AND ".join(conditions)
        return sql, {name: value for name, value in values.items() if f":{name}" in sql}

    def _midnight(self, day: Date) -> Instant:
        return day.at(Time()).assume_tz(self.zone, disambiguation="compatible").to_instant()


async def report(connection: AsyncConnection, span: Span, targets: Mapping[str, int] | None = None) -> Report:
    """The report. `targets`: category to seconds in which its pages should be taken. Raises UnavailableError."""
    # Compiling the query would take longer than running it.
    await connection.execute(text("SET LOCAL jit = off"))
    where, values = span.days()
    cells = await connection.execute(text(_CELLS.format(where=where)), values)
    by_hour: dict[int, Counter[str]] = {}
    by_category: dict[str, Counter[str]] = {}
    by_outcome: Counter[str] = Counter()
    by_served: Counter[str] = Counter()
    for code, category, count in cells:
        call = Counted.of(code)
        by_hour.setdefault(call.hour, Counter())[call.outcome.value] += count
        by_category.setdefault(category or "", Counter())[call.outcome.value] += count
        by_outcome[call.outcome.value] += count
        by_served[call.served.value] += count
    waits = (await connection.execute(text(_WAITS.format(where=where)), values)).all()
    return Report(
        span.practice, span.first, span.last,
        calls=by_outcome.total(),
        under_way=await _under_way(connection, span),
        by_hour=by_hour,
        by_outcome=by_outcome,
        by_category=by_category,
        by_served=by_served,
        speed_of_answer=spread(_sum((row.waited, row.n) for row in waits if row.outcome in ANSWERED)),
        abandoned_after=spread(_sum((row.waited, row.n) for row in waits if row.outcome not in ANSWERED)),
        pages=await _pages(connection, span, targets or {}),
    )  # fmt: skip


def _sum(pairs: Iterable[tuple[int, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for value, count in pairs:
        total[value] += count
    return total


async def _under_way(connection: AsyncConnection, span: Span) -> int:
    of = f"AND {_REAL}" if span.practice is None else "AND practice = :practice"
    values = {"practice": span.practice} if span.practice is not None else {}
    return int(await connection.scalar(text(f"SELECT count(*) FROM calls WHERE ended_at IS NULL {of}"), values) or 0)  # noqa: S608 - a constant


async def _pages(connection: AsyncConnection, span: Span, targets: Mapping[str, int]) -> Pages:
    where, values = span.instants()
    by_step: Counter[int] = Counter()
    by_member: Counter[str] = Counter()
    untaken: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    took: dict[str, Counter[int]] = {}
    for row in await connection.execute(text(_PAGES.format(where=where)), values):
        opened[row.category] += row.n
        if row.accepted_by is None:
            untaken[row.state] += row.n
            continue
        by_step[row.accepted_step] += row.n
        by_member[row.accepted_by] += row.n
        if row.accepted_by != LAST_RESORT:
            took.setdefault(row.category, Counter())[row.took] += row.n
    return Pages(
        opened=opened.total(),
        taken=by_step.total(),
        exhausted=untaken[PageState.LAST_RESORT.value],
        open=untaken[PageState.PAGING.value],
        closed_by_hand=untaken[PageState.RESOLVED.value] + untaken[PageState.BRIDGED.value],
        by_step=by_step,
        by_member=by_member,
        reach=tuple(
            _reach(name, opened[name], took.get(name, Counter()), targets.get(name)) for name in sorted(opened)
        ),
    )


def _reach(category: str, opened: int, took: Counter[int], target: int | None) -> Reach:
    in_time = None if target is None else sum(count for seconds, count in took.items() if seconds <= target)
    return Reach(category, opened, spread(took), target, in_time)


_CELLS: Final = "SELECT counted, category, count(*) AS n FROM calls WHERE {where} GROUP BY counted, category"
_WAITS: Final = """
    SELECT outcome, waited, count(*) AS n FROM calls
    WHERE {where} AND outcome IN ('connected', 'transferred', 'abandoned') GROUP BY outcome, waited
"""
"""The condition is the index's own, word by word."""
_PAGES: Final = """
    SELECT category, accepted_step, accepted_by, state,
        greatest(0, round(date_part('epoch', accepted_at - opened_at)))::int AS took, count(*) AS n
    FROM pages WHERE {where} GROUP BY category, accepted_step, accepted_by, state, took
"""
