"""What overrides and time off make of the people whom a schedule's layers give."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import TimeDelta, ZonedDateTime

from escalation.oncall import on_call, targets
from escalation.policy import Escalation, Means, PolicyStep, Target, TargetKind
from escalation.precedence import resolve
from escalation.roster import Layer, Leave, Override, OverrideKind, Schedule
from escalation.timeline import overlaid

REPLACE, ADD, REMOVE = OverrideKind.REPLACE, OverrideKind.ADD, OverrideKind.REMOVE


def local(*parts):
    return ZonedDateTime(2026, 11, *parts, tz="America/New_York").to_instant()


SATURDAY = (local(21, 8), local(21, 20))


def override(member, kind=REPLACE, instead_of="", schedule="primary", window=SATURDAY):
    return Override(schedule, member, *window, "Dana", "swap", kind, instead_of)


def called(roster, schedule="primary", at=(21, 10)):
    found = on_call(roster, schedule, local(*at))
    return found.members if found else ()


@pytest.mark.parametrize(
    ("given_overrides", "expected"),
    [
        ([override("osei")], ("osei",)),
        ([override("osei", ADD)], ("chen", "osei")),
        ([override("chen", REMOVE)], ()),
        ([override("chen", REMOVE), override("osei", ADD)], ("osei",)),
        ([override("osei", REPLACE, "chen")], ("osei",)),
        ([override("osei", REPLACE, "patel")], ("chen",)),
        ([override("osei", REPLACE, "chen"), override("patel", REPLACE, "osei")], ("patel",)),
        ([override("osei"), override("patel", ADD), override("osei", REMOVE)], ("patel",)),
        ([override("osei", ADD), override("patel")], ("patel",)),
        ([override("chen", REMOVE), override("chen")], ("chen",)),
        ([override("osei", ADD), override("osei", REPLACE, "chen")], ("osei",)),
        ([override("osei", ADD), override("patel", REPLACE, "osei")], ("chen", "patel")),
    ],
)
def test_overrides_apply_in_the_order_in_which_they_were_given(maple, given_overrides, expected):
    assert called(replace(maple, overrides=tuple(given_overrides))) == expected


def test_who_has_time_off_is_left_out_and_the_next_layer_comes(maple):
    night = replace(maple, leaves=(Leave("ruiz", local(18, 0), local(20, 0)), Leave("patel", *SATURDAY)))
    assert called(maple, at=(18, 23)) == ("ruiz",)
    assert called(night, at=(18, 23)) == ("chen",)
    assert called(night, at=(21, 10)) == ("chen",), "somebody else's time off changes nothing"
    assert on_call(night, "primary", local(18, 23)).until == local(19, 7)


def test_an_override_has_somebody_on_call_who_has_time_off(maple):
    away = replace(maple, leaves=(Leave("chen", *SATURDAY),))
    assert called(away) == ()
    assert called(replace(away, overrides=(override("chen"),))) == ("chen",)
    assert called(replace(away, overrides=(override("osei", REPLACE, "chen"),))) == ("osei",), "the cover stands in"


def test_somebody_who_is_only_added_does_not_keep_the_layer_below_from_counting(maple):
    away = replace(maple, leaves=(Leave("ruiz", local(18, 0), local(20, 0)),))
    added = override("patel", ADD, window=(local(18, 20), local(19, 6)))
    assert called(replace(away, overrides=(added,)), at=(18, 23)) == ("chen", "patel")


def test_the_reason_names_who_is_replaced_and_who_is_there_besides(maple):
    roster = replace(maple, overrides=(override("osei", REPLACE, "chen"), override("patel", ADD)))
    because = on_call(roster, "primary", local(21, 10)).because
    assert "Dr. Kofi Osei: override by Dana" in because
    assert "instead of Dr. Ana Chen" in because
    assert because.endswith("with Dr. Mira Patel")


# ---- policies that name the rotation -----------------------------------------------------------------------------

ROTATION = PolicyStep((Target(TargetKind.ROTATION, "physicians"),), (Means.CALL,), TimeDelta(minutes=1))


def paged(roster, at=(21, 10)):
    return targets(Escalation(roster, {}), ROTATION, local(*at))


def test_an_override_wins_also_when_a_policy_names_the_rotation(maple):
    assert paged(maple) == ("chen", "osei", "patel")
    assert paged(replace(maple, overrides=(override("patel", REPLACE, "chen"),))) == ("patel", "osei")
    assert paged(replace(maple, overrides=(override("ruiz"),))) == ("ruiz", "osei", "patel")
    assert paged(replace(maple, overrides=(override("osei", REMOVE),))) == ("chen", "patel")


def test_an_override_of_a_schedule_in_which_another_rotation_decides_now_does_not_concern_it(maple):
    night = override("osei", window=(local(18, 19), local(19, 7)))
    assert paged(replace(maple, overrides=(night,)), at=(18, 23)) == ("chen", "osei", "patel")


def test_who_has_time_off_is_not_paged_with_the_rotation_nor_by_name(maple):
    away = replace(maple, leaves=(Leave("chen", *SATURDAY),))
    assert paged(away) == ("osei", "patel")
    by_name = PolicyStep((Target(TargetKind.MEMBER, "chen"),), (Means.CALL,), TimeDelta(minutes=1))
    assert targets(Escalation(away, {}), by_name, local(21, 10)) == ()
    assert targets(Escalation(away, {}), by_name, local(21, 20)) == ("chen",)


# ---- calendars from elsewhere, and holidays ----------------------------------------------------------------------


def test_a_calendar_from_elsewhere_is_a_layer(maple):
    hospital = overlaid([(local(21, 9), local(21, 12), "osei"), (local(21, 11), local(21, 13), "ruiz")], tuple)
    layers = (Layer("", calendar="hospital"), *maple.schedules["primary"].layers)
    roster = replace(maple, calendars={"hospital": hospital}, schedules={"primary": Schedule("primary", layers)})
    assert [called(roster, at=at) for at in ((21, 8), (21, 9), (21, 11, 30), (21, 12), (21, 13))] == [
        ("chen",), ("osei",), ("osei", "ruiz"), ("ruiz",), ("chen",)
    ]  # fmt: skip
    assert on_call(roster, "primary", local(21, 8)).until == local(21, 9)
    assert "the calendar hospital" in on_call(roster, "primary", local(21, 9)).because


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from("abc")), max_size=30))
def test_what_spans_say_at_once_is_what_each_says_at_that_instant(spans):
    begin = local(21, 0)
    told = overlaid([(begin.add(hours=a), begin.add(hours=b), who) for a, b, who in spans], tuple)
    for hour in range(-1, 32):
        value, until = told.at(begin.add(hours=hour))
        assert value == tuple(who for a, b, who in spans if a <= hour < b)
        assert until > begin.add(hours=hour)


def test_a_holiday_layer_counts_on_holidays_alone_by_the_date_on_which_its_window_begins(maple):
    from whenever import Date, Time, Weekday

    from escalation.roster import DailyWindow, OnHolidays

    night = DailyWindow(frozenset(Weekday), Time(19), Time(7))
    layers = (
        Layer("nurses", (night,), holidays=OnHolidays.ONLY),
        Layer("physicians", holidays=OnHolidays.NEVER),
    )
    thanksgiving = Date(2026, 11, 26)
    roster = replace(maple, holidays=frozenset({thanksgiving}), schedules={"primary": Schedule("primary", layers)})
    assert called(roster, at=(25, 23)) == ("osei",)
    assert called(roster, at=(26, 10)) == (), "neither the night nor an ordinary day"
    assert called(roster, at=(26, 23)) == ("ruiz",)
    assert called(roster, at=(27, 6)) == ("ruiz",), "the holiday's night lasts until the morning"
    assert called(roster, at=(27, 8)) == ("osei",)


def test_the_next_holiday_may_be_months_away_and_is_asked_for_again_before(maple):
    from escalation.roster import OnHolidays

    layers = (Layer("nurses", holidays=OnHolidays.ONLY), Layer("physicians"))
    roster = replace(maple, schedules={"primary": Schedule("primary", layers)})
    assert local(24, 8) < on_call(roster, "primary", local(23, 9)).until <= local(30, 8) + TimeDelta(hours=48)


# ---- resolve, by itself ------------------------------------------------------------------------------------------

people = st.sampled_from("abcd")
some = st.lists(people, max_size=2, unique=True).map(tuple)
overrides = st.builds(
    lambda member, kind, instead: override(member, kind, instead if kind is REPLACE and instead != member else ""),
    people, st.sampled_from(OverrideKind), st.sampled_from(["", "a", "b", "c", "d"]),
)  # fmt: skip


@settings(max_examples=400)
@given(layers=st.lists(some, max_size=3), given=st.lists(overrides, max_size=4), away=st.frozensets(people))
def test_what_is_resolved_obeys_the_last_word_about_each_person(layers, given, away):
    found = resolve(layers, given, away)
    assert len(set(found.members)) == len(found.members) == len(found.by)
    if given and given[-1].kind is REMOVE:
        assert given[-1].member not in found.members
    if given and given[-1].kind is ADD:
        assert given[-1].member in found.members
    if given and given[-1].kind is REPLACE and not given[-1].instead_of:
        assert found.members == (given[-1].member,)
    if given and given[-1].instead_of:
        assert given[-1].instead_of not in found.members
    for member, by in zip(found.members, found.by, strict=True):
        assert by is not None or member not in away
