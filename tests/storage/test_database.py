"""How long a caller may wait for the database: never longer than the bound, whatever the server does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage.database import Database, libpq_url, sqlalchemy_url
from storage.errors import UnavailableError


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The URL of a server that takes connections and never says a word."""
    still: set[asyncio.StreamWriter] = set()

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        still.add(writer)

    server = await asyncio.start_server(connected, "127.0.0.1")
    host, port = server.sockets[0].getsockname()[:2]
    yield f"postgresql://nobody@{host}:{port}/none"
    server.close()
    for writer in still:
        writer.close()


async def select(database: Database, statement: str = "SELECT 1") -> int:
    async with database.statement() as connection:
        return int(await connection.scalar(text(statement)) or 0)


async def test_work_in_time_gives_its_result(database: Database) -> None:
    assert await database.in_time(lambda: select(database)) == 1
    assert database.answers


async def test_a_hanging_server_is_waited_for_no_longer_than_the_bound(silent: str) -> None:
    database = Database(silent, bound=0.05)
    async with asyncio.timeout(2):  # the connection itself would take as long as this
        with pytest.raises(UnavailableError, match=r"no answer in 0\.05 s"):
            await database.in_time(lambda: select(database))
    assert not database.answers
    await database.close()


async def test_a_slow_statement_is_left_and_ends_by_itself(database_url: str) -> None:
    database = Database(database_url, bound=0.05)
    done = asyncio.Event()

    async def slow() -> None:
        with contextlib.suppress(UnavailableError):
            await select(database, "SELECT 1 FROM pg_sleep(0.3)")
        done.set()

    with pytest.raises(UnavailableError):
        await database.in_time(slow)
    assert not done.is_set()
    async with asyncio.timeout(5):
        await done.wait()
    database._failed_at = float("-inf")
    assert await Database.in_time(database, lambda: select(database)) == 1
    await database.close()


async def test_after_a_failure_it_is_not_asked_again_for_a_while(silent: str) -> None:
    database = Database(silent, bound=0.05)
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        return await select(database)

    for _ in range(5):
        with pytest.raises(UnavailableError):
            await database.in_time(ask)
    assert asked == 1
    await database.close()


async def test_nobody_there_is_unavailable_at_once() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(UnavailableError):
        await database.in_time(lambda: select(database))
    with pytest.raises(UnavailableError, match="a moment ago"):
        await database.in_time(lambda: select(database))
    await database.close()


async def test_a_connection_that_breaks_is_unavailable_and_the_next_one_works(database: Database) -> None:
    other = Database(database.url)

    async def broken() -> None:
        async with database.transaction() as connection:
            pid = await connection.scalar(text("SELECT pg_backend_pid()"))
            await select(other, f"SELECT pg_terminate_backend({pid})::int")
            await connection.scalar(text("SELECT 1"))

    with pytest.raises(UnavailableError):
        await broken()
    assert await select(database) == 1
    await other.close()


async def test_an_error_of_ours_is_no_outage_and_quotes_no_value(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction() as connection:
            for _ in range(2):
                await connection.execute(
                    text("INSERT INTO practices (id, name, created_at) VALUES ('maple', :name, now())"),
                    {"name": "Elliot Example"},
                )

    with pytest.raises(IntegrityError) as error:
        await database.in_time(twice)
    assert "Elliot" not in str(error.value)
    assert database.answers


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def half() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO practices (id, name, created_at) VALUES ('m', 'M', now())"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    assert await select(database, "SELECT count(*) FROM practices") == 0


async def test_work_is_done_although_who_waited_was_cancelled(database: Database) -> None:
    begun, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go.wait()
        await select(database)
        done.set()

    waiting = asyncio.create_task(database.in_time(work))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(database._under_way) == 1
    go.set()
    await done.wait()
    await asyncio.sleep(0)
    assert not database._under_way


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"])
def test_urls_name_the_driver_for_sqlalchemy_and_not_for_psycopg(url) -> None:
    assert sqlalchemy_url(url) == "postgresql+psycopg://u@h/d"
    assert libpq_url(sqlalchemy_url(url)) == "postgresql://u@h/d"


def test_other_databases_are_refused_without_showing_the_url() -> None:
    with pytest.raises(ValueError, match="must begin with postgresql://") as error:
        sqlalchemy_url("mysql://user:hunter2@host/x")
    assert "hunter2" not in str(error.value)
