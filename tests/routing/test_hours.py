"""The hours, against a slow reading of the wall clock minute by minute by the standard library."""

# ruff: noqa: E501 - a case is one line, to be read as a table

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, OffsetDateTime, Time, Weekday

from routing.deadline import due
from routing.hours import next_open, runs, state
from routing.opening import After, Closure, ExceptionDay, Hours, HoursKind, NextOfficeDay, OfficeMinutes, Window
from routing.plan import Beside, Plan, with_beside

ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Kolkata"]
DAYS = [
    *((2026, 3, 7), (2026, 10, 31)),  # New York
    *((2026, 3, 28), (2026, 10, 24)),  # London
    *((2026, 4, 4), (2026, 10, 3)),  # Lord Howe, half an hour; Santiago in the days between, at midnight
    *((2026, 4, 5), (2026, 9, 5), (2026, 4, 23), (2026, 10, 29)),  # Cairo, at midnight
    (2026, 11, 25),
]


@dataclass(frozen=True)
class Table:
    zone: str
    hours: Hours
    closures: tuple[Closure, ...] = ()


def at(text: str) -> Instant:
    return OffsetDateTime.parse_iso(text).to_instant()


windows = st.lists(st.integers(0, 48), min_size=2, max_size=6, unique=True).map(
    lambda edges: tuple(Window(a * 30, b * 30) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
starts = st.builds(
    lambda day, minutes: Instant.from_utc(*day).add(minutes=minutes), st.sampled_from(DAYS), st.integers(0, 600)
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, Instant]:
    start = draw(starts)
    zone = draw(st.sampled_from(ZONES))
    weekly = {day: draw(windows) for day in Weekday}
    date = start.to_tz(zone).date()
    exceptions = {date.next_day(): ExceptionDay(draw(windows), "Fair")} if draw(st.booleans()) else {}
    country = draw(st.sampled_from([None, "US"]))
    begins = start.add(minutes=draw(st.integers(-100, 1500)))
    closure = Closure(begins, begins.add(minutes=draw(st.integers(1, 900))), "Dana", "snow")
    closures = (closure,) if draw(st.booleans()) else ()
    return Table(zone, Hours(weekly, country, None, frozenset(), exceptions), closures), start


def kind_on_the_wall(table: Table, moment: datetime) -> str:
    instant = Instant.from_timestamp(int(moment.timestamp()))
    if any(c.start <= instant < c.end for c in table.closures):
        return "closure"
    wall = moment.astimezone(ZoneInfo(table.zone))
    date = Date(wall.year, wall.month, wall.day)
    if date in table.hours.exceptions:
        opening = table.hours.exceptions[date].windows
        if not opening:
            return "holiday"
    elif table.hours.country and (wall.month, wall.day) in {(9, 7), (11, 26)}:  # the holidays of the days above
        return "holiday"
    else:
        opening = table.hours.weekly.get(Weekday(wall.isoweekday()), ())
    minute = wall.hour * 60 + wall.minute
    return "open" if any(w.start <= minute < w.end for w in opening) else "closed"


@settings(max_examples=150, deadline=None)
@given(tables())
@example((Table("America/New_York", Hours({Weekday.SUNDAY: (Window(60, 90),)})), Instant.from_utc(2026, 10, 31)))
@example((Table("America/New_York", Hours({Weekday.SUNDAY: (Window(90, 150),)})), Instant.from_utc(2026, 3, 7)))
@example((Table("Africa/Cairo", Hours(dict.fromkeys(Weekday, (Window(0, 30),)))), Instant.from_utc(2026, 4, 23, 5, 42)))
@example((Table("Africa/Cairo", Hours(dict.fromkeys(Weekday, (Window(1380, 1420),)))), Instant.from_utc(2026, 10, 29)))
@example((Table("America/Santiago", Hours({Weekday.SUNDAY: (Window(0, 90),)})), Instant.from_utc(2026, 9, 5)))
@example(
    (
        Table("America/Santiago", Hours({Weekday.SATURDAY: (Window(1410, 1440),), Weekday.SUNDAY: (Window(0, 30),)})),
        Instant.from_utc(2026, 9, 5),
    )
)
def test_the_hours_agree_with_the_wall_clock_in_every_minute(case: tuple[Table, Instant]) -> None:
    table, start = case
    moment = datetime.fromtimestamp(start.timestamp(), UTC)
    expected = [kind_on_the_wall(table, moment + timedelta(minutes=i)) for i in range(60 * 50)]
    found: list[str] = []
    for run in runs(table, start):
        found += [run.kind.value] * round((run.end - run.start).total("minutes"))
        if len(found) >= len(expected):
            break
    assert found[: len(expected)] == expected


@settings(max_examples=60, deadline=None)
@given(tables())
def test_the_kind_holds_until_it_says_and_no_longer(case: tuple[Table, Instant]) -> None:
    table, start = case
    now = state(table, start)
    until = next(runs(table, start)).end
    assert until > start
    assert state(table, until.subtract(seconds=1)).kind is now.kind
    assert state(table, until).kind is not now.kind


@settings(max_examples=100, deadline=None)
@given(
    tables(),
    st.integers(0, 4000),
    st.sampled_from(
        [
            After(600),
            OfficeMinutes(0),
            OfficeMinutes(30),
            OfficeMinutes(700),
            NextOfficeDay(Time(12)),
            NextOfficeDay(Time(0)),
            NextOfficeDay(Time(2, 30)),
        ]
    ),
)
def test_a_later_call_is_never_due_earlier(case, later, deadline) -> None:
    table, now = case
    first = due(deadline, table.hours, table.zone, now, table.closures)
    second = due(deadline, table.hours, table.zone, now.add(minutes=later), table.closures)
    assert now <= first <= second


@pytest.mark.parametrize(
    ("now", "kind", "because", "until"),
    [
        ("2026-11-22T02:10-05:00", "closed", "Sunday 02:10 is outside the weekly hours (next open Monday 08:30)", "2026-11-23T08:30-05:00"),
        ("2026-11-23T08:30-05:00", "open", "Monday 08:30 is within the weekly hours (until 12:00)", "2026-11-23T12:00-05:00"),
        ("2026-11-23T12:00-05:00", "closed", "Monday 12:00 is outside the weekly hours (next open Monday 13:00)", "2026-11-23T13:00-05:00"),
        ("2026-11-26T10:00-05:00", "holiday", "Thursday 2026-11-26 is Thanksgiving Day, a day off (next open Friday 08:30)", "2026-11-27T00:00-05:00"),
        ("2026-12-24T09:00-05:00", "open", "Thursday 09:00 is within the Christmas Eve hours (until 12:00)", "2026-12-24T12:00-05:00"),
        ("2026-12-24T12:00-05:00", "closed", "Thursday 12:00 is outside the Christmas Eve hours (next open Saturday 09:00)", "2026-12-25T00:00-05:00"),
        ("2026-07-03T10:00-04:00", "open", "Friday 10:00 is within the weekly hours (until 12:00)", "2026-07-03T12:00-04:00"),
    ],
)  # fmt: skip
def test_the_sample_says_why(maple: Plan, now: str, kind: str, because: str, until: str) -> None:
    found = state(maple, at(now))
    assert (found.kind, found.because) == (HoursKind(kind), because)
    assert next(runs(maple, at(now))).end == at(until)


def test_a_closure_wins_over_everything_and_names_its_author(maple: Plan) -> None:
    closure = Closure(at("2026-11-23T09:00-05:00"), at("2026-11-23T14:00-05:00"), "Dana", "burst pipe")
    closed = with_beside(maple, Beside(closures=(closure,)))
    found = state(closed, at("2026-11-23T10:00-05:00"))
    assert found.kind is HoursKind.CLOSURE
    assert found.because == "Monday 10:00 is within a closure by Dana: burst pipe (next open Monday 14:00)"
    assert next(runs(closed, at("2026-11-23T10:00-05:00"))).end == closure.end


def test_a_holiday_can_be_worked_and_an_exception_wins_over_it(maple: Plan) -> None:
    columbus = at("2026-10-12T10:00-04:00")
    assert state(maple, columbus).kind is HoursKind.HOLIDAY
    worked = replace(maple, hours=replace(maple.hours, open_on=frozenset({"Columbus Day"})))
    assert state(worked, columbus).kind is HoursKind.OPEN
    exception = {Date(2026, 10, 12): ExceptionDay((Window(540, 660),), "Flu clinic")}
    excepted = replace(maple, hours=replace(maple.hours, exceptions=exception))
    assert state(excepted, columbus).because == "Monday 10:00 is within the Flu clinic hours (until 11:00)"


def test_a_practice_that_never_opens_is_told_so_and_nothing_hangs(maple: Plan) -> None:
    shut = replace(maple, hours=Hours({}))
    now = at("2026-11-22T02:10-05:00")
    assert state(shut, now).because.endswith("(no opening in the next year)")
    assert next_open(shut, now) is None
    assert due(OfficeMinutes(30), shut.hours, shut.zone, now) > now
    assert due(NextOfficeDay(Time(12)), shut.hours, shut.zone, now) > now


@pytest.mark.parametrize(
    ("category", "now", "expected"),
    [
        ("urgent", "2026-11-22T02:10-05:00", "2026-11-22T02:20-05:00"),
        ("callback", "2026-11-23T10:00-05:00", "2026-11-23T10:30-05:00"),
        ("callback", "2026-11-23T11:45-05:00", "2026-11-23T13:15-05:00"),  # over lunch
        ("callback", "2026-11-25T16:50-05:00", "2026-11-27T08:50-05:00"),  # over Thanksgiving
        ("callback", "2026-10-31T11:50-04:00", "2026-11-02T08:50-05:00"),  # over the change of the clocks
        ("refill", "2026-11-22T22:00-05:00", "2026-11-23T12:00-05:00"),  # Sunday evening
        ("refill", "2026-11-23T02:00-05:00", "2026-11-23T12:00-05:00"),  # before the day's opening
        ("refill", "2026-11-23T10:00-05:00", "2026-11-24T12:00-05:00"),
        ("refill", "2026-11-23T12:30-05:00", "2026-11-24T12:00-05:00"),  # lunch is not a new day
        ("refill", "2026-11-25T18:00-05:00", "2026-11-27T12:00-05:00"),
    ],
)
def test_deadlines_of_the_sample(maple: Plan, category: str, now: str, expected: str) -> None:
    deadline = maple.categories[category].deadline
    assert due(deadline, maple.hours, maple.zone, at(now), maple.closures) == at(expected)


def test_office_time_stands_still_in_a_closure(maple: Plan) -> None:
    closure = Closure(at("2026-11-23T10:10-05:00"), at("2026-11-23T11:00-05:00"), "Dana", "fire drill")
    found = due(OfficeMinutes(30), maple.hours, maple.zone, at("2026-11-23T10:00-05:00"), (closure,))
    assert found == at("2026-11-23T11:20-05:00")
