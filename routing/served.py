"""In which hours a call came, for the report."""

from enum import StrEnum

from whenever import Instant

from routing.hours import state
from routing.opening import HoursKind
from routing.plan import Plan


class Served(StrEnum):
    """OVERFLOW: the office was open, and a route was taken because its lines were busy."""

    OPEN = "open"
    OVERFLOW = "overflow"
    AFTER_HOURS = "after hours"


def served(plan: Plan, route: int, began: Instant) -> Served:
    """In which hours the call began that took the route (its index in the plan; -1 for none)."""
    lines = plan.routes[route].lines if 0 <= route < len(plan.routes) else ()
    if any(line.busy for line in lines):
        return Served.OVERFLOW
    return Served.OPEN if state(plan, began).kind is HoursKind.OPEN else Served.AFTER_HOURS
