"""What an exception changes, and exactly which holes are its own."""

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, TimeDelta, ZonedDateTime

from escalation.coverage import holes
from escalation.refusal import RefusedError
from escalation.roster import Leave, Override, OverrideKind
from routing.effect import changed, effect, stamp
from routing.plan import Plan, compile_plan, read

SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")
NOW = ZonedDateTime(2026, 11, 22, 2, 10, tz="America/New_York").to_instant()


def at(hour: int, minute: int = 0) -> Instant:
    return ZonedDateTime(2026, 11, 22, hour, minute, tz="America/New_York").to_instant()


def gone(start: Instant, end: Instant, member: str = "chen") -> Override:
    return Override("primary", member, start, end, "Dana", "x", OverrideKind.REMOVE)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Only the primary is paged."""
    steps = SAMPLE[SAMPLE.index("    steps:\n") : SAMPLE.index("    repeat: 2")]
    alone = SAMPLE.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")
    return compile_plan(read(alone))


def test_a_hole_that_was_there_is_nobody_elses(plan: Plan):
    before = changed(plan, [gone(at(4), at(5))])
    found = effect(before, changed(before, [gone(at(3), at(6))]), at(3), at(6), NOW)
    assert [(hole.start, hole.end) for hole in found.holes] == [(at(3), at(4)), (at(5), at(6))]
    assert {hole.policy for hole in found.holes} == {"urgent"}
    with pytest.raises(RefusedError) as refused:
        found.check("member", "")
    assert [each.field for each in refused.value.objections] == ["member", "member"]
    assert "from 2026-11-22T03:00:00-05:00 until 2026-11-22T04:00:00-05:00" in refused.value.objections[0].detail
    found.check("member", "The hospital answers")


def test_what_is_past_is_no_hole_any_more(plan: Plan):
    found = effect(plan, changed(plan, [gone(at(1), at(3))]), at(1), at(3), NOW)
    assert [(hole.start, hole.end) for hole in found.holes] == [(NOW, at(3))]
    assert found.preview.seconds == 50 * 60


def test_an_override_that_is_dropped_and_time_off_count_too(plan: Plan):
    added = Override("primary", "osei", at(3), at(6), "Dana", "x", OverrideKind.ADD)
    both = changed(plan, [added], leaves=[Leave("chen", at(2), at(8))])
    assert [(h.start, h.end) for h in effect(plan, both, at(2), at(8), NOW).holes] == [(NOW, at(3)), (at(6), at(8))]
    dropped = effect(both, changed(both, drop=[added]), at(3), at(6), NOW)
    assert [(h.start, h.end) for h in dropped.holes] == [(at(3), at(6))]


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=3)


@given(there=SPANS, more=SPANS)
@settings(max_examples=60, deadline=None)
def test_the_holes_told_are_those_of_after_without_those_of_before(plan: Plan, there, more):
    def removed(spans):
        return [gone(at(3) + TimeDelta(minutes=10 * s), at(3) + TimeDelta(minutes=10 * (s + n))) for s, n in spans]

    before = changed(plan, removed(there))
    after = changed(before, removed(more))
    start, end = at(3), at(15)
    found = effect(before, after, start, end, NOW).holes
    policy = plan.escalation.policies["urgent"]

    def is_hole(which: Plan, moment: Instant) -> bool:
        return any(h.start <= moment < h.end for h in holes(which.escalation, policy, start, end))

    for minute in range(5, 12 * 60, 10):
        moment = start + TimeDelta(minutes=minute)
        told = sum(hole.start <= moment < hole.end for hole in found)
        assert told == (is_hole(after, moment) and not is_hole(before, moment))


def test_an_instant_is_told_exactly():
    assert stamp(NOW + TimeDelta(seconds=30.5), "America/New_York") == "2026-11-22T02:10:30.5-05:00"
