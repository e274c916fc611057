"""Thin spots: where there is no hole, and it hangs by a thread or by a tired person. With exact windows."""

from dataclasses import replace

import pytest
from whenever import Date, Instant, Time, TimeDelta, Weekday, ZonedDateTime

from escalation.nights import nights, nights_on_duty
from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Target, TargetKind
from escalation.proof import Coverage, coverage
from escalation.roster import Facts, Layer, Leave, Override, OverrideKind, Roster, Rotation, Schedule, Shift
from escalation.thin import Limits, ThinKind

MINUTE = TimeDelta(minutes=1)
EASY = Limits(31, 1)
ALL_VERIFIED = {f"+1617555012{n}": Facts(verified=True) for n in range(1, 5)}


def local(day: int, hour: int = 0, *, month: int = 11) -> Instant:
    return ZonedDateTime(2026, month, day, hour, tz="America/New_York").to_instant()


def policy(*steps: tuple[str, TargetKind]) -> Policy:
    made = tuple(PolicyStep((Target(kind, name),), (Means.CALL,), MINUTE) for name, kind in steps)
    nobody = LastResort((), "", alert_operators=True, ring_for=MINUTE)
    return Policy("urgent", made, 1, MINUTE, MINUTE, MINUTE, nobody)


def proof(roster: Roster, *steps: tuple[str, TargetKind], limits: Limits = EASY) -> Coverage:
    known = replace(roster, numbers=ALL_VERIFIED | dict(roster.numbers))
    found = policy(*(steps or (("primary", TargetKind.SCHEDULE), ("backup", TargetKind.SCHEDULE))))
    return coverage(Escalation(known, {"urgent": found}), local(16, 12), local(30, 12), limits)


def spots(found: Coverage, kind: ThinKind) -> list[tuple[Instant, Instant, tuple[str, ...]]]:
    return [(one.start, one.end, one.members) for one in found.thin if one.kind is kind]


def test_a_calendar_that_is_not_thin_anywhere_has_no_thin_spot(maple: Roster):
    found = proof(maple)
    assert found.is_proved
    assert found.thin == ()


def test_while_the_others_have_time_off_it_hangs_by_one_person(maple: Roster):
    away = replace(
        maple, leaves=(Leave("osei", local(18, 9), local(18, 12)), Leave("patel", local(18, 10), local(18, 11)))
    )
    found = proof(away)
    assert spots(found, ThinKind.ONE_PERSON) == [(local(18, 9), local(18, 12), ("chen",))]
    assert [one.because for one in found.thin if one.kind is ThinKind.EMPTY_STEP] == [
        "urgent, step 2: backup has nobody"
    ]


def test_the_backup_is_the_primary_for_just_as_long_as_an_override_says(maple: Roster):
    swap = Override("primary", "osei", local(18, 9), local(18, 12), "Dana", "swap")
    found = proof(replace(maple, overrides=(swap,)), ("primary", TargetKind.SCHEDULE), ("backup", TargetKind.SCHEDULE))
    assert spots(found, ThinKind.ONE_PERSON) == [(local(18, 9), local(18, 12), ("osei",))]
    both = (("primary", TargetKind.SCHEDULE), ("backup", TargetKind.SCHEDULE), ("ruiz", TargetKind.MEMBER))
    found = proof(replace(maple, overrides=(swap,)), *both)
    assert spots(found, ThinKind.SAME_PERSON) == [(local(18, 9), local(18, 12), ("osei",))]


@pytest.mark.parametrize(("most", "told"), [(7, False), (6, True)])
def test_more_nights_in_a_row_than_the_plan_allows(maple: Roster, most: int, told: bool):
    weekly = replace(maple, schedules={**maple.schedules, "primary": Schedule("primary", (Layer("physicians"),))})
    found = proof(weekly, limits=Limits(most, 1))
    # Monday 08:00 to Monday 08:00: seven nights, from the first's 22:00 to the last's 07:00.
    expected = [(local(23, 22), local(30, 7), ("osei",))] if told else []
    assert [spot for spot in spots(found, ThinKind.NIGHTS) if spot[2] == ("osei",)] == expected


@pytest.mark.parametrize(("least", "told"), [(8, False), (9, True)])
def test_less_rest_than_the_plan_allows(maple: Roster, least: int, told: bool):
    away = Override("primary", "patel", local(18, 9), local(18, 17), "Dana", "a day", OverrideKind.REPLACE)
    days = Rotation("days", ("chen",), Shift(days=7), Time(8), Weekday.MONDAY, Date(2026, 1, 5))
    alone = replace(
        maple,
        rotations={**maple.rotations, "days": days},
        schedules={**maple.schedules, "primary": Schedule("primary", (Layer("days"),))},
        overrides=(away,),
    )
    found = proof(alone, limits=Limits(31, least))
    assert spots(found, ThinKind.REST) == ([(local(18, 9), local(18, 17), ("chen",))] if told else [])


def test_a_primary_whose_number_nobody_ever_answered(maple: Roster):
    found = proof(replace(maple, numbers={"+16175550122": Facts(), "+16175550132": Facts()}))
    assert spots(found, ThinKind.UNVERIFIED) == [(local(23, 8), local(30, 8), ("osei",))]
    found = proof(replace(maple, numbers={"+16175550122": Facts(), "+16175550132": Facts(verified=True)}))
    assert spots(found, ThinKind.UNVERIFIED) == []


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 7, 8), (10, 31, 10), (6, 6, 9)])
def test_a_night_is_as_long_as_it_is_and_half_of_it_counts(month: int, day: int, hours: int):
    start = local(day, 12, month=month)
    (night,) = nights("America/New_York", start, start + TimeDelta(hours=24))
    assert (night.end - night.start).total("hours") == hours
    half = night.start + TimeDelta(hours=hours / 2)
    assert nights_on_duty([night], [(night.start, half)]) == [Date(2026, month, day)]
    assert nights_on_duty([night], [(night.start, half - TimeDelta(seconds=1))]) == []
    assert nights_on_duty([night], [(night.start, half - MINUTE), (half, half + MINUTE)]) == [Date(2026, month, day)]
