"""Where a call goes now, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whenever import Instant

from routing.hours import ruling_at, state
from routing.opening import HoursKind, HoursState
from routing.plan.plan import CallerIs, LinesAre, Plan, Route


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call. Numbers are E.164; `caller` is None (and `withheld` true) when it is not known."""

    dialled: str
    caller: str | None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """How many lines of each destination are taken now; one that is not named has none taken."""

    busy_lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to the call: exactly one of `go` (a node of the flow) and `reject` (busy, rejected).

    `route`: its index in the plan from 0, -1 when none matched. `reasons`: sentences that hold nothing about the
    caller: why the earlier routes did not match, and why this one did.
    """

    route: int
    go: str | None
    reject: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    holds: bool
    because: str


def decide(plan: Plan, call: Incoming, load: Load, now: Instant) -> Decision:
    """The first route that matches. Never raises; without a match the call goes to a person."""
    hours = state(plan, now)
    reasons: list[str] = []
    for index, route in enumerate(plan.routes):
        answers = tuple(_answers(plan, route, call, load, hours))
        failed = [answer.because for answer in answers if not answer.holds]
        title = f"Route {index + 1} ({_way(route)})"
        if failed:
            reasons.append(f"{title} does not match: {'; '.join(failed)}.")
            continue
        because = "; ".join(answer.because for answer in answers) or f"it takes every call; {hours.because}"
        return Decision(index, route.go, route.reject, (*reasons, f"{title} matches: {because}."))
    last = f"No route matches, so the call goes to a person ({plan.flow.person})."
    return Decision(-1, plan.flow.person, None, (*reasons, last))


def needs_load(plan: Plan, now: Instant) -> frozenset[str]:
    """The destinations whose taken lines can matter to a call now; often none, which spares a query."""
    kind = ruling_at(plan, now).kind
    wanted: set[str] = set()
    for route in plan.routes:
        if route.hours is not None and kind not in route.hours:
            continue
        wanted.update(line.destination for line in route.lines)
        if not route.lines and route.caller is None and route.dialled is None:
            break
    return frozenset(wanted)


def _way(route: Route) -> str:
    return f"go {route.go}" if route.go else f"reject as {route.reject}"


def _answers(plan: Plan, route: Route, call: Incoming, load: Load, hours: HoursState) -> list[_Answer]:
    answers = []
    if route.dialled is not None:
        answers.append(_dialled(call, route.dialled))
    if route.caller is not None:
        answers.append(_caller(plan, call, route.caller))
    if route.hours is not None:
        answers.append(_hours(hours, route.hours))
    if all(answer.holds for answer in answers):  # else the load was perhaps not asked for: see `needs_load`
        answers += [_lines(plan, load, line) for line in route.lines]
    return answers


def _dialled(call: Incoming, numbers: frozenset[str]) -> _Answer:
    holds = call.dialled in numbers
    return _Answer(holds, f"the number dialled is {'' if holds else 'not '}one of the route's")


def _caller(plan: Plan, call: Incoming, rule: CallerIs) -> _Answer:
    number = None if call.withheld else call.caller
    if not number:
        told = "the caller's number is withheld"
        return _Answer(rule.withheld, told)
    if rule.blocked and number.startswith(plan.blocked):
        return _Answer(holds=True, because="the caller's number is blocked")
    if rule.prefixes and number.startswith(rule.prefixes):
        return _Answer(holds=True, because="the caller's number is one of the route's")
    return _Answer(holds=False, because=_not_among(rule))


def _not_among(rule: CallerIs) -> str:
    wanted = (
        (rule.blocked, "blocked"),
        (rule.withheld, "withheld"),
        (bool(rule.prefixes), "one of the route's"),
    )
    return f"the caller's number is not {' or '.join(word for wants, word in wanted if wants)}"


def _hours(hours: HoursState, kinds: frozenset[HoursKind]) -> _Answer:
    return _Answer(hours.kind in kinds, hours.because)


def _lines(plan: Plan, load: Load, line: LinesAre) -> _Answer:
    taken = max(0, load.busy_lines.get(line.destination, 0))
    destination = plan.destinations.get(line.destination)
    limit = destination.lines if destination else None
    if limit is None:
        return _Answer(not line.busy, f"{line.destination} has no limit of lines, so it counts as free")
    if taken < limit:
        return _Answer(not line.busy, f"{limit - taken} of {limit} lines of {line.destination} are free")
    every = {1: "the only line", 2: "both lines"}.get(limit, f"all {limit} lines")
    return _Answer(
        line.busy, f"{every} of {line.destination} {'is' if limit == 1 else 'are'} busy ({taken} of {limit})"
    )
