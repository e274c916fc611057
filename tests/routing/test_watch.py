"""Which holes ahead the operators are told of, and of which they have heard."""

from dataclasses import replace

from whenever import Instant, TimeDelta, ZonedDateTime

from escalation.roster import Facts, Leave, Override, OverrideKind
from routing.plan import Plan, compile_plan, read
from routing.plan.beside import Beside, with_beside
from routing.watch import Watch, watch
from tests.calls.people import CHEN, SAMPLE

DOCUMENT = SAMPLE.read_text()
STEPS = DOCUMENT[DOCUMENT.index("    steps:\n") : DOCUMENT.index("    repeat: 2")]
ONE = "    steps:\n      - {page: primary, by: [call], for: 60s}\n"
ALONE = compile_plan(read(DOCUMENT.replace(STEPS, ONE)))
"""One step, which pages the primary."""
NIGHTS = compile_plan(read(DOCUMENT.replace(STEPS, ONE).replace("      - {rotation: physicians}\n", "")))
"""The same, where nobody has the days and the weekends."""
DAY = TimeDelta(hours=24)


def local(*parts: int) -> Instant:
    return ZonedDateTime(2026, *parts, tz="America/New_York").to_instant()


NOW = local(11, 22, 8)
FIRST = Watch((), NOW, ())
ILL = Leave("osei", local(11, 28, 9), local(11, 28, 21))


def away(plan: Plan, *leaves: Leave) -> Plan:
    return with_beside(plan, Beside(leaves=leaves))


def test_a_plan_without_a_hole_is_no_news():
    found = watch(ALONE, (), FIRST, NOW)
    assert (found.seen, found.news, found.until) == ((), (), NOW + 14 * DAY)


def test_a_hole_ahead_is_told_once_with_its_window_and_why():
    plan = away(ALONE, ILL)
    found = watch(plan, (), FIRST, NOW)
    assert found.news == ("urgent will reach nobody from 2026-11-28 09:00 to 2026-11-28 21:00 (primary has nobody)",)
    later = watch(plan, (), found, NOW + DAY)
    assert (later.news, later.seen) == ((), found.seen)
    begun = watch(plan, (), later, local(11, 28, 12))
    assert begun.news == ()


def test_a_hole_that_is_farther_than_the_plan_asks_for_is_told_when_it_comes_near():
    plan = away(ALONE, Leave("chen", local(12, 13), local(12, 14)))
    assert watch(plan, (), FIRST, NOW).news == ()
    assert watch(plan, (), FIRST, NOW + 7 * DAY).news != ()
    patient = replace(plan, calendar=replace(plan.calendar, warn_days=30))
    assert watch(patient, (), FIRST, NOW).news != ()


def test_a_hole_that_grows_or_comes_back_is_told_again():
    plan = away(ALONE, ILL)
    found = watch(plan, (), FIRST, NOW)
    longer = away(ALONE, ILL, Leave("osei", local(11, 28, 21), local(11, 28, 23)))
    (told,) = watch(longer, (), found, NOW).news
    assert "2026-11-28 09:00 to 2026-11-28 23:00" in told
    mended = watch(ALONE, (), found, NOW)
    assert mended.seen == ()
    assert watch(plan, (), mended, NOW).news == found.news


def test_a_hole_without_an_end_is_told_once_although_every_day_shows_more_of_it():
    plan = away(ALONE, *(Leave(member, local(11, 30), local(12, 30)) for member in ("chen", "osei", "patel", "ruiz")))
    found = watch(plan, (), FIRST, NOW)
    assert len(found.news) == 1
    for day in range(1, 40):
        found = watch(plan, (), found, NOW + day * DAY)
        assert found.news == ()


def test_what_was_accepted_when_it_was_published_is_not_told_but_what_comes_on_top_is():
    found = watch(NIGHTS, (), FIRST, NOW)
    assert len(found.news) == 4
    assert found.news[3].startswith("8 more such times follow")
    assert watch(NIGHTS, ("urgent",), FIRST, NOW).news == ()
    ill = Override("primary", "ruiz", local(11, 24, 19), local(11, 25, 7), "Dana", "Ill", OverrideKind.REMOVE)
    plan = with_beside(NIGHTS, Beside(overrides=(ill,)))
    (told,) = watch(plan, ("urgent",), FIRST, NOW).news
    # From the end of one day that was accepted to the next one that was: the hole is one.
    assert "2026-11-24 07:00 to 2026-11-25 19:00" in told


def test_a_number_that_stopped_answering_is_a_hole():
    plan = with_beside(ALONE, Beside(numbers={CHEN: Facts(unreachable=True)}))
    found = watch(plan, (), FIRST, NOW)
    assert "Dr. Ana Chen's numbers cannot be called" in found.news[0]
