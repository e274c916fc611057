"""How evenly being on call is shared out, as one figure."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from whenever import Instant

from escalation.burden import Calendars, length, on_call_spans
from escalation.roster import Roster
from escalation.rotation import all_from, turn_at


def balance(roster: Roster, calendars: Calendars, start: Instant, end: Instant) -> Fraction:
    """1 where everybody who takes turns has the same hours for each of their shares; near 0 where one has them all.

    It is 1 less the Gini coefficient of the hours, a share at a time, of those who take turns in a rotation of a
    schedule at the start or at the end. 1 also where nobody is on call, or at most one person takes
    turns, and for an empty span.
    """
    if end <= start:
        return Fraction(1)
    seconds = {member: length(spans) for member, spans in on_call_spans(calendars).items()}
    return evenness(seconds, shares(roster, start, end))


def shares(roster: Roster, start: Instant, end: Instant) -> dict[str, int]:
    """Who takes turns in a rotation of a schedule at the start or at the end, and how many for one of the others'."""
    used = {layer.rotation for one in roster.schedules.values() for layer in one.layers if layer.rotation}
    found: dict[str, int] = {}
    for name in sorted(used):
        rotation = roster.rotations[name]
        turns = (max(turn_at(rotation, roster.zone, instant), 0) for instant in (start, end))
        weights = dict(rotation.shares)
        for change in rotation.changes:
            weights.update(change.shares)
        for member in (member for turn in turns for member in all_from(rotation, turn)):
            found[member] = max(found.get(member, 1), weights.get(member, 1))
    return found


def evenness(amounts: Mapping[str, int], shared: Mapping[str, int]) -> Fraction:
    """1 less the Gini coefficient of what falls to each share. Who has a share and no amount has 0."""
    values = sorted(Fraction(amounts.get(member, 0), share) for member, share in shared.items() for _ in range(share))
    return 1 - _gini(values)


def _gini(values: Iterable[Fraction]) -> Fraction:
    """Of values in order: 0 where all are the same, up to 1 - 1/n where one has all."""
    found = list(values)
    total = sum(found, Fraction(0))
    if not total:
        return Fraction(0)
    weighted = sum(((2 * place - len(found) - 1) * value for place, value in enumerate(found, 1)), Fraction(0))
    return weighted / (len(found) * total)
