"""What being on call asks of each person, counted by hand and against a walk through the minutes."""

from dataclasses import replace
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, TimeDelta, ZonedDateTime

from escalation.balance import balance, evenness, shares
from escalation.burden import Burden, Paged, burdens
from escalation.duties import Duty, render
from escalation.roster import Change, Member, Roster

ZONE: Final = "America/New_York"
HOUR: Final = 3600
MARIE, NOOR = "marie", "noor"


def at(day: int, hour: int, minute: int = 0, *, month: int = 11, zone: str = ZONE) -> Instant:
    return ZonedDateTime(2026, month, day, hour, minute, tz=zone).to_instant()


def roster(zone: str = ZONE, holidays: frozenset[Date] = frozenset()) -> Roster:
    people = {name: Member(name, name.title(), ("+16175550121",), None) for name in (MARIE, NOOR)}
    return Roster(zone, people, {}, {}, holidays=holidays)


def of(*duties: Duty, paged: tuple[Paged, ...] = (), holidays: frozenset[Date] = frozenset()) -> dict[str, Burden]:
    span = at(1, 0), at(30, 0)
    return burdens(roster(holidays=holidays), {"primary": duties}, paged, span)


def test_a_weekend_of_one_person():
    # Friday evening to Monday morning; Saturday is a holiday.
    found = of(Duty((MARIE,), at(20, 19), at(23, 7)), holidays=frozenset({Date(2026, 11, 21)}))[MARIE]
    assert (found.seconds, found.by_schedule) == (60 * HOUR, {"primary": 60 * HOUR})
    assert (found.nights, found.weekend_days, found.holidays) == (3, 2, 1)
    assert (found.longest_run, found.shortest_rest) == (60 * HOUR, None)


def test_whoever_had_nothing_is_there_with_nothing():
    assert of(Duty((MARIE,), at(20, 19), at(21, 7)))[NOOR] == Burden()


def test_less_than_half_a_night_or_eight_hours_of_a_day_does_not_count():
    found = of(Duty((MARIE,), at(21, 0), at(21, 2, 29)), Duty((MARIE,), at(21, 12), at(21, 17, 30)))[MARIE]
    assert (found.nights, found.weekend_days) == (0, 0)
    assert found.shortest_rest == 9 * HOUR + 31 * 60
    found = of(Duty((MARIE,), at(21, 2), at(21, 7)), Duty((MARIE,), at(21, 12), at(21, 15)))[MARIE]
    assert (found.nights, found.weekend_days) == (1, 1)


@pytest.mark.parametrize(("day", "month", "hours"), [(8, 3, 23), (1, 11, 25), (15, 3, 24)])
def test_hours_are_real_ones_when_the_clocks_change(day: int, month: int, hours: int):
    start, end = at(day, 0, month=month), at(day + 1, 0, month=month)
    found = burdens(roster(), {"primary": (Duty((MARIE,), start, end),)}, (), (start, end))[MARIE]
    assert (found.seconds, found.weekend_days) == (hours * HOUR, 1)


def test_a_moment_on_two_schedules_counts_once_and_on_each():
    duties = Duty((MARIE, NOOR), at(20, 8), at(20, 20))
    calendars = {"primary": (duties,), "backup": (Duty((NOOR,), at(20, 14), at(20, 22)),)}
    found = burdens(roster(), calendars, (), (at(1, 0), at(30, 0)))[NOOR]
    assert found.seconds == 14 * HOUR
    assert found.by_schedule == {"primary": 12 * HOUR, "backup": 8 * HOUR}
    assert found.longest_run == 14 * HOUR


def test_a_page_that_tries_somebody_at_night_wakes_them_once():
    paged = (
        Paged(MARIE, (at(20, 21, 58), at(20, 22)), taken=False),
        Paged(MARIE, (at(21, 6, 59), at(21, 7)), taken=True),
        Paged(MARIE, (at(21, 7),), taken=True),
    )
    found = of(paged=paged)[MARIE]
    assert (found.pages, found.taken, found.wake_ups) == (3, 2, 2)


def test_evenness_is_one_less_the_gini_coefficient():
    alike = dict.fromkeys("abcd", 1)
    assert evenness(dict.fromkeys("abcd", 40), alike) == 1
    assert evenness({"a": 40}, alike) == Fraction(1, 4)  # one of four has all
    assert evenness({"a": 1, "b": 3}, {"a": 1, "b": 1}) == Fraction(3, 4)
    assert evenness({}, alike) == 1
    assert evenness({"a": 10, "b": 20}, {"a": 1, "b": 2}) == 1  # two shares, twice the hours
    assert evenness({"a": 10, "guest": 500}, {"a": 1}) == 1


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8))
def test_evenness_is_what_all_pairs_say(amounts: list[int]):
    named = {str(n): amount for n, amount in enumerate(amounts)}
    apart = sum(abs(a - b) for a in amounts for b in amounts)
    total = sum(amounts)
    expected = 1 - Fraction(apart, 2 * len(amounts) * total) if total else 1
    assert evenness(named, dict.fromkeys(named, 1)) == expected


def test_who_takes_turns_at_either_end_has_a_share(maple: Roster):
    start, end = at(1, 0), at(30, 0)
    physicians = maple.rotations["physicians"]
    change = Change(Date(2026, 11, 9), ("ruiz", "chen"), (("ruiz", 2),))
    changed = replace(maple, rotations={**maple.rotations, "physicians": replace(physicians, changes=(change,))})
    assert shares(changed, start, end)["ruiz"] == 2
    assert {*physicians.members, "ruiz"} <= set(shares(changed, start, end))
    calendars = {name: render(maple, name, start, end) for name in maple.schedules}
    assert 0 < balance(maple, calendars, start, end) <= 1


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from([ZONE, "Australia/Lord_Howe", "Europe/Dublin", "America/Havana"]),
    begins=st.sampled_from([(3, 7), (4, 4), (10, 3), (10, 24), (10, 31), (6, 5)]),
    spans=st.lists(st.tuples(st.integers(0, 72 * 60), st.integers(1, 40 * 60)), min_size=1, max_size=4),
)
def test_as_a_walk_through_the_minutes_counts(zone: str, begins: tuple[int, int], spans: list[tuple[int, int]]):
    month, day = begins
    start = at(day, 0, month=month, zone=zone)
    end = start + TimeDelta(hours=24 * 5)
    calendars = {
        str(n): (Duty((MARIE,), start + TimeDelta(minutes=after), min(start + TimeDelta(minutes=after + lasts), end)),)
        for n, (after, lasts) in enumerate(spans)
    }
    minutes = set[int]()
    for after, lasts in spans:
        minutes.update(range(after, min(after + lasts, 5 * 24 * 60)))
    clock = {minute: (start + TimeDelta(minutes=minute)).to_tz(zone) for minute in minutes}
    had: dict[Date, int] = {}
    for now in clock.values():
        had[now.date()] = had.get(now.date(), 0) + 1
    found = burdens(roster(zone), calendars, (), (start, end))[MARIE]
    assert found.seconds == 60 * len(minutes)
    assert found.weekend_days == sum(n >= 8 * 60 and date.day_of_week().value > 5 for date, n in had.items())
    breaks = [minute for minute in minutes if minute + 1 not in minutes]
    starts = [minute for minute in minutes if minute - 1 not in minutes]
    runs = [60 * (last + 1 - first) for first, last in zip(sorted(starts), sorted(breaks), strict=True)]
    assert found.longest_run == max(runs)
