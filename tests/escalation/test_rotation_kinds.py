"""Shifts of months, rotations in zones of their own, several on duty, and changes of members."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Time, Weekday, ZonedDateTime

from escalation.roster import LAST_DAY, Change, Rotation, Shift
from escalation.rotation import all_from, faults, on_duty_at, on_duty_in, turn_at, turn_bounds

NEW_YORK = "America/New_York"
START = Date(2026, 1, 5)
MONTHLY = Rotation("m", ("chen", "osei"), Shift(months=1), Time(8), None, START, month_day=1)
WEEKLY = Rotation("w", ("chen", "osei", "patel"), Shift(days=7), Time(8), Weekday.MONDAY, START)


def local(*parts, zone=NEW_YORK):
    return ZonedDateTime(*parts, tz=zone).to_instant()


def test_a_month_goes_from_the_first_to_the_first():
    assert turn_bounds(MONTHLY, NEW_YORK, 0) == (local(2026, 2, 1, 8), local(2026, 3, 1, 8))
    assert on_duty_at(MONTHLY, NEW_YORK, local(2026, 2, 1, 7, 59)) == ()
    assert on_duty_at(MONTHLY, NEW_YORK, local(2026, 2, 28, 23)) == ("chen",)
    assert on_duty_at(MONTHLY, NEW_YORK, local(2026, 12, 31)) == ("chen",)
    assert on_duty_at(MONTHLY, NEW_YORK, local(2027, 1, 1, 8)) == ("osei",)


def test_the_last_of_the_month_is_whatever_day_that_is():
    last = replace(MONTHLY, month_day=LAST_DAY)
    starts = [turn_bounds(last, "UTC", n)[0].format_iso()[:10] for n in range(4)]
    assert starts == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    leap = replace(last, start=Date(2028, 2, 1))
    assert turn_bounds(leap, "UTC", 0)[0].format_iso()[:10] == "2028-02-29"


def test_a_quarter_begins_every_third_month():
    quarter = replace(MONTHLY, shift=Shift(months=3), month_day=15)
    assert [turn_bounds(quarter, "UTC", n)[0].format_iso()[:10] for n in range(3)] == [
        "2026-01-15", "2026-04-15", "2026-07-15"
    ]  # fmt: skip


def test_a_rotation_may_hand_off_in_a_zone_of_its_own():
    far = replace(WEEKLY, zone="America/Los_Angeles")
    assert turn_bounds(far, NEW_YORK, 0)[0] == local(2026, 1, 5, 11)
    assert on_duty_at(far, NEW_YORK, local(2026, 1, 5, 10, 59)) == ()


@pytest.mark.parametrize("day", [29, 30, 0, -1])
def test_a_day_that_not_every_month_has_is_a_fault(day):
    (fault,) = faults(replace(MONTHLY, month_day=day))
    assert f"day {day} of the month" in fault
    assert '"last"' in fault


def test_a_day_of_the_month_and_a_weekday_belong_to_their_shifts():
    assert "whole months" in faults(replace(MONTHLY, month_day=None))[0]
    assert "whole months" in faults(replace(WEEKLY, month_day=1))[0]
    assert "whole weeks" in faults(replace(MONTHLY, day=Weekday.MONDAY))[0]
    assert faults(MONTHLY) == ()


def test_changing_the_members_moves_nobodys_earlier_shift():
    changed = replace(WEEKLY, changes=(Change(Date(2026, 3, 4), ("ruiz", "chen")),))
    for week in range(9):  # until the first handoff on or after 4 March, which is the 9th
        assert on_duty_in(changed, week) == on_duty_in(WEEKLY, week)
    assert [on_duty_in(changed, week) for week in (9, 10, 11)] == [("ruiz",), ("chen",), ("ruiz",)]
    assert on_duty_at(changed, NEW_YORK, local(2026, 3, 9, 8)) == ("ruiz",)
    assert on_duty_at(changed, NEW_YORK, local(2026, 3, 9, 7, 59)) == on_duty_in(WEEKLY, 8)


def test_the_backup_of_the_last_turn_before_a_change_is_the_first_of_the_new_members():
    changed = replace(WEEKLY, changes=(Change(Date(2026, 3, 4), ("ruiz", "chen")),))
    assert on_duty_in(changed, 8, shifted=1) == ("ruiz",)
    assert on_duty_in(changed, 8, shifted=2) == ("chen",)
    assert all_from(changed, 8) == ("patel", "chen", "osei")
    assert all_from(changed, 10) == ("chen", "ruiz")


def test_a_change_on_the_very_day_of_a_handoff_counts_from_that_handoff():
    changed = replace(WEEKLY, changes=(Change(Date(2026, 3, 9), ("ruiz",)),))
    assert on_duty_at(changed, NEW_YORK, local(2026, 3, 9, 8)) == ("ruiz",)
    monthly = replace(MONTHLY, changes=(Change(Date(2026, 6, 1), ("ruiz",)),))
    assert on_duty_at(monthly, NEW_YORK, local(2026, 6, 1, 8)) == ("ruiz",)
    assert on_duty_at(monthly, NEW_YORK, local(2026, 6, 1, 7)) == ("osei",)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ((Change(Date(2026, 3, 4), ()),), "from 2026-03-04 on has no members"),
        ((Change(Date(2026, 3, 4), ("a", "a")),), "lists a twice"),
        ((Change(Date(2026, 3, 4), ("a",)), Change(Date(2026, 3, 4), ("b",))), "not after 2026-03-04"),
        ((Change(Date(2025, 3, 4), ("a",)),), "before its first turn"),
    ],
)
def test_a_change_that_cannot_be_is_a_fault(changes, says):
    found = faults(replace(WEEKLY, changes=changes))
    assert any(says in fault and "; " in fault for fault in found)


def test_two_on_duty_are_the_next_two():
    pairs = replace(WEEKLY, members=("a", "b", "c", "d"), on_duty=2)
    assert on_duty_at(pairs, NEW_YORK, local(2026, 1, 5, 8)) == ("a", "b")
    assert on_duty_at(pairs, NEW_YORK, local(2026, 1, 12, 8)) == ("c", "d")


@settings(max_examples=150, deadline=None)
@given(
    months=st.integers(1, 7), day=st.one_of(st.integers(1, 28), st.just(LAST_DAY)), hour=st.integers(0, 23),
    start=st.integers(0, 700), turn=st.integers(0, 300),
    zone=st.sampled_from([NEW_YORK, "Europe/Dublin", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_months_follow_on_from_each_other(months, day, hour, start, turn, zone):
    rotation = Rotation(
        "m", ("a", "b"), Shift(months=months), Time(hour), None, Date(2020, 1, 1).add(days=start), month_day=day
    )
    begins, ends = turn_bounds(rotation, zone, turn)
    assert begins < ends == turn_bounds(rotation, zone, turn + 1)[0]
    assert turn_at(rotation, zone, begins) == turn == turn_at(rotation, zone, ends.subtract(seconds=1))
    date = begins.to_tz(zone).date()
    assert date.day == day or (day == LAST_DAY and date.add(days=1).day == 1)
