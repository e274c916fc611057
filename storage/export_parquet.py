"""Call records as Parquet, in constant memory. Needs the extra `parquet`, which is loaded only when it is asked for."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from whenever import Instant

from storage.errors import StorageError
from storage.records import COLUMNS, CallRecord

GROUP: Final = 1_000
"""Rows of a row group: some 300 kB in memory."""
_INTEGERS: Final = frozenset(
    {"plan_version", "route", "waited_seconds", "seconds", "talk_seconds", "abandoned_after_seconds",
     "to_page_seconds", "to_clinician_seconds"}
)  # fmt: skip
_TIMES: Final = frozenset({"started_at", "answered_at", "ended_at"})


class ParquetMissingError(StorageError):
    """pyarrow is not installed. The message says how to."""


async def write_parquet(records: AsyncIterator[CallRecord], path: Path) -> int:
    """Write the records to the file, whole or not at all; how many. Times are timestamps in UTC.

    Raises ParquetMissingError, OSError.
    """
    arrow, parquet = _libraries()
    schema = arrow.schema([(name, _type(arrow, name)) for name in COLUMNS])
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = 0
    try:
        with os.fdopen(handle, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
            async for group in _groups(records):
                writer.write_batch(_batch(arrow, schema, group))
                written += len(group)
        Path(name).replace(path)  # noqa: ASYNC240 - a command does it, which has nothing else to do meanwhile
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()  # noqa: ASYNC240 - as above
        raise
    return written


def _libraries() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise ParquetMissingError(
            "Parquet needs pyarrow, which is not installed: pip install 'nightbell[parquet]'"
        ) from error


async def _groups(records: AsyncIterator[CallRecord]) -> AsyncIterator[list[list[object]]]:
    group: list[list[object]] = []
    async for record in records:
        group.append([_value(value) for value in record.values()])
        if len(group) >= GROUP:
            yield group
            group = []
    if group:
        yield group


def _value(value: object) -> object:
    return value.to_stdlib() if isinstance(value, Instant) else value


def _type(arrow: Any, name: str) -> Any:  # noqa: ANN401 - the library is loaded late
    if name in _TIMES:
        return arrow.timestamp("us", tz="UTC")
    return arrow.int32() if name in _INTEGERS else arrow.string()


def _batch(arrow: Any, schema: Any, group: list[list[object]]) -> Any:  # noqa: ANN401 - as above
    columns = zip(*group, strict=True)
    arrays = [arrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return arrow.record_batch(arrays, schema=schema)
