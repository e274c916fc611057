"""Calls, their events, their records, and the jobs that follow from them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, text
from whenever import Instant, TimeDelta

from ivr.inputs import Note, NoteKind
from storage import calls, jobs
from storage.call_events import Write, write_event
from storage.calls import CallEvent, CallHead, Progress, events_of, note_parts, noted
from storage.database import Database
from storage.jobs import Jobs
from storage.records import CallRecord, Wanted, records
from storage.seal import KeyRing

START = Instant.from_utc(2026, 11, 22, 7, 10)
CALLER = "+16175550180"
HEAD = CallHead("CA1", "maple", 1, "+16175550100", CALLER, START, 3, "night", ("Route 4 (go night) matches.",))


@pytest.fixture(autouse=True)
async def practice(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO practices (id, name, created_at) VALUES ('maple', 'M', now())"))


def turn(number: int, **private: object) -> CallEvent:
    at = START + TimeDelta(seconds=number)
    return CallEvent(f"turn:{number}", at, "turn", {"notes": [["entered", f"n{number}"]]}, private)


async def write(database: Database, ring: KeyRing, event_: CallEvent, number: int, **progress: object):
    async with database.statement() as connection:
        return await write_event(
            connection, ring, Write(HEAD, Progress(f"n{number}", "en-US", number, **progress), event_)
        )


async def row(database: Database):
    async with database.statement() as connection:
        return (await connection.execute(text("SELECT * FROM calls"))).one()


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def before(_connection, _cursor, statement, *_more) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", before)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", before)


async def test_an_event_and_the_calls_progress_are_one_statement(database: Database, ring: KeyRing) -> None:
    await write(database, ring, turn(0), 0)
    with counted(database) as statements:
        await write(database, ring, turn(1), 1)
    assert len(statements) == 1


async def test_a_repeat_gets_what_was_stored_first(database: Database, ring: KeyRing) -> None:
    first = await write(database, ring, turn(1, given={"keys": "5"}), 1)
    again = await write(database, ring, turn(1, given={"keys": "9"}), 1)
    assert first.earlier is None
    assert again.earlier == turn(1, given={"keys": "5"})
    async with database.statement() as connection:
        assert await events_of(connection, ring, "CA1") == [turn(1, given={"keys": "5"})]


async def test_what_comes_late_does_not_take_the_call_back(database: Database, ring: KeyRing) -> None:
    await write(database, ring, turn(2), 2, ringing="front_desk", category="urgent")
    await write(database, ring, turn(1), 1, ringing=None, category="refill")
    stored = await row(database)
    assert (stored.node, stored.last_turn, stored.ringing, stored.category) == ("n2", 2, "front_desk", "urgent")
    async with database.statement() as connection:
        assert [e.key for e in await events_of(connection, ring, "CA1")] == ["turn:1", "turn:2"]


async def test_a_turn_that_is_told_after_the_end_takes_no_line(database: Database, ring: KeyRing) -> None:
    await write(database, ring, turn(1), 1)
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE calls SET ended_at = now(), outcome = 'abandoned'"))
    await write(database, ring, turn(2), 2, ringing="front_desk")
    assert ((await row(database)).node, (await row(database)).ringing) == ("n2", None)


async def test_the_number_is_sealed_and_comes_back_with_each_turn(database: Database, ring: KeyRing) -> None:
    await write(database, ring, turn(1), 1, callback="+16175550123")
    later = await write(database, ring, turn(2), 2)
    assert later.callback == "+16175550123"
    stored = str(tuple(await row(database)))
    assert CALLER not in stored
    assert "5550123" not in stored
    assert ring.open(calls.CALLER, (await row(database)).caller_sealed) == CALLER
    assert (await row(database)).caller_index == ring.index(CALLER)


async def test_who_answered_first_stays(database: Database, ring: KeyRing) -> None:
    await write(database, ring, turn(1), 1, answered_by="front_desk", answered_at=START)
    await write(database, ring, turn(2), 2, answered_by="chen", answered_at=START + TimeDelta(seconds=9))
    async with database.transaction() as connection:
        await calls.mark_answered(connection, "CA1", "osei", START + TimeDelta(seconds=20))
        await calls.mark_at_desk(connection, "CA1", "answering_service", START + TimeDelta(seconds=30))
    stored = await row(database)
    assert (stored.answered_by, Instant(stored.answered_at)) == ("front_desk", START)
    assert stored.ringing == "answering_service"


async def test_busy_lines_are_those_of_calls_that_last(database: Database, ring: KeyRing) -> None:
    async with database.statement() as connection:
        assert await calls.busy_lines(connection, "maple") == {}
        for n, desk in enumerate(["front_desk", "front_desk", "billing", None]):
            head = replace(HEAD, sid=f"CA{n}")
            await write_event(connection, ring, Write(head, Progress("day", "en-US", 0, ringing=desk), turn(0)))
        assert await calls.busy_lines(connection, "maple") == {"front_desk": 2, "billing": 1}
        await connection.execute(text("UPDATE calls SET ended_at = now() WHERE sid = 'CA0'"))
        assert await calls.busy_lines(connection, "maple") == {"front_desk": 1, "billing": 1}
        assert await calls.busy_lines(connection, "oak") == {}


def test_notes_are_parted_and_joined_again() -> None:
    notes = [Note(NoteKind.ENTERED, "refill"), Note(NoteKind.NUMBER_GIVEN, private=CALLER), Note(NoteKind.CHOSE, "1")]
    body, private = note_parts(notes)
    assert CALLER not in str(body)
    assert noted([CallEvent("turn:0", START, "turn", {"notes": body}, {"notes": private})]) == notes


# ---- records ----------------------------------------------------------------------------------------------------


async def gathered(found: AsyncIterator[CallRecord]) -> list[CallRecord]:
    return [record async for record in found]


async def test_records_come_with_their_path_in_both_orders_and_for_one_practice(
    database: Database, ring: KeyRing
) -> None:
    async with database.statement() as connection:
        for n in range(5):
            at = START + TimeDelta(minutes=n)
            head = replace(HEAD, sid=f"CA{n}", at=at)
            for number in range(3):
                event_ = replace(turn(number), at=at + TimeDelta(seconds=number))
                await write_event(connection, ring, Write(head, Progress("n2", "en-US", number), event_))
    found = await gathered(records(database))
    assert [record.sid for record in found] == [f"CA{n}" for n in range(5)]
    assert found[0].path == ("n0", "n1", "n2")
    assert found[0].route == 4  # as people count
    newest = await gathered(records(database, Wanted("maple"), newest_first=True, limit=2))
    assert [record.sid for record in newest] == ["CA4", "CA3"]
    assert await gathered(records(database, Wanted("oak"))) == []


# ---- jobs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(database: Database) -> Jobs:
    app = jobs.make_app(database.url)
    app.task(name=jobs.SEND_SMS)(lambda: None)
    return Jobs(app)


async def waiting(database: Database) -> list[tuple[str, int, bool]]:
    async with database.statement() as connection:
        rows = await connection.execute(
            text("SELECT task_name, priority, scheduled_at > now() AS later FROM procrastinate_jobs ORDER BY id")
        )
        return [(r.task_name, r.priority, bool(r.later)) for r in rows]


async def test_a_job_is_there_when_its_transaction_is_and_not_before(database: Database, queue: Jobs) -> None:
    async with database.transaction() as connection:
        await queue.defer(connection, jobs.SEND_SMS, {"page": "p"}, priority=jobs.URGENT)
        await queue.defer(connection, jobs.SEND_SMS, {"page": "p"}, delay=60.0)
        assert await waiting(database) == []
    assert await waiting(database) == [(jobs.SEND_SMS, 10, False), (jobs.SEND_SMS, 0, True)]


async def test_a_rollback_leaves_no_job(database: Database, queue: Jobs) -> None:
    async def fails() -> None:
        async with database.transaction() as connection:
            await queue.defer(connection, jobs.SEND_SMS, {"page": "p"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await waiting(database) == []


async def test_a_locked_job_waits_once_and_the_transaction_goes_on(database: Database, queue: Jobs) -> None:
    async with database.transaction() as connection:
        assert await queue.defer_once(connection, jobs.SEND_SMS, {"page": "p"}, lock="a")
        assert not await queue.defer_once(connection, jobs.SEND_SMS, {"page": "p"}, lock="a")
        assert await queue.defer_once(connection, jobs.SEND_SMS, {"page": "p"}, lock="b")
    assert len(await waiting(database)) == 2
