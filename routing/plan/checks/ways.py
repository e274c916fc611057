"""A caller always has a way on, and every way ends."""

from collections.abc import Iterator

from ivr.flow import Menu
from routing.plan.checks.subject import Subject, silent_ways
from routing.plan.faults import Finding


def unreachable_node(subject: Subject) -> Iterator[Finding]:
    """Every node can be come to."""
    reached = {name for name, _ in subject.visits}
    for name in subject.document.flow:
        if name not in reached:
            mend = "Lead to it from a route, a key or another node, or take it away."
            yield Finding(("flow", name), f"no call can come to `{name}`", mend)


def trap(subject: Subject) -> Iterator[Finding]:
    """No menu keeps a silent caller forever."""
    for ring, at_key in _rings(subject):
        menu = next((name for name in ring if isinstance(subject.plan.flow.nodes[name], Menu)), None)
        if menu is not None:
            fault = f"a caller who presses nothing goes round forever: {_told(ring)}"
            mend = "Lead `otherwise` to a person or a message."
            yield Finding(subject.at(menu, at_key[menu]), fault, mend)


def no_end(subject: Subject) -> Iterator[Finding]:
    """No call goes round forever when nobody picks up."""
    for ring, at_key in _rings(subject):
        if not any(isinstance(subject.plan.flow.nodes[name], Menu) for name in ring):
            fault = f"the call never ends: {_told(ring)}"
            mend = "Lead one of these to a person, a message or a goodbye."
            yield Finding(subject.at(ring[0], at_key[ring[0]]), fault, mend)


def _told(ring: tuple[str, ...]) -> str:
    return " > ".join((*ring, ring[0]))


def _rings(subject: Subject) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Each way round that needs no key, as node names, with the key of the document that leads on from each."""
    done: set[str] = set()
    for name in subject.plan.flow.nodes:
        ring = None if name in done else _way_back(subject, name)
        if ring is not None:
            done.update(ring)
            yield tuple(ring), ring


def _way_back(subject: Subject, start: str) -> dict[str, str] | None:
    """The shortest way from a node to itself without a key: node to the key that leads on; None: there is none."""
    nodes = subject.plan.flow.nodes
    waiting: list[tuple[str, dict[str, str]]] = [(start, {})]
    seen: set[str] = set()
    for name, way in waiting:
        for key, target in silent_ways(nodes[name]):
            if target == start:
                return {**way, name: key}
            if target in nodes and target not in seen:
                seen.add(target)
                waiting.append((target, {**way, name: key}))
    return None
