import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator
from io import StringIO

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command, op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.migrate import MigrationWaitsError, _config, check, migrate
from storage.schema import UnknownSchemaError, is_current, revisions


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


def test_the_revisions_by_their_files_are_those_that_alembic_knows() -> None:
    scripts = ScriptDirectory.from_config(_config("postgresql://nowhere"))
    assert revisions() == sorted(script.revision for script in scripts.walk_revisions())


async def test_two_that_migrate_at_once_wait_for_each_other(empty: str) -> None:
    code = f"from storage.migrate import migrate; migrate({empty!r})"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    faults = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], faults
    assert is_current(empty)


def test_the_program_of_before_goes_on_with_a_database_that_is_ahead(empty: str) -> None:
    """A worker that dies while servers are replaced is started again; and so is all of it on the way back."""
    migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert is_current(empty)
        migrate(empty)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
        connection.execute("UPDATE alembic_version SET version_num = '0000x'")
        with pytest.raises(UnknownSchemaError, match="0000x"):
            migrate(empty)


def test_a_migration_gives_up_rather_than_have_calls_wait_behind_it(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(_config(empty), "0010")
    monkeypatch.setattr("storage.migrate.TRIES", 1)
    with psycopg.connect(empty) as reader:
        reader.execute("SELECT count(*) FROM alerts")  # a report, whose transaction goes on
        with pytest.raises(MigrationWaitsError, match="nightbell migrate"):
            migrate(empty)
    migrate(empty)
    assert is_current(empty)


_SINCE = "0010"
"""Those before it were made when nothing had been released that could go on beside them."""
_UNSAFE = re.compile(
    r"""DROP\ TABLE | DROP\ COLUMN | DROP\ TYPE | RENAME | SET\ SCHEMA | TRUNCATE
    | ALTER\ COLUMN\ \S+\ (?:SET\ DATA\ )?TYPE | SET\ NOT\ NULL | DROP\ DEFAULT
    | ADD\ (?:CONSTRAINT | CHECK | UNIQUE | FOREIGN) (?!.*NOT\ VALID)
    | ADD\ COLUMN (?=.*NOT\ NULL) (?!.*DEFAULT)
    | ALTER\ TYPE | CREATE\ OR\ REPLACE | DROP\ (?:FUNCTION | TRIGGER) | LOCK\ TABLE""",
    re.VERBOSE | re.IGNORECASE,
)
_LOCKS = re.compile(r"\b(ALTER|CREATE|DROP|UPDATE|DELETE)\b", re.IGNORECASE)
_CONCURRENTLY = re.compile(r"^(CREATE|DROP) INDEX CONCURRENTLY\b", re.IGNORECASE)


def unsafe(upgrade: Callable[[], None]) -> list[str]:
    """What of an upgrade the version before could not go on beside, in the SQL that it runs."""
    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written, "transactional_ddl": False}
    )
    with Operations.context(context):
        upgrade()
    found, bounded, fresh = [], False, set[str]()
    for statement in (" ".join(part.split()) for part in written.getvalue().split(";")):
        bounded = bounded or statement.upper().startswith("SET LOCAL LOCK_TIMEOUT")
        made = re.match(r"CREATE TABLE (\S+)", statement)
        if made:
            fresh.add(made[1])
        # Of a new table the version before knows nothing.
        of = re.search(r"(?:ALTER TABLE|INDEX \S+ ON|UPDATE) (\S+)", statement)
        if _UNSAFE.search(statement) and not (of and of[1] in fresh):
            found.append(statement)
        if _LOCKS.search(statement) and not (bounded or _CONCURRENTLY.match(statement)):
            found.append(f"waits for a lock without bound: {statement}")
    return found


def test_a_migration_does_nothing_that_the_version_before_could_not_go_on_with() -> None:
    """While servers are replaced one after the other, the old ones work on the new schema."""
    scripts = list(ScriptDirectory.from_config(_config("")).walk_revisions(_SINCE, "head"))
    assert {script.revision for script in scripts} >= {"0010", "0011", "0012"}
    assert [
        (script.revision, unsafe(script.module.upgrade)) for script in scripts if unsafe(script.module.upgrade)
    ] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda: op.drop_column("calls", "outcome"),
        lambda: op.drop_table("calls"),
        lambda: op.rename_table("calls", "talks"),
        lambda: op.alter_column("calls", "outcome", new_column_name="ending"),
        lambda: op.alter_column("calls", "outcome", type_=sa.Integer()),
        lambda: op.alter_column("calls", "outcome", nullable=False),
        lambda: op.add_column("calls", sa.Column("new", sa.Text(), nullable=False)),
        lambda: op.execute("ALTER TABLE calls DROP COLUMN outcome"),
        lambda: op.create_check_constraint("of_late", "calls", "outcome IS NOT NULL"),
    ],
)
def test_what_would_break_the_version_before_is_found(change: Callable[[], None]) -> None:
    def upgrade() -> None:
        op.execute("SET LOCAL lock_timeout = '3s'")
        change()

    assert len(unsafe(upgrade)) == 1


def test_a_lock_that_is_waited_for_without_bound_is_found() -> None:
    def upgrade() -> None:
        op.add_column("calls", sa.Column("new", sa.Text()))

    (found,) = unsafe(upgrade)
    assert "without bound" in found
