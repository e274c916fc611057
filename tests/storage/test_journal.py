"""What a failing database could not take: nothing of it is lost, and one bad entry holds up no other."""

import asyncio
import multiprocessing
from pathlib import Path

import pytest
import structlog

from storage.errors import UnavailableError
from storage.journal import Entry, Journal
from storage.seal import KeyRing, new_key_setting

KEY = new_key_setting()
PRIVATE = "+16175550180"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path) -> Journal:
    return Journal(folder, KeyRing.from_setting(KEY))


class Applied:
    """Takes entries until the database fails, after so many."""

    def __init__(self, fails_after: int = 10**9) -> None:
        self.entries: list[Entry] = []
        self.fails_after = fails_after

    async def __call__(self, entry: Entry) -> None:
        if len(self.entries) >= self.fails_after:
            raise UnavailableError("failed again")
        self.entries.append(entry)

    @property
    def numbers(self) -> list[object]:
        return [entry["n"] for entry in self.entries]


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def fill(journal: Journal, *numbers: int) -> None:
    for n in numbers:
        journal.append({"n": n, "private": PRIVATE})


async def test_entries_come_back_in_their_order_and_once(journal: Journal) -> None:
    assert journal.is_empty()
    fill(journal, 1, 2, 3)
    assert not journal.is_empty()
    applied = Applied()
    assert await journal.replay(applied) == 3
    assert applied.numbers == [1, 2, 3]
    assert journal.is_empty()
    assert await journal.replay(applied) == 0


async def test_nothing_about_the_patient_is_readable_on_disk(journal: Journal, folder: Path) -> None:
    fill(journal, 1)
    kept = only(folder, "*.journal").read_bytes()
    assert PRIVATE.encode() not in kept
    assert b"private" not in kept


async def test_a_database_that_fails_again_keeps_the_rest(journal: Journal) -> None:
    fill(journal, 1, 2, 3)
    first, second = Applied(fails_after=1), Applied()
    with pytest.raises(UnavailableError):
        await journal.replay(first)
    assert not journal.is_empty()
    assert await journal.replay(second) == 2
    assert first.numbers + second.numbers == [1, 2, 3]


async def test_what_came_meanwhile_does_not_write_over_the_rest(journal: Journal) -> None:
    fill(journal, 1, 2)
    with pytest.raises(UnavailableError):
        await journal.replay(Applied(fails_after=1))
    fill(journal, 3)
    with pytest.raises(UnavailableError):
        await journal.replay(Applied(fails_after=0))
    fill(journal, 4)
    applied = Applied()
    await journal.replay(applied)
    assert applied.numbers == [2, 3, 4]


async def test_a_crash_in_the_middle_replays_from_the_beginning(journal: Journal) -> None:
    fill(journal, 1, 2)

    class KilledError(BaseException):
        pass

    async def dies(entry: Entry) -> None:
        if entry["n"] == 2:
            raise KilledError

    with pytest.raises(KilledError):
        await journal.replay(dies)
    applied = Applied()
    assert await journal.replay(applied) == 2
    assert applied.numbers == [1, 2]


async def test_an_entry_that_cannot_be_read_or_applied_is_kept_aside(journal: Journal, folder: Path) -> None:
    fill(journal, 1)
    stranger = Journal(folder, KeyRing.from_setting(new_key_setting()))
    fill(stranger, 2)
    fill(journal, 3)
    written = only(folder, "*.journal")
    with written.open("ab") as file:
        file.write(b"no base64!\n")
    fill(journal, 4)
    seen: list[object] = []

    async def apply(entry: Entry) -> None:
        if entry["n"] == 3:
            raise ZeroDivisionError(PRIVATE)
        seen.append(entry["n"])

    with structlog.testing.capture_logs() as logs:
        await journal.replay(apply)
    assert seen == [1, 4]
    assert journal.is_empty()
    assert len(only(folder, "*.unreadable").read_bytes().splitlines()) == 3
    assert [log["error"] for log in logs] == ["SealError", "ZeroDivisionError", "SealError"]
    assert PRIVATE not in str(logs)


async def test_a_torn_line_spoils_no_other(journal: Journal, folder: Path) -> None:
    fill(journal, 1)
    written = only(folder, "*.journal")
    with written.open("ab") as file:
        file.write(written.read_bytes()[:20])  # the disk was full
    fill(journal, 2)
    applied = Applied()
    await journal.replay(applied)
    assert applied.numbers == [1, 2]


async def test_two_replays_at_once_apply_an_entry_once(folder: Path) -> None:
    ring = KeyRing.from_setting(KEY)
    fill(Journal(folder, ring), *range(20))
    applied: list[object] = []

    async def slowly(entry: Entry) -> None:
        await asyncio.sleep(0)
        applied.append(entry["n"])

    done = await asyncio.gather(*(Journal(folder, ring).replay(slowly) for _ in range(3)))
    assert sorted(done) == [0, 0, 20]
    assert applied == list(range(20))


def _append_many(folder: Path, key: str, numbers: range) -> None:
    journal = Journal(folder, KeyRing.from_setting(key))
    for n in numbers:
        journal.append({"n": n})


async def test_processes_append_while_another_replays_and_nothing_is_lost(journal: Journal, folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    parts = [range(60), range(100, 160)]
    writers = [spawn.Process(target=_append_many, args=(folder, KEY, part)) for part in parts]
    applied = Applied()
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        await journal.replay(applied)
        await asyncio.sleep(0.001)
    await journal.replay(applied)
    for part in parts:
        assert [n for n in applied.numbers if n in part] == list(part)
    assert len(applied.numbers) == 120


def test_a_disk_that_fails_is_the_callers_to_know(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder belongs")
    with pytest.raises(OSError, match="journal"):
        Journal(tmp_path / "journal", KeyRing.from_setting(KEY)).append({"n": 1})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.glob(f"{folder.name}/*")}


async def test_while_it_is_copied_nobody_replays_it(journal: Journal, folder: Path) -> None:
    with journal.still():
        assert names(folder) == set(), "who copies may be another user, whose files the server could not write"
    fill(journal, 1, 2)
    applied = Applied()
    another = Journal(folder, KeyRing.from_setting(KEY))
    assert await journal.replay(applied) == 2  # there are both locks from now on
    fill(journal, 3)
    with another.still():
        assert await journal.replay(applied) == 0
        assert len([name for name in names(folder) if name.endswith(".journal")]) == 1
    assert await journal.replay(applied) == 1
