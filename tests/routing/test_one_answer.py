"""Preview, live resolution, `explain`, the rendered calendar and the feeds give one answer, at a million instants.

Half of them are anywhere in two years; half are within two seconds of an instant at which something changes, which is
where two ways of reckoning would part. `make long` asks at all of them, the suite at a fifth.
"""

import random
from bisect import bisect_left, bisect_right

import pytest
from icalendar import Calendar
from whenever import Instant, TimeDelta

from calendars.entries import AHEAD, PAST, Subject, entries_of
from calendars.writing import written
from escalation.duties import Duty, render
from escalation.oncall import on_call, targets
from escalation.policy import Means, PolicyStep, Target, TargetKind
from escalation.preview import preview
from escalation.roster import Leave, Override, OverrideKind
from routing.decide import Incoming, Load
from routing.explain import Call, explain
from routing.plan import Plan, compile_plan, read
from routing.plan.beside import Beside, with_beside
from tests.calls.people import PARENT, PRACTICE, SAMPLE

INSTANTS = 1_000_000
EXPLAINED = 5_000
"""Every so-manieth is also asked of `explain`, which walks a whole call for its answer."""
START, END = Instant.from_utc(2026, 7, 1), Instant.from_utc(2028, 7, 1)
DOCUMENT = SAMPLE.read_text()
CALENDAR = """
rotations:
  physicians:
    members: [chen, osei, patel]
    shares: {osei: 2}
    shift: 1 week
    handoff: {day: sun, at: "02:30"}
    from: 2026-01-05
    changes: [{from: 2027-03-01, members: [patel, chen, osei, ruiz]}]
  nurses: {members: [ruiz, chen, osei, patel], on_duty: 2, shift: 12 hours, handoff: "01:30", from: 2026-01-05}
  months: {members: [patel, ruiz, osei], shift: 1 month, handoff: {day: last, at: "00:00"}, from: 2026-10-31}
  island: {members: [chen, ruiz], shift: 5 hours, handoff: "02:00", from: 2026-01-05, timezone: Australia/Lord_Howe}

calendars:
  hospital: {url: "https://calendar.example.org/hospital.ics"}

schedules:
  primary:
    layers:
      - {rotation: months, holidays: only}
      - {calendar: hospital}
      - {rotation: nurses, only: {mon-fri: ["19:00-07:00"], sat: ["02:15-02:45"]}}
      - physicians
  backup: {layers: [{rotation: physicians, shifted: 1}]}
  nights: {layers: [{rotation: island, only: {mon-sun: ["22:00-07:00"]}, holidays: never}]}

"""


def edited() -> str:
    start, end = DOCUMENT.index("rotations:\n"), DOCUMENT.index("policies:\n")
    text = DOCUMENT[:start] + CALENDAR.lstrip() + DOCUMENT[end:]
    return text.replace("page: backup", "page: [backup, nights]")


def exceptions(chance: random.Random) -> Beside:
    """Overrides of every kind and time off, of minutes to weeks, on top of each other."""
    people = ("chen", "osei", "patel", "ruiz")
    seconds = round((END - START).total("seconds"))

    def window() -> tuple[Instant, Instant]:
        start = START.add(seconds=chance.randrange(seconds))
        return start, start.add(seconds=chance.choice((60, 3600, 40_000, 90_000, 600_000)) + chance.randrange(3600))

    overrides = []
    for _ in range(300):
        kind, (start, end) = chance.choice(tuple(OverrideKind)), window()
        member, other = chance.sample(people, 2)
        instead = other if kind is OverrideKind.REPLACE and chance.random() < 0.5 else ""
        schedule = chance.choice(("primary", "backup", "nights"))
        overrides.append(Override(schedule, member, start, end, "Dana", "Ill", kind, instead))
    leaves = tuple(Leave(chance.choice(people), *window()) for _ in range(60))
    shifts = sorted((*window(), chance.choice(("Chen", "Dr. Kofi Osei", "ruiz / patel"))) for _ in range(150))
    return Beside(overrides=tuple(overrides), leaves=leaves, calendars={"hospital": tuple(shifts)})


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(20261127)  # noqa: S311 - the same instants every time


@pytest.fixture(scope="module")
def plan(chance: random.Random) -> Plan:
    return with_beside(compile_plan(read(edited())), exceptions(chance))


