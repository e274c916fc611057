"""Who goes on call, against a walk through the answers of `on_call`."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, Time, TimeDelta

from escalation.oncall import on_call
from escalation.roster import DailyWindow, Layer, Leave, Member, Override, OverrideKind, Roster, Rotation, Schedule
from escalation.roster import Shift as Length
from escalation.shift import AHEAD
from escalation.starting import Start, starting, stays_until
from tests.escalation.conftest import WEEKDAYS

STEP = TimeDelta(minutes=30)
FIRST, LAST = Instant.from_utc(2026, 11, 20), Instant.from_utc(2026, 11, 24)
STAFF = ("a", "b", "c", "d")
DAYS = Rotation("days", ("a", "b", "c"), Length(hours=12), Time(8), None, Date(2026, 1, 5), on_duty=2)
NIGHTS = Rotation("nights", ("d", "a"), Length(days=1), Time(20), None, Date(2026, 1, 5))
NIGHT, DAYTIME = DailyWindow(WEEKDAYS, Time(20), Time(6, 30)), DailyWindow(WEEKDAYS, Time(6), Time(22))
LAYERS = (Layer("nights", (NIGHT,)), Layer("days", (DAYTIME,)))

windows = st.tuples(st.integers(-20, 200), st.integers(1, 60)).map(
    lambda w: (FIRST + STEP * w[0], FIRST + STEP * (w[0] + w[1]))
)
members = st.sampled_from(STAFF)
leaves = st.builds(lambda m, w: Leave(m, *w), members, windows)
overrides = st.builds(
    lambda kind, m, other, w: Override(
        "primary", m, *w, "A", "R", kind, other if kind is OverrideKind.REPLACE and other != m else ""
    ),
    st.sampled_from(OverrideKind), members, st.sampled_from(("", *STAFF)), windows,
)  # fmt: skip


def roster(overrides=(), leaves=()):
    return Roster(
        "America/New_York",
        {name: Member(name, name.upper(), ("+16175550121",), None) for name in STAFF},
        {"days": DAYS, "nights": NIGHTS},
        {"primary": Schedule("primary", LAYERS)},
        tuple(overrides),
        tuple(leaves),
    )


def present(roster, at):
    found = on_call(roster, "primary", at)
    return found.members if found else ()


def walked(roster):
    """The starts, by asking who is on call at every half hour."""
    at = FIRST - STEP
    grid = [(at + STEP * i, present(roster, at + STEP * i)) for i in range(600)]
    for n, ((_, before), (now, after)) in enumerate(pairwise(grid)):
        if not FIRST <= now < LAST:
            continue
        for member in after:
            if member not in before:
                end = next(at for at, there in grid[n + 1 :] if member not in there)
                yield Start("primary", member, now, end, ()), {m for m in before if m not in after}


@settings(max_examples=60, deadline=None)
@given(st.lists(overrides, max_size=5), st.lists(leaves, max_size=3))
def test_the_starts_are_those_of_a_walk(some_overrides, some_leaves):
    calendar = roster(some_overrides, some_leaves)
    found = starting(calendar, "primary", FIRST, LAST)
    expected = list(walked(calendar))
    assert [(s.member, s.start, s.end) for s in found] == [(s.member, s.start, s.end) for s, _ in expected]
    assert [set(s.previous) for s in found] == [gone for _, gone in expected]
    for instant, starts in ((s.start, [t for t in found if t.start == s.start]) for s in found):
        firsts = [s.previous[0] for s in starts if s.previous][: len(starts[0].previous)]
        assert len(set(firsts)) == len(firsts), f"two take the place of one at {instant}"


def test_windows_that_meet_give_each_start_once():
    calendar, middle = roster(), Instant.from_utc(2026, 11, 22, 1)
    halves = starting(calendar, "primary", FIRST, middle) + starting(calendar, "primary", middle, LAST)
    assert halves == starting(calendar, "primary", FIRST, LAST)
    handoff = next(iter(halves)).start
    assert starting(calendar, "primary", handoff, handoff + STEP)[0].start == handoff
    assert starting(calendar, "primary", handoff - STEP, handoff) == starting(calendar, "primary", LAST, FIRST) == ()


def test_who_is_always_on_call_never_starts_and_has_no_end(maple):
    alone = Rotation("alone", ("chen",), Length(days=7), Time(8), None, Date(2020, 1, 6))
    rotations = {**maple.rotations, "alone": alone}
    schedules = {"always": Schedule("always", (Layer("alone"),))}
    calendar = Roster(maple.zone, maple.members, rotations, schedules)
    assert starting(calendar, "always", FIRST, LAST) == ()
    assert stays_until(calendar, "always", "chen", FIRST) == FIRST + AHEAD
    assert stays_until(calendar, "always", "osei", FIRST) == FIRST
    (first,) = starting(calendar, "always", Instant.from_utc(2020, 1, 1), Instant.from_utc(2020, 2, 1))
    assert (first.member, first.previous) == ("chen", ())


def test_an_unknown_schedule(maple):
    with pytest.raises(KeyError):
        starting(maple, "nowhere", FIRST, LAST)


def test_of_two_that_come_at_once_each_takes_the_place_of_one():
    both = Override("primary", "b", FIRST, FIRST + STEP, "A", "R")
    pair = (both, replace(both, member="d", kind=OverrideKind.ADD))
    after = (replace(both, member="a", start=FIRST + STEP, end=LAST),)
    calendar = roster((*pair, *after, replace(after[0], member="c", kind=OverrideKind.ADD)))
    found = starting(calendar, "primary", FIRST + STEP, FIRST + STEP * 2)
    assert [(s.member, s.previous) for s in found] == [("a", ("b", "d")), ("c", ("d", "b"))]
