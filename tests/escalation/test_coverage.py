"""The proof that there is no hole, and where there is one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, TimeDelta, ZonedDateTime

from escalation.coverage import Hole, empty_steps, holes
from escalation.oncall import targets
from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Target, TargetKind
from escalation.roster import Facts, Leave, Override, OverrideKind

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
        + [Target(TargetKind.ROTATION, name) for name in ("nurses", "physicians")]
    ),
    st.sampled_from([CALL, SMS, CALL + SMS]),
)


spans = st.tuples(st.integers(0, 9000), st.integers(1, 3000)).map(
    lambda drawn: (START.add(minutes=drawn[0]), START.add(minutes=sum(drawn)))
)
people = st.sampled_from(["chen", "osei", "patel", "ruiz", "silent"])
given_overrides = st.builds(
    lambda schedule, member, span, kind, instead: Override(
        schedule, member, *span, "Pat", "swap", kind, instead if kind is OverrideKind.REPLACE else ""
    ),
    st.sampled_from(["primary", "nights"]), people, spans, st.sampled_from(OverrideKind),
    st.sampled_from(["", "chen", "ruiz"]),
)  # fmt: skip
facts = st.builds(Facts, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@settings(max_examples=200, deadline=None)
@given(
    chosen=st.lists(steps, min_size=1, max_size=3), minutes=st.integers(0, 7 * 24 * 60 - 1),
    overrides=st.lists(given_overrides, max_size=3), away=st.lists(st.builds(lambda m, s: Leave(m, *s), people, spans)),
    known=st.dictionaries(st.sampled_from([f"+161755501{n}" for n in (21, 22, 32, 24)]), facts, max_size=3),
    verified_only=st.booleans(),
)  # fmt: skip
def test_an_instant_is_in_a_hole_when_no_step_reaches_anybody_there(
    maple, chosen, minutes, overrides, away, known, verified_only
):
    roster = replace(maple, overrides=tuple(overrides), leaves=tuple(away), numbers=known)
    escalation, instant = Escalation(roster, {}), START.add(minutes=minutes)
    found = holes(escalation, policy(*chosen), START, END, verified_only=verified_only)
    reached = is_reached(escalation, chosen, instant, verified_only)
    assert any(hole.start <= instant < hole.end for hole in found) == (not reached)


def is_reached(escalation: Escalation, chosen: list[PolicyStep], instant: Instant, verified_only: bool) -> bool:
    roster = escalation.roster
    away = {leave.member for leave in roster.leaves if leave.start <= instant < leave.end}
    for wanted in chosen:
        for member in set(targets(escalation, wanted, instant)) - away:
            person = roster.members[member]
            known = [roster.numbers.get(number, Facts()) for number in person.voice]
            if Means.CALL in wanted.by and any(f.verified >= verified_only and not f.unreachable for f in known):
                return True
            text = roster.numbers.get(person.sms, Facts())
            if Means.SMS in wanted.by and person.sms and not text.stopped and not text.landline:
                return True
    return False


def test_somebody_with_time_off_does_not_fill_a_step_also_where_an_override_has_them(maple):
    swap = Override("primary", "osei", local(18, 9), local(18, 12), "Pat Manager", "swap")
    away = replace(maple, overrides=(swap,), leaves=(Leave("osei", local(18, 10), local(18, 11)),))
    found = holes(Escalation(away, {}), policy(step("primary")), START, END)
    assert [(hole.start, hole.end, hole.because) for hole in found] == [
        (local(18, 10), local(18, 11), ("Dr. Kofi Osei has time off",))
    ]


def test_a_hole_says_what_is_known_of_the_numbers(maple):
    dead = {"+16175550121": Facts(unreachable=True, stopped=True)}
    escalation = Escalation(replace(maple, numbers=dead), {})
    called = holes(escalation, policy(step("chen", CALL, TargetKind.MEMBER)), START, END)
    texted = holes(escalation, policy(step("chen", SMS, TargetKind.MEMBER)), START, END)
    assert [hole.because for hole in (*called, *texted)] == [
        ("Dr. Ana Chen's numbers cannot be called",), ("Dr. Ana Chen's number cannot be texted",)
    ]  # fmt: skip
    ever = holes(escalation, policy(step("osei", CALL, TargetKind.MEMBER)), START, END, verified_only=True)
    assert ever[0].because == ("Dr. Kofi Osei has no verified number",)
