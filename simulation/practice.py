"""A practice drawn at random: its staff with their phones, how they are paged, and what changes of that."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from whenever import Date, Instant, Time, Weekday, minutes, seconds

from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Ring, RingLimit, Target, TargetKind
from escalation.roster import DailyWindow, Layer, Leave, Member, Override, Roster, Rotation, Schedule, Shift

START: Final = Instant.from_utc(2026, 11, 21, 7)
POLICY: Final = "urgent"
DESKS: Final = ("+18885550191", "+18885550192")
_NAMES: Final = ("Dr. Ana Chen", "Dr. Kofi Osei", "Nina Ruiz RN", "Dr. Mira Patel", "Dr. Lev Stern")
_BY: Final = ((Means.CALL,), (Means.SMS,), (Means.CALL, Means.SMS), (Means.CALL, Means.SMS))
_SHIFT: Final = Shift(hours=12)
_FROM: Final = (Time(22), Time(2), Time(2, 3))
_FIRST: Final = Date(2026, 1, 5)


def draw(random: Random) -> Escalation:
    """A practice of two to five people with one policy."""
    members = [_member(random, n) for n in range(random.randint(2, 5))]
    drawn = Escalation(_roster(random, members), {POLICY: _policy(random, POLICY, members)})
    return _considerate(random, drawn)


def _considerate(random: Random, plan: Escalation) -> Escalation:
    """The same with limits: quiet hours, which begin before a world does, or in it; and how often one is rung."""
    if random.random() < 0.5:
        plan = replace(plan, ring_limit=RingLimit(random.choice((1, 2, 4)), minutes(random.choice((10, 60)))))
    if random.random() < 0.6:
        return plan
    quiet = {m: (DailyWindow(frozenset(Weekday), random.choice(_FROM), Time(6)),) for m in plan.roster.members}
    members = {
        m: replace(who, quiet=quiet[m] if random.random() < 0.7 else ()) for m, who in plan.roster.members.items()
    }
    policies = {name: replace(policy, urgent=random.random() < 0.3) for name, policy in plan.policies.items()}
    return replace(plan, roster=replace(plan.roster, members=members), policies=policies)


def changed(random: Random, plan: Escalation, now: Instant) -> Escalation:
    """The same version of the plan with other records beside it: time off, overrides."""
    names = sorted(plan.roster.members)
    end = now + minutes(random.randint(1, 60))
    leaves = [Leave(name, now, end) for name in names if random.random() < 0.4]
    overrides: list[Override] = []
    if random.random() < 0.5:
        overrides.append(Override("call", random.choice(names), now, end, "Pat Lee", "a swap"))
    return replace(plan, roster=replace(plan.roster, leaves=tuple(leaves), overrides=tuple(overrides)))


def another(random: Random, plan: Escalation) -> Escalation:
    """What stands in for a version that cannot be read: other people and steps, as `storage.paging` substitutes them.

    Some who were paged may have left the practice.
    """
    kept = [m for m in plan.roster.members.values() if random.random() < 0.7]
    members = [*kept, replace(_member(random, len(_NAMES) - 1), id="new")]
    return Escalation(_roster(random, members), {POLICY: _policy(random, "another", members)})


def _member(random: Random, n: int) -> Member:
    numbers = tuple(f"+161755501{line}{n}" for line in range(random.choice((0, 1, 1, 1, 2))))
    if numbers and n and random.random() < 0.05:
        numbers = ("+16175550100",)  # the phone of the doctors' room, which is the first one's, too
    text = f"+161755501{random.randint(0, 1)}{n}" if random.random() < 0.7 else None
    return Member(f"m{n}", _NAMES[n], numbers, text)


def _roster(random: Random, members: Sequence[Member]) -> Roster:
    names = [member.id for member in members]
    random.shuffle(names)
    on_duty = random.choice((1, 1, 2))
    rotation = Rotation("all", tuple(names), _SHIFT, Time(7), None, _FIRST, on_duty=min(on_duty, len(names)))
    layers = (Layer("all"),)
    schedules = {"call": Schedule("call", layers), "backup": Schedule("backup", (Layer("all", shifted=1),))}
    return Roster("America/New_York", {m.id: m for m in members}, {"all": rotation}, schedules)


def _policy(random: Random, name: str, members: Sequence[Member]) -> Policy:
    steps = tuple(_step(random, members) for _ in range(random.randint(1, 3)))
    numbers = DESKS[: random.choice((0, 1, 1, 2))]
    resort = LastResort(numbers, "answering service", random.random() < 0.5, seconds(random.choice((20, 30))))
    return Policy(
        name,
        steps,
        random.choice((1, 1, 2, 3)),
        seconds(random.choice((15, 25))),
        seconds(random.choice((30, 90, 180))),
        minutes(random.choice((2, 10, 20))),
        resort,
    )


def _step(random: Random, members: Sequence[Member]) -> PolicyStep:
    targets = tuple(_target(random, members) for _ in range(random.choice((1, 1, 2))))
    wait = seconds(random.choice((10, 30, 60, 120)))
    return PolicyStep(targets, random.choice(_BY), wait, random.choice((Ring.IN_TURN, Ring.ALL)))


def _target(random: Random, members: Sequence[Member]) -> Target:
    match random.choice(tuple(TargetKind)):
        case TargetKind.SCHEDULE:
            return Target(TargetKind.SCHEDULE, random.choice(("call", "backup")))
        case TargetKind.ROTATION:
            return Target(TargetKind.ROTATION, "all")
        case TargetKind.MEMBER:
            return Target(TargetKind.MEMBER, random.choice(members).id)
