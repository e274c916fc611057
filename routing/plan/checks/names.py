"""Every name must be something's name."""

from collections.abc import Iterable, Iterator
from typing import Literal

from routing.plan.checks.subject import Subject
from routing.plan.document import ANY_LINES, Document
from routing.plan.document_flow import ConnectDoc, Kind, MenuDoc, MessageDoc, QueueDoc, TransferDoc
from routing.plan.faults import Finding, Path, did_you_mean
from routing.plan.fields import FIRST_LANGUAGE

Named = tuple[Path, str]


def unknown_target(subject: Subject) -> Iterator[Finding]:
    """Everything that leads to a node leads to one that exists."""
    flow = subject.document.flow
    for at, name in _targets(subject):
        if name not in flow:
            yield Finding(at, f"there is no node `{name}` in the flow", did_you_mean(name, flow))


def _targets(subject: Subject) -> Iterator[Named]:
    document = subject.document
    for i, route in enumerate(document.routes):
        if route.go:
            yield ("routes", str(i), "go"), route.go
    for name, node in document.flow.items():
        if isinstance(node.does, MenuDoc):
            yield from ((subject.at(name, "keys", key, "go"), c.go) for key, c in node.does.keys.items())
        for key in ("otherwise", "then", "no_answer", "busy"):
            if target := getattr(node.does, key, None):
                yield subject.at(name, key), target
    if document.person:
        yield ("person",), document.person


def unknown_name(subject: Subject) -> Iterator[Finding]:
    """Destinations, categories, policies, schedules, rotations and staff that are referred to exist."""
    document = subject.document
    staff = [member.id for member in document.staff]
    pageable = [*document.schedules, *document.rotations, *staff]
    yield from _unknown("destination", _destinations(subject), document.destinations)
    yield from _unknown("category", _categories(subject), document.categories)
    yield from _unknown("policy", _policies(subject), document.policies)
    yield from _unknown("member of staff", _members(document), staff)
    yield from _unknown("rotation", _layered(document, "rotation"), document.rotations)
    yield from _unknown("calendar", _layered(document, "calendar"), document.calendars)
    yield from _unknown("schedule", _paid(document), document.schedules)
    yield from _unknown("schedule, rotation or member of staff", _paged(document), pageable)
    operators = ((("operators", "page", str(i)), name) for i, name in enumerate(document.operators.page))
    yield from _unknown("schedule, rotation or member of staff", operators, pageable)


def _unknown(kind: str, named: Iterable[Named], known: Iterable[str]) -> Iterator[Finding]:
    for at, name in named:
        if name not in known:
            yield Finding(at, f"there is no {kind} `{name}`", did_you_mean(name, known))


def _doing(subject: Subject) -> Iterator[tuple[str, Kind]]:
    return ((name, node.does) for name, node in subject.document.flow.items())


def _destinations(subject: Subject) -> Iterator[Named]:
    for name, does in _doing(subject):
        if isinstance(does, TransferDoc):
            yield subject.at(name, "to"), does.to
        if isinstance(does, QueueDoc):
            yield subject.at(name, "for"), does.for_
    for i, route in enumerate(subject.document.routes):
        yield from ((("routes", str(i), "when", "lines", n), n) for n in route.when.lines if n != ANY_LINES)
    for name, policy in subject.document.policies.items():
        if policy.last_resort.transfer:
            yield ("policies", name, "last_resort", "transfer"), policy.last_resort.transfer


def _categories(subject: Subject) -> Iterator[Named]:
    for name, does in _doing(subject):
        if isinstance(does, ConnectDoc | MessageDoc):
            yield subject.at(name, "category"), does.category


def _policies(subject: Subject) -> Iterator[Named]:
    for name, does in _doing(subject):
        if isinstance(does, ConnectDoc) and does.policy:
            yield subject.at(name, "policy"), does.policy
    for name, category in subject.document.categories.items():
        if category.policy:
            yield ("categories", name, "policy"), category.policy
        if category.escalate_to:
            yield ("categories", name, "escalate_to"), category.escalate_to


def _members(document: Document) -> Iterator[Named]:
    for name, rotation in document.rotations.items():
        at = ("rotations", name)
        yield from (((*at, "members", str(i)), member) for i, member in enumerate(rotation.members))
        for j, change in enumerate(rotation.changes):
            inner = (*at, "changes", str(j), "members")
            yield from (((*inner, str(i)), member) for i, member in enumerate(change.members))
    for name, calendar in document.calendars.items():
        yield from ((("calendars", name, "names", word), member) for word, member in calendar.names.items())


def _layered(document: Document, source: Literal["rotation", "calendar"]) -> Iterator[Named]:
    for name, schedule in document.schedules.items():
        for i, layer in enumerate(schedule.layers):
            if found := getattr(layer, source):
                yield ("schedules", name, "layers", str(i), source), found


def _paid(document: Document) -> Iterator[Named]:
    for name in document.pay.schedules if document.pay else ():
        yield ("pay", "schedules", name), name


def _paged(document: Document) -> Iterator[Named]:
    for name, policy in document.policies.items():
        for i, step in enumerate(policy.steps):
            yield from ((("policies", name, "steps", str(i), "page", str(j)), who) for j, who in enumerate(step.page))


def ambiguous_name(subject: Subject) -> Iterator[Finding]:
    """What a step can page has one meaning: no schedule, rotation and staff id share a name."""
    document = subject.document
    seen: dict[str, str] = {}
    ids = {member.id: i for i, member in reversed(list(enumerate(document.staff)))}
    staff = ((("staff", str(i), "id"), name) for name, i in ids.items())
    schedules = ((("schedules", name), name) for name in document.schedules)
    rotations = ((("rotations", name), name) for name in document.rotations)
    for at, name in (*staff, *rotations, *schedules):
        if name in seen:
            yield Finding(at, f"`{name}` is already the name of {seen[name]}", "Give one of them another name.")
        else:
            seen[name] = {"staff": "one of the staff", "rotations": "a rotation"}.get(at[0], "a schedule")


def connect_policy(subject: Subject) -> Iterator[Finding]:
    """A connect has a policy: its own or its category's."""
    categories = subject.document.categories
    for name, does in _doing(subject):
        if not isinstance(does, ConnectDoc) or does.policy or does.category not in categories:
            continue
        if categories[does.category].policy is None:
            fault = f"nothing says whom to page: neither this nor the category `{does.category}` has a policy"
            yield Finding(subject.at(name), fault, "Add `policy: <name>` here or to the category.")


def unknown_language(subject: Subject) -> Iterator[Finding]:
    """Texts and switches are in the practice's languages."""
    known = subject.document.languages
    for at, tag in _tags(subject):
        if tag not in known and tag != FIRST_LANGUAGE:
            mend = f"{did_you_mean(tag, known)} Or add it to `languages`."
            yield Finding(at, f"{tag} is not one of the practice's languages", mend)


def _tags(subject: Subject) -> Iterator[Named]:
    for tag in subject.document.emergency_advice:
        yield ("emergency_advice", tag), tag
    for name, does in _doing(subject):
        yield from ((subject.at(name, "say", tag), tag) for tag in getattr(does, "say", None) or ())
        for key, choice in does.keys.items() if isinstance(does, MenuDoc) else ():
            at = subject.at(name, "keys", key)
            yield from (((*at, "say", tag), tag) for tag in choice.say or ())
            yield from (((*at, "words", tag), tag) for tag in choice.words)
            if choice.language:
                yield (*at, "language"), choice.language
