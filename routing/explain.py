"""Who would get this call, at this time, from this number, pressing these keys, and why: without placing any.

It is the live code: the same `decide`, `step` and `targets` that answer real calls, told as sentences.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from whenever import Instant

from escalation.oncall import name_of, on_call, targets
from escalation.policy import Policy, PolicyStep, TargetKind
from escalation.sparing import LOOKS_AFTER, WAITS_AT_MOST, all_quiet_until, quiet_until
from ivr.actions import Action, End, GatherKeys, Hold, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.flow import Connect
from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, QueueEnded, Recorded
from ivr.prompts import Utterance, fill
from ivr.walk import Step, begin, step
from routing.decide import Decision, Incoming, Load, decide
from routing.plan import Plan

MOST_STEPS: Final = 50
SPOKEN: Final = 5
"""Seconds that a simulated caller speaks where something is recorded."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen. `lines` are for people, in order; `pages` are the staff ids that would be paged, in order."""

    decision: Decision
    lines: tuple[str, ...]
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """The imagined call. `keys`: what is pressed at each prompt, one entry each; behind the last one, silence.

    `answered`: whether a destination that is rung picks up.
    """

    incoming: Incoming
    keys: tuple[str, ...] = ()
    answered: bool = True


def explain(plan: Plan, call: Call, load: Load, now: Instant) -> Explanation:
    """Walk the call through the plan."""
    decision = decide(plan, call.incoming, load, now)
    lines = [f"{now.to_tz(plan.zone).format('EEE YYYY-MM-DD HH:mm')} {plan.zone}, plan version {plan.version}"]
    lines += decision.reasons
    if decision.go is None:
        return Explanation(decision, (*lines, f"The call is not answered: {decision.reject}."))
    walk = _Walk(plan, call, now)
    lines += walk.lines(decision.go)
    return Explanation(decision, tuple(lines), tuple(walk.pages))


class _Walk:
    def __init__(self, plan: Plan, call: Call, now: Instant) -> None:
        self._plan = plan
        self._call = call
        self._now = now
        self._keys = iter(call.keys)
        self.pages: list[str] = []

    def lines(self, node: str) -> Iterator[str]:
        taken = step(self._plan.flow, begin(self._plan.flow, node, withheld=self._call.incoming.withheld), Entered())
        for _ in range(MOST_STEPS):
            yield from self._told(taken)
            given = self._answer(taken.action)
            if given is None:
                yield from self._end(taken)
                return
            if isinstance(taken.action, GatherKeys):
                yield f"The caller presses {given.digits}." if isinstance(given, Keys) and given.digits else "Silence."
            taken = step(self._plan.flow, taken.position, given, self._now.to_tz(self._plan.zone).date())
        yield "The simulation stops here: the keys given lead round and round."

    def _told(self, taken: Step) -> Iterator[str]:
        said = fill(taken.say, self._call.incoming.caller)
        if said:
            yield f"[{taken.position.node}] {_quoted(said)}"

    def _answer(self, action: Action) -> Input | None:
        match action:
            case GatherKeys():
                return Keys(next(self._keys, ""))
            case RecordVoice():
                return Recorded(SPOKEN)
            case RingDestination():
                return DialEnded(DialResult.NO_ANSWER) if not self._call.answered else None
            case HoldInLine():
                return QueueEnded(bridged=False) if not self._call.answered else None
            case OpenPage() | Hold() | End():
                return None

    def _end(self, taken: Step) -> Iterator[str]:
        match taken.action:
            case RingDestination(name) | HoldInLine(name):
                destination = self._plan.destinations[name]
                yield f"{name} is rung ({', '.join(destination.numbers)}) and takes the call."
            case OpenPage() | Hold():
                yield from self._paging(taken.position.node)
            case _:
                yield "The call ends."

    def _paging(self, node: str) -> Iterator[str]:
        connect = self._plan.flow.nodes.get(node)
        name = connect.policy if isinstance(connect, Connect) else next(iter(self._plan.escalation.policies))
        policy = self._plan.escalation.policies[name]
        yield f"A page is opened by the policy {name}:"
        at = begins = self._now
        for number, wanted in enumerate(policy.steps, start=1):
            begins_at = self._waited(policy, number, at)
            if begins_at > at:
                yield from self._told_waiting(policy, begins_at)
                at = begins = begins_at
            asked = targets(self._plan.escalation, wanted, at)
            quiet = [member for member in asked if self._is_quiet(policy, member, at)]
            paged = [member for member in asked if member not in quiet]
            yield from self._step(number, wanted, paged, at, (at - begins).total("seconds"))
            if quiet:
                yield f"     not {self._names(quiet)}: it is not urgent, and they have quiet hours"
            if paged:
                at += wanted.wait
        rounds = f", {policy.rounds} rounds in all" if policy.rounds > 1 else ""
        yield f"  then again from the first step{rounds}; then {_resort(policy)}."
        held = policy.hold_at_most.total("minutes")
        yield f"  The caller holds for at most {held:g} min; the page goes on without them until a person has it."

    def _waited(self, policy: Policy, number: int, at: Instant) -> Instant:
        """When that step begins at the soonest: where all ahead have quiet hours, the page looks now and then."""
        ahead = policy.steps if policy.rounds > 1 else policy.steps[number - 1 :]
        longest = self._now + WAITS_AT_MOST
        while not policy.urgent and at < longest and (until := all_quiet_until(self._plan.escalation, ahead, at)):
            at = min(until, at + LOOKS_AFTER, longest)
        return at

    def _told_waiting(self, policy: Policy, until: Instant) -> Iterator[str]:
        shown = until.to_tz(self._plan.zone).format("EEE YYYY-MM-DD HH:mm")
        yield f"  It is not urgent, and everybody whom it may page has quiet hours: it waits until {shown}"
        way = "is put through to the last resort" if policy.last_resort.numbers else "leaves a message"
        yield f"  (the caller is told so, and whoever does not want to hang up {way}); then:"

    def _is_quiet(self, policy: Policy, member: str, at: Instant) -> bool:
        waits = not policy.urgent and at < self._now + WAITS_AT_MOST
        return waits and quiet_until(self._plan.escalation.roster, member, at) is not None

    def _step(self, number: int, wanted: PolicyStep, members: list[str], at: Instant, after: float) -> Iterator[str]:
        self.pages += [member for member in members if member not in self.pages]
        means = " and ".join(m.value for m in wanted.by)
        names = self._names(members) or "nobody (the step is skipped)"
        yield f"  {number}. after {after:.0f} s at the latest, by {means}: {names}"
        roster = self._plan.escalation.roster
        for target in wanted.targets:
            if target.kind is TargetKind.SCHEDULE and (duty := on_call(roster, target.name, at)):
                yield f"     {duty.because}"

    def _names(self, members: list[str]) -> str:
        return ", ".join(name_of(self._plan.escalation.roster, member) for member in members)


def _resort(policy: Policy) -> str:
    resort = policy.last_resort
    parts = [f"the last resort {resort.destination or ''} ({', '.join(resort.numbers)})"] if resort.numbers else []
    if resort.alert_operators:
        parts.append("an alert to the operators")
    return " and ".join(parts) or "nothing"


def _quoted(said: tuple[Utterance, ...]) -> str:
    return " ".join(f"({u.language}) {u.text}" if u.language != said[0].language else u.text for u in said)
