"""Call records, and their exports."""

import csv
import io
import sys
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from whenever import Instant, TimeDelta

from bench.filling import fill
from storage.database import Database
from storage.export import csv_bytes
from storage.export_parquet import ParquetMissingError, write_parquet
from storage.records import COLUMNS, CallRecord, records

START = Instant.from_utc(2026, 11, 22, 7, 10)


def after(seconds: float) -> Instant:
    return START + TimeDelta(seconds=seconds)


def record(**changes: object) -> CallRecord:
    made = CallRecord(
        "CA1", "maple", 1, "+16175550100", 1, "night", ("because", "it is night"), ("night", "urgent"), "urgent",
        "en-US", "connected", START, after(41), "chen", after(100), 100, "after hours", "p1", after(8), after(30),
    )  # fmt: skip
    return replace(made, **changes)


async def streamed(*made: CallRecord) -> AsyncIterator[CallRecord]:
    for each in made:
        yield each


async def as_csv(*made: CallRecord) -> list[dict[str, str]]:
    text = b"".join([page async for page in csv_bytes(streamed(*made))]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_record_is_a_row_of_its_columns() -> None:
    (row,) = await as_csv(record())
    assert tuple(row) == COLUMNS
    assert row == {
        "sid": "CA1", "practice": "maple", "plan_version": "1", "dialled": "+16175550100", "route": "1",
        "decided": "night", "reasons": "because | it is night", "path": "night > urgent", "category": "urgent",
        "language": "en-US", "outcome": "connected", "started_at": "2026-11-22T07:10:00Z",
        "answered_at": "2026-11-22T07:10:41Z", "answered_by": "chen", "ended_at": "2026-11-22T07:11:40Z",
        "waited_seconds": "41", "seconds": "100", "served": "after hours", "talk_seconds": "59",
        "abandoned_after_seconds": "", "page": "p1", "to_page_seconds": "8", "to_clinician_seconds": "22",
    }  # fmt: skip


async def test_a_call_that_is_under_way_has_empty_cells() -> None:
    unfinished = record(
        outcome=None, answered_at=None, answered_by=None, ended_at=None, seconds=None, category=None, served=None,
        page=None, page_opened_at=None, accepted_at=None,
    )  # fmt: skip
    (row,) = await as_csv(unfinished)
    assert {name for name, value in row.items() if not value} >= {"outcome", "talk_seconds", "to_page_seconds", "page"}


def test_who_gave_up_waited_for_nobody() -> None:
    gone = record(outcome="abandoned", answered_at=None, answered_by=None)
    assert (gone.abandoned_after, gone.waited, gone.talked) == (100, None, None)


def test_who_joins_a_page_waits_from_their_own_call_on() -> None:
    joined = record(page_opened_at=after(-300), accepted_at=after(20))
    assert (joined.to_page, joined.to_clinician) == (0, 20)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1+cmd", "-1", "@sum", "\tx", "\r=1", " =1"])
async def test_no_text_is_a_formula(text: str) -> None:
    (row,) = await as_csv(record(answered_by=text, reasons=(text,)))
    assert row["answered_by"] == row["reasons"] == f"'{text}"


async def test_without_calls_there_is_a_heading_and_an_empty_file_with_its_schema(tmp_path: Path) -> None:
    assert await as_csv() == []
    path = tmp_path / "calls.parquet"
    assert await write_parquet(streamed(), path) == 0
    assert tuple(pyarrow.parquet.read_schema(path).names) == COLUMNS


async def test_both_exports_hold_the_same_rows_of_all_calls(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.export_parquet.GROUP", 100)
    fill(database_url, 250)
    database = Database(database_url)
    path = tmp_path / "calls.parquet"
    found = [each async for each in records(database)]
    assert await write_parquet(records(database), path) == 250
    await database.close()
    table = pyarrow.parquet.read_table(path)
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 3
    assert str(table.schema.field("started_at").type) == "timestamp[us, tz=UTC]"
    told = [[_text(row[name]) for name in COLUMNS] for row in table.to_pylist()]
    assert told == [[row[name] for name in COLUMNS] for row in await as_csv(*found)]


def _text(value: object) -> str:
    if hasattr(value, "isoformat"):
        return Instant(value).format_iso()
    return "" if value is None else str(value)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    async def breaks_off() -> AsyncIterator[CallRecord]:
        yield record()
        raise OSError("the database went away")

    path = tmp_path / "calls.parquet"
    path.write_text("yesterday's")
    with pytest.raises(OSError, match="went away"):
        await write_parquet(breaks_off(), path)
    assert [each.name for each in files(tmp_path)] == ["calls.parquet"]
    assert path.read_text() == "yesterday's"


async def test_without_pyarrow_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetMissingError, match=r"pip install 'nightbell\[parquet\]'"):
        await write_parquet(streamed(), tmp_path / "calls.parquet")


async def test_an_export_takes_no_more_memory_for_more_calls(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    peaks: dict[str, list[int]] = {"csv": [], "parquet": []}
    fill(database_url, 20_000)
    for limit in (5_000, 5_000, 20_000):  # the first one also loads what is loaded once; garbage comes in some groups
        tracemalloc.start()
        async for _ in csv_bytes(records(database, limit=limit)):
            pass
        peaks["csv"].append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        tracemalloc.start()
        await write_parquet(records(database, limit=limit), tmp_path / "calls.parquet")
        peaks["parquet"].append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    await database.close()
    for _, few, many in peaks.values():
        assert many <= few * 1.3, peaks
