"""Who is on call: at an instant, over a year, and whether it is anybody for 90 days. In this process, without I/O."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from whenever import Instant, TimeDelta

from bench.figure import Figure
from bench.house import SAMPLE, House
from escalation.coverage import holes
from escalation.duties import render
from escalation.oncall import on_call
from routing.plan import publishable

NOW: Final = Instant.from_utc(2026, 11, 22, 7, 10)
DAY: Final = TimeDelta(hours=24)
SCHEDULES: Final = 100


async def calendar(_house: House) -> AsyncIterator[Figure]:
    """By the sample's schedules; a hundred of them are the same few again and again."""
    escalation = publishable(SAMPLE.read_text(encoding="utf-8"), NOW).plan.escalation
    roster = escalation.roster
    names = [name for _ in range(SCHEDULES) for name in roster.schedules][:SCHEDULES]
    instants = [NOW + TimeDelta(hours=n) for n in range(1000)]

    once = _best(lambda: [on_call(roster, names[0], instant) for instant in instants]) / len(instants)
    yield _figure("`on_call` at one instant", once * 1e6, "us", 20)
    year = _best(lambda: [render(roster, name, NOW, NOW + 365 * DAY) for name in names])
    yield _figure(f"{SCHEDULES} schedules over a year rendered", year * 1e3, "ms", 200)
    proof = _best(lambda: [holes(escalation, policy, NOW, NOW + 90 * DAY) for policy in escalation.policies.values()])
    yield _figure("coverage of 90 days proved", proof * 1e3, "ms", 200)


def _figure(name: str, measured: float, unit: str, most: float) -> Figure:
    return Figure(name, f"{measured:.1f} {unit}", "", f"at most {most:g} {unit}", measured <= most)


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    """The least seconds of some rounds: what it takes when nothing else runs."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)
