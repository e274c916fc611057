"""Every call matches a route, and every route some call."""

from collections.abc import Iterator

from routing.plan.checks.subject import Subject
from routing.plan.document import ANY_LINES
from routing.plan.faults import Finding
from routing.plan.plan import CallerIs, Route


def catch_all(subject: Subject) -> Iterator[Finding]:
    """The last route takes every call (one that stands before others hides them: `dead_route`)."""
    last = len(subject.plan.routes) - 1
    if not any(_is_open(route) for route in subject.plan.routes):
        mend = "Add a last route without `when`, such as `- {go: night}`."
        yield Finding(("routes", str(last)), "a call that matches no route leads nowhere", mend)


def _is_open(route: Route) -> bool:
    return not (route.hours or route.lines or route.caller or route.dialled)


def dead_route(subject: Subject) -> Iterator[Finding]:
    """No route is hidden by an earlier one."""
    for i, route in enumerate(subject.plan.routes):
        earlier = next((j for j, other in enumerate(subject.plan.routes[:i]) if _takes_all(other, route)), None)
        if earlier is not None:
            fault = f"this route can never match: routes.{earlier} takes every such call first"
            yield Finding(("routes", str(i)), fault, "Move it up, or take it away.")


def _takes_all(first: Route, then: Route) -> bool:
    """True when every call that matches `then` matches `first`."""
    return (
        (first.hours is None or (then.hours is not None and then.hours <= first.hours))
        and set(first.lines) <= set(then.lines)
        and (first.dialled is None or (then.dialled is not None and then.dialled <= first.dialled))
        and (first.caller is None or (then.caller is not None and _includes(first.caller, then.caller)))
    )


def _includes(first: CallerIs, then: CallerIs) -> bool:
    return (
        first.blocked >= then.blocked
        and first.withheld >= then.withheld
        and all(prefix.startswith(first.prefixes) for prefix in then.prefixes)
    )


def dialled(subject: Subject) -> Iterator[Finding]:
    """A route waits only for numbers that are the practice's."""
    for i, route in enumerate(subject.document.routes):
        for j, number in enumerate(route.when.dialled or ()):
            if number not in subject.document.numbers:
                at = ("routes", str(i), "when", "dialled", str(j))
                yield Finding(at, f"{number} is not one of the practice's numbers", "Add it to `numbers`.")


def lines(subject: Subject) -> Iterator[Finding]:
    """`lines: busy` means a destination that says how many lines it has."""
    destinations = subject.document.destinations
    counted = [name for name, destination in destinations.items() if destination.lines]
    for i, route in enumerate(subject.document.routes):
        for name in route.when.lines:
            at = ("routes", str(i), "when", "lines")
            if name in destinations and name not in counted:
                fault = f"`{name}` does not say how many lines it has"
                yield Finding((*at, name), fault, f"Add `lines: 2` to `destinations.{name}`.")
            elif name == ANY_LINES and not counted:
                yield Finding(
                    at, "no destination says how many lines it has", "Add `lines: 2` to the one that is meant."
                )
            elif name == ANY_LINES and len(counted) > 1:
                fault = f"{len(counted)} destinations have `lines`"
                yield Finding(at, fault, f"Say which is meant: `{{{counted[0]}: {route.when.lines[name]}}}`.")
