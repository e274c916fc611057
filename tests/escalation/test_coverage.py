"""The proof that there is no hole, and where there is one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, TimeDelta, ZonedDateTime

from escalation.coverage import Hole, empty_steps, holes
from escalation.oncall import targets
from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Target, TargetKind
from escalation.roster import Override

START = ZonedDateTime(2026, 11, 16, 12, tz="America/New_York").to_instant()
END = START.add(hours=24 * 7)
CALL, SMS = (Means.CALL,), (Means.SMS,)


def local(*parts):
    return ZonedDateTime(2026, 11, *parts, tz="America/New_York").to_instant()


def step(name, by=CALL, kind=TargetKind.SCHEDULE):
    return PolicyStep((Target(kind, name),), by, TimeDelta(minutes=1))


def policy(*steps):
    minute = TimeDelta(minutes=1)
    return Policy(
        "p",
        steps,
        1,
        minute,
        minute,
        minute,
        LastResort(("+18885550199",), "service", alert_operators=True, ring_for=minute),
    )


def test_around_the_clock_there_is_no_hole(maple):
    assert holes(Escalation(maple, {}), policy(step("primary"), step("backup")), START, END) == ()


def test_a_schedule_of_weekday_nights_leaves_the_days_and_the_weekend_open(maple):
    found = holes(Escalation(maple, {}), policy(step("nights")), START, END)
    assert [(hole.start, hole.end) for hole in found[:2]] == [
        (local(16, 12), local(16, 19)),
        (local(17, 7), local(17, 19)),
    ]
    assert (local(21, 7), local(23, 12)) in [(hole.start, hole.end) for hole in found]
    assert found[0] == Hole(local(16, 12), local(16, 19), (0,), ("nights has nobody",))


def test_a_second_step_fills_the_hole_and_the_first_is_still_reported_as_empty(maple):
    both = policy(step("nights"), step("primary"))
    assert holes(Escalation(maple, {}), both, START, END) == ()
    assert {hole.steps for hole in empty_steps(Escalation(maple, {}), both, START, END)} == {(0,)}


def test_somebody_who_cannot_be_texted_does_not_fill_a_step_that_texts(maple):
    found = holes(
        Escalation(maple, {}), policy(step("nights", SMS), step("nobody", SMS, TargetKind.MEMBER)), START, END
    )
    assert found[0].steps == (0, 1)
    nights = [hole for hole in found if hole.start == local(17, 19)]
    assert nights[0].because == ("Nina Ruiz RN has no number for sms", "nobody has no number for sms")


def test_an_override_by_somebody_without_a_number_is_a_hole_for_just_as_long(maple):
    swap = Override("primary", "silent", local(18, 9), local(18, 10), "Pat Manager", "swap")
    found = holes(Escalation(replace(maple, overrides=(swap,)), {}), policy(step("primary")), START, END)
    assert [(hole.start, hole.end) for hole in found] == [(local(18, 9), local(18, 10))]


def test_a_rotation_is_reached_by_any_of_its_members(maple):
    assert holes(Escalation(maple, {}), policy(step("nurses", SMS, TargetKind.ROTATION)), START, END) == ()


def test_a_policy_without_steps_is_one_hole(maple):
    assert holes(Escalation(maple, {}), policy(), START, END) == (Hole(START, END, (), ()),)
    assert holes(Escalation(maple, {}), policy(), END, START) == ()


steps = st.builds(
    lambda target, by: PolicyStep((target,), by, TimeDelta(minutes=1)),
    st.sampled_from(
        [Target(TargetKind.SCHEDULE, name) for name in ("primary", "backup", "nights")]
        + [Target(TargetKind.MEMBER, name) for name in ("ruiz", "silent")]
    ),
    st.sampled_from([CALL, SMS, CALL + SMS]),
)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), chosen=st.lists(steps, min_size=1, max_size=3), minutes=st.integers(0, 7 * 24 * 60 - 1))
def test_an_instant_is_in_a_hole_when_no_step_pages_anybody_there(maple, data, chosen, minutes):
    offset, length = data.draw(st.integers(0, 9000)), data.draw(st.integers(1, 3000))
    swap = Override("primary", "silent", START.add(minutes=offset), START.add(minutes=offset + length), "Pat", "swap")
    escalation = Escalation(replace(maple, overrides=(swap,)), {})
    found = holes(escalation, policy(*chosen), START, END)
    instant = START.add(minutes=minutes)
    assert any(hole.start <= instant < hole.end for hole in found) == (not is_reached(escalation, chosen, instant))


def is_reached(escalation: Escalation, chosen: list[PolicyStep], instant: Instant) -> bool:
    people = [(escalation.roster.members[m], s.by) for s in chosen for m in targets(escalation, s, instant)]
    return any((Means.CALL in by and person.voice) or (Means.SMS in by and person.sms) for person, by in people)
