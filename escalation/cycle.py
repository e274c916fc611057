"""Whose turn follows whose: members with unequal shares, one or several at a time, as a cycle of turns."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from math import gcd

from escalation.roster import Shares

Cycle = tuple[tuple[str, ...], ...]
"""The staff ids of each turn, in order; after the last one it begins again."""


@lru_cache(maxsize=4096)
def cycle(members: tuple[str, ...], shares: Shares, on_duty: int) -> Cycle:
    """The turns of one round, in which each member has as many as their share says (1 where it says nothing).

    One at a time: a member's turns are spread as evenly as they can be, and the first member begins. Several at a time:
    each turn takes those who are owed the most, the earlier in the list where two are owed the same; so equal members
    follow on in the order of the list. Empty without members.
    """
    weights = _weights(members, shares)
    if not weights:
        return ()
    if on_duty == 1:
        line = _spread(weights)
        first = line.index(next(iter(weights)))
        return tuple((member,) for member in line[first:] + line[:first])
    return tuple(_by_credit(weights, min(on_duty, len(weights))))


def faults(members: tuple[str, ...], shares: Shares, on_duty: int) -> Iterator[str]:
    """What is wrong, in words for whoever writes the plan: what; how it is mended."""
    if not members:
        yield "has no members; name at least one"
        return
    for member in sorted({member for member in members if members.count(member) > 1}):
        mend = f"list each once, and give those who take more turns a share (`shares: {{{member}: 2}}`)"
        yield f"lists {member} twice; {mend}"
    for member, share in shares:
        if member not in members:
            yield f"gives a share to {member}, who is not a member; add {member} to the members"
        elif share < 1:
            yield f"gives {member} a share of {share}; a share is at least 1"
    if on_duty < 1 or on_duty > len(set(members)):
        yield f"has {on_duty} on duty at once, of {len(set(members))} members; add members or lower `on_duty`"
    elif not any(share < 1 for _, share in shares):
        weights = _weights(members, shares)
        for member in weights:
            if weights[member] * on_duty > sum(weights.values()):
                yield (
                    f"gives {member} a larger share than one person can take with {on_duty} on duty at once;"
                    " lower the share"
                )


def _weights(members: tuple[str, ...], shares: Shares) -> Mapping[str, int]:
    given = dict(shares)
    weights = {member: max(given.get(member, 1), 1) for member in members}
    least = gcd(*weights.values())
    return {member: weight // max(least, 1) for member, weight in weights.items()}


def _spread(weights: Mapping[str, int]) -> list[str]:
    """Each member evenly over the places that those with more turns have left."""
    line = [""] * sum(weights.values())
    for member in sorted(weights, key=lambda member: -weights[member]):
        free = [place for place, taken in enumerate(line) if not taken]
        for turn in range(weights[member]):
            line[free[turn * len(free) // weights[member]]] = member
    return line


def _by_credit(weights: Mapping[str, int], on_duty: int) -> Iterator[tuple[str, ...]]:
    total, owed = sum(weights.values()), dict.fromkeys(weights, 0)
    for _ in repeat(None, total):
        for member, weight in weights.items():
            owed[member] += weight * on_duty
        chosen = sorted(owed, key=lambda member: -owed[member])[:on_duty]
        for member in chosen:
            owed[member] -= total
        yield tuple(chosen)
        if not any(owed.values()):
            return
