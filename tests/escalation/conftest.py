"""Maple Pediatrics: the made-up practice that these tests page."""

import pytest
from whenever import Date, Time, Weekday

from escalation.roster import DailyWindow, Layer, Member, Roster, Rotation, Schedule, Shift

WEEKDAYS = frozenset({Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY})


@pytest.fixture(scope="session")
def maple() -> Roster:
    members = (
        Member("chen", "Dr. Ana Chen", ("+16175550121",), "+16175550121"),
        Member("osei", "Dr. Kofi Osei", ("+16175550122", "+16175550132"), "+16175550122"),
        Member("patel", "Dr. Mira Patel", ("+16175550123",), "+16175550123"),
        Member("ruiz", "Nina Ruiz RN", ("+16175550124",), None),
        Member("silent", "Sam Silent", (), None),
    )
    start = Date(2026, 1, 5)
    rotations = (
        Rotation("physicians", ("chen", "osei", "patel"), Shift(days=7), Time(8), Weekday.MONDAY, start),
        Rotation("nurses", ("ruiz", "chen"), Shift(hours=12), Time(19), None, start),
    )
    nights = DailyWindow(WEEKDAYS, Time(19), Time(7))
    schedules = (
        Schedule("primary", (Layer("nurses", (nights,)), Layer("physicians"))),
        Schedule("backup", (Layer("physicians", (), 1),)),
        Schedule("nights", (Layer("nurses", (nights,)),)),
    )
    return Roster(
        "America/New_York",
        {member.id: member for member in members},
        {rotation.name: rotation for rotation in rotations},
        {schedule.name: schedule for schedule in schedules},
    )
