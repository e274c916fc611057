"""What an exception to the plan's calendar does: who is called instead of whom, and whether it makes a hole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from whenever import Instant

from escalation.coverage import holes
from escalation.preview import Preview
from escalation.refusal import Objection, RefusalKind, RefusedError
from escalation.roster import Leave, Override, Roster
from escalation.timeline import remainder
from routing.plan import Plan
from routing.proving import PROVED, preview

WAIVE = "or accept it with a waiver that says why"


@dataclass(frozen=True, slots=True)
class NewHole:
    """From `start` until before `end` the policy would reach nobody, and does now. `because`: for each step."""

    policy: str
    start: Instant
    end: Instant
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """The plan before and after, and what changes."""

    before: Plan
    after: Plan
    preview: Preview
    holes: tuple[NewHole, ...]

    def check(self, field: str, waiver: str, kind: RefusalKind = RefusalKind.WRONG) -> None:
        """Raise RefusedError where there are holes, with each one's window, unless they are accepted."""
        if self.holes and not waiver:
            zone, mend = self.after.zone, f"Choose somebody who can be reached by its steps, {WAIVE}."
            found = [Objection(field, _told(hole, zone), mend) for hole in self.holes]
            raise RefusedError("It would leave a hole; nothing was changed.", found, kind)


def _told(hole: NewHole, zone: str) -> str:
    because = "; ".join(dict.fromkeys(hole.because))
    window = f"from {stamp(hole.start, zone)} until {stamp(hole.end, zone)}"
    return f"the policy {hole.policy} would reach nobody {window} ({because})"


def stamp(at: Instant, zone: str) -> str:
    """An instant exactly, as the practice's wall clock shows it, with its offset."""
    return at.to_tz(zone).to_fixed_offset().format_iso()


def changed(
    plan: Plan, add: Iterable[Override] = (), drop: Iterable[Override] = (), leaves: Iterable[Leave] = ()
) -> Plan:
    """The plan with these overrides added or dropped, and this time off."""
    roster = plan.escalation.roster
    gone = list(drop)
    kept = tuple(override for override in roster.overrides if override not in gone)
    return with_roster(plan, replace(roster, overrides=(*kept, *add), leaves=(*roster.leaves, *leaves)))


def with_roster(plan: Plan, roster: Roster) -> Plan:
    """The plan with another roster."""
    return replace(plan, escalation=replace(plan.escalation, roster=roster))


def effect(before: Plan, after: Plan, start: Instant, end: Instant, now: Instant) -> Effect:
    """What the change does from `start` until before `end`, but not before now."""
    start = max(start, now)
    is_ahead = end > now + PROVED
    found = replace(preview(before, after, start if is_ahead else now), is_ahead=is_ahead and start > now)
    return Effect(before, after, found, tuple(_new_holes(before, after, start, end)))


def _new_holes(before: Plan, after: Plan, start: Instant, end: Instant) -> Iterator[NewHole]:
    only = after.calendar.verified_only
    for name, policy in after.escalation.policies.items():
        made = holes(after.escalation, policy, start, end, verified_only=only)
        if not made:
            continue
        was = [(one.start, one.end) for one in holes(before.escalation, policy, start, end, verified_only=only)]
        for hole in made:
            for since, until in remainder(hole.start, hole.end, was):
                yield NewHole(name, since, until, hole.because)
