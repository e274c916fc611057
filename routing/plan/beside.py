"""What changes by the hour, joined to a plan."""

from collections.abc import Iterable
from dataclasses import replace

from escalation.roster import Override
from routing.opening import Closure
from routing.plan.plan import Plan


def with_beside(plan: Plan, closures: Iterable[Closure], overrides: Iterable[Override]) -> Plan:
    """The plan with these closures and on-call overrides in place of those it had."""
    roster = replace(plan.escalation.roster, overrides=tuple(overrides))
    return replace(plan, closures=tuple(closures), escalation=replace(plan.escalation, roster=roster))
