"""Every change of the clocks from 2000 to 2040, in every zone of the United States and a dozen others.

The arithmetic is compared with a brute-force walk, which looks at every minute of the wall clock around the change. At
every instant exactly one person is the primary: through a doubled hour the shift holds, and what a spring night skips
happens as much later.
"""

from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from whenever import Date, Instant, Time, TimeDelta, Weekday

from escalation.duties import render
from escalation.oncall import on_call
from escalation.roster import DailyWindow, Layer, Member, Roster, Rotation, Schedule, Shift
from escalation.rotation import first_handoff, turn_of
from escalation.wallclock import reading

UNITED_STATES = (
    "America/New_York", "America/Detroit", "America/Kentucky/Louisville", "America/Kentucky/Monticello",
    "America/Indiana/Indianapolis", "America/Indiana/Vincennes", "America/Indiana/Winamac", "America/Indiana/Marengo",
    "America/Indiana/Petersburg", "America/Indiana/Vevay", "America/Chicago", "America/Indiana/Tell_City",
    "America/Indiana/Knox", "America/Menominee", "America/North_Dakota/Center", "America/North_Dakota/New_Salem",
    "America/North_Dakota/Beulah", "America/Denver", "America/Boise", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Juneau", "America/Sitka", "America/Metlakatla", "America/Yakutat", "America/Nome",
    "America/Adak", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago",
    "America/St_Thomas",
)  # fmt: skip
OTHERS = (
    "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca", "Europe/Dublin", "Africa/El_Aaiun",
    "America/Havana", "America/Santiago", "Asia/Gaza", "Asia/Tehran", "Europe/Istanbul", "America/St_Johns",
    "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Cairo", "Europe/London", "Asia/Amman",
)  # fmt: skip
FIRST, LAST = Instant.from_utc(2000, 1, 1), Instant.from_utc(2041, 1, 1)
DAY = TimeDelta(hours=24)


@cache
def changes(zone):
    """The instants at which the zone's clock jumps, found by bisection between days of different offsets."""
    found, at = [], FIRST
    while at < LAST:
        if at.to_tz(zone).offset != (at + DAY).to_tz(zone).offset:
            low, high = at, at + DAY
            while (high - low).total("seconds") > 1:
                middle = low.add(seconds=int((high - low).total("seconds")) // 2)
                low, high = (middle, high) if middle.to_tz(zone).offset == at.to_tz(zone).offset else (low, middle)
            found.append(high)
        at += DAY
    return tuple(found)


def shift(name, length, at, day=None):
    return Rotation(name, ("a", "b", "c"), length, at, day, Date(2000, 1, 1))


ROTATIONS = (
    shift("hours", Shift(hours=1), Time(0, 30)),
    shift("fives", Shift(hours=5), Time(1, 15)),
    shift("halves", Shift(hours=12), Time(2, 30)),
    shift("midnights", Shift(days=1), Time(0)),
    shift("ones", Shift(days=1), Time(1, 30)),
    shift("twos", Shift(days=1), Time(2)),
    shift("late", Shift(days=1), Time(3)),
    shift("weeks", Shift(days=7), Time(2, 45), Weekday.SUNDAY),
)
AROUND = TimeDelta(hours=4)


def walk(zone, begin, end):
    """Minute by minute: the instant, and the latest reading that the clock on the wall has ever shown."""
    latest, instant = reading(begin, zone), begin
    while instant < end:
        latest = max(latest, reading(instant, zone))
        yield instant, latest
        instant = instant.add(minutes=1)


def handoffs_by_walking(rotation, steps):
    """When turns begin: at the first minute at which the clock has shown their time or a later one."""
    length = rotation.shift.days * 86_400 + rotation.shift.hours * 3_600
    first, found, before = first_handoff(rotation), [], None
    for instant, latest in steps:
        turn = (latest - first) // length
        if before is not None and turn != before:
            found.append((instant, turn))
        before = turn
    return found


@pytest.mark.parametrize("zone", UNITED_STATES + OTHERS)
def test_every_change_of_the_clocks_is_walked_through(zone):
    for change in changes(zone):
        begin, end = change - AROUND, change + AROUND
        steps = tuple(walk(zone, begin, end))
        for rotation in ROTATIONS:
            walked = handoffs_by_walking(rotation, steps)
            number = turn_of(rotation, zone, begin).number
            for instant, turn in walked:
                before, after = turn_of(rotation, zone, instant.subtract(seconds=1)), turn_of(rotation, zone, instant)
                assert (before.number, after.number) == (number, turn), (zone, rotation.name, instant)
                assert (before.end, after.start) == (instant, instant)
                number = turn
            assert turn_of(rotation, zone, end.subtract(seconds=1)).number == number
            assert turn_of(rotation, zone, change).number == next(
                (turn for instant, turn in reversed(walked) if instant <= change), turn_of(rotation, zone, begin).number
            )


NIGHT = DailyWindow(frozenset(Weekday), Time(19), Time(7))
SHORT = DailyWindow(frozenset(Weekday), Time(1, 30), Time(2, 30))
MEMBERS = {name: Member(name, name.upper(), (), None) for name in "abc"}


@pytest.mark.parametrize("zone", UNITED_STATES + OTHERS)
def test_at_every_instant_around_a_change_there_is_exactly_one_primary(zone):
    layers = (Layer("hours", (SHORT,)), Layer("halves", (NIGHT,)), Layer("ones"))
    roster = Roster(zone, MEMBERS, {r.name: r for r in ROTATIONS}, {"s": Schedule("s", layers)})
    for change in changes(zone):
        begin, end = change - AROUND, change + AROUND
        duties = render(roster, "s", begin, end)
        assert (duties[0].start, duties[-1].end) == (begin, end)
        for one, two in pairwise(duties):
            assert one.end == two.start
            assert len(one.members) == len(two.members) == 1
        for duty in duties:
            for instant in (duty.start, duty.end.subtract(nanoseconds=1)):
                assert on_call(roster, "s", instant).members == duty.members, (zone, instant)


@pytest.mark.parametrize("zone", UNITED_STATES + OTHERS)
def test_real_hours_are_counted(zone):
    """A 12-hour night over a change is as much shorter or longer as the clock jumps."""
    night = Rotation("night", ("a", "b"), Shift(hours=12), Time(19), None, Date(2000, 1, 1))
    for change in changes(zone):
        turn = turn_of(night, zone, change.subtract(seconds=1))
        jump = (change.to_tz(zone).offset - change.subtract(seconds=1).to_tz(zone).offset).total("hours")
        if turn.start < change < turn.end:
            assert (turn.end - turn.start).total("hours") == 12 - jump


def test_the_zones_are_zones_and_their_changes_are_many():
    assert set(UNITED_STATES + OTHERS) <= available_timezones()
    assert len(changes("America/New_York")) == 82
    assert changes("America/Phoenix") == ()
    assert {(c.to_tz("Australia/Lord_Howe").minute) for c in changes("Australia/Lord_Howe")} == {30}
    assert len(changes("Africa/Casablanca")) > 60
