"""Who is on call now, and over a span of time: two ways to the same answer."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, Time, TimeDelta, Weekday, ZonedDateTime

from escalation.oncall import Duty, on_call, render, targets
from escalation.policy import Escalation, Means, PolicyStep, Target, TargetKind
from escalation.roster import (
    LAST_DAY,
    Change,
    DailyWindow,
    Layer,
    Leave,
    Member,
    OnHolidays,
    Override,
    OverrideKind,
    Roster,
    Rotation,
    Schedule,
    Shift,
)
from escalation.timeline import overlaid

NEW_YORK = "America/New_York"


def local(*parts, zone=NEW_YORK):
    return ZonedDateTime(*parts, tz=zone).to_instant()


def override(member, start, end, schedule="primary"):
    return Override(schedule, member, start, end, "Pat Manager", "swap")


def test_the_physician_of_the_week_has_the_weekend(maple):
    found = on_call(maple, "primary", local(2026, 11, 21, 10))
    assert found.member == "chen"
    assert found.because == (
        "Dr. Ana Chen: physicians rotation, turn of 2026-11-16 08:00 to 2026-11-23 08:00 America/New_York"
    )
    assert found.until == local(2026, 11, 23, 8)


def test_the_nurse_has_the_weekday_night_and_friday_night_reaches_into_saturday(maple):
    assert on_call(maple, "primary", local(2026, 11, 18, 19)).member == "ruiz"
    assert on_call(maple, "primary", local(2026, 11, 18, 18, 59)).until == local(2026, 11, 18, 19)
    assert on_call(maple, "primary", local(2026, 11, 21, 6, 59)).member == "ruiz"
    assert on_call(maple, "primary", local(2026, 11, 21, 7)).member == "chen"


def test_the_backup_is_the_physician_of_next_week(maple):
    found = on_call(maple, "backup", local(2026, 11, 18, 3))
    assert found.member == "osei"
    assert "1 ahead" in found.because


def test_outside_its_windows_a_schedule_may_have_nobody(maple):
    assert on_call(maple, "nights", local(2026, 11, 18, 12)) is None


def test_before_a_rotation_starts_nobody_is_on_call_and_then_its_first_member(maple):
    assert on_call(maple, "backup", local(2026, 1, 5, 7, 59)) is None
    assert on_call(maple, "backup", local(2026, 1, 5, 8)).member == "osei"


def test_of_overlapping_overrides_the_last_given_wins_and_says_who_made_it(maple):
    day = override("patel", local(2026, 11, 21, 8), local(2026, 11, 21, 20))
    noon = override("osei", local(2026, 11, 21, 12), local(2026, 11, 21, 13))
    roster = replace(maple, overrides=(day, noon))
    before = on_call(roster, "primary", local(2026, 11, 21, 9))
    assert (before.member, before.until) == ("patel", local(2026, 11, 21, 12))
    assert on_call(roster, "primary", local(2026, 11, 21, 12)).member == "osei"
    assert "override by Pat Manager" in on_call(roster, "primary", local(2026, 11, 21, 12)).because
    assert on_call(roster, "primary", local(2026, 11, 21, 13)).member == "patel"
    assert on_call(roster, "primary", local(2026, 11, 21, 20)).member == "chen"
    assert on_call(roster, "backup", local(2026, 11, 21, 9)).member == "osei"


def test_a_coming_override_ends_the_answer(maple):
    roster = replace(maple, overrides=(override("patel", local(2026, 11, 22, 8), local(2026, 11, 22, 9)),))
    assert on_call(roster, "primary", local(2026, 11, 21, 9)).until == local(2026, 11, 22, 8)


def test_rendering_merges_neighbours_and_names_gaps(maple):
    duties = render(maple, "nights", local(2026, 11, 20, 12), local(2026, 11, 23, 20))
    assert duties == (
        Duty((), local(2026, 11, 20, 12), local(2026, 11, 20, 19)),
        Duty(("ruiz",), local(2026, 11, 20, 19), local(2026, 11, 21, 7)),
        Duty((), local(2026, 11, 21, 7), local(2026, 11, 23, 19)),
        Duty(("ruiz",), local(2026, 11, 23, 19), local(2026, 11, 23, 20)),
    )
    assert render(maple, "nights", local(2026, 11, 20, 12), local(2026, 11, 20, 12)) == ()


def test_windows_within_and_beside_each_other_are_one(maple):
    clocks = ((19, 7), (20, 22), (7, 9), (8, 8), (21, 23))
    only = tuple(DailyWindow(frozenset({Weekday.SATURDAY}), Time(begins), Time(ends)) for begins, ends in clocks)
    layer = replace(maple.schedules["backup"].layers[0], only=only)
    roster = replace(maple, schedules={"backup": Schedule("backup", (layer,))})
    duties = render(roster, "backup", local(2026, 11, 20, 12), local(2026, 11, 23, 7))
    assert [(duty.start, duty.end) for duty in duties if duty.member] == [
        (local(2026, 11, 21, 7), local(2026, 11, 22, 8))
    ]


def test_a_window_over_the_spring_night_opens_and_closes_by_the_wall_clock(maple):
    night = replace(maple.schedules["nights"].layers[0], only=(DailyWindow(frozenset(Weekday), Time(19), Time(7)),))
    roster = replace(maple, schedules={"nights": Schedule("nights", (night,))})
    duty = next(d for d in render(roster, "nights", local(2026, 3, 7, 12), local(2026, 3, 8, 12)) if d.member)
    assert (duty.end - duty.start).total("hours") == 11


@pytest.mark.parametrize(
    ("given_targets", "expected"),
    [
        ((Target(TargetKind.SCHEDULE, "primary"), Target(TargetKind.SCHEDULE, "backup")), ("chen", "osei")),
        ((Target(TargetKind.ROTATION, "physicians"),), ("chen", "osei", "patel")),
        ((Target(TargetKind.MEMBER, "osei"), Target(TargetKind.ROTATION, "physicians")), ("osei", "chen", "patel")),
        ((Target(TargetKind.MEMBER, "nobody"), Target(TargetKind.SCHEDULE, "nights")), ()),
    ],
)
def test_a_step_pages_each_of_its_people_once_in_order(maple, given_targets, expected):
    step = PolicyStep(given_targets, (Means.CALL,), TimeDelta(minutes=1))
    assert targets(Escalation(maple, {}), step, local(2026, 11, 21, 10)) == expected


def test_a_rotation_is_paged_from_whoever_has_the_turn(maple):
    step = PolicyStep((Target(TargetKind.ROTATION, "physicians"),), (Means.CALL,), TimeDelta(minutes=1))
    assert targets(Escalation(maple, {}), step, local(2026, 11, 24, 10)) == ("osei", "patel", "chen")
    assert targets(Escalation(maple, {}), step, local(2026, 1, 1, 10)) == ("chen", "osei", "patel")


# ---- render against on_call --------------------------------------------------------------------------------------

times = st.builds(Time, st.integers(0, 23), st.sampled_from([0, 30]))
windows = st.builds(DailyWindow, st.frozensets(st.sampled_from(list(Weekday)), max_size=7), times, times)
layers = st.one_of(
    st.builds(
        Layer,
        st.sampled_from(["weeks", "halves", "odd", "later", "months", "pairs", "far"]),
        st.lists(windows, max_size=2).map(tuple),
        st.integers(0, 2),
        st.sampled_from(OnHolidays),
    ),
    st.builds(
        lambda only, holidays: Layer("", only, 0, holidays, "hospital"),
        st.lists(windows, max_size=1).map(tuple),
        st.sampled_from(OnHolidays),
    ),
)
ZONES = (NEW_YORK, "Australia/Sydney", "Australia/Lord_Howe", "America/Havana", "UTC")
BEGINS = (
    Instant.from_utc(2026, 3, 6, 2), Instant.from_utc(2026, 10, 30), Instant.from_utc(2026, 4, 2, 13, 7),
    Instant.from_utc(2026, 10, 2), Instant.from_utc(2026, 6, 1),
)  # fmt: skip
DAYS = 5


def once(people):
    return tuple(dict.fromkeys(people))


def roster_of(zone, chosen, at, swaps, begin, away=(), imported=()):
    start = Date(2026, 1, 5)
    rotations = (
        Rotation("weeks", ("a", "b"), Shift(days=7), at, Weekday.SUNDAY, start),
        Rotation("halves", ("b", "c", "a"), Shift(hours=12), at, None, start),
        Rotation("odd", ("a", "c"), Shift(hours=7), at, None, start),
        Rotation("later", ("d",), Shift(days=1), at, None, begin.add(hours=30).to_tz(zone).date()),
        Rotation("months", ("a", "d"), Shift(months=1), at, None, start, month_day=LAST_DAY),
        Rotation(
            "pairs", ("a", "b", "c"), Shift(days=1), at, None, start, on_duty=2,
            changes=(Change(begin.add(hours=50).to_tz(zone).date(), ("c", "d")),),
        ),
        Rotation("far", ("c", "d"), Shift(hours=12), at, None, start, zone="Pacific/Chatham"),
    )  # fmt: skip
    overrides = tuple(
        Override("s", member, begin.add(minutes=offset), begin.add(minutes=offset + length), "Pat", "swap", kind,
                 instead if kind is OverrideKind.REPLACE and instead != member else "")
        for member, offset, length, kind, instead in swaps
    )  # fmt: skip
    leaves = tuple(
        Leave(m, begin.add(minutes=offset), begin.add(minutes=offset + length)) for m, offset, length in away
    )
    hospital = overlaid([(begin.add(minutes=o), begin.add(minutes=o + n), m) for m, o, n in imported], once)
    today = begin.to_tz(zone).date()
    holidays = frozenset({today.add(days=1), today.add(days=3)})
    members = {name: Member(name, name.upper(), (), None) for name in "abcd"}
    return Roster(
        zone, members, {r.name: r for r in rotations}, {"s": Schedule("s", tuple(chosen))}, overrides, leaves, holidays,
        {"hospital": hospital},
    )  # fmt: skip


spans = st.tuples(st.sampled_from("abcd"), st.integers(-300, 6000), st.integers(-10, 3000))


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES), chosen=st.lists(layers, max_size=3), at=times, begin=st.sampled_from(BEGINS),
    swaps=st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.integers(-300, 6000), st.integers(-10, 3000), st.sampled_from(OverrideKind),
            st.sampled_from(["", *"abcd"]),
        ),
        max_size=4,
    ),
    away=st.lists(spans, max_size=2), imported=st.lists(spans, max_size=4),
    probes=st.lists(st.integers(0, DAYS * 24 * 60 - 1), min_size=3, max_size=8),
)  # fmt: skip
def test_the_calendar_says_what_on_call_says(zone, chosen, at, begin, swaps, away, imported, probes):
    roster, end = roster_of(zone, chosen, at, swaps, begin, away, imported), begin.add(hours=24 * DAYS)
    duties = render(roster, "s", begin, end)
    assert duties[0].start == begin
    assert duties[-1].end == end
    for one, two in pairwise(duties):
        assert one.end == two.start
        assert one.members != two.members
    edges = [instant for duty in duties for instant in (duty.start, duty.end.subtract(nanoseconds=1))]
    for instant in [*edges, *(begin.add(minutes=minutes) for minutes in probes)]:
        found = on_call(roster, "s", instant)
        duty = next(d for d in duties if d.start <= instant < d.end)
        assert (() if found is None else found.members) == duty.members
        assert found is None or instant < found.until
        assert found is None or found.until <= duty.end or duty.end == end
