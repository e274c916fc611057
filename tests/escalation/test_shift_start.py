"""The test page at the start of a shift, as a state machine: every state, every event."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant, TimeDelta

from escalation import shift_words
from escalation.oncall import on_call
from escalation.roster import Facts, Leave, Override, OverrideKind
from escalation.shift_start import (
    ASK,
    OPEN,
    Notice,
    NoticeEvent,
    NoticeState,
    advance,
    asking,
    has_it,
    stand_ins,
    telling,
)
from escalation.starting import starting

MONDAY = Instant.from_utc(2026, 11, 23, 13)
HOUR = TimeDelta(hours=1)
WITHIN = TimeDelta(minutes=20)
LEADS = (TimeDelta(hours=24), HOUR)


@pytest.fixture
def start(maple):
    """Dr. Osei's week on the backup begins... after Dr. Patel's had been it."""
    (found,) = starting(maple, "backup", MONDAY - HOUR, MONDAY + HOUR)
    return found


@pytest.fixture
def notice(maple, start):
    return asking(maple, start, WITHIN, MONDAY)


def override(kind, member, instead="", start=MONDAY - HOUR, end=MONDAY + HOUR * 24, author="A"):
    return Override("backup", member, start, end, author, "R", kind, instead)


def of(maple, *overrides, **more):
    return replace(maple, overrides=overrides, **more)


@pytest.mark.parametrize(
    ("before", "kind"),
    [(24.01, None), (24, "tell 1440"), (2, "tell 1440"), (1, "tell 60"), (0.01, "tell 60"), (0, None), (-1, None)],
)
def test_one_notice_for_the_latest_time_that_has_passed(start, before, kind):
    found = telling(start, LEADS, MONDAY - HOUR * before)
    assert (found.kind if found else None) == kind
    assert telling(start, (), MONDAY - HOUR) is None


@given(late=st.integers(-60, 1500))
def test_a_test_page_always_leaves_half_of_the_time(maple, late):
    (start,) = starting(maple, "backup", MONDAY - HOUR, MONDAY + HOUR)
    now = MONDAY + TimeDelta(seconds=late)
    found = asking(maple, start, WITHIN, now)
    if not MONDAY <= now < MONDAY + WITHIN:
        assert found is None
        return
    assert (found.kind, found.state) == (ASK, NoticeState.ASKED)
    assert now + WITHIN / 2 <= found.answer_by <= MONDAY + WITHIN * 1.5
    assert now < found.due < found.answer_by
    assert abs((found.due - now).total("seconds") * 2 - (found.answer_by - now).total("seconds")) < 0.001


def test_asked_again_at_half_time_and_given_up_at_the_end(maple, notice):
    again = advance(maple, notice, NoticeEvent.DUE, notice.due)
    assert (again.state, again.due) == (NoticeState.ASKED_AGAIN, MONDAY + WITHIN)
    over = advance(maple, again, NoticeEvent.DUE, again.due)
    assert (over.state, over.due) == (NoticeState.UNANSWERED, None)
    assert advance(maple, over, NoticeEvent.DUE, again.due) == over


def test_a_worker_that_comes_late_does_not_ask_again(maple, notice):
    assert advance(maple, notice, NoticeEvent.DUE, notice.answer_by).state is NoticeState.UNANSWERED


@pytest.mark.parametrize("state", [*sorted(OPEN), NoticeState.UNANSWERED])
def test_an_answer_counts_early_and_late_as_long_as_the_shift_lasts(maple, notice, state):
    waiting = replace(notice, state=state)
    answered = advance(maple, waiting, NoticeEvent.ANSWERED, MONDAY + HOUR)
    assert (answered.state, answered.due) == (NoticeState.ANSWERED, None)
    assert advance(maple, answered, NoticeEvent.DUE, MONDAY + HOUR) == answered
    assert advance(maple, answered, NoticeEvent.ANSWERED, MONDAY + HOUR) == answered
    after = advance(maple, waiting, NoticeEvent.ANSWERED, notice.start.end)
    assert after.state is (NoticeState.UNANSWERED if state is NoticeState.UNANSWERED else NoticeState.MOOT)


@pytest.mark.parametrize("event", NoticeEvent)
@pytest.mark.parametrize("state", sorted(OPEN))
def test_who_is_not_on_call_any_more_need_not_answer(maple, notice, state, event):
    gone = of(maple, override(OverrideKind.REMOVE, notice.start.member))
    assert advance(gone, replace(notice, state=state), event, notice.due).state is NoticeState.MOOT


@pytest.mark.parametrize("event", NoticeEvent)
@pytest.mark.parametrize("state", [NoticeState.TOLD, NoticeState.WITHDRAWN, NoticeState.ANSWERED, NoticeState.MOOT])
def test_what_is_settled_stays_so(maple, notice, state, event):
    settled = replace(notice, state=state, due=None)
    assert advance(maple, settled, event, MONDAY + HOUR) == settled


def test_who_stays_on_for_another_is_not_asked(maple, start):
    (before,) = start.previous
    own = of(maple, override(OverrideKind.REPLACE, before, start.member, MONDAY + WITHIN, author="Nightbell"))
    began = [s for s in starting(own, "backup", MONDAY, MONDAY + HOUR) if s.member == before]
    assert [asking(own, each, WITHIN, each.start) for each in began] == [None]
    by_hand = of(maple, override(OverrideKind.REPLACE, before, start.member, MONDAY + WITHIN))
    assert asking(by_hand, began[0], WITHIN, began[0].start) is not None


def test_the_one_before_stays_until_the_shift_ends(maple, start):
    (found,) = stand_ins(maple, start, MONDAY + WITHIN)
    assert (found.member, found.instead_of, found.author) == (*start.previous, start.member, "Nightbell")
    assert (found.start, found.end) == (MONDAY + WITHIN, start.end)
    after = of(maple, found)
    assert on_call(after, "backup", MONDAY + WITHIN).members == start.previous
    assert on_call(after, "backup", MONDAY).members == (start.member,)
    assert not has_it(after, start, start.end - HOUR)


def test_until_their_time_off_or_not_at_all_while_they_have_it(maple, start):
    (before,) = start.previous
    soon = of(maple, leaves=(Leave(before, MONDAY + HOUR, MONDAY + HOUR * 2),))
    assert [each.end for each in stand_ins(soon, start, MONDAY + WITHIN)] == [MONDAY + HOUR]
    now = of(maple, leaves=(Leave(before, MONDAY, MONDAY + HOUR),))
    assert list(stand_ins(now, start, MONDAY + WITHIN)) == []


def test_not_one_who_cannot_be_reached_is_on_call_anyway_or_has_left(maple, start):
    (before,) = start.previous
    person = maple.members[before]
    dead = {number: Facts(unreachable=True, stopped=True) for number in (*person.voice, person.sms)}
    assert list(stand_ins(of(maple, numbers=dead), start, MONDAY + WITHIN)) == []
    added = of(maple, override(OverrideKind.ADD, before))
    assert list(stand_ins(added, start, MONDAY + WITHIN)) == []
    left = of(maple, members={m: one for m, one in maple.members.items() if m != before})
    assert list(stand_ins(left, start, MONDAY + WITHIN)) == []
    assert list(stand_ins(maple, replace(start, previous=()), MONDAY + WITHIN)) == []


def test_the_words_say_practice_time_and_whom_it_is_about(maple, start, notice):
    who = maple.members[start.member].name
    assert shift_words.going_on(maple, start, start.end, confirm=True) == (
        "You are on call for backup from 2026-11-23 08:00 to 2026-11-30 08:00. You will be asked to confirm when it"
        " starts."
    )
    endless = shift_words.going_on(maple, start, MONDAY + HOUR * 9600, confirm=False)
    assert endless == "You are on call for backup from 2026-11-23 08:00 until further notice."
    assert shift_words.asked(maple, [notice]) == (
        "Test page: you are on call for backup until 2026-11-30 08:00. Reply 1 to confirm. Without an answer by 08:20,"
        " the operators are told."
    )
    lost = replace(maple, schedules={})
    assert shift_words.not_on_call(lost, start).endswith("2026-11-30 08:00 after all.")
    assert shift_words.alert(maple, notice, None).startswith(f"NOBODY HAS CONFIRMED backup: {who} has not answered")


def test_a_notice_of_a_schedule_that_is_gone(maple, start):
    told = Notice(start, "tell 60", NoticeState.TOLD)
    assert not has_it(replace(maple, schedules={}), told.start, MONDAY)
