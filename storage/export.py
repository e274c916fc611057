"""Call records as CSV, in constant memory. No text is one that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Final

from whenever import Instant

from storage.records import COLUMNS, CallRecord

_BATCH: Final = 200
_NUMBER: Final = re.compile(r"\+[0-9]*")


async def csv_bytes(records: AsyncIterator[CallRecord]) -> AsyncIterator[bytes]:
    """The records as CSV in UTF-8, with a heading: COLUMNS. Times are RFC 3339 in UTC; what is not known is empty."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    rows = 0
    async for record in records:
        writer.writerow([cell(value) for value in record.values()])
        rows += 1
        if rows % _BATCH == 0:
            yield page.getvalue().encode()
            page.seek(0)
            page.truncate()
    yield page.getvalue().encode()


def cell(value: str | int | Instant | None) -> str | int:
    """A value as a spreadsheet may have it."""
    match value:
        case None:
            return ""
        case Instant():
            return value.format_iso()
        case str():
            return _harmless(value)
        case _:
            return value


def _harmless(value: str) -> str:
    """A text that begins as a formula does gets an apostrophe before it. Telephone numbers stay as they are."""
    if _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if value.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
