"""Group commit: events share a statement, and nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from whenever import Instant, TimeDelta

from storage.call_events import Write, write_event
from storage.calls import CallEvent, CallHead, Progress
from storage.database import Database
from storage.errors import ContendedError, UnavailableError
from storage.group_commit import MOST, GroupCommit
from storage.seal import KeyRing

START = Instant.from_utc(2026, 11, 22, 7, 10)


@pytest.fixture(autouse=True)
async def practice(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO practices (id, name, created_at) VALUES ('maple', 'M', now())"))


@pytest.fixture
async def events(database: Database, ring: KeyRing) -> AsyncIterator[GroupCommit]:
    group = GroupCommit(database, ring)
    yield group
    await group.close()


def a_write(call: str, turn: int = 0, *, keys: str = "1", ringing: str | None = None, callback: str | None = None):
    at = START + TimeDelta(seconds=turn)
    head = CallHead(call, "maple", 1, "+16175550100", "+16175550180", at, 3, "night", ("Route 4 matches.",))
    progress = Progress(f"n{turn}", "en-US", turn, ringing=ringing, callback=callback)
    return Write(head, progress, CallEvent(f"turn:{turn}", at, "turn", {"notes": []}, {"given": {"keys": keys}}))


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def before(_connection, _cursor, statement, *_more) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", before)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", before)


async def stored(database: Database, what: str = "key", table: str = "call_events") -> list[str]:
    async with database.statement() as connection:
        return list(await connection.scalars(text(f"SELECT {what} FROM {table} ORDER BY 1")))  # noqa: S608 - constants


async def test_events_of_one_moment_are_one_statement_and_each_is_told_its_own(
    database: Database, events: GroupCommit
) -> None:
    await events.write(a_write("CA3", keys="3"))
    with counted(database) as statements:
        found = await asyncio.gather(*(events.write(a_write(f"CA{n}", keys="9")) for n in range(10)))
    assert len(statements) == 1
    assert await stored(database, "call") == sorted(f"CA{n}" for n in range(10))
    assert [n for n, its in enumerate(found) if its.earlier] == [3]
    assert found[3].earlier is not None
    assert found[3].earlier.private == {"given": {"keys": "3"}}


async def test_what_is_answered_is_committed(database: Database, events: GroupCommit) -> None:
    await events.write(a_write("CA1"))
    async with database.transaction() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM calls")) == 1


async def test_two_events_of_one_call_in_one_moment_are_both_stored(database: Database, events: GroupCommit) -> None:
    await asyncio.gather(events.write(a_write("CA1", 1)), events.write(a_write("CA1", 2)), events.write(a_write("CA2")))
    assert await stored(database) == ["turn:0", "turn:1", "turn:2"]
    assert await stored(database, "last_turn", "calls") == [0, 2]


async def test_the_same_event_twice_in_one_moment_is_stored_once(database: Database, events: GroupCommit) -> None:
    both = await asyncio.gather(events.write(a_write("CA1", keys="1")), events.write(a_write("CA1", keys="2")))
    assert [its.earlier is None for its in both].count(True) == 1
    assert await stored(database) == ["turn:0"]


async def test_more_than_a_statement_takes_go_in_several(database: Database, events: GroupCommit) -> None:
    with counted(database) as statements:
        await asyncio.gather(*(events.write(a_write(f"CA{n:03}")) for n in range(MOST + 1)))
    assert len(statements) == 2
    assert len(await stored(database, "sid", "calls")) == MOST + 1


async def test_what_is_wrong_with_one_event_is_told_to_it_alone(database: Database, events: GroupCommit) -> None:
    wrong = a_write("CA1")
    wrong = replace(wrong, event=replace(wrong.event, body={"notes": [["chose", "\0"]]}))
    both = await asyncio.gather(events.write(wrong), events.write(a_write("CA2")), return_exceptions=True)
    assert isinstance(both[0], DBAPIError)
    assert await stored(database, "call") == ["CA2"]


async def test_a_call_that_somebody_has_locked_holds_up_no_other(database: Database, events: GroupCommit) -> None:
    await events.write(a_write("CA1"))
    async with database.transaction() as connection:
        await connection.execute(text("SELECT 1 FROM calls WHERE sid = 'CA1' FOR UPDATE"))
        locked = events.write(a_write("CA1", 1))
        others = [events.write(a_write(f"CB{n}")) for n in range(5)]
        await asyncio.gather(*others)
        await events.write(a_write("CC1"))
        assert not locked.done()
        assert database.answers, "that somebody holds a lock does not mean that the database is away"
    assert (await locked).earlier is None
    assert "turn:1" in await stored(database)


async def test_an_end_to_the_waiting_is_no_end_to_the_writing(database: Database, events: GroupCommit) -> None:
    given_up = events.write(a_write("CA1"))
    other = events.write(a_write("CA2"))
    given_up.cancel()
    await other
    assert "CA2" in await stored(database, "call")


async def test_with_the_database_away_everybody_is_told_so(ring: KeyRing) -> None:
    database = Database("postgresql://nobody@/none?host=/nowhere")
    events = GroupCommit(database, ring)
    found = await asyncio.gather(*(events.write(a_write(f"CA{n}")) for n in range(3)), return_exceptions=True)
    assert {type(error) for error in found} == {UnavailableError}
    await events.close()
    await database.close()


async def test_a_group_stores_what_writing_one_by_one_stores(database: Database, ring: KeyRing) -> None:
    """Random turns in random order, some of them repeated, of a few calls: once in groups, once alone."""
    chance = random.Random(7)  # noqa: S311 - the same every time, on purpose
    numbers = [None, "+16175550181", "+16175550182"]
    writes = [
        a_write(
            f"C{chance.randrange(12):02}", chance.randrange(6), keys=chance.choice("123"),
            ringing=chance.choice([None, "desk"]), callback=chance.choice(numbers),
        )
        for _ in range(150)
    ]  # fmt: skip
    group = GroupCommit(database, ring)
    at = 0
    while at < len(writes):
        size = chance.randrange(1, 12)
        # Within a moment the order of one call's events is not said: so each moment has one of a call.
        moment = {write.head.sid: write for write in writes[at : at + size]}
        writes[at : at + size] = moment.values()
        await asyncio.gather(*(group.write(write) for write in moment.values()))
        at += len(moment)
    for write in writes:
        alone = replace(write, head=replace(write.head, sid=write.head.sid.replace("C", "X")))
        async with database.statement() as connection:
            await write_event(connection, ring, alone)
    same = text(
        "SELECT substr(sid, 2), node, last_turn, ringing, callback_sealed IS NULL, started_at FROM calls "
        "WHERE sid LIKE :series ORDER BY 1"
    )
    async with database.statement() as connection:
        both = [[tuple(row) for row in await connection.execute(same, {"series": s})] for s in ("C%", "X%")]
    assert both[0] == both[1]
    assert len(both[0]) == 12
    await group.close()


async def test_two_who_wait_for_each_other_are_told_apart_from_a_database_that_is_away(database: Database) -> None:
    async with database.transaction() as connection:
        for name in ("a", "b"):
            made = text("INSERT INTO practices (id, name, created_at) VALUES (:name, 'P', now())")
            await connection.execute(made, {"name": name})

    met = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        query = text("SELECT 1 FROM practices WHERE id = :id FOR UPDATE")
        async with database.transaction() as connection:
            await connection.execute(query, {"id": first})
            await met.wait()
            await connection.execute(query, {"id": second})

    found = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert [type(error) for error in found if error] == [ContendedError]
    assert not database.is_away
