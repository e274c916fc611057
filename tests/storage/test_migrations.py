import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command

from storage.migrate import _config, check, is_current, migrate


@pytest.fixture
def empty(postgresql: str) -> Iterator[str]:
    name = f"empty_{os.getpid()}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        head, _, query = postgresql.partition("?")
        yield f"{head.rsplit('/', 1)[0]}/{name}?{query}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        functions = connection.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%'").fetchall()
        types = connection.execute("SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate%'").fetchall()
    return {str(row[0]) for row in (*rows, *functions, *types)}


def test_up_from_nothing_and_down_to_nothing_and_up_again(empty: str) -> None:
    assert not is_current(empty)
    migrate(empty)
    assert is_current(empty)
    first = tables(empty)
    assert {"calls", "pages", "procrastinate_jobs"} <= first
    migrate(empty)
    command.downgrade(_config(empty), "base")
    assert tables(empty) == {"alembic_version"}
    migrate(empty)
    assert tables(empty) == first
    check(empty)


async def test_two_that_migrate_at_once_wait_for_each_other(empty: str) -> None:
    code = f"from storage.migrate import migrate; migrate({empty!r})"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    faults = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], faults
    assert is_current(empty)


_UNSAFE = re.compile(
    r"op\.(drop_column|drop_table|rename_table|alter_column|drop_constraint)|nullable=False(?!.*server_default)"
)
_SINCE = 10
"""Those before it were made when nothing had been released that could go on beside them."""


def test_a_migration_does_nothing_that_the_version_before_could_not_go_on_with() -> None:
    """While servers are replaced one after the other, the old ones work on the new schema."""
    paths = sorted(Path("migrations/versions").glob("v*.py"))[_SINCE - 1 :]
    assert paths
    for path in paths:
        text = path.read_text()
        upgrade = text[text.index("def upgrade") : text.index("def downgrade")]
        assert "lock_timeout" in upgrade or "autocommit_block" in upgrade, f"{path.name} may make calls wait for a lock"
        for statement in re.split(r"(?=op\.)", upgrade):
            # Of a new table the version before knows nothing.
            found = None if statement.startswith("op.create_table") else _UNSAFE.search(statement)
            assert found is None, f"{path.name}: {statement.strip()}"
