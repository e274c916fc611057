"""The types of fields in requests and answers."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from whenever import Instant, OffsetDateTime

Item = TypeVar("Item")

EARLIEST: Final = Instant.from_utc(2000, 1, 1)
LATEST: Final = Instant.from_utc(2100, 1, 1)
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Sent(BaseModel):
    """A body that is sent to us: nothing unknown, nothing converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class Told(BaseModel):
    """A body that is answered."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Listing(Told, Generic[Item]):
    """A part of a list."""

    # Every kind of list is a class of its own, and to look for the docstrings of each was half of that work.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[Item]
    next: Annotated[str | None, Field(description="The `cursor` of the next part; null when this is the last.")]


def _moment(value: object) -> Instant:
    if isinstance(value, Instant):
        return value
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("this is not a time with its offset: Write it as RFC 3339, such as 2026-11-22T19:00:00-05:00.")
    try:
        found = OffsetDateTime.parse_iso(value).to_instant()
    except ValueError:
        raise ValueError("there is no such time: Look at the day of the month.") from None
    if not EARLIEST <= found < LATEST:
        raise ValueError("this time is out of bounds: Choose one from 2000 to 2099.")
    return found


Moment = Annotated[
    Instant,
    PlainValidator(_moment),
    PlainSerializer(Instant.format_iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T19:00:00-05:00"]}),
]
"""RFC 3339 with an offset; told in UTC."""


def _speakable(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("this has control characters: Write one line of plain text.")
    if not value.strip():
        raise ValueError("this is empty: Write something there.")
    return value.strip()


Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_speakable)]
"""One line of text for people."""
Named = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
"""A name in the plan."""
Limit = Annotated[int, Query(description="How many at most.", ge=1, le=200)]
Cursor = Annotated[str | None, Query(description="`next` of the part before this one.", max_length=512)]


def example(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """What `json_schema_extra` takes to show one."""
    return {"examples": [values]}


def cut(found: Iterable[Item], limit: int) -> tuple[list[Item], bool]:
    """The first `limit` of what was found, and whether there are more: ask for one more than is wanted."""
    kept = list(found)
    return kept[:limit], len(kept) > limit
