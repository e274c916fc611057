"""Who is on call for a schedule: overrides first, then its layers."""

from dataclasses import dataclass

from whenever import Instant

from escalation.duties import Duty, render
from escalation.policy import Escalation, PolicyStep, Target, TargetKind
from escalation.roster import DailyWindow, Layer, Override, Roster
from escalation.rotation import Turn, first_handoff, member_of, turn_of
from escalation.wallclock import DAY, exact, occurrences, reading, shown

__all__ = ["Duty", "OnCall", "name_of", "on_call", "render", "targets"]

_WEEK = 8 * DAY
"""A window that is not open now opens within this, if ever."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """The staff id on call, why (a sentence for people), and the instant when the answer next may change."""

    member: str
    because: str
    until: Instant


def on_call(roster: Roster, schedule: str, instant: Instant) -> OnCall | None:
    """Who is on call for the schedule of this name at `instant`; None when nobody is.

    An override in force wins, the last given of several; then the first layer whose windows hold and whose rotation
    has started. KeyError: no such schedule or rotation. ValueError: a rotation with no positive shift.
    """
    override, until = _override_at(roster, schedule, instant)
    if override is not None:
        return OnCall(override.member, _because_override(roster, override), until)
    for layer in roster.schedules[schedule].layers:
        holds, change = _layer_holds(roster, layer, instant)
        until = min(until, change)
        if not holds:
            continue
        turn = turn_of(roster.rotations[layer.rotation], roster.zone, instant)
        member = member_of(roster.rotations[layer.rotation], turn.number, layer.shifted)
        if member is not None:
            return OnCall(member, _because_turn(roster, layer, turn, member), min(until, turn.end))
        until = min(until, exact(first_handoff(roster.rotations[layer.rotation]), roster.zone))
    return None


def targets(escalation: Escalation, step: PolicyStep, instant: Instant) -> tuple[str, ...]:
    """The staff ids that a step pages when it begins at `instant`, in order and each once.

    A schedule gives whoever is on call for it; a rotation all its members, whoever's turn it is first (before its
    start: in the order of the list). Ids that are not among the staff are left out. KeyError: no such schedule or
    rotation.
    """
    found = (member for target in step.targets for member in _paged(escalation.roster, target, instant))
    return tuple(dict.fromkeys(member for member in found if member in escalation.roster.members))


def _paged(roster: Roster, target: Target, instant: Instant) -> tuple[str, ...]:
    if target.kind is TargetKind.MEMBER:
        return (target.name,)
    if target.kind is TargetKind.SCHEDULE:
        duty = on_call(roster, target.name, instant)
        return () if duty is None else (duty.member,)
    rotation = roster.rotations[target.name]
    if not rotation.members:
        return ()
    first = max(turn_of(rotation, roster.zone, instant).number, 0) % len(rotation.members)
    return rotation.members[first:] + rotation.members[:first]


def _override_at(roster: Roster, schedule: str, instant: Instant) -> tuple[Override | None, Instant]:
    """The override in force, and when that next may change."""
    found, until = None, Instant.MAX
    for override in roster.overrides:
        if override.schedule != schedule or override.end <= instant or override.end <= override.start:
            continue
        if override.start <= instant:
            found = override
        until = min(until, override.end if override.start <= instant else override.start)
    return found, until


def _layer_holds(roster: Roster, layer: Layer, instant: Instant) -> tuple[bool, Instant]:
    """Whether one of the layer's windows is open, and when that next may change."""
    if not layer.only:
        return True, Instant.MAX
    wall = reading(instant, roster.zone)
    states = [_window_at(window, roster.zone, instant, wall) for window in layer.only]
    return any(open_ for open_, _ in states), min(change for _, change in states)


def _window_at(window: DailyWindow, zone: str, instant: Instant, wall: int) -> tuple[bool, Instant]:
    """Whether the window is open at `instant` (reading `wall`), and when it next opens or closes."""
    for begins, ends in occurrences(window, wall, wall + _WEEK):
        if (end := exact(ends, zone)) > instant:
            start = exact(begins, zone)
            return (True, end) if start <= instant else (False, start)
    return False, Instant.MAX


def name_of(roster: Roster, member: str) -> str:
    """What people call the member; the id itself for one who is not among the staff."""
    found = roster.members.get(member)
    return member if found is None else found.name


def _because_turn(roster: Roster, layer: Layer, turn: Turn, member: str) -> str:
    start, end = shown(turn.start, roster.zone), shown(turn.end, roster.zone)
    ahead = f", {layer.shifted} ahead of the" if layer.shifted else ","
    return f"{name_of(roster, member)}: {layer.rotation} rotation{ahead} turn of {start} to {end} {roster.zone}"


def _because_override(roster: Roster, override: Override) -> str:
    start, end = shown(override.start, roster.zone), shown(override.end, roster.zone)
    return (
        f"{name_of(roster, override.member)}: override by {override.author} from {start} to {end} {roster.zone}"
        f" ({override.reason})"
    )
