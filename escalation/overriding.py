"""What an override that is asked for may not be, given who is on call and what overrides there are."""

from collections.abc import Iterator

from escalation.duties import render
from escalation.refusal import Objection, RefusedError
from escalation.roster import Override, OverrideKind, Roster
from escalation.shift import spans_of


def check_named(roster: Roster, wanted: Override) -> None:
    """Raise RefusedError for an override that names what there is not, or one person twice."""
    objections = [*unknown(roster, schedule=wanted.schedule, member=wanted.member), *_of_instead(roster, wanted)]
    if objections:
        raise RefusedError("The override names what the plan does not have, or cannot be.", objections)


def contradicted(roster: Roster, wanted: Override) -> Override | None:
    """An override that says otherwise of the same place, or the same person, for some of the time."""
    return next((other for other in roster.overrides if _contradict(roster, other, wanted)), None)


def check_effective(roster: Roster, wanted: Override) -> None:
    """Raise RefusedError for an override that would do nothing."""
    idle = _does_nothing(roster, wanted)
    if idle is not None:
        raise RefusedError("The override would do nothing.", [idle])


def unknown(roster: Roster, **named: str) -> Iterator[Objection]:
    """The fields that name what the plan does not have: `schedule` is a schedule, all else one of the staff."""
    for field, name in named.items():
        is_schedule = field.endswith("schedule")
        known = roster.schedules if is_schedule else roster.members
        if name not in known:
            detail = f"there is no such {'schedule' if is_schedule else 'member'}"
            yield Objection(field, detail, f"Choose from {', '.join(known) or 'none'}.")


def _of_instead(roster: Roster, wanted: Override) -> Iterator[Objection]:
    if not wanted.instead_of:
        return
    if wanted.kind is not OverrideKind.REPLACE:
        yield Objection("instead_of", "only `replace` puts one in the place of another", "Leave it out.")
    elif wanted.instead_of == wanted.member:
        yield Objection("instead_of", "it is the same person twice", "Choose somebody else.")
    else:
        yield from unknown(roster, instead_of=wanted.instead_of)


def _contradict(roster: Roster, there: Override, wanted: Override) -> bool:
    """Whether both say who has the same place, or whether the same person is on call besides, for some time."""
    start, end = max(there.start, wanted.start), min(there.end, wanted.end)
    if there.schedule != wanted.schedule or end <= start:
        return False
    if OverrideKind.REPLACE not in {there.kind, wanted.kind}:
        return there.member == wanted.member
    if there.kind is not wanted.kind or there.instead_of != wanted.instead_of:
        return False
    # Who was replaced once can be on call again by another override, and then be replaced again.
    return not wanted.instead_of or not spans_of(roster, wanted.schedule, wanted.instead_of, start, end)


def _does_nothing(roster: Roster, wanted: Override) -> Objection | None:
    """It takes away, or replaces, somebody who is not on call; or adds somebody who is so all the while."""
    field, concerned = ("instead_of", wanted.instead_of) if wanted.instead_of else ("member", wanted.member)
    window = (wanted.start, wanted.end)
    if wanted.kind is OverrideKind.ADD:
        if all(wanted.member in duty.members for duty in render(roster, wanted.schedule, *window)):
            return Objection(field, "they are on call already", "Choose somebody else, or another window.")
        return None
    concerns_one = wanted.instead_of or wanted.kind is OverrideKind.REMOVE
    if concerns_one and not spans_of(roster, wanted.schedule, concerned, *window):
        return Objection(field, "they are not on call then", "Look at the calendar for who is.")
    return None
