"""Who is on call for a schedule: its layers, and what overrides and time off make of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from whenever import Instant

from escalation.duties import Duty, counts_on, render
from escalation.policy import Escalation, PolicyStep, Target, TargetKind
from escalation.precedence import Resolved, overridden, resolve
from escalation.roster import Layer, OnHolidays, Override, OverrideKind, Roster
from escalation.rotation import Turn, all_from, first_handoff, on_duty_in, turn_of
from escalation.wallclock import DAY, exact, occurrences, reading, shown

__all__ = ["Duty", "OnCall", "name_of", "on_call", "render", "targets"]

_WEEK = 8 * DAY
"""A window that is not open now opens within this, if ever (but for holidays)."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """The staff ids on call, the primary first; why (a sentence for people); and when the answer next may change."""

    members: tuple[str, ...]
    because: str
    until: Instant

    @property
    def member(self) -> str:
        """The primary."""
        return self.members[0]


def on_call(roster: Roster, schedule: str, instant: Instant) -> OnCall | None:
    """Who is on call for the schedule of this name at `instant`; None when nobody is.

    Overrides in force win, the last given of several; then the first layer whose windows hold and whose rotation has
    started, or whose calendar has somebody, who does not have time off. KeyError: no such schedule, rotation or
    calendar. ValueError: a rotation with no positive shift.
    """
    asked = _Asked(roster, instant)
    overrides, until = roster.overridden(schedule).at(instant)
    away, back = roster.away.at(instant)
    resolved = resolve(asked.layers(schedule), overrides, away)
    if not resolved.members:
        return None
    return OnCall(resolved.members, _because(roster, asked, resolved), min(until, back, asked.until))


class _Asked:
    """The layers of a schedule at one instant, and what they were asked on the way."""

    def __init__(self, roster: Roster, instant: Instant) -> None:
        self._roster = roster
        self._instant = instant
        self.until = Instant.MAX
        self.last: tuple[Layer, Turn | None] | None = None

    def layers(self, schedule: str) -> Iterator[tuple[str, ...]]:
        """The people of each layer."""
        roster, instant = self._roster, self._instant
        for layer in roster.schedules[schedule].layers:
            holds, change = _layer_holds(roster, layer, instant)
            self.until = min(self.until, change)
            yield self._people(layer) if holds else ()

    def _people(self, layer: Layer) -> tuple[str, ...]:
        if layer.calendar:
            members, change = self._roster.calendars[layer.calendar].at(self._instant)
            self.until, self.last = min(self.until, change), (layer, None)
            return members
        rotation = self._roster.rotations[layer.rotation]
        turn = turn_of(rotation, self._roster.zone, self._instant)
        starts = exact(first_handoff(rotation), rotation.zone or self._roster.zone)
        self.until, self.last = min(self.until, turn.end if turn.number >= 0 else starts), (layer, turn)
        return on_duty_in(rotation, turn.number, layer.shifted)


def targets(escalation: Escalation, step: PolicyStep, instant: Instant) -> tuple[str, ...]:
    """The staff ids that a step pages when it begins at `instant`, in order and each once.

    A schedule gives whoever is on call for it; a rotation all its members, whoever's turn it is first (before its
    start: in the order of the list), with the overrides of the schedules in which it decides now. Whoever has time off
    is left out, unless an override has them on call. Ids that are not among the staff are left out. KeyError: no such
    schedule or rotation.
    """
    found = (member for target in step.targets for member in paged(escalation.roster, target, instant))
    return tuple(dict.fromkeys(member for member in found if member in escalation.roster.members))


def paged(roster: Roster, target: Target, instant: Instant) -> tuple[str, ...]:
    """The staff ids that one target of a step pages; see `targets`."""
    if target.kind is TargetKind.MEMBER:
        return () if target.name in roster.away.at(instant)[0] else (target.name,)
    if target.kind is TargetKind.SCHEDULE:
        duty = on_call(roster, target.name, instant)
        return () if duty is None else duty.members
    return _of_rotation(roster, target.name, instant)


def _of_rotation(roster: Roster, name: str, instant: Instant) -> tuple[str, ...]:
    """Those on duty, after the overrides, and then the others by the order in which their turns come."""
    rotation, away = roster.rotations[name], roster.away.at(instant)[0]
    turn = max(turn_of(rotation, roster.zone, instant).number, 0)
    overrides = _overrides_of(roster, name, instant) if roster.overrides else []
    if not overrides and not away:
        return all_from(rotation, turn)
    on_duty = on_duty_in(rotation, turn)
    first = overridden(on_duty, overrides, away)
    gone = {o.member for o in overrides if o.kind is OverrideKind.REMOVE} | (set(on_duty) - set(first)) | away
    kept = [member for member, by in first.items() if by is not None or member not in away]
    return tuple(dict.fromkeys([*kept, *(member for member in all_from(rotation, turn) if member not in gone)]))


def _overrides_of(roster: Roster, rotation: str, instant: Instant) -> list[Override]:
    """The overrides in force that concern the rotation, in the order in which they were given."""
    names = schedules_of(roster, rotation, instant)
    return roster.in_order(o for name in names for o in roster.overridden(name).at(instant)[0])


def schedules_of(roster: Roster, rotation: str, instant: Instant) -> Iterator[str]:
    """The schedules of which this rotation, unshifted, is the layer that counts at the instant.

    It counts with the overrides in force, as where somebody covers for time off, or would without them.
    """
    for name, schedule in roster.schedules.items():
        if any(layer.rotation == rotation and not layer.shifted for layer in schedule.layers):
            away, overrides = roster.away.at(instant)[0], roster.overridden(name).at(instant)[0]
            partial = [o for o in overrides if o.kind is not OverrideKind.REPLACE or o.instead_of]
            for among in ((), partial) if away else ((),):
                counting = resolve(_Asked(roster, instant).layers(name), among, away).layer
                if counting is not None and schedule.layers[counting].rotation == rotation:
                    yield name
                    break


def _layer_holds(roster: Roster, layer: Layer, instant: Instant) -> tuple[bool, Instant]:
    """Whether one of the layer's windows is open, and when that next may change."""
    if not layer.windows:
        return True, Instant.MAX
    wall, holds, until = reading(instant, roster.zone), False, Instant.MAX
    for window in layer.windows:
        for begins, ends in occurrences(window, wall, wall + _WEEK):
            if (end := exact(ends, roster.zone)) > instant and counts_on(roster, layer, begins):
                start = exact(begins, roster.zone)
                holds, until = holds or start <= instant, min(until, end if start <= instant else start)
                break
    if until == Instant.MAX and layer.holidays is not OnHolidays.TOO:
        until = exact(wall + _WEEK, roster.zone)  # the next holiday can be months away; it is asked for again by then
    return holds, until


