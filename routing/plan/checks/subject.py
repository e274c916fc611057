"""What the checks look at, and how a caller can move through it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from whenever import Instant

from ivr.flow import Connect, HangUp, Inform, Menu, Message, Node, Queue, Survey, Text, Transfer
from routing.plan.beside import Beside
from routing.plan.document import Document
from routing.plan.faults import Path
from routing.plan.plan import Plan

Way = tuple[str, str, str | None]
"""A way out of a node: the key of the document that says it, the next node, and the language it changes to."""


@dataclass(frozen=True)
class Subject:
    """A document, the plan that it compiles to, the moment of publishing, and what stands beside the plan."""

    document: Document
    plan: Plan
    now: Instant
    beside: Beside = field(default_factory=Beside)

    def at(self, node: str, *rest: str) -> Path:
        """The path of something in a node: `flow.night.menu.otherwise`."""
        return ("flow", node, self.document.flow[node].kind, *rest)

    @cached_property
    def visits(self) -> dict[tuple[str, str], str]:
        """Every node that a caller can come to, in every language it can be in there, and from where."""
        first = self.document.first_language
        waiting = [(route.go, first, f"routes.{i}") for i, route in enumerate(self.plan.routes) if route.go]
        waiting.append((self.plan.flow.person, first, "person"))
        found: dict[tuple[str, str], str] = {}
        while waiting:
            name, language, source = waiting.pop()
            name = self._meant(name)
            node = self.plan.flow.nodes.get(name)
            if node is None or (name, language) in found:
                continue
            found[name, language] = source
            for key, target, switch in self.ways(node):
                waiting.append((target, switch or language, ".".join(self.at(name, key))))
        return found

    def _meant(self, name: str) -> str:
        """The node; of a misspelt name the one that was meant, so that one slip makes one fault."""
        nodes = self.plan.flow.nodes
        return name if name in nodes else next(iter(get_close_matches(name, nodes, n=1)), name)

    def languages_at(self, node: str) -> list[str]:
        """The languages that a caller can be in at a node, in the practice's order."""
        return [tag for tag in self.document.languages if (node, tag) in self.visits]

    def ways(self, node: Node) -> Iterator[Way]:
        """Every way out of a node, the unspoken 0 included."""
        yield from ((key, target, None) for key, target in silent_ways(node))
        if isinstance(node, Menu):
            yield from ((f"keys.{choice.key}", choice.go, choice.language) for choice in node.choices)
            if all(choice.key != "0" for choice in node.choices):
                yield ("keys.0", self.plan.flow.person, None)


def silent_ways(node: Node) -> tuple[tuple[str, str], ...]:
    """Where a call can go when nobody presses a key and nobody picks up; none: the call ends here."""
    match node:
        case Menu(otherwise=otherwise) | Queue(otherwise=otherwise):
            return (("otherwise", otherwise),)
        case Transfer(busy=busy, no_answer=no_answer):
            return (("no_answer", no_answer), ("busy", busy))
        case Inform(then=then) | Survey(then=then):
            return (("then", then),)
        case Message(then=after):
            return (("then", after),) if after else ()
        case Connect() | HangUp():
            return ()


def prompt_of(node: Node) -> Text | None:
    """What a node says first; None when the words are the server's own."""
    match node:
        case Connect() | Transfer() | Queue():
            return None
        case _:
            return node.prompt
