"""What was agreed on beside the plan still holds under it: no override is left without its person or its place."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from escalation.roster import Override, OverrideKind, Roster
from escalation.shift import spans_of
from escalation.wallclock import shown
from routing.plan.checks.people import is_provable
from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding, Path

_TOLD: Final = 20
_MEND: Final = "End the override (`nightbell override list` has its number), or let the plan have what it is about."


def exceptions_beside(subject: Subject) -> Iterator[Finding]:
    """Each override that counts now or will (a swap, and cover for time off, are some) still says something."""
    if is_provable(subject):
        yield from islice(_useless(subject), _TOLD)


def _useless(subject: Subject) -> Iterator[Finding]:
    roster, zone = subject.plan.escalation.roster, subject.plan.zone
    by_plan = replace(roster, overrides=(), leaves=())  # time off is what an override may cover
    for override in roster.overrides:
        found = _why(roster, by_plan, override) if override.end > subject.now else None
        if found is not None:
            window = f"from {shown(override.start, zone)} to {shown(override.end, zone)}"
            fault = f"an override by {override.author} for {override.schedule} {window} {found[1]}"
            yield Finding(found[0], fault, _MEND)


def _why(roster: Roster, by_plan: Roster, override: Override) -> tuple[Path, str] | None:
    """Where in the plan, and why it cannot do what it was given for."""
    if override.schedule not in roster.schedules:
        return ("schedules",), "is for a schedule that the plan does not have"
    for member in (override.member, override.instead_of):
        if member and member not in roster.members:
            return ("staff",), f"names {member}, who is none of the staff"
    concerned = override.member if override.kind is OverrideKind.REMOVE else override.instead_of
    if concerned and not _is_on_call(by_plan, override, concerned):
        # What was given later may have superseded it: that is no fault of the plan's.
        others = roster.overrides[: roster.overrides.index(override)]
        if not _is_on_call(replace(by_plan, overrides=others), override, concerned):
            return ("schedules", override.schedule), f"does nothing: {concerned} is not on call then"
    return None


def _is_on_call(roster: Roster, override: Override, member: str) -> bool:
    return bool(spans_of(roster, override.schedule, member, override.start, override.end))
