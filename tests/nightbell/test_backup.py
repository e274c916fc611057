"""A night is backed up while it goes on, and another installation starts from it: docs/operations.md."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from storage.backup import ABOUT, DUMP
from storage.database import sqlalchemy_url
from storage.seal import new_key_setting
from telephony.emulator import NoAnswer
from tests.calls.callers import TAKES, holds
from tests.calls.night import point
from tests.calls.people import CHEN, OSEI, PARENT
from tests.nightbell.conftest import Run
from tests.nightbell.live import Live


@pytest.fixture
async def other_url(postgresql: str) -> AsyncIterator[str]:
    """An empty database, on the same server."""
    name = f"restored_{os.getpid()}"

    def run(statement: str) -> None:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(statement)

    await asyncio.to_thread(run, f"CREATE DATABASE {name}")
    head, _, query = postgresql.partition("?")
    yield f"{head.rsplit('/', 1)[0]}/{name}?{query}"
    await asyncio.to_thread(run, f"DROP DATABASE {name} WITH (FORCE)")


def waiting(data: Path) -> list[str]:
    """The journal's files with entries, whoever wrote them."""
    return sorted(path.name for path in (data / "journal").glob("*.journal"))


def leftovers(folder: Path) -> list[str]:
    """What a backup left in the folder."""
    return [path.name for path in folder.iterdir() if "backup" in path.name]


async def moves(live: Live, url: str, data: Path) -> None:
    """The commands, and the product, are on the other database and data folder from now on."""
    live.environment.setenv("NIGHTBELL_DATABASE_URL", url)
    live.environment.setenv("NIGHTBELL_DATA_DIR", str(data))


async def test_another_installation_starts_from_a_backup_and_goes_on_with_the_page(
    live: Live, other_url: str, tmp_path: Path
):
    night, backup, data = live.night, tmp_path / "backup", tmp_path / "elsewhere"
    point(night.exchange, night.product.origin)
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await call.hang_up()
    await night.passes(20)
    before = await night.page()
    night.parts.site.journal.append({"ended": {"sid": "CA-of-the-journal"}})
    (night.folder / "twilio-before.json").write_text("{}")
    shown = await live.command("calls", "show", call.sid, "--private")  # which the audit trail has
    assert PARENT in shown.out

    made = await live.command("backup", str(backup))
    assert (made.code, "encryption" in made.out.lower()) == (0, True), made.err
    assert {path.name for path in backup.iterdir()} == {"nightbell.dump", "data.tar", "backup.json"}
    key = (night.folder / "encryption.key").read_text().strip().partition(":")[2]
    assert not any(key.encode() in path.read_bytes() for path in backup.iterdir())
    twice = await live.command("backup", str(backup))
    assert (twice.code, "never written over" in twice.err) == (1, True)

    await moves(live, other_url, data)
    restored = await live.command("restore", str(backup))
    assert (restored.code, restored.err) == (0, "")
    assert "Pages that wait for a next step: 1." in restored.out
    assert waiting(data) == waiting(night.folder) != []
    assert (data / "twilio-before.json").exists()
    again = await live.command("calls", "show", call.sid, "--private")
    assert again.out == shown.out
    audited = await live.command("audit")
    assert audited.code == 0, audited.err

    await night.product.stop()
    shutil.copy(night.folder / "encryption.key", data)  # as an embedded installation keeps it, apart from the backup
    night.folder, night._engine = data, create_async_engine(sqlalchemy_url(other_url))
    await night.start(other_url)
    stored = await night.page()
    assert (stored.id, stored.state, stored.version, stored.due) == (before.id, "paging", before.version, before.due)
    await night.passes(180)
    assert "Dr. Kofi Osei has taken the page by key" in await night.trail()
    await night._engine.dispose()


async def test_a_backup_is_restored_whole_or_not_at_all(live: Live, other_url: str, tmp_path: Path):
    backup, data = tmp_path / "backup", tmp_path / "elsewhere"
    assert (await live.command("backup", str(backup))).code == 0
    refused = await live.command("restore", str(backup))
    assert (refused.code, "not empty" in refused.err) == (1, True)

    await moves(live, other_url, data)
    keys = os.environ["NIGHTBELL_ENCRYPTION_KEYS"]
    live.environment.setenv("NIGHTBELL_ENCRYPTION_KEYS", new_key_setting())
    assert "not at hand" in (await live.command("restore", str(backup))).err
    impostor = f"{keys.partition(':')[0]}:{new_key_setting().partition(':')[2]}"
    live.environment.setenv("NIGHTBELL_ENCRYPTION_KEYS", impostor)
    assert "not the one of the backup" in (await live.command("restore", str(backup))).err
    live.environment.setenv("NIGHTBELL_ENCRYPTION_KEYS", f"{new_key_setting()},{keys}")  # rotated since

    (data / "journal").mkdir(parents=True)
    (data / "journal/7.journal").write_text("a call that no database has\n")
    assert "start a server on it first" in (await live.command("restore", str(backup))).err
    (data / "journal/7.journal").unlink()

    whole = (backup / DUMP).read_bytes()
    (backup / DUMP).write_bytes(whole[:-9])
    assert "not as it was made" in (await live.command("restore", str(backup))).err
    about = json.loads((backup / ABOUT).read_text())
    (backup / ABOUT).write_text(json.dumps(about | {"sums": {}}))
    damaged = await live.command("restore", str(backup))
    assert (damaged.code, "pg_restore" in damaged.err) == (1, True), "PostgreSQL itself finds the fault"
    (backup / DUMP).write_bytes(whole)
    assert (await live.command("restore", str(backup))).code == 0


async def test_what_cannot_be_reached_leaves_no_half_backup(live: Live, tmp_path: Path):
    live.environment.setenv("NIGHTBELL_DATABASE_URL", "postgresql://nightbell:hidden@127.0.0.1:1/nightbell")
    failed = await live.command("backup", str(tmp_path / "backup"))
    assert (failed.code, "does not answer" in failed.err, "hidden" in failed.err) == (1, True, False)
    assert leftovers(tmp_path) == []
    assert "is no backup" in (await live.command("restore", str(tmp_path))).err


def test_no_database_is_made_for_what_is_no_backup(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path):
    environment.setenv("NIGHTBELL_DATA_DIR", str(tmp_path / "rehearsal"))
    refused = run("restore", str(tmp_path / "of yesterday"))
    assert (refused.code, "is no backup" in refused.err) == (1, True)
    assert not (tmp_path / "rehearsal").exists()
