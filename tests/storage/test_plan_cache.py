"""The plans in memory follow the database, and outlive it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
import structlog
from whenever import Instant, TimeDelta

from escalation.roster import Override
from routing.opening import Closure
from routing.plan import compile_plan, read
from storage import current_plans, plan_cache, plans
from storage.clock import SystemClock
from storage.database import Database, libpq_url
from storage.errors import NumberTakenError, UnavailableError
from storage.plan_cache import PlanCache

NUMBER, OTHER = "+16175550100", "+16175550101"
SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")
OAK = SAMPLE.replace("maple-pediatrics", "oak-street").replace(f'["{NUMBER}"]', f'["{OTHER}"]')
NOW = Instant.now()


async def publish(database: Database, document: str) -> int:
    async with database.transaction() as connection:
        version, _ = await plans.publish(connection, compile_plan(read(document)), document, [], "a test", NOW)
        return version


def named(document: str, name: str) -> str:
    return document.replace("name: Maple Pediatrics\n", f"name: {name}\n")


@pytest.fixture
def cache(database: Database, tmp_path: Path) -> PlanCache:
    return PlanCache(database, SystemClock(), tmp_path / "plans")


@pytest.fixture
async def gone(tmp_path: Path) -> AsyncIterator[PlanCache]:
    """A cache on the same folder whose database is down."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    yield PlanCache(database, SystemClock(), tmp_path / "plans")
    await database.close()


async def test_a_published_plan_is_found_by_its_numbers(cache: PlanCache, database: Database) -> None:
    await publish(database, SAMPLE)
    await publish(database, OAK)
    await cache.refresh()
    assert [cache.by_number(n).practice for n in (NUMBER, OTHER)] == ["maple-pediatrics", "oak-street"]
    assert cache.by_number("+16175550109") is None
    assert len(cache.all()) == 2
    assert cache.current("maple-pediatrics").version == 1


async def test_publishing_the_same_again_changes_nothing(database: Database) -> None:
    assert await publish(database, SAMPLE) == await publish(database, SAMPLE) == 1
    assert await publish(database, named(SAMPLE, "Maple")) == 2
    assert await publish(database, SAMPLE) == 3


async def test_a_call_keeps_its_version_and_gets_what_is_beside_the_plan_now(
    cache: PlanCache, database: Database
) -> None:
    await publish(database, SAMPLE)
    await publish(database, named(SAMPLE, "Maple"))
    await cache.refresh()
    assert (await cache.version("maple-pediatrics", 1)).name == "Maple Pediatrics"
    assert (await cache.version("maple-pediatrics", 2)).name == "Maple"
    assert (await cache.version("maple-pediatrics", 99)).name == "Maple"
    assert await cache.version("elsewhere", 1) is None
    closure = Closure(NOW, NOW + TimeDelta(hours=2), "Dana", "snow")
    override = Override("primary", "patel", NOW, NOW + TimeDelta(hours=2), "Dana", "swap")
    async with database.transaction() as connection:
        await plans.add_closure(connection, "maple-pediatrics", closure)
        await plans.add_override(connection, "maple-pediatrics", override)
    await cache.refresh()
    older = await cache.version("maple-pediatrics", 1)
    assert (older.version, older.closures[0].reason) == (1, "snow")
    assert [o.member for o in older.escalation.roster.overrides] == ["patel"]


