"""What a change would do to who is called."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, ZonedDateTime

from escalation.oncall import on_call
from escalation.policy import Escalation
from escalation.preview import Difference, needed, preview
from escalation.roster import Leave, Override, OverrideKind, Schedule
from escalation.wallclock import lasting


def local(*parts):
    return ZonedDateTime(2026, 11, *parts, tz="America/New_York").to_instant()


def test_a_change_is_told_by_person_and_window(maple):
    swap = Override("primary", "patel", local(21, 8), local(21, 20), "Dana", "swap")
    found = preview(maple, replace(maple, overrides=(swap,)), local(16, 8), local(30, 8))
    assert found.differences == (Difference("primary", local(21, 8), local(21, 20), ("chen",), ("patel",)),)
    assert found.hours == 12
    assert found.by_person == {"chen": -12 * 3600, "patel": 12 * 3600}


def test_moments_that_change_on_two_schedules_count_once(maple):
    away = replace(maple, leaves=(Leave("chen", local(21, 8), local(21, 20)),))
    found = preview(maple, away, local(16, 8), local(30, 8))
    assert {one.schedule for one in found.differences} == {"primary"}
    both = replace(maple, schedules={**maple.schedules, "second": maple.schedules["primary"]})
    again = preview(both, replace(both, leaves=away.leaves), local(16, 8), local(30, 8))
    assert again.seconds == found.seconds == 12 * 3600
    assert again.by_person["chen"] == -24 * 3600


def test_who_is_none_of_the_staff_is_nobody(maple):
    swap = Override("primary", "patel", local(21, 8), local(21, 20), "Dana", "swap")
    there = replace(maple, overrides=(swap,))
    without = replace(there, members={m: who for m, who in maple.members.items() if m != "patel"})
    found = preview(there, without, local(21, 8), local(21, 20))
    assert found.differences == (Difference("primary", local(21, 8), local(21, 20), ("patel",), ()),)
    assert found.by_person == {"patel": -12 * 3600}


def test_nothing_changes_where_nothing_changes(maple):
    found = preview(maple, replace(maple), local(16, 8), local(30, 8))
    assert (found.differences, found.seconds, found.by_person) == ((), 0, {})


def test_a_schedule_that_is_new_has_had_nobody(maple):
    more = replace(maple, schedules={**maple.schedules, "second": Schedule("second", maple.schedules["backup"].layers)})
    found = preview(maple, more, local(16, 8), local(17, 8))
    assert found.differences == (Difference("second", local(16, 8), local(17, 8), (), ("osei",)),)
    assert preview(more, maple, local(16, 8), local(17, 8)).by_person == {"osei": -24 * 3600}


def test_what_a_policy_needs_is_what_it_pages(maple):
    assert needed(Escalation(maple, {})) == ()


START = local(16, 8)
windows = st.tuples(st.integers(0, 9000), st.integers(1, 3000))
people = st.sampled_from(["chen", "osei", "patel", "ruiz"])
overrides = st.builds(
    lambda member, window, kind, instead: Override(
        "primary", member, START.add(minutes=window[0]), START.add(minutes=sum(window)), "Dana", "swap", kind,
        instead if kind is OverrideKind.REPLACE and instead != member else "",
    ),
    people, windows, st.sampled_from(OverrideKind), st.sampled_from(["", "chen", "osei", "patel", "ruiz"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(given=st.lists(overrides, max_size=4), probe=st.integers(0, 10 * 24 * 60 - 1))
def test_an_instant_is_in_a_difference_when_somebody_else_is_called_then(maple, given, probe):
    changed, end = replace(maple, overrides=tuple(given)), START.add(hours=240)
    found, instant = preview(maple, changed, START, end), START.add(minutes=probe)
    was, will = on_call(maple, "primary", instant), on_call(changed, "primary", instant)
    told = [one for one in found.differences if one.schedule == "primary" and one.start <= instant < one.end]
    expected = [] if members(was) == members(will) else [(members(was), members(will))]
    assert [(one.before, one.after) for one in told] == expected


def members(found):
    return found.members if found else ()


def test_the_preview_of_nothing_is_empty(maple):
    assert preview(maple, maple, Instant.MAX, Instant.MIN).differences == ()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 min"), (29, "0 min"), (1412, "24 min"), (3600, "1 h"), (-17400, "4 h 50 min"), (86370, "24 h")],
)
def test_a_length_of_time_is_told_to_the_minute(seconds, said):
    assert lasting(seconds) == said
