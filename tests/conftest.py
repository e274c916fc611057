"""What every test may use: an embedded PostgreSQL with the migrated schema, and a database of its own for each test."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from storage.embedded import start_embedded
from storage.migrate import migrate

_COUNT = itertools.count()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The server's URL; its database `template_nightbell` has the migrated schema."""
    folder: Path = tmp_path_factory.mktemp("postgresql") / "data"
    url = start_embedded(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE template_nightbell")
    migrate(_named(url, "template_nightbell"))
    return url


@pytest.fixture
async def database_url(postgresql: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    name = f"test_{os.getpid()}_{next(_COUNT)}"

    def run(statement: str) -> None:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(statement)

    await asyncio.to_thread(run, f"CREATE DATABASE {name} TEMPLATE template_nightbell")
    yield _named(postgresql, name)
    await asyncio.to_thread(run, f"DROP DATABASE {name} WITH (FORCE)")


def _named(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"