async def test_a_version_that_there_is_not_is_asked_for_once(
    cache: PlanCache, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(database, SAMPLE)
    await publish(database, named(SAMPLE, "Maple"))
    await cache.refresh()
    assert (await cache.exact_version("maple-pediatrics", 0)).name == "Maple"
    monkeypatch.delattr(current_plans, "load_version")
    assert (await cache.exact_version("maple-pediatrics", 0)).name == "Maple"


async def test_what_has_not_changed_is_not_read_again(
    cache: PlanCache, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(database, SAMPLE)
    await publish(database, OAK)
    await cache.refresh()
    asked: list[str] = []
    genuine = current_plans.with_documents

    async def with_documents(connection, wanted):
        asked.extend(one.practice for one in wanted)
        return await genuine(connection, wanted)

    monkeypatch.setattr(current_plans, "with_documents", with_documents)
    await publish(database, named(OAK, "Oak"))
    await cache.refresh()
    await cache.refresh()
    assert asked == ["oak-street"]
    assert cache.current("oak-street").name == "Oak"


async def test_a_closure_that_has_ended_is_left_out(cache: PlanCache, database: Database) -> None:
    await publish(database, SAMPLE)
    async with database.transaction() as connection:
        over = Closure(NOW - TimeDelta(hours=2), NOW - TimeDelta(hours=1), "Dana", "snow")
        await plans.add_closure(connection, "maple-pediatrics", over)
    await cache.refresh()
    assert cache.current("maple-pediatrics").closures == ()


async def test_a_number_of_another_practice_is_refused_and_the_old_plan_stays(
    cache: PlanCache, database: Database
) -> None:
    await publish(database, SAMPLE)
    with pytest.raises(NumberTakenError):
        await publish(database, OAK.replace(f'["{OTHER}"]', f'["{OTHER}", "{NUMBER}"]'))
    await cache.refresh()
    assert cache.by_number(NUMBER).practice == "maple-pediatrics"
    assert cache.current("oak-street") is None


async def test_a_number_moves_to_another_practice(cache: PlanCache, database: Database) -> None:
    await publish(database, SAMPLE)
    await publish(database, OAK)
    await cache.refresh()
    await publish(database, SAMPLE.replace(f'["{NUMBER}"]', '["+16175550102"]'))
    await publish(database, OAK.replace(f'["{OTHER}"]', f'["{OTHER}", "{NUMBER}"]'))
    await cache.refresh()
    assert cache.by_number(NUMBER).practice == "oak-street"
    assert cache.by_number("+16175550102").practice == "maple-pediatrics"


async def follow(cache: PlanCache, until: Callable[[], bool], meanwhile: Callable[[], object]) -> None:
    """Run the cache beside something until it holds."""
    changed = asyncio.Event()
    running = asyncio.create_task(cache.run(changed.set))
    try:
        async with asyncio.timeout(10):
            await changed.wait()
            await meanwhile()
            while not until():
                changed.clear()
                await changed.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_notification_brings_the_new_plan(cache: PlanCache, database: Database) -> None:
    await follow(cache, lambda: cache.by_number(NUMBER) is not None, lambda: publish(database, SAMPLE))


async def test_without_a_notification_the_poll_brings_it(
    cache: PlanCache, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_cache, "POLL_EVERY", 0.05)

    async def silently() -> None:
        monkeypatch.setattr(plans, "CHANNEL", "elsewhere")
        await publish(database, SAMPLE)

    await follow(cache, lambda: cache.by_number(NUMBER) is not None, silently)


async def test_a_broken_listener_is_replaced(
    cache: PlanCache, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_cache, "RECONNECT_AFTER", 0.01)

    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(libpq_url(database.url), autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await database.engine.dispose()
        await publish(database, SAMPLE)

    await follow(cache, lambda: cache.by_number(NUMBER) is not None, cut)


async def test_the_copies_on_disk_answer_while_the_database_is_down(
    cache: PlanCache, gone: PlanCache, database: Database, tmp_path: Path
) -> None:
    await publish(database, SAMPLE)
    async with database.transaction() as connection:
        await plans.add_closure(connection, "maple-pediatrics", Closure(NOW, NOW + TimeDelta(hours=2), "Dana", "snow"))
    await cache.refresh()
    assert gone.load_from_disk() == 1
    assert gone.loaded_from_disk
    assert gone.by_number(NUMBER) == cache.by_number(NUMBER)
    assert gone.by_number(NUMBER).closures[0].reason == "snow"
    assert (await gone.version("maple-pediatrics", 7)).version == 1  # today's stands in
    with pytest.raises(UnavailableError):
        await gone.exact_version("maple-pediatrics", 7)  # for a page it does not
    assert json.loads((tmp_path / "plans/maple-pediatrics.json").read_text())["version"] == 1


@pytest.mark.parametrize("broken", [b"", b"{", b'{"practice": "maple-pediatrics"}', b"\xff\xfe", b"[]"])
async def test_a_broken_copy_costs_its_practice_only(
    cache: PlanCache, gone: PlanCache, database: Database, tmp_path: Path, broken: bytes
) -> None:
    await publish(database, SAMPLE)
    await publish(database, OAK)
    await cache.refresh()
    (tmp_path / "plans/maple-pediatrics.json").write_bytes(broken)
    with structlog.testing.capture_logs() as logs:
        assert gone.load_from_disk() == 1
    assert gone.by_number(OTHER) is not None
    assert [log["event"] for log in logs] == ["plan_copy_unreadable"]


async def test_a_document_that_this_version_cannot_read_leaves_the_plan_that_is_there(
    cache: PlanCache, database: Database
) -> None:
    await publish(database, SAMPLE)
    await cache.refresh()
    async with database.transaction() as connection:
        await plans.publish(connection, compile_plan(read(SAMPLE)), "practice: [", [], "a test", NOW)
    await cache.refresh()
    assert cache.by_number(NUMBER).version == 1


async def test_a_disk_that_takes_no_copy_does_not_keep_calls_from_being_answered(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "plans").write_text("a file where the folder belongs")
    cache = PlanCache(database, SystemClock(), tmp_path / "plans")
    await publish(database, SAMPLE)
    await cache.refresh()
    assert cache.by_number(NUMBER) is not None
