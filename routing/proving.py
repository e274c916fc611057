"""The proof of a plan with what stands beside it, and what a change of either would do."""

from typing import Final

from whenever import Instant, TimeDelta

from escalation.preview import Preview
from escalation.preview import preview as preview_rosters
from escalation.proof import Coverage, coverage
from escalation.thin import Limits
from routing.plan import Plan

PROVED: Final = TimeDelta(hours=24 * 90)
"""How far ahead a plan is proved when it is published (DESIGN, promise 4), and a change is previewed."""


def prove(plan: Plan, start: Instant, end: Instant) -> Coverage:
    """The holes and thin spots of every policy of the plan, from `start` until before `end`."""
    rules = plan.calendar
    limits = Limits(rules.nights_in_a_row, rules.rest_hours, rules.verified_only)
    return coverage(plan.escalation, start, end, limits)


def preview(before: Plan, after: Plan, start: Instant) -> Preview:
    """Who is called instead of whom in the 90 days from `start`, if `after` takes the place of `before`."""
    return preview_rosters(before.escalation.roster, after.escalation.roster, start, start + PROVED)
