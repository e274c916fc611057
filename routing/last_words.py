"""The last resort as a fixed document can give it: what is said and who is rung, without a server to decide anything.

Nobody can be screened there, since a key press needs a server: a voicemail that picks up ends the ringing. So whoever
answers for certain, the answering service, comes first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from whenever import Instant, TimeDelta

from escalation.oncall import on_call, targets
from escalation.policy import Policy, TargetKind
from ivr.flow import Connect
from ivr.prompts import Utterance, own, spoken
from routing.plan import Plan

MOST: Final = 10
"""Numbers that one `<Dial>` rings in turn (TWILIO.md, Webhooks)."""
LONGEST: Final = TimeDelta(hours=24 * 7)


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a caller gets: `advice`, the numbers in turn, each for `ring_for`, and `end`; no silence, no way back.

    `valid_until`: when somebody else is to be rung; at most a week from now.
    """

    advice: tuple[Utterance, ...]
    numbers: tuple[str, ...]
    caller_id: str
    ring_for: TimeDelta
    end: tuple[Utterance, ...]
    valid_until: Instant


def last_words(plan: Plan, now: Instant) -> LastWords:
    """The plan's last resort as it is at `now`, in every language of the practice."""
    languages = [voice.language for voice in plan.flow.languages]
    policy = _policy(plan)
    numbers, ring_for = _by_policy(plan, policy, now) if policy else _by_destinations(plan)
    found = tuple(dict.fromkeys(numbers))[:MOST]
    please_hold = tuple(own("to_last_resort", tag) for tag in languages) if found else ()
    return LastWords(
        (*(u for tag in languages for u in spoken(plan.flow, plan.flow.emergency, tag)), *please_hold),
        found,
        plan.caller_id,
        ring_for,
        tuple(own("static_end", tag) for tag in languages),
        _valid_until(plan, policy, now),
    )


def _policy(plan: Plan) -> Policy | None:
    """The policy of the node that leads to a person, else of the first that pages; None: the plan pages nobody."""
    nodes = plan.flow.nodes
    connects = [node for node in (nodes.get(plan.flow.person), *nodes.values()) if isinstance(node, Connect)]
    return plan.escalation.policies[connects[0].policy] if connects else None


def _by_policy(plan: Plan, policy: Policy, now: Instant) -> tuple[list[str], TimeDelta]:
    """The last resort, then who is on call now, then who will be: with the server gone nobody refreshes this."""
    members = plan.escalation.roster.members
    staff = (
        name
        for instant in _handoffs(plan, policy, now)
        for step in policy.steps
        for name in targets(plan.escalation, step, instant)
    )
    phones = (number for name in _first_of_each(staff) for number in members[name].voice)
    ring_for = max(policy.last_resort.ring_for, policy.ring_for)
    return [*policy.last_resort.numbers, *islice(phones, MOST)], ring_for


def _handoffs(plan: Plan, policy: Policy, now: Instant) -> Iterator[Instant]:
    """Now, and whenever somebody else is on call, for a week."""
    instant, end = now, now + LONGEST
    while instant < end:
        yield instant
        instant = _valid_until(plan, policy, instant)


def _first_of_each(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name


def _by_destinations(plan: Plan) -> tuple[list[str], TimeDelta]:
    desks = plan.destinations.values()
    longest = max((desk.ring_for for desk in desks), default=TimeDelta(seconds=25))
    return [number for desk in desks for number in desk.numbers], longest


def _valid_until(plan: Plan, policy: Policy | None, now: Instant) -> Instant:
    until: Instant = now + LONGEST
    for change in _changes(plan, policy, now) if policy else ():
        until = min(until, change)
    return until


def _changes(plan: Plan, policy: Policy, now: Instant) -> Iterator[Instant]:
    """When each schedule next hands off; a rotation that is paged whole is asked as often as the schedules are."""
    roster = plan.escalation.roster
    for target in (target for step in policy.steps for target in step.targets):
        duty = on_call(roster, target.name, now) if target.kind is TargetKind.SCHEDULE else None
        if duty is not None:
            yield duty.until
    for override in roster.overrides:
        yield from (edge for edge in (override.start, override.end) if edge > now)