def name_of(roster: Roster, member: str) -> str:
    """What people call the member; the id itself for one who is not among the staff."""
    found = roster.members.get(member)
    return member if found is None else found.name


def _because(roster: Roster, asked: _Asked, resolved: Resolved) -> str:
    """Why the primary is on call, and who is on call besides."""
    told = _because_override(roster, resolved.members[0], resolved.by[0]) if resolved.by[0] else ""
    if not told and asked.last is not None:
        told = _because_layer(roster, *asked.last, resolved.members[0])
    others = ", ".join(name_of(roster, member) for member in resolved.members[1:])
    return f"{told}; with {others}" if others else told


def _because_layer(roster: Roster, layer: Layer, turn: Turn | None, member: str) -> str:
    if turn is None:
        return f"{name_of(roster, member)}: the calendar {layer.calendar}"
    zone = roster.rotations[layer.rotation].zone or roster.zone
    start, end = shown(turn.start, zone), shown(turn.end, zone)
    ahead = f", {layer.shifted} ahead of the" if layer.shifted else ","
    return f"{name_of(roster, member)}: {layer.rotation} rotation{ahead} turn of {start} to {end} {zone}"


def _because_override(roster: Roster, member: str, override: Override) -> str:
    start, end = shown(override.start, roster.zone), shown(override.end, roster.zone)
    instead = f" instead of {name_of(roster, override.instead_of)}" if override.instead_of else ""
    return (
        f"{name_of(roster, member)}: override by {override.author} from {start} to {end} {roster.zone}{instead}"
        f" ({override.reason})"
    )
