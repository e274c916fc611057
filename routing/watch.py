"""Watching a calendar between one publishing and the next: which holes ahead the operators have not heard of.

A plan is proved when it is published, and an exception when it is made. Time goes on, though: numbers stop answering,
calendars from elsewhere change, and what was accepted with a reason comes near.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from whenever import Instant, TimeDelta

from escalation.coverage import Hole, holes
from escalation.policy import Policy
from escalation.timeline import remainder
from escalation.wallclock import shown
from routing.plan import Plan

MOST_TOLD: Final = 3
"""Holes of which one look tells each by itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """From `start` until before `end` the policy reaches nobody, and the operators have been told."""

    policy: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Watch:
    """What a look found: all holes ahead, how far it looked, and what the operators are to be told now."""

    seen: tuple[Seen, ...]
    until: Instant
    news: tuple[str, ...]


def watch(plan: Plan, accepted: Collection[str], last: Watch, now: Instant) -> Watch:
    """Look for holes in the days ahead of which the plan wants its operators to be told (`warn_days`).

    `accepted`: the policies whose holes were waived when the plan was published. Of those only the holes are told that
    the plan by itself does not have. `last`: what the last look found; what it saw, and what goes on from where it
    ended, is not told again, as long as it is there.
    """
    until = now + TimeDelta(hours=24 * plan.calendar.warn_days)
    found = [
        (name, hole) for name, policy in plan.escalation.policies.items() for hole in _holes(plan, policy, now, until)
    ]
    seen = tuple(Seen(name, hole.start, hole.end) for name, hole in found)
    news = [_told(name, hole, plan.zone) for name, hole in found if _is_news(plan, accepted, last, name, hole)]
    if len(news) > MOST_TOLD:
        rest = len(news) - MOST_TOLD
        news[MOST_TOLD:] = [f"{rest} more such times follow; `nightbell coverage` lists them all"]
    return Watch(seen, until, tuple(news))


def _holes(plan: Plan, policy: Policy, start: Instant, end: Instant) -> tuple[Hole, ...]:
    return holes(plan.escalation, policy, start, end, verified_only=plan.calendar.verified_only)


def _is_news(plan: Plan, accepted: Collection[str], last: Watch, policy: str, hole: Hole) -> bool:
    """Whether something of the hole is neither known nor accepted."""
    known = [(one.start, one.end) for one in last.seen if one.policy == policy]
    left = list(remainder(hole.start, hole.end, known))
    if any(end == last.until for _, end in known):
        left = [span for span in left if span[0] != last.until]
    if left and policy in accepted:
        left = list(_beyond_plan(plan, policy, left))
    return bool(left)


def _beyond_plan(plan: Plan, policy: str, spans: list[tuple[Instant, Instant]]) -> Iterator[tuple[Instant, Instant]]:
    """What of the spans is no hole without overrides, time off and what was learnt of numbers."""
    bare = replace(plan.escalation.roster, overrides=(), leaves=(), numbers={})
    alone = replace(plan, escalation=replace(plan.escalation, roster=bare))
    for start, end in spans:
        own = _holes(alone, plan.escalation.policies[policy], start, end)
        yield from remainder(start, end, [(hole.start, hole.end) for hole in own])


def _told(policy: str, hole: Hole, zone: str) -> str:
    because = "; ".join(dict.fromkeys(hole.because))
    return f"{policy} will reach nobody from {shown(hole.start, zone)} to {shown(hole.end, zone)} ({because})"
