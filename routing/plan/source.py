"""From text to plain values, with the line that each came from.

YAML is read from its events and every key is kept as it was written, so that neither `1:` nor `no:` turns into
something else. Values follow YAML 1.1 (`yes` is true, `19:00` is a number), as other tools would read them; the
original of each such value is remembered, so that a fault can say what happened. Dates stay text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from routing.plan.faults import Fault, Path, PlanFaults

_MOST_TEXT: Final = 2_000_000
_MOST_VALUES: Final = 20_000
"""Fifty times what a practice needs; all of them faulty, they are told in a second."""
_DEEPEST: Final = 40
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}")
_SEXAGESIMAL: Final = re.compile(r"[0-9]{1,9}(:[0-5]?[0-9]){1,4}")
_PLAIN_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")


@dataclass(slots=True)
class Source:
    """The values of a document and where they stood.

    `places`: each path's order of appearance and line (from 1; None for JSON). `misread`: unquoted text that YAML
    takes for something else than text, by path. `faults`: what was wrong with the text itself.
    """

    data: Any = None
    places: dict[Path, tuple[int, int | None]] = field(default_factory=dict)
    misread: dict[Path, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def note(self, path: Path, line: int | None) -> None:
        """Remember that the value at the path stands on the line."""
        self.places.setdefault(path, (len(self.places), line))

    def blame(self, path: Path, fault: str, mend: str, check: str, line: int | None = None) -> None:
        """Add a fault of the text."""
        self.faults.append(Fault(".".join(path), fault, mend, check, line))

    def place(self, path: Path) -> tuple[int, int | None]:
        """Order and line of the path, or of the nearest place around it that is written down."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (-1, None))


def parse(text: str) -> Source:
    """Read YAML or JSON.

    Raises PlanFaults: the text is neither, or it is too long, too deep, or no mapping. Lesser faults of the text
    (a key given twice) are in `faults`, with the first value kept.
    """
    if len(text) > _MOST_TEXT:
        raise PlanFaults([Fault("", "the text is too long", f"Keep it below {_MOST_TEXT} characters.", "syntax")])
    source = _parse_json(text) if text.lstrip()[:1] in {"{", "["} else None
    if source is None:
        source = _parse_yaml(text)
    if not isinstance(source.data, dict):
        fault = Fault("", "this is not a plan", "Write keys with values, beginning with `practice: <id>`.", "syntax")
        raise PlanFaults([*source.faults, fault])
    return source


# ---- JSON -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pairs:
    pairs: list[tuple[str, Any]]


def _parse_json(text: str) -> Source | None:
    """The source, or None when the text is not JSON (it may still be YAML)."""
    try:
        tree = json.loads(text, object_pairs_hook=_Pairs, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    source = Source()
    source.data = _from_pairs(source, tree, ())
    return source


def _from_pairs(source: Source, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    source.note(path, None)
    _bound(len(source.places), path, None)
    if isinstance(value, list):
        return [_from_pairs(source, item, (*path, str(i))) for i, item in enumerate(value)]
    if isinstance(value, str):
        return _whole(source, value, path)
    if not isinstance(value, _Pairs):
        return value
    made: dict[str, Any] = {}
    for name, item in value.pairs:
        key = _whole(source, name, path)
        if key in made:
            _blame_twice(source, (*path, key), None)
        else:
            made[key] = _from_pairs(source, item, (*path, key))
    return made


def _whole(source: Source, text: str, path: Path) -> str:
    """The text, without the halves of characters that JSON can write and nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        mend = "Write the character itself, or both halves of its escape, such as \\ud83d\\ude00."
        source.blame(path, "half of a character is here", mend, "syntax")
        return text.encode("utf-8", "replace").decode()
    return text


def _blame_twice(source: Source, path: Path, line: int | None) -> None:
    source.blame(
        path,
        f"`{path[-1]}` is given twice",
        "Keep one of the two, or give the other its own name.",
        "repeated-key",
        line,
    )


def _bound(size: int, path: Path, line: int | None) -> None:
    if len(path) > _DEEPEST or size > _MOST_VALUES:
        raise PlanFaults([Fault("", "the plan is too large or too deep", "Make it simpler.", "syntax", line)])


# ---- YAML -------------------------------------------------------------------------------------------------------


def _parse_yaml(text: str) -> Source:
    try:
        return _Yaml(yaml.parse(text, Loader=_LOADER)).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        problem = error.problem or error.context or "it cannot be read"
        raise PlanFaults([_unreadable(problem, line)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "reason", None) or "a character is not allowed"
        raise PlanFaults([_unreadable(str(problem), None)]) from None


def _unreadable(problem: str, line: int | None) -> Fault:
    mend = "Look at this line and the one before: indentation, a missing quote, a missing colon."
    return Fault("", f"this is not readable as YAML or JSON: {problem}", mend, "syntax", line)


class _Yaml:
    """One document's events, made into values."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._source = Source()
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._size = 0

    def read(self) -> Source:
        for event in self._events:
            if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if self._source.places:
                    raise PlanFaults([_unreadable("a second document begins", _line(event))])
                continue
            self._source.data = self._value(event, ())
        return self._source

    def _value(self, event: Any, path: Path) -> Any:  # noqa: ANN401 - any YAML value
        line = _line(event)
        self._source.note(path, line)
        _bound(self._size, path, line)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, line)
        before = self._size
        self._size += 1
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path, line)
        else:
            self._refuse_tag(event.tag, path, line)
            value = self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._size - before)
        return value

    def _alias(self, event: Any, path: Path, line: int) -> Any:  # noqa: ANN401 - any YAML value
        if event.anchor not in self._anchors:
            raise PlanFaults([_unreadable(f"nothing above is named &{event.anchor}", line)])
        value, size = self._anchors[event.anchor]
        self._size += size
        _bound(self._size, path, line)
        return value

    def _sequence(self, path: Path) -> list[Any]:
        made: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            made.append(self._value(event, (*path, str(len(made)))))
        return made

    def _mapping(self, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise PlanFaults([_unreadable("a key is not a word", line)])
            key = event.value
            if key in made:
                _blame_twice(self._source, (*path, key), line)
                self._value(next(self._events), (*path, key, "again"))
                continue
            self._source.note((*path, key), line)
            made[key] = self._value(next(self._events), (*path, key))
        return made

    def _scalar(self, event: yaml.ScalarEvent, path: Path, line: int) -> Any:  # noqa: ANN401 - any scalar
        self._refuse_tag(event.tag, path, line)
        if event.tag or not event.implicit[0]:
            return event.value
        value = _resolve(event.value)
        if not isinstance(value, str) and value is not None:
            self._source.misread[path] = event.value
        return value

    def _refuse_tag(self, tag: str | None, path: Path, line: int) -> None:
        if tag not in _PLAIN_TAGS:
            self._source.blame(path, f"the tag `{tag}` means nothing here", "Take it away.", "syntax", line)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _resolve(text: str) -> Any:  # noqa: ANN401 - any scalar
    """What YAML 1.1 makes of unquoted text; dates stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SEXAGESIMAL.fullmatch(text):
        total = 0
        for part in text.split(":"):
            total = total * 60 + int(part)
        return total
    return text