@pytest.fixture(scope="module")
def instants(plan: Plan, chance: random.Random) -> list[Instant]:
    """In order. Those near an edge are moved by up to two seconds, in quarters."""
    roster = plan.escalation.roster
    edges = sorted({duty.start for name in roster.schedules for duty in render(roster, name, START, END)})
    span = round((END - START).total("seconds")) * 4
    anywhere = (START + TimeDelta(milliseconds=250 * chance.randrange(span)) for _ in range(INSTANTS // 2))
    near = (
        min(max(chance.choice(edges) + TimeDelta(milliseconds=250 * chance.randint(-8, 8)), START), END - _QUARTER)
        for _ in range(INSTANTS - INSTANTS // 2)
    )
    return sorted((*anywhere, *near))


_QUARTER = TimeDelta(milliseconds=250)


class Rendered:
    """A calendar that is asked by bisection."""

    def __init__(self, duties: tuple[Duty, ...]) -> None:
        assert (duties[0].start, duties[-1].end) == (START, END)
        self._duties = duties
        self._starts = [duty.start for duty in duties]

    def at(self, instant: Instant) -> Duty:
        return self._duties[bisect_right(self._starts, instant) - 1]


def test_one_answer(plan: Plan, instants: list[Instant]):
    roster = plan.escalation.roster
    bare = with_beside(plan, Beside()).escalation.roster
    after = {name: Rendered(render(roster, name, START, END)) for name in roster.schedules}
    before = {name: Rendered(render(bare, name, START, END)) for name in roster.schedules}
    found = preview(bare, roster, START, END)
    changed = {name: [one for one in found.differences if one.schedule == name] for name in roster.schedules}
    starts = {name: [one.start for one in changed[name]] for name in roster.schedules}
    steps = {
        name: PolicyStep((Target(TargetKind.SCHEDULE, name),), (Means.CALL,), TimeDelta(minutes=1))
        for name in roster.schedules
    }
    names, parted, unlike = tuple(roster.schedules), [], 0
    for count, instant in enumerate(instants):
        name = names[count % 3]
        live, told = targets(plan.escalation, steps[name], instant), after[name].at(instant)
        place = bisect_right(starts[name], instant) - 1
        change = changed[name][place] if place >= 0 and instant < changed[name][place].end else None
        old = before[name].at(instant).members
        unlike += change is not None
        expected = (old, live) if old != live else None
        if told.members != live or (change and (change.before, change.after)) != expected:
            parted.append((name, instant, live, told, change))
        if count % 10 == 0:
            duty = on_call(bare, name, instant)
            assert (duty.members if duty else ()) == old
    assert parted == []
    # It would prove little if the exceptions changed nothing, or everything.
    assert INSTANTS // 20 < unlike < INSTANTS // 2


def test_explain_tells_the_same(plan: Plan, instants: list[Instant], chance: random.Random):
    roster = plan.escalation.roster
    calendars = {name: Rendered(render(roster, name, START, END)) for name in roster.schedules}
    call, asked = Call(Incoming(PRACTICE, PARENT), ("1", "1")), 0
    for instant in chance.sample(instants, EXPLAINED):
        told = explain(plan, call, Load(), instant)
        at = next((n for n, line in enumerate(told.lines) if "A page is opened" in line), None)
        if at is None:
            continue  # in the day the front desk takes it
        asked += 1
        duty = calendars["primary"].at(instant)
        who = ", ".join(roster.members[member].name for member in duty.members)
        assert told.lines[at + 1].endswith(f": {who}" if who else ": nobody (the step is skipped)")
        if duty.members:
            because = on_call(roster, "primary", instant)
            assert told.lines[at + 2].strip() == because.because
            assert because.until <= calendars["primary"].at(because.until).start or because.until < duty.end
    assert asked > EXPLAINED // 3


def test_the_feeds_tell_the_same(plan: Plan, instants: list[Instant]):
    roster, now = plan.escalation.roster, Instant.from_utc(2027, 1, 15, 12)
    start, end = now - PAST, now + AHEAD - TimeDelta(hours=24)
    within = instants[bisect_left(instants, start) : bisect_right(instants, end)]
    assert len(within) > INSTANTS // 5
    for schedule in roster.schedules:
        feed = Calendar.from_ical(written(entries_of(plan, roster, Subject(None, schedule), now), now))
        events = sorted(
            (Instant(event.decoded("DTSTART")), Instant(event.decoded("DTEND")), str(event["SUMMARY"]))
            for event in feed.walk("VEVENT")
        )
        told, starts = Rendered(render(roster, schedule, START, END)), [event[0] for event in events]
        parted = []
        for instant in within:
            place = bisect_right(starts, instant) - 1
            summary = events[place][2] if place >= 0 and instant < events[place][1] else ""
            names = ", ".join(roster.members[member].name for member in told.at(instant).members)
            if summary.partition(f": {schedule} (")[0] != names:
                parted.append((schedule, instant, summary, names))
        assert parted == []
