"""Who covers for time off, where the present shift ends, and what is no override."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import TimeDelta, ZonedDateTime

from escalation.cover import Cover, Gap, gaps, overrides_for, proposed, with_leave
from escalation.oncall import on_call, paged
from escalation.overriding import check_effective, check_named, contradicted
from escalation.policy import Target, TargetKind
from escalation.refusal import RefusedError
from escalation.roster import Layer, Leave, OnHolidays, Override, OverrideKind, Schedule
from escalation.shift import Passing, passed_on, shift_end, spans_of


def local(*parts):
    return ZonedDateTime(2026, 11, *parts, tz="America/New_York").to_instant()


NOW = local(21, 8)
SATURDAY = (local(21, 8), local(21, 20))
MEMBERS = ("chen", "osei", "patel", "ruiz")


def uncovered(roster, leave, covers=()):
    after = with_leave(roster, leave, covers)
    return after, gaps(roster, after, leave)


def stand_ins(leave, found):
    return tuple(
        Override(gap.schedule, gap.proposed, gap.start, gap.end, "", "", OverrideKind.REPLACE, leave.member)
        for gap in found
        if gap.proposed is not None
    )


def test_only_where_they_would_be_on_call_somebody_has_to_cover(maple):
    leave = Leave("chen", local(20, 12), local(24, 12))
    after, open_ = uncovered(maple, leave)
    # Chen has the week until Monday 08:00; on weekday nights the nurses do.
    assert open_ == (
        Gap("primary", local(20, 12), local(20, 19)),
        Gap("primary", local(21, 7), local(23, 8)),
    )
    assert proposed(after, leave, open_)[0].proposed == "patel", "Osei is the backup, and Ruiz has the night after"


def test_whoever_was_idle_longest_is_proposed_and_then_the_next(maple):
    # The schedule of the nurses alone: without the backup, Osei is free all week, and Patel had the week before.
    alone = replace(maple, schedules={name: maple.schedules[name] for name in ("primary",)})
    leave = Leave("chen", *SATURDAY)
    after, open_ = uncovered(alone, leave)
    (first,) = proposed(after, leave, open_)
    assert first.proposed == "osei", "Osei's last week was two weeks before Patel's"
    busy = replace(after, leaves=(*after.leaves, Leave("osei", *SATURDAY)))
    assert [gap.proposed for gap in proposed(busy, leave, open_)] == ["patel"]


def test_a_gap_is_divided_where_nobody_is_free_for_all_of_it(maple):
    leave = Leave("chen", *SATURDAY)
    away = (
        Leave("patel", local(21, 14), local(21, 20)),
        Leave("ruiz", local(21, 8), local(21, 12)),
        Leave("ruiz", local(21, 18), local(21, 19)),
    )
    roster = replace(maple, leaves=away)
    after, open_ = uncovered(roster, leave)
    assert proposed(after, leave, open_) == (
        Gap("primary", local(21, 8), local(21, 14), "patel"),
        Gap("primary", local(21, 14), local(21, 18), "ruiz"),
        Gap("primary", local(21, 18), local(21, 19), None),
        Gap("primary", local(21, 19), local(21, 20), "ruiz"),
    )


def test_who_takes_no_turns_on_a_schedule_or_has_no_number_is_not_proposed(maple):
    nurses = replace(maple, schedules={"nights": maple.schedules["nights"]})
    leave = Leave("ruiz", local(18, 18), local(19, 8))
    after, open_ = uncovered(nurses, leave)
    assert [gap.proposed for gap in proposed(after, leave, open_)] == ["chen"]
    mute = replace(after, members={**after.members, "chen": replace(after.members["chen"], voice=())})
    assert [gap.proposed for gap in proposed(mute, leave, open_)] == [None]


WINDOWS = st.tuples(st.integers(0, 24 * 21), st.integers(1, 24 * 10)).map(
    lambda w: (NOW + TimeDelta(hours=w[0]), NOW + TimeDelta(hours=w[0] + w[1]))
)
LEAVES = st.builds(lambda member, window: Leave(member, *window), st.sampled_from(MEMBERS), WINDOWS)
OVERRIDES = st.builds(
    lambda schedule, member, window, kind: Override(schedule, member, *window, "Dana", "", kind),
    st.sampled_from(["primary", "backup"]),
    st.sampled_from(MEMBERS),
    WINDOWS,
    st.sampled_from([OverrideKind.REPLACE, OverrideKind.ADD]),
)


@given(leave=LEAVES, others=st.lists(LEAVES, max_size=3), overrides=st.lists(OVERRIDES, max_size=2))
@settings(max_examples=80, deadline=None)
def test_what_is_proposed_is_free_and_closes_what_it_is_proposed_for(maple, leave, others, overrides):
    roster = replace(maple, leaves=tuple(o for o in others if o.member != leave.member), overrides=tuple(overrides))
    after, open_ = uncovered(roster, leave)
    found = proposed(after, leave, open_)
    # The proposals divide the gaps, without leaving anything out.
    for gap in open_:
        parts = [g for g in found if g.schedule == gap.schedule and gap.start <= g.start < gap.end]
        assert (parts[0].start, parts[-1].end) == (gap.start, gap.end)
        assert all(one.end == other.start for one, other in pairwise(parts))
    for gap in found:
        if gap.proposed is None:
            continue
        assert gap.proposed != leave.member
        for name in after.schedules:
            assert not spans_of(after, name, gap.proposed, gap.start, gap.end), "on call elsewhere"
        assert all(gap.proposed not in away for _, _, away in after.away.within(gap.start, gap.end)), "away"
    # With the proposals in force, only what nobody was free for is still open.
    _, left = uncovered(roster, leave, stand_ins(leave, found))
    assert sum((g.end - g.start).total("hours") for g in left) == sum(
        (g.end - g.start).total("hours") for g in found if g.proposed is None
    )
    # And nobody covers two schedules at once.
    spans = sorted((gap.proposed, gap.start, gap.end) for gap in found if gap.proposed)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans))


def test_who_covers_is_paged_by_the_rotation_too(maple):
    leave = Leave("chen", *SATURDAY)
    after = with_leave(maple, leave, overrides_for(maple, leave, Cover("ruiz"), "Dana", "away"))
    assert paged(after, Target(TargetKind.ROTATION, "physicians"), local(21, 12)) == ("ruiz", "osei", "patel")
    assert paged(with_leave(maple, leave), Target(TargetKind.ROTATION, "physicians"), local(21, 12)) == (
        "osei",
        "patel",
    )


# ---- the shift that goes on --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (local(21, 12), local(23, 8)),  # the week ends on Monday; that windows open in between changes nobody
        (local(18, 23), local(19, 7)),
        (local(18, 12), local(18, 19)),
    ],
)
def test_a_shift_ends_where_its_turn_or_its_window_does(maple, at, ends):
    assert shift_end(maple, "primary", at) == ends
    elsewhere = replace(maple, leaves=(Leave("silent", at.add(minutes=30), at.add(minutes=60)),))
    assert shift_end(elsewhere, "primary", at) == ends, "somebody else's time off ends no shift"


def test_a_shift_that_nobody_has_lasts_until_somebody_does(maple):
    assert shift_end(maple, "nights", local(21, 12)) == local(23, 19)
    taken = passed_on(maple, Passing("nights", None, "osei", None, "Dana", "x"), local(21, 12))
    assert (taken.end, taken.instead_of) == (local(23, 19), "")
    assert on_call(replace(maple, overrides=(taken,)), "nights", local(21, 12)).members == ("osei",)


def test_a_schedule_without_any_end_wants_one(maple):
    empty = replace(
        maple, schedules={**maple.schedules, "none": Schedule("none", (Layer("nurses", (), 0, OnHolidays.ONLY),))}
    )
    with pytest.raises(RefusedError, match="Say until when"):
        passed_on(empty, Passing("none", None, "osei", None, "Dana", "x"), NOW)


# ---- overrides ----------------------------------------------------------------------------------------------------


def override(member, kind=OverrideKind.REPLACE, instead_of="", window=SATURDAY):
    return Override("primary", member, *window, "Dana", "swap", kind, instead_of)


REPLACE, ADD, REMOVE = OverrideKind.REPLACE, OverrideKind.ADD, OverrideKind.REMOVE


@pytest.mark.parametrize(
    ("there", "wanted", "clash"),
    [
        (override("osei"), override("patel"), True),
        (override("osei"), override("patel", ADD), False),
        (override("osei"), override("patel", REPLACE, "osei"), False),
        (override("osei", REPLACE, "chen"), override("patel", REPLACE, "chen"), True),
        (override("osei", REPLACE, "chen"), override("patel", REPLACE, "osei"), False),
        (override("osei", REPLACE, "chen"), override("patel"), False),
        (override("osei", ADD), override("osei", ADD), True),
        (override("osei", ADD), override("osei", REMOVE), True),
        (override("osei", ADD), override("patel", ADD), False),
        (override("osei"), override("patel", window=(local(21, 20), local(21, 21))), False),
        (override("osei"), replace(override("patel"), schedule="backup"), False),
    ],
)
def test_which_overrides_contradict_each_other(maple, there, wanted, clash):
    assert (contradicted(replace(maple, overrides=(there,)), wanted) is not None) == clash


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (override("osei", REPLACE, "osei"), "same person twice"),
        (override("osei", ADD, "chen"), "only `replace`"),
        (override("nobody"), "no such member"),
        (override("osei", REPLACE, "nobody"), "no such member"),
        (override("chen", ADD), "on call already"),
        (override("osei", REMOVE), "not on call then"),
        (override("patel", REPLACE, "osei"), "not on call then"),
    ],
)
def test_an_override_that_cannot_be_says_why(maple, wanted, says):
    def check():
        check_named(maple, wanted)
        check_effective(maple, wanted)

    with pytest.raises(RefusedError, match=says):
        check()
