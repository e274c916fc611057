"""From text to a `Document`, with every fault of its form told in plain words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from routing.plan.document import Document
from routing.plan.faults import Fault, Path, PlanFaults, did_you_mean
from routing.plan.grammar import quoted
from routing.plan.source import Source, parse

_EXPECTED: Final = {
    "string_type": "text in quotes",
    "string_unicode": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_NO_TEXT: Final = frozenset(_EXPECTED.values()) - {"text in quotes", "text"}
"""Where quotes would mend nothing."""
_KEY_MARK: Final = "[key]"


def read(text: str) -> Document:
    """Read a plan from YAML or JSON.

    Raises PlanFaults: with every fault of the text and of the form, in the document's order. What the parts mean
    together is not looked at: that is `routing.plan.check`.
    """
    source = parse(text)
    faults = [replace(fault, line=fault.line or None) for fault in source.faults]
    try:
        document = Document.model_validate(source.data)
    except ValidationError as invalid:
        faults += [_fault(source, error) for error in invalid.errors(include_url=False)]
        raise PlanFaults(in_order(source, faults)) from None
    if faults:
        raise PlanFaults(in_order(source, faults))
    document._source = source  # noqa: SLF001 - the one place where a document gets its source
    return document


def in_order(source: Source, faults: Iterable[Fault]) -> list[Fault]:
    """The faults in the document's order, each one once."""
    return sorted(dict.fromkeys(faults), key=lambda fault: source.place(tuple(fault.path.split(".")))[0])


def _fault(source: Source, error: ErrorDetails) -> Fault:
    """One of pydantic's errors in plain words."""
    path = tuple(str(part) for part in error["loc"] if part != _KEY_MARK)
    while error["type"] != "missing" and path and path not in source.places:
        path = path[:-1]  # a short form has fewer keys than what it stands for
    check, fault, mend = _words(source, path, error)
    return Fault(".".join(path), fault, mend, check, source.place(path)[1])


def _words(source: Source, path: Path, error: ErrorDetails) -> tuple[str, str, str]:
    kind, told, name = error["type"], error.get("ctx", {}), path[-1] if path else "the plan"
    if kind == "misread":
        return told["check"], told["fault"], told["mend"]
    if kind == "missing":
        return "missing", f"`{name}` is missing", f"Add `{name}`: {_description(path)}"
    if kind == "extra_forbidden":
        return "unknown-key", f"the key `{name}` means nothing here", did_you_mean(name, _known_keys(path[:-1]))
    expected = told.get("expected") if kind == "not_text" else _EXPECTED.get(kind)
    if expected:
        return "form", *_wrong_type(source, path, str(expected), error["input"])
    return "form", *_other(kind, told, error)


def _wrong_type(source: Source, path: Path, expected: str, value: object) -> tuple[str, str]:
    written = source.misread.get(path)
    if written is not None and expected not in _NO_TEXT:
        taken = "a number" if not isinstance(value, bool) else str(value).lower()
        return f"{written} without quotes is read as {taken}, not as text", f'Write "{written}" in quotes.'
    return f"{_shown(value)} stands where {expected} should", f"Write {expected}."


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "keys with values"
    return "a list" if isinstance(value, list) else quoted(value)


def _other(kind: str, told: Mapping[str, Any], error: ErrorDetails) -> tuple[str, str]:
    value = error["input"]
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(told.get("expected", "")))
        return f"{_shown(value)} is not a choice here", did_you_mean(str(value), choices)
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound = f"at least {told['ge']}" if "ge" in told else f"at most {told['le']}"
        return f"{_shown(value)} is out of bounds", f"Choose {bound}."
    if kind == "too_short":
        return "nothing is listed here", f"List at least {told.get('min_length', 1)}."
    if kind == "too_long":
        return "too much is listed here", f"List at most {told.get('max_length', 1)}."
    return f"{_shown(value)} is not right here", "Compare it with the example plan or the JSON Schema."


# ---- the document's own types, for what is known at a path ------------------------------------------------------


def _known_keys(path: Path) -> tuple[str, ...]:
    model = _model_at(Document, path)
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _description(path: Path) -> str:
    model = _model_at(Document, path[:-1])
    for name, field in model.model_fields.items() if model else ():
        if (field.alias or name) == path[-1]:
            words = field.description or ""
            return words[:1].lower() + words[1:]
    return "it is needed."


def _model_at(kind: Any, path: Path) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    """The model that describes what stands at the path; None where no model does."""
    for part in path:
        model = _only_model(kind)
        if model is not None and not _is_collection(kind):
            named = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
            kind = named.get(part)
        else:
            kind = _item(kind)
    return _only_model(kind)


def _is_collection(kind: Any) -> bool:  # noqa: ANN401 - any annotation
    return _item(kind) is not None


def _item(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    """What a list or mapping holds; None when it is neither."""
    if get_origin(kind) in {list, dict}:
        return get_args(kind)[-1]
    found = (_item(part) for part in get_args(kind) if get_origin(kind) is not None)
    return next((item for item in found if item is not None), None)


def _only_model(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    found = (_only_model(part) for part in get_args(kind))
    return next((model for model in found if model is not None), None)
