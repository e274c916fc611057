"""What is owed, to the cent: by hand, and against a walk through the minutes."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, TimeDelta, ZonedDateTime

from escalation.burden import Paged
from escalation.duties import Duty
from escalation.nights import is_at_night
from escalation.pay import Pay
from escalation.pay_sheet import Kind, Line, pay_sheet, totals
from escalation.roster import Roster

ZONE: Final = "America/New_York"
PAY: Final = Pay(
    "USD", Decimal(10), Decimal("15.50"), Decimal(20), Decimal("33.33"), Decimal("7.25"), {"backup": Decimal("0.5")}
)
HOLIDAY: Final = Date(2026, 11, 26)


def at(day: int, hour: int, minute: int = 0, *, month: int = 11, zone: str = ZONE) -> Instant:
    return ZonedDateTime(2026, month, day, hour, minute, tz=zone).to_instant()


def sheet(calendars: dict[str, tuple[Duty, ...]], paged: tuple[Paged, ...] = ()) -> tuple[Line, ...]:
    roster = Roster(ZONE, {}, {}, {}, holidays=frozenset({HOLIDAY}))
    return pay_sheet(roster, PAY, calendars, paged, (at(1, 0), at(30, 0)))


def test_each_hour_is_paid_once_by_its_kind():
    # Wednesday 19:00 to Friday 07:00, over Thanksgiving: 3 h, 2 h of night, the holiday's 24 h, 7 h of night.
    found = {line.kind: line for line in sheet({"primary": (Duty(("chen",), at(25, 19), at(27, 7)),)})}
    assert {kind: line.seconds / 3600 for kind, line in found.items()} == {"hour": 3, "night": 9, "holiday": 24}
    assert {kind: line.amount for kind, line in found.items()} == {
        "hour": Decimal("30.00"), "night": Decimal("139.50"), "holiday": Decimal("799.92"),
    }  # fmt: skip
    assert totals(tuple(found.values())) == {"chen": Decimal("969.42")}


def test_a_weekend_night_is_a_weekends_and_a_spring_night_is_short():
    (line,) = sheet({"primary": (Duty(("chen",), at(7, 22), at(8, 7)),)})
    assert (line.kind, line.seconds) == (Kind.WEEKEND, 9 * 3600)
    spring = at(7, 22, month=3), at(8, 7, month=3)
    found = pay_sheet(Roster(ZONE, {}, {}, {}), PAY, {"primary": (Duty(("chen",), *spring),)}, (), spring)
    assert [(line.seconds, line.amount) for line in found] == [(8 * 3600, Decimal("160.00"))]


def test_a_backup_is_paid_its_factor_and_everybody_on_duty_is_paid():
    found = sheet({"backup": (Duty(("chen", "osei"), at(25, 8), at(25, 9)),)})
    assert [(line.member, line.amount, line.factor) for line in found] == [
        ("chen", Decimal("5.00"), Decimal("0.5")),
        ("osei", Decimal("5.00"), Decimal("0.5")),
    ]


def test_a_page_is_paid_to_whoever_took_it():
    paged = (Paged("chen", (at(25, 3),), taken=True), Paged("osei", (at(25, 3),), taken=False))
    assert sheet({}, paged * 3) == (Line("chen", "", Kind.PAGE, 0, 3, PAY.page, Decimal(1), Decimal("21.75")),)


def test_halves_of_a_cent_go_to_the_even_one():
    # 9 seconds at 10 an hour are 2.5 cents; 27 are 7.5.
    def owed(seconds: int) -> Decimal:
        (line,) = sheet({"primary": (Duty(("chen",), at(25, 9), at(25, 9) + TimeDelta(seconds=seconds)),)})
        return line.amount

    assert (owed(9), owed(27)) == (Decimal("0.02"), Decimal("0.08"))


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from([ZONE, "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca"]),
    begins=st.sampled_from([(3, 7), (3, 28), (4, 4), (10, 3), (10, 24), (10, 31), (6, 5)]),
    after=st.integers(0, 3000),
    lasts=st.integers(1, 4000),
)
def test_as_a_walk_through_the_minutes_pays(zone: str, begins: tuple[int, int], after: int, lasts: int):
    month, day = begins
    start = at(day, 0, month=month, zone=zone) + TimeDelta(minutes=after)
    holiday = start.to_tz(zone).date().add(days=1)
    roster = Roster(zone, {}, {}, {}, holidays=frozenset({holiday}))
    span = start, start + TimeDelta(minutes=lasts)
    walked = Counter[Kind]()
    for minute in range(lasts):
        now = start + TimeDelta(minutes=minute)
        date = now.to_tz(zone).date()
        weekend = date.day_of_week().value > 5
        other = Kind.WEEKEND if weekend else Kind.NIGHT if is_at_night(now, zone) else Kind.HOUR
        walked[Kind.HOLIDAY if date == holiday else other] += 60
    found = pay_sheet(roster, PAY, {"primary": (Duty(("chen",), *span),)}, (), span)
    assert {line.kind: line.seconds for line in found} == dict(walked)
    assert sum(line.seconds for line in found) == 60 * lasts
    for line in found:
        assert abs(Fraction(line.amount) - Fraction(line.rate) * Fraction(line.seconds, 3600)) <= Fraction(1, 200)
    assert totals(found)["chen"] == sum(line.amount for line in found)
