"""The report, beside a slow one that counts call by call."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whenever import Date, Instant

from ivr.outcome import Outcome
from routing.counted import Counted
from routing.served import Served
from storage.database import Database
from storage.figures import Spread, spread
from storage.report import Span, report

PERSON = {Outcome.CONNECTED, Outcome.TRANSFERRED}
MARCH = Date(2026, 3, 1)


@dataclass(frozen=True)
class Made:
    """A made-up call. `outcome` None: under way."""

    practice: str
    day: int
    hour: int
    outcome: Outcome | None
    served: Served
    category: str | None
    waited: int


calls = st.lists(
    st.builds(
        Made, st.sampled_from(["maple", "oak"]), st.integers(1, 9), st.integers(0, 23),
        st.sampled_from([None, *Outcome]), st.sampled_from(list(Served)), st.sampled_from(["urgent", "refill", None]),
        st.integers(0, 900),
    ),
    max_size=40,
)  # fmt: skip
spans = st.builds(
    Span,
    st.sampled_from([None, "maple"]),
    st.none() | st.integers(1, 9).map(lambda day: MARCH.add(days=day - 1)),
    st.none() | st.integers(1, 9).map(lambda day: MARCH.add(days=day - 1)),
)


def store(url: str, made: Sequence[Made]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE practices CASCADE")
        connection.execute(
            "INSERT INTO practices (id, name, created_at) VALUES ('maple', '', now()), ('oak', '', now())"
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO calls (sid, practice, version, dialled, route, decided, reasons, node, language, "
                "last_turn, started_at, ended_at, outcome, category, day, waited, counted) VALUES (%s, %s, 1, '', 0, "
                "'', '[]', '', 'en-US', 0, now(), CASE WHEN %s::text IS NULL THEN NULL ELSE now() END, "
                "%s, %s, %s, %s, %s)",
                [_row(n, each) for n, each in enumerate(made)],
            )


def _row(n: int, made: Made) -> tuple[object, ...]:
    if made.outcome is None:
        return (f"CA{n}", made.practice, None, None, made.category, None, None, None)
    code = Counted(made.hour, made.outcome, made.served).code
    day = MARCH.add(days=made.day - 1).to_stdlib()
    return (f"CA{n}", made.practice, made.outcome.value, made.outcome.value, made.category, day, made.waited, code)


def slow_spread(values: list[int]) -> Spread:
    if not values:
        return Spread(0, None, None, None)
    ordered, n = sorted(values), len(values)
    return Spread(n, sum(values) / n, ordered[math.ceil(n * 0.5) - 1], ordered[math.ceil(n * 9 / 10) - 1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=calls, span=spans)
async def test_it_counts_as_one_would_call_by_call(database_url: str, made: list[Made], span: Span) -> None:
    store(database_url, made)
    database = Database(database_url)
    async with database.transaction() as connection:
        found = await report(connection, span)
    await database.close()
    ours = [each for each in made if span.practice in {None, each.practice}]
    first, last = span.first or MARCH, span.last or MARCH.add(days=30)
    ended = [each for each in ours if each.outcome and first <= MARCH.add(days=each.day - 1) <= last]
    assert found.calls == len(ended)
    assert found.under_way == sum(each.outcome is None for each in ours)
    for each in ended:
        assert found.by_hour[each.hour][each.outcome.value] == sum(
            (other.hour, other.outcome) == (each.hour, each.outcome) for other in ended
        )
        assert found.by_category[each.category or ""][each.outcome.value] == sum(
            (other.category, other.outcome) == (each.category, each.outcome) for other in ended
        )
        assert found.by_served[each.served.value] == sum(other.served is each.served for other in ended)
    assert sum(sum(counts.values()) for counts in found.by_hour.values()) == len(ended)
    _same(found.speed_of_answer, slow_spread([each.waited for each in ended if each.outcome in PERSON]))
    _same(found.abandoned_after, slow_spread([e.waited for e in ended if e.outcome is Outcome.ABANDONED]))


def _same(found: Spread, expected: Spread) -> None:
    assert (found.count, found.median, found.p90) == (expected.count, expected.median, expected.p90)
    assert found.mean == pytest.approx(expected.mean)


PAGES = """
    INSERT INTO plan_versions VALUES ('maple', 1, '', '[]', now(), 'a test');
    INSERT INTO pages (id, practice, plan_version, category, call, caller_leg, language, state, version, body,
        opened_at, accepted_by, accepted_at, accepted_step)
    SELECT n::text, 'maple', 1, category, '', '', 'en-US', state, 1, '{}', at, by, at + took * interval '1 second', step
    FROM (VALUES
        (1, 'urgent', 'resolved', timestamptz '2026-03-02 04:59Z', 'chen', 60, 1),
        (2, 'urgent', 'resolved', '2026-03-02 05:00Z', 'chen', 61, 1),
        (3, 'urgent', 'bridged', '2026-03-02 06:00Z', 'osei', 300, 2),
        (4, 'urgent', 'resolved', '2026-03-02 06:00Z', '', 5, 0),
        (5, 'urgent', 'last resort', '2026-03-02 06:00Z', NULL, NULL, NULL),
        (6, 'urgent', 'paging', '2026-03-02 06:00Z', NULL, NULL, NULL),
        (7, 'refill', 'resolved', '2026-03-02 06:00Z', NULL, NULL, NULL)
    ) AS made (n, category, state, at, by, took, step)
"""


async def test_pages_are_counted_by_who_took_them_and_at_which_step(database_url: str) -> None:
    store(database_url, [])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(PAGES)
    database = Database(database_url)
    async with database.transaction() as connection:
        pages = (await report(connection, Span("maple"), {"urgent": 60})).pages
        second = Span("maple", Date(2026, 3, 2), Date(2026, 3, 2), "America/New_York")
        of_the_day = (await report(connection, second)).pages
    await database.close()
    assert (pages.opened, pages.taken, pages.exhausted, pages.open, pages.closed_by_hand) == (7, 4, 1, 1, 1)
    assert (dict(pages.by_step), dict(pages.by_member)) == ({0: 1, 1: 2, 2: 1}, {"": 1, "chen": 2, "osei": 1})
    refill, urgent = pages.reach
    assert (refill.took.count, refill.in_time) == (0, None)
    assert (urgent.opened, urgent.took.median, urgent.target, urgent.in_time) == (6, 61, 60, 1)
    assert of_the_day.opened == 6  # the first one was opened at 23:59 of the day before, on the practice's clock


def test_every_code_stands_for_one_thing() -> None:
    made = [Counted(hour, outcome, served) for hour in range(24) for outcome in Outcome for served in Served]
    codes = [each.code for each in made]
    assert sorted(codes) == list(range(len(made)))
    assert [Counted.of(code) for code in codes] == made


def test_a_spread_of_nothing_and_of_one() -> None:
    assert spread({}) == Spread(0, None, None, None)
    assert spread({7: 1}) == Spread(1, 7.0, 7, 7)
    assert spread({1: 9, 100: 1}) == Spread(10, 10.9, 1, 1)


def test_days_that_begin_with_a_change_of_the_clock() -> None:
    span = Span("maple", Date(2026, 3, 8), Date(2026, 3, 8), "America/New_York")
    _, values = span.instants()
    assert Instant(values["until"]) - Instant(values["since"]) == Instant.from_utc(2026, 1, 1, 23) - Instant.from_utc(
        2026, 1, 1
    )
