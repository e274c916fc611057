"""What holds from when: values that change at instants, found by bisection."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from whenever import Instant

T = TypeVar("T")
V = TypeVar("V")
Span = tuple[Instant, Instant]
"""From, until before."""


class Piece(NamedTuple, Generic[V]):
    """From `start` until before `end`, `value` holds."""

    start: Instant
    end: Instant
    value: V


@dataclass(frozen=True, slots=True)
class Timeline(Generic[V]):
    """From `edges[i]` until before the next edge, `values[i]` holds; before the first edge, and without any, `before`.

    The edges are in order, and each once.
    """

    before: V
    edges: tuple[Instant, ...] = ()
    values: tuple[V, ...] = ()

    def at(self, instant: Instant) -> tuple[V, Instant]:
        """What holds at the instant, and when it next may change (`Instant.MAX`: never)."""
        place = bisect_right(self.edges, instant)
        until = self.edges[place] if place < len(self.edges) else Instant.MAX
        return (self.values[place - 1] if place else self.before), until

    def within(self, start: Instant, end: Instant) -> Iterator[Piece[V]]:
        """What holds from `start` until before `end`, in order and without gaps."""
        while start < end:
            value, until = self.at(start)
            yield Piece(start, min(until, end), value)
            start = until


def overlaid(spans: Sequence[tuple[Instant, Instant, T]], fold: Callable[[Sequence[T]], V]) -> Timeline[V]:
    """The timeline of what several spans say at once: `fold` gets those that cover an instant, in their own order.

    A span that ends when or before it starts covers nothing.
    """
    begins, ends = defaultdict[Instant, list[int]](list), defaultdict[Instant, list[int]](list)
    for place, (start, end, _) in enumerate(spans):
        if start < end:
            begins[start].append(place)
            ends[end].append(place)
    covering: list[int] = []
    edges, values = sorted(begins.keys() | ends.keys()), list[V]()
    for edge in edges:
        for place in ends.get(edge, ()):
            del covering[bisect_left(covering, place)]
        for place in begins.get(edge, ()):
            insort(covering, place)
        values.append(fold([spans[place][2] for place in covering]))
    return Timeline(fold(()), tuple(edges), tuple(values))


def union(spans: Iterable[Span]) -> list[Span]:
    """What is in any of the spans, as spans that do not touch, in order."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        elif begins < ends:
            found.append((begins, ends))
    return found


def pieces(edges: Iterable[Instant], start: Instant, end: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The stretches between the edges, from `start` until before `end`."""
    within = sorted({start, *(edge for edge in edges if start < edge < end)})
    yield from zip(within, [*within[1:], end], strict=True)


def remainder(
    start: Instant, end: Instant, taken: Iterable[tuple[Instant, Instant]]
) -> Iterator[tuple[Instant, Instant]]:
    """What of the time from `start` until before `end` is in none of the spans, which are in order."""
    for begins, ends in taken:
        if ends <= start or begins >= end:
            continue
        if start < begins:
            yield start, begins
        start = ends
    if start < end:
        yield start, end
