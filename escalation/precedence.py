"""What overrides and time off make of the people that a schedule's layers give. The one place where it is decided.

Layers are asked in order. Each layer's people go through the overrides in force, in the order in which those were given
(so of two that concern the same person the later one wins), and whoever of the rest has time off is left out. The first
layer of which anybody remains, besides those whom an override adds, is the one that counts.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from escalation.roster import Override, OverrideKind


class Resolved(NamedTuple):
    """The staff ids on call, in order; by which override each is (None: by the layer); and the layer that counts.

    `layer` is None where no layer gave anybody.
    """

    members: tuple[str, ...]
    by: tuple[Override | None, ...]
    layer: int | None


def resolve(layers: Iterable[Sequence[str]], overrides: Sequence[Override], away: AbstractSet[str]) -> Resolved:
    """Who is on call, of what each layer gives at an instant, with the overrides in force and those who have time off.

    A layer is only asked while none before it counts.
    """
    if not overrides and not away:
        for index, members in enumerate(layers):
            if members:
                return Resolved(tuple(members), (None,) * len(members), index)
        return Resolved((), (), None)
    whole = last_whole(overrides)
    if whole is not None:
        overrides, layers = overrides[whole:], ((),)
    people: dict[str, Override | None] = {}
    for index, members in enumerate(layers):
        people, added = _overridden(members, overrides, away)
        people = {member: by for member, by in people.items() if by is not None or member not in away}
        if any(member not in added for member in people):
            return Resolved(tuple(people), tuple(people.values()), index if whole is None else None)
    if not people:
        people = overridden((), overrides)
    return Resolved(tuple(people), tuple(people.values()), None)


def overridden(
    members: Iterable[str], overrides: Sequence[Override], away: AbstractSet[str] = frozenset()
) -> dict[str, Override | None]:
    """The members in order, after these overrides, each with the override by which they are there.

    `away`: those who have time off, and are there by an override alone.
    """
    return _overridden(members, overrides, away)[0]


def _overridden(
    members: Iterable[str], overrides: Sequence[Override], away: AbstractSet[str]
) -> tuple[dict[str, Override | None], set[str]]:
    """The same, and who of them is there only because an override added them, or added whom they stand in for."""
    people: dict[str, Override | None] = dict.fromkeys(members)
    added: set[str] = set()
    for override in overrides:
        member = override.member
        if override.kind is OverrideKind.REMOVE:
            people.pop(member, None)
        elif override.kind is OverrideKind.ADD:
            if member not in people or (people[member] is None and member in away):
                people[member] = override
                added.add(member)
        elif not override.instead_of:
            people, added = {member: override}, set()
        elif override.instead_of in people:
            was_added = override.instead_of in added and (member not in people or member in added)
            people = _substituted(people, override)
            added = added | {member} if was_added else added - {member}
    return people, added


def _substituted(people: dict[str, Override | None], override: Override) -> dict[str, Override | None]:
    """The member in the place of the person they stand in for; once, also where they were on call already."""
    placed: dict[str, Override | None] = {}
    for member, by in people.items():
        if member == override.instead_of:
            placed[override.member] = override
        elif member != override.member:
            placed[member] = by
    return placed


def last_whole(overrides: Sequence[Override]) -> int | None:
    """The place of the last override that puts one person in place of everybody: before it, nothing counts."""
    for index in range(len(overrides) - 1, -1, -1):
        if overrides[index].kind is OverrideKind.REPLACE and not overrides[index].instead_of:
            return index
    return None
