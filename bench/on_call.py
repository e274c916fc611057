"""Who is on call: at an instant, over a year, and whether it is anybody for 90 days. In this process, without I/O."""

import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import recurring_ical_events
from icalendar import Calendar
from whenever import Instant, TimeDelta

from bench.figure import Figure
from bench.house import SAMPLE, House
from escalation.duties import render
from escalation.oncall import on_call
from escalation.preview import preview
from escalation.roster import Leave, Override, OverrideKind, Roster, Schedule
from routing.plan import publishable
from routing.plan.beside import Beside, with_beside
from routing.proving import prove

NOW: Final = Instant.from_utc(2026, 11, 22, 7, 10)
DAY: Final = TimeDelta(hours=24)
YEAR: Final = NOW + 365 * DAY
SCHEDULES: Final = 100
OVERRIDES: Final = 1000
"""Ten in each schedule."""
LEAVES: Final = 10
INSTANTS: Final = 1000
_CALENDAR: Final = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:bench\n{events}END:VCALENDAR\n"
_EVENT: Final = (
    "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20261122T000000Z\nDTSTART;TZID=America/New_York:{start}\nDURATION:{lasts}\n"
    "RRULE:{rule}\nSUMMARY:{who}\nEND:VEVENT\n"
)


async def calendar(_house: House) -> AsyncIterator[Figure]:
    """The sample's rotations in a hundred schedules, each of two layers, with overrides and time off."""
    chance = random.Random(20261122)  # noqa: S311 - the same calendar every time
    plan = publishable(SAMPLE.read_text(encoding="utf-8"), NOW).plan
    bare = replace(plan.escalation.roster, schedules=_schedules(plan.escalation.roster))
    beside = Beside(overrides=_overrides(bare, chance), leaves=_leaves(bare, chance))
    full = replace(bare, overrides=beside.overrides, leaves=beside.leaves)
    names = tuple(full.schedules)
    instants = [NOW + TimeDelta(seconds=chance.randrange(365 * 86_400)) for _ in range(INSTANTS)]

    asked = [(names[n % SCHEDULES], instant) for n, instant in enumerate(instants)]
    once = _best(lambda: [on_call(full, name, instant) for name, instant in asked]) / INSTANTS
    yield _figure("`on_call` at one instant", once * 1e6, "us", 20)

    reference = _reference(bare)
    theirs = _best(lambda: [recurring_ical_events.of(one).between(*_THEIR_YEAR) for one in reference], 1)
    year = _best(lambda: [render(full, name, NOW, YEAR) for name in names])
    beside_it = (
        f"recurring-ical-events, without the overrides: {theirs * 1e3:.0f} ms, {theirs / year:.0f} times as long"
    )
    title = f"{SCHEDULES} schedules with {OVERRIDES} overrides over a year rendered"
    yield _figure(title, year * 1e3, "ms", 200, beside_it)

    whole = with_beside(plan, Beside(overrides=_overrides(plan.escalation.roster, chance), leaves=beside.leaves))
    proof = _best(lambda: prove(whole, NOW, NOW + 90 * DAY))
    yield _figure(f"90 days proved, with {OVERRIDES} overrides in the year", proof * 1e3, "ms", 200)
    told = _best(lambda: preview(plan.escalation.roster, whole.escalation.roster, NOW, NOW + 90 * DAY))
    yield Figure("what those overrides change in 90 days", f"{told * 1e3:.1f} ms")


def _schedules(roster: Roster) -> dict[str, Schedule]:
    """The sample's primary with its people `shifted` on by one in each."""
    layers = roster.schedules["primary"].layers
    return {
        f"primary-{n}": Schedule(f"primary-{n}", tuple(replace(one, shifted=n % 3) for one in layers))
        for n in range(SCHEDULES)
    }


def _overrides(roster: Roster, chance: random.Random) -> tuple[Override, ...]:
    names, people = tuple(roster.schedules), tuple(roster.members)
    return tuple(
        Override(names[n % len(names)], chance.choice(people), *_window(chance), "Dana", "", OverrideKind.REPLACE)
        for n in range(OVERRIDES)
    )


def _leaves(roster: Roster, chance: random.Random) -> tuple[Leave, ...]:
    people = tuple(roster.members)
    return tuple(Leave(chance.choice(people), *_window(chance, days=7)) for _ in range(LEAVES))


def _window(chance: random.Random, *, days: int = 0) -> tuple[Instant, Instant]:
    start = NOW + TimeDelta(minutes=chance.randrange(365 * 1440))
    return start, start + (days * DAY or TimeDelta(minutes=chance.randrange(60, 2880)))


_THEIR_YEAR: Final = (
    datetime.fromtimestamp(NOW.timestamp(), UTC),
    datetime.fromtimestamp(YEAR.timestamp(), UTC),
)


def _reference(roster: Roster) -> list[Calendar]:
    """The same two rotations in each of a hundred calendars, read already: an event for each turn of each member."""
    weekly, nightly = roster.rotations["physicians"].members, roster.rotations["nurses"].members
    days = ("MO", "TU", "WE", "TH", "FR")
    events = [
        _event(f"p{n}", f"202601{5 + 7 * n:02}T080000", "P7D", f"FREQ=WEEKLY;INTERVAL={len(weekly)}", who)
        for n, who in enumerate(weekly)
    ] + [
        _event(f"n{n}", f"202601{5 + n:02}T190000", "PT12H", f"FREQ=WEEKLY;BYDAY={day}", nightly[n % len(nightly)])
        for n, day in enumerate(days)
    ]
    text = _CALENDAR.format(events="".join(events))
    return [Calendar.from_ical(text.replace("\n", "\r\n")) for _ in range(SCHEDULES)]


def _event(uid: str, start: str, lasts: str, rule: str, who: str) -> str:
    return _EVENT.format(uid=uid, start=start, lasts=lasts, rule=rule, who=who)


def _figure(name: str, measured: float, unit: str, most: float, reference: str = "") -> Figure:
    return Figure(name, f"{measured:.1f} {unit}", reference, f"at most {most:g} {unit}", measured <= most)


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    """The least seconds of some rounds: what it takes when nothing else runs."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)
