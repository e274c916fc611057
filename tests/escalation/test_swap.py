"""Swaps: whatever happens in whatever order, what holds of one; and what an offer and a taking may not be."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import TimeDelta, ZonedDateTime

from escalation.duties import render
from escalation.refusal import RefusalKind, RefusedError
from escalation.roster import Leave, Override, OverrideKind
from escalation.shift import spans_of
from escalation.swap import (
    OPEN,
    Approved,
    Begun,
    Declined,
    Exchange,
    Swap,
    SwapState,
    Taken,
    Withdrawn,
    advance,
)
from escalation.swapped import check_offer, overrides_of


def local(*parts):
    return ZonedDateTime(2026, 11, *parts, tz="America/New_York").to_instant()


NOW = local(21, 8)
OFFER = Swap("primary", "chen", local(21, 12), local(21, 20), "Dana", "A recital", NOW)
MEMBERS = ("chen", "osei", "patel", "ruiz")
EVENTS = st.one_of(
    st.builds(Taken, st.sampled_from(MEMBERS), st.just("Dana"), st.booleans()),
    st.builds(Approved, st.just("Kim")),
    st.builds(Declined, st.just("Kim")),
    st.builds(Withdrawn, st.just("Dana")),
    st.just(Begun()),
)
STEPS = st.lists(st.tuples(EVENTS, st.integers(0, 120)), max_size=12)


@given(steps=STEPS)
@settings(max_examples=400)
def test_whatever_happens_a_swap_has_one_taker_and_one_end_and_none_after_its_start(maple, steps):
    swap, now = OFFER, NOW
    for event, minutes in steps:
        now = now + TimeDelta(minutes=minutes)
        try:
            after = advance(maple, swap, event, now)
        except RefusedError:
            assert not isinstance(event, Begun)
            continue
        if swap.state not in OPEN:
            assert after == swap, "what has ended stays as it is"
        if swap.taken_by:
            assert (after.taken_by, after.taken_at) == (swap.taken_by, swap.taken_at), "nobody takes it from them"
        if after.state is SwapState.DONE and swap.state is not SwapState.DONE:
            assert now < swap.begins, "nothing changes once its time has come"
            assert after.taken_by not in {"", "chen"}
        if after.state in {SwapState.DECLINED, SwapState.TAKEN}:
            assert after.taken_by
        assert (after.ended_at is None) == (after.state in OPEN)
        assert (after.schedule, after.member, after.start, after.end) == ("primary", "chen", OFFER.start, OFFER.end)
        swap = after
    assert advance(maple, swap, Begun(), OFFER.start).state not in OPEN, "at its start it is settled"


@given(steps=STEPS)
def test_where_the_practice_approves_nothing_is_done_without_it(maple, steps):
    swap, now, approved = OFFER, NOW, False
    for event, minutes in steps:
        now = now + TimeDelta(minutes=minutes)
        wanted = replace(event, approval=True) if isinstance(event, Taken) else event
        try:
            swap = advance(maple, swap, wanted, now)
        except RefusedError:
            continue
        approved = approved or isinstance(event, Approved)
        assert approved or swap.state is not SwapState.DONE


@pytest.mark.parametrize(
    ("before", "event", "says"),
    [
        (OFFER, Taken("chen", "Dana", approval=False), "A swap with oneself is none."),
        (OFFER, Approved("Kim"), "Nobody has taken the swap yet"),
        (OFFER, Declined("Kim"), "Nobody has taken the swap yet"),
        (replace(OFFER, state=SwapState.TAKEN, taken_by="osei"), Taken("patel", "", approval=True), "Dr. Kofi Osei"),
        (replace(OFFER, state=SwapState.DONE, taken_by="osei"), Taken("patel", "", approval=True), "Dr. Kofi Osei"),
        (replace(OFFER, state=SwapState.DONE, taken_by="osei"), Withdrawn("Dana"), "end its overrides"),
        (replace(OFFER, state=SwapState.EXPIRED), Taken("patel", "", approval=True), "who was on call stayed so"),
        (replace(OFFER, start=NOW), Taken("patel", "", approval=False), "The swap's time has come"),
        (replace(OFFER, exchange=Exchange("backup", NOW, NOW)), Approved("Kim"), "The swap's time has come"),
    ],
)
def test_what_cannot_happen_says_why(maple, before, event, says):
    with pytest.raises(RefusedError) as refused:
        advance(maple, before, event, NOW)
    assert says in str(refused.value)


# ---- offers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"start": local(21, 7)}, "starts_at", "begun already"),
        ({"start": NOW}, "starts_at", "begun already"),
        ({"start": local(20, 7), "end": local(20, 8)}, "ends_at", "over already"),
        ({"end": local(21, 12)}, "ends_at", "not after the start"),
        ({"end": local(21, 11)}, "ends_at", "not after the start"),
        ({"end": local(21, 12).add(hours=24 * 400)}, "ends_at", "more than a year"),
        ({"member": "osei"}, "starts_at", "not on call"),
        ({"member": "nobody"}, "member", "no such member"),
        ({"schedule": "nobody"}, "schedule", "no such schedule"),
        ({"exchange": Exchange("nobody", local(24, 8), local(24, 9))}, "in_exchange/schedule", "no such schedule"),
        ({"exchange": Exchange("backup", local(24, 8), local(24, 8))}, "in_exchange/ends_at", "not after the start"),
        ({"exchange": Exchange("backup", local(20, 8), local(24, 8))}, "in_exchange/starts_at", "begun already"),
        ({"exchange": Exchange("primary", local(22, 8), local(22, 9))}, "in_exchange/starts_at", "themselves"),
    ],
)
def test_an_offer_that_cannot_be(maple, change, field, says):
    with pytest.raises(RefusedError) as refused:
        check_offer(maple, replace(OFFER, **change), (), NOW)
    (objection,) = refused.value.objections
    assert objection.field == field
    assert says in objection.detail
    assert objection.mend


def test_what_is_offered_is_not_offered_again_until_it_is_settled(maple):
    half = replace(OFFER, start=local(21, 19), end=local(21, 22))
    with pytest.raises(RefusedError, match="as swap 3"):
        check_offer(maple, half, (replace(OFFER, number=3),), NOW)
    check_offer(maple, half, (replace(OFFER, number=3, state=SwapState.WITHDRAWN),), NOW)
    check_offer(maple, replace(half, start=OFFER.end), (replace(OFFER, number=3),), NOW)


# ---- what it comes to -------------------------------------------------------------------------------------------


def taken(by="patel", **change):
    return replace(OFFER, taken_by=by, **change)


def test_an_offer_that_matches_no_shift_comes_to_the_stretches_in_which_they_are_on_call(maple):
    wide = taken("osei", schedule="nights", member="ruiz", start=local(23, 0), end=local(25, 1))
    overrides = overrides_of(maple, wide)
    mine = ((local(23, 19), local(24, 7)), (local(24, 19), local(25, 1)))
    assert tuple((o.start, o.end) for o in overrides) == mine
    assert {(o.member, o.instead_of, o.kind) for o in overrides} == {("osei", "ruiz", OverrideKind.REPLACE)}
    after = replace(maple, overrides=overrides)
    assert not spans_of(after, "nights", "ruiz", wide.start, wide.end)
    assert spans_of(after, "nights", "osei", wide.start, wide.end) == mine


def test_a_swap_in_exchange_changes_both_times(maple):
    wanted = Exchange("backup", local(21, 12), local(21, 20))
    overrides = overrides_of(maple, taken("osei", exchange=wanted))
    after = replace(maple, overrides=overrides)
    for schedule, member in (("primary", "osei"), ("backup", "chen")):
        (duty,) = render(after, schedule, local(21, 12), local(21, 20))
        assert duty.members == (member,)


@pytest.mark.parametrize(
    ("swap", "beside", "says"),
    [
        (taken("nobody"), {}, "not among the staff"),
        (taken(schedule="gone"), {}, "The plan has no schedule gone any more"),
        (taken(), {"leaves": (Leave("patel", local(21, 19), local(22, 0)),)}, "has time off from 2026-11-21 19:00"),
        (taken(), {"overrides": (Override("primary", "osei", NOW, local(22, 0), "", ""),)}, "Chen is not on call"),
        (
            taken(),
            {"overrides": (Override("primary", "patel", NOW, local(22, 0), "", "", OverrideKind.ADD),)},
            "Patel is on call for primary already",
        ),
        (taken(exchange=Exchange("backup", local(21, 8), local(21, 9))), {}, "Patel is not on call for backup"),
    ],
)
def test_it_is_refused_where_the_calendar_has_moved_on(maple, swap, beside, says):
    with pytest.raises(RefusedError) as refused:
        overrides_of(replace(maple, **beside), swap)
    assert says in str(refused.value)
    assert refused.value.kind in {RefusalKind.CONFLICT, RefusalKind.WRONG}


def test_who_is_the_backup_may_take_it(maple):
    assert [o.member for o in overrides_of(maple, taken("osei"))] == ["osei"]
