"""Turns by arithmetic, against a reference that walks from the first handoff."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, PlainDateTime, Time, Weekday, ZonedDateTime

from escalation.roster import Rotation, Shift
from escalation.rotation import faults, on_duty_at, turn_at, turn_bounds

NEW_YORK = "America/New_York"
ZONES = (NEW_YORK, "Australia/Sydney", "Australia/Lord_Howe", "UTC", "America/Santiago")
WEEKLY = Rotation("physicians", ("chen", "osei", "patel"), Shift(days=7), Time(8), Weekday.MONDAY, Date(2026, 1, 5))
NIGHTS = Rotation("nurses", ("ruiz", "chen"), Shift(hours=12), Time(19), None, Date(2026, 1, 5))


def local(*parts, zone=NEW_YORK):
    return ZonedDateTime(*parts, tz=zone).to_instant()


def test_a_week_goes_from_monday_to_monday_at_the_handoff():
    assert on_duty_at(WEEKLY, NEW_YORK, local(2026, 1, 5, 8)) == ("chen",)
    assert on_duty_at(WEEKLY, NEW_YORK, local(2026, 1, 12, 7, 59)) == ("chen",)
    assert on_duty_at(WEEKLY, NEW_YORK, local(2026, 1, 12, 8)) == ("osei",)
    assert turn_bounds(WEEKLY, NEW_YORK, 1) == (local(2026, 1, 12, 8), local(2026, 1, 19, 8))


def test_the_backup_is_whoever_is_next():
    assert on_duty_at(WEEKLY, NEW_YORK, local(2026, 1, 5, 8), shifted=1) == ("osei",)
    assert on_duty_at(WEEKLY, NEW_YORK, local(2026, 1, 19, 8), shifted=1) == ("chen",)


def test_before_the_first_handoff_nobody_is_on_duty():
    before = local(2026, 1, 5, 7, 59)
    assert turn_at(WEEKLY, NEW_YORK, before) == -1
    assert on_duty_at(WEEKLY, NEW_YORK, before) == ()
    assert on_duty_at(WEEKLY, NEW_YORK, before, shifted=1) == ()


def test_a_weekday_handoff_waits_for_its_weekday():
    from_wednesday = Rotation("r", ("chen",), Shift(days=14), Time(8), Weekday.MONDAY, Date(2026, 1, 7))
    assert turn_bounds(from_wednesday, NEW_YORK, 0)[0] == local(2026, 1, 12, 8)


def test_twelve_hour_shifts_hand_off_at_seven_and_nineteen_on_every_date():
    for date in (Date(2026, 3, 7), Date(2026, 3, 8), Date(2026, 11, 1), Date(2026, 7, 4)):
        for hour in (7, 19):
            handoff = date.at(Time(hour)).assume_tz(NEW_YORK, disambiguation="raise").to_instant()
            assert turn_at(NIGHTS, NEW_YORK, handoff) == turn_at(NIGHTS, NEW_YORK, handoff.subtract(seconds=1)) + 1


def test_the_night_the_clocks_go_forward_is_an_hour_shorter():
    turn = turn_at(NIGHTS, NEW_YORK, local(2026, 3, 7, 20))
    start, end = turn_bounds(NIGHTS, NEW_YORK, turn)
    assert (end - start).total("hours") == 11
    autumn = turn_at(NIGHTS, NEW_YORK, local(2026, 10, 31, 20))
    start, end = turn_bounds(NIGHTS, NEW_YORK, autumn)
    assert (end - start).total("hours") == 13


DAILY_AT_HALF_PAST = {
    2: Rotation("r", ("chen", "osei"), Shift(days=1), Time(2, 30), None, Date(2026, 1, 5)),
    1: Rotation("r", ("chen", "osei"), Shift(days=1), Time(1, 30), None, Date(2026, 1, 5)),
}


def test_a_handoff_that_a_spring_night_skips_happens_at_the_next_instant():
    rotation = DAILY_AT_HALF_PAST[2]
    handoff = Instant.from_utc(2026, 3, 8, 7)  # 03:00 EDT; 02:30 does not exist
    assert turn_at(rotation, NEW_YORK, handoff.subtract(seconds=1)) + 1 == turn_at(rotation, NEW_YORK, handoff)


def test_a_handoff_that_an_autumn_night_has_twice_is_the_first():
    rotation = DAILY_AT_HALF_PAST[1]
    handoff = Instant.from_utc(2026, 11, 1, 5, 30)  # 01:30 EDT, an hour before 01:30 EST
    turn = turn_at(rotation, NEW_YORK, handoff)
    assert turn_at(rotation, NEW_YORK, handoff.subtract(seconds=1)) == turn - 1
    for minutes in (15, 45, 59, 60, 75):
        assert turn_at(rotation, NEW_YORK, handoff.add(minutes=minutes)) == turn


def test_hours_that_do_not_divide_a_day_go_on_around_the_clock():
    tens = Rotation("r", ("chen", "osei"), Shift(hours=10), Time(19), None, Date(2026, 1, 5))
    starts = [turn_bounds(tens, "UTC", n)[0].format_iso() for n in range(4)]
    assert [start[8:16] for start in starts] == ["05T19:00", "06T05:00", "06T15:00", "07T01:00"]


@pytest.mark.parametrize(
    ("rotation", "says"),
    [
        (Rotation("r", (), Shift(days=1), Time(8), None, Date(2026, 1, 5)), "no members"),
        (Rotation("r", ("chen",), Shift(), Time(8), None, Date(2026, 1, 5)), "at least one"),
        (Rotation("r", ("chen",), Shift(days=1, hours=1), Time(8), None, Date(2026, 1, 5)), "either"),
        (Rotation("r", ("chen",), Shift(days=-1), Time(8), None, Date(2026, 1, 5)), "at least one"),
        (Rotation("r", ("chen",), Shift(days=8), Time(8), Weekday.MONDAY, Date(2026, 1, 5)), "whole weeks"),
        (Rotation("r", ("chen",), Shift(hours=12), Time(8), Weekday.MONDAY, Date(2026, 1, 5)), "whole weeks"),
        (Rotation("r", ("chen",), Shift(days=1), Time(8, nanosecond=5), None, Date(2026, 1, 5)), "whole second"),
    ],
)
def test_what_cannot_be_reckoned_is_a_fault(rotation, says):
    assert any(says in fault for fault in faults(rotation))


def test_sound_rotations_have_no_fault():
    assert faults(WEEKLY) == faults(NIGHTS) == ()


def test_a_shift_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one hour or day"):
        turn_at(Rotation("r", ("chen",), Shift(), Time(8), None, Date(2026, 1, 5)), "UTC", local(2026, 2, 1))


def walk(rotation, zone, instant):
    """The slow reference: from the first handoff on, one wall-clock handoff after the other."""
    date = rotation.start
    while rotation.day is not None and date.day_of_week() is not rotation.day:
        date = date.add(days=1)
    turn, wall = -1, date.at(rotation.at)
    while first_shown(wall, zone) <= instant:
        turn += 1
        hours = wall.hour + rotation.shift.hours
        date = wall.date().add(days=rotation.shift.days + hours // 24)
        wall = PlainDateTime(date.year, date.month, date.day, hours % 24, wall.minute)
    return turn


def first_shown(wall, zone):
    """The first minute at which the clock shows this time or a later one."""
    instant = wall.assume_tz(zone, disambiguation="earlier").to_instant()
    while instant.to_tz(zone).to_plain() < wall:
        instant = instant.add(minutes=1)
    return instant


rotations = st.builds(
    lambda shift, at, day, start: Rotation(
        "r", ("chen", "osei", "patel"), shift, at, day if shift.days else None, start
    ),
    shift=st.sampled_from(
        [Shift(days=7), Shift(days=14), Shift(hours=12), Shift(hours=1), Shift(hours=10), Shift(hours=36)]
    ),
    at=st.builds(Time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45])),
    day=st.sampled_from([None, *Weekday]),
    start=st.builds(lambda d: Date(2026, 1, 1).add(days=d), st.integers(0, 330)),
)
# Nights on which one of the zones changes its clocks, in 2026, and the hours around them.
NIGHTS_OF_CHANGE = [
    Instant.from_utc(2026, 3, 8, 7), Instant.from_utc(2026, 11, 1, 6), Instant.from_utc(2026, 4, 4, 15),
    Instant.from_utc(2026, 10, 3, 16), Instant.from_utc(2026, 4, 5, 3), Instant.from_utc(2026, 9, 6, 4),
]  # fmt: skip
near_a_change = st.builds(
    lambda night, minutes: night.add(minutes=minutes), st.sampled_from(NIGHTS_OF_CHANGE), st.integers(-200, 200)
)


@settings(max_examples=150, deadline=None)
@given(rotation=rotations, zone=st.sampled_from(ZONES), days=st.integers(0, 40), near=near_a_change)
@example(rotation=DAILY_AT_HALF_PAST[2], zone=NEW_YORK, days=9, near=Instant.from_utc(2026, 3, 8, 7, 29))
@example(rotation=DAILY_AT_HALF_PAST[1], zone=NEW_YORK, days=9, near=Instant.from_utc(2026, 11, 1, 5, 45))
def test_arithmetic_agrees_with_walking(rotation, zone, days, near):
    start = min(rotation.start, near.to_tz(zone).date())
    moved = Rotation(
        "r",
        rotation.members,
        rotation.shift,
        rotation.at,
        rotation.day,
        max(start, near.to_tz(zone).date().add(days=-days)),
    )
    turn = turn_at(moved, zone, near)
    assert max(turn, -1) == walk(moved, zone, near)
    begins, ends = turn_bounds(moved, zone, turn)
    assert begins <= near < ends
    assert (on_duty_at(moved, zone, near) == ()) == (turn < 0)


@settings(max_examples=100, deadline=None)
@given(rotation=rotations, zone=st.sampled_from(ZONES), turn=st.integers(-500, 5_000))
def test_turns_follow_on_from_each_other(rotation, zone, turn):
    begins, ends = turn_bounds(rotation, zone, turn)
    assert ends == turn_bounds(rotation, zone, turn + 1)[0]
    if begins < ends:
        assert turn_at(rotation, zone, begins) == turn == turn_at(rotation, zone, ends.subtract(nanoseconds=1))
