"""The faults of what is sound in a document whose form has faults, so that all are told in one breath."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import ValidationError
from whenever import Instant

from routing.plan.checks import CHECKS
from routing.plan.checks.subject import Subject
from routing.plan.compile import compile_plan
from routing.plan.document import Document
from routing.plan.faults import Fault, Path, PlanFaults
from routing.plan.reading import in_order
from routing.plan.source import Source, parse

_ROUNDS: Final = 5
_TRUE_IN_PART: Final = (
    "unknown-target",
    "unknown-name",
    "unknown-language",
    "missing-language",
    "emergency-advice",
    "long-prompt",
    "too-many-options",
    "trap",
    "no-end",
    "rotation",
    "repeated-staff",
    "repeated-number",
    "loop",
    "hours",
    "exceptions",
    "holidays",
)
"""Checks whose findings in a part of the document are faults of the whole: nothing that is missing would mend them."""


class _Items(dict[str, Any]):
    """A list whose items keep their own indexes while some of them are taken away."""


def with_further_faults(text: str, told: Iterable[Fault], now: Instant) -> list[Fault]:
    """The faults of form `told`, and those that the checks find in the sound parts, in the text's order."""
    form = list(told)
    try:
        source = parse(text)
    except PlanFaults:
        return form
    return in_order(source, [*form, *_further(source, form, now)])


def _further(source: Source, form: Iterable[Fault], now: Instant) -> Iterator[Fault]:
    salvaged = _salvage(source)
    if salvaged is None:
        return
    document, places = salvaged
    subject = Subject(document, compile_plan(document), now)
    faulty = [tuple(fault.path.split(".")) for fault in form]
    names = _names(source.data)
    for check in _TRUE_IN_PART:
        for finding in CHECKS[check](subject):
            at = _original(places, finding.at)
            hidden = check.startswith("unknown-") and names & {at[-1], _text_at(source.data, at)}
            if not hidden and not any(_touch(at, path) for path in faulty):
                path = ".".join(part for part in at if part)
                yield Fault(path, finding.fault, finding.mend, check, source.place(at)[1])


def _salvage(source: Source) -> tuple[Document, dict[Path, Path]] | None:
    """The document without its faulty parts, and where its values stood; None when too little is left."""
    tree = _thaw(source.data)
    for _ in range(_ROUNDS):
        places: dict[Path, Path] = {}
        data = _freeze(tree, (), (), places)
        try:
            return Document.model_validate(data), places
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False):
                loc = tuple(str(part) for part in error["loc"] if part != "[key]")
                _take_away(tree, _known(places, loc[:-1] if error["type"] == "missing" else loc))
    return None


def _thaw(value: Any) -> Any:  # noqa: ANN401 - any value of a document
    if isinstance(value, list):
        return _Items((str(i), _thaw(item)) for i, item in enumerate(value))
    return {key: _thaw(item) for key, item in value.items()} if isinstance(value, dict) else value


def _freeze(value: Any, now: Path, then: Path, places: dict[Path, Path]) -> Any:  # noqa: ANN401 - any value
    """The tree as plain values; notes where each of them stood before anything was taken away."""
    places[now] = then
    if not isinstance(value, dict):
        return value
    keys = (str(i) if isinstance(value, _Items) else key for i, key in enumerate(value))
    made = {key: _freeze(value[k], (*now, key), (*then, k), places) for key, k in zip(keys, value, strict=True)}
    return list(made.values()) if isinstance(value, _Items) else made


def _take_away(tree: Any, path: Path) -> None:  # noqa: ANN401 - any value of a document
    for part in path[:-1]:
        tree = tree.get(part) if isinstance(tree, dict) else None
    if path and isinstance(tree, dict):
        tree.pop(path[-1], None)


def _known(places: dict[Path, Path], path: Path) -> Path:
    """Where the value at the path, or the nearest one around it, stood at first."""
    while path not in places:
        path = path[:-1]
    return places[path]


def _original(places: dict[Path, Path], path: Path) -> Path:
    """The path in the document as it was written."""
    known = path
    while known not in places:
        known = known[:-1]
    return (*places[known], *path[len(known) :])


def _touch(one: Path, other: Path) -> bool:
    """True when one path is the other's, or leads to it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _names(data: Any) -> frozenset[str]:  # noqa: ANN401 - any value of a document
    """Every key and every staff id of the text as written: what they name is there, though perhaps with faults."""
    sections = ("flow", "destinations", "categories", "policies", "rotations", "schedules", "languages")
    keys = [key for section in sections if isinstance(data.get(section), dict) for key in data[section]]
    staff = data.get("staff")
    ids = [one.get("id") for one in staff if isinstance(one, dict)] if isinstance(staff, list) else []
    return frozenset(key for key in (*keys, *ids) if isinstance(key, str))


def _text_at(data: Any, path: Path) -> str:  # noqa: ANN401 - any value of a document
    """The text at the path; empty where something else stands there."""
    for part in path:
        if isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, str) else ""
