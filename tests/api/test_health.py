"""What monitors and balancers see."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from nightbell.app import create_app
from nightbell.composition import Parts, compose
from nightbell.probe import PROBE_PLAN
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from routing.synthetic import PROBE
from storage.errors import UnavailableError
from tests.calls.night import open_night
from tests.calls.people import SUNDAY_NIGHT

SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")
MAPLE = "maple-pediatrics"
NOBODY = "postgresql://nobody@127.0.0.1:1/none"
Opened = tuple[Parts, httpx.AsyncClient]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Opened]]]:
    """Opens the product on a database."""
    async with AsyncExitStack() as stack:

        async def open_on(url: str) -> Opened:
            settings = Settings(auth_token="made-up-token", data_dir=tmp_path)
            parts = await stack.enter_async_context(compose(settings, url=url))
            transport = httpx.ASGITransport(create_app(parts))
            client = httpx.AsyncClient(transport=transport, base_url="http://monitor")
            return parts, await stack.enter_async_context(client)

        yield open_on


async def publish(parts: Parts) -> None:
    await publish_text(parts, SAMPLE, "a test")
    await parts.plans.refresh()


async def test_a_process_that_lives_says_so_whatever_else_is_down(opened) -> None:
    _, http = await opened(NOBODY)
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_without_plans_no_call_can_be_answered(opened, database_url: str) -> None:
    parts, http = await opened(database_url)
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False, "practices": 0, "database": True, "plans_from_disk": False, "journal_empty": True,
        "worker": None, "twilio": None,
    }  # fmt: skip
    await publish(parts)
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["practices"] == 1


async def test_with_plans_from_disk_calls_are_answered_though_the_database_is_down(opened, database_url: str) -> None:
    parts, _ = await opened(database_url)
    await publish(parts)
    parts, http = await opened(NOBODY)
    parts.site.journal.append({"n": 1})
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["plans_from_disk"] is True
    assert answer.json()["journal_empty"] is False


async def test_a_database_that_failed_a_moment_ago_is_told_and_the_process_stays_in(opened, database_url: str) -> None:
    parts, http = await opened(database_url)
    await publish(parts)

    async def fails() -> None:
        raise UnavailableError("away")

    with pytest.raises(UnavailableError):
        await parts.database.in_time(fails)
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (200, False)


async def test_metrics_are_prometheus_text_without_anything_about_people(opened, database_url: str) -> None:
    parts, http = await opened(database_url)
    await publish(parts)
    assert (await http.post("/twilio/voice", data={"From": "+16175550180"})).status_code == 403
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'nightbell_webhooks_refused_total{path="/twilio/voice"} 1.0' in answer.text
    assert "nightbell_journaled_total 0.0" in answer.text
    assert "5550180" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/twilio", "/twilio/voice/", "/v1"])
async def test_nothing_else_is_open(opened, database_url: str, path: str) -> None:
    _, http = await opened(database_url)
    assert (await http.get(path)).status_code in {404, 405, 307}


async def test_monitors_see_how_late_pages_are_and_whether_a_worker_lives(opened, database_url: str) -> None:
    parts, http = await opened(database_url)
    told = await figures(http)
    assert (told["database_up"], told["pages_waiting"], told["page_late_seconds"]) == (1, 0, 0)
    assert told["worker_silent_seconds"] == math.inf, "which is over any threshold, as NaN would not be"
    await publish(parts)
    async with parts.database.transaction() as connection:
        await connection.execute(text(_PAGE))
        await connection.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '20 s')")
        )
        await connection.execute(
            text("INSERT INTO procrastinate_jobs (task_name, queue_name) VALUES ('nightbell.alert', 'default')")
        )
    told = await figures(http)
    assert (told["pages_waiting"], told["jobs_waiting"]) == (1, 1)
    assert 30 <= told["page_late_seconds"] < 300
    assert 20 <= told["worker_silent_seconds"] < 300


async def test_monitors_see_open_pages_and_what_came_of_attempts_but_nothing_of_the_watchdog(
    opened, database_url: str
) -> None:
    parts, http = await opened(database_url)
    await publish(parts)
    await publish_text(parts, PROBE_PLAN.read_text(), "a test")
    await parts.plans.refresh()
    async with parts.database.transaction() as connection:
        for page, practice, state in (("p1", MAPLE, "accepted"), ("p2", MAPLE, "resolved"), ("p3", PROBE, "paging")):
            await connection.execute(text(_PAGE_OF), {"id": page, "practice": practice, "state": state})
            for attempt, outcome in enumerate(("missed", "accepted"), start=1):
                await connection.execute(text(_ATTEMPT), {"page": page, "attempt": attempt, "state": outcome})
        await connection.execute(text("UPDATE deliveries SET provider = 'second' WHERE page = 'p2' AND attempt = 1"))
    told = (await http.get("/metrics")).text
    assert (await figures(http))["pages_open"] == 1
    assert 'nightbell_deliveries{means="call",outcome="accepted",provider="first"} 2.0' in told
    for provider in ("first", "second"):
        assert f'nightbell_deliveries{{means="call",outcome="missed",provider="{provider}"}} 1.0' in told


async def test_a_server_says_whether_worker_and_twilio_live_and_answers_calls_without_them(
    database_url: str, tmp_path: Path
) -> None:
    async with open_night(SUNDAY_NIGHT, database_url, tmp_path) as night:
        app = create_app(night.parts)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://monitor")

        async def ready() -> tuple[int, bool | None, bool | None]:
            answer = await http.get("/readyz")
            return answer.status_code, answer.json()["worker"], answer.json()["twilio"]

        assert await ready() == (200, None, None)
        vigil, twilio = app.state.vigil, app.state.twilio
        await vigil.look()
        await twilio.look()
        assert await ready() == (200, False, True)
        await night.sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        night.exchange.rest_faults.refuse(503, 20503)
        await vigil.look()
        await twilio.look()
        assert await ready() == (200, True, False)
        assert 'nightbell_twilio_up{provider="first"} 0.0' in (await http.get("/metrics")).text
        night.exchange.rest_faults.refuse(429, 20429)  # it answers, and has enough to do
        await twilio.look()
        assert await ready() == (200, True, False)
        night.exchange.account_status = "suspended"
        await twilio.look()
        assert await ready() == (200, True, False)
        night.exchange.account_status = "active"
        await twilio.look()
        assert await ready() == (200, True, True)
        await night.sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '11 s'")
        await vigil.look()
        assert await ready() == (200, False, True)
        await http.aclose()


async def test_monitors_are_answered_while_the_database_is_away(opened) -> None:
    _, http = await opened(NOBODY)
    told = await figures(http)
    assert told["database_up"] == 0
    assert math.isnan(told["pages_waiting"])


async def figures(http: httpx.AsyncClient) -> dict[str, float]:
    """The plain figures of /metrics."""
    lines = [line.split() for line in (await http.get("/metrics")).text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("nightbell_"): float(value) for name, value in lines if "{" not in name}


_PAGE_OF = """
    INSERT INTO pages
        (id, practice, plan_version, category, call, caller_leg, language, state, version, body, opened_at)
    VALUES (:id, :practice, 1, 'urgent', 'CA1', 'CA1', 'en-US', :state, 1, '{}', now())
"""
_ATTEMPT = """
    INSERT INTO deliveries (page, attempt, means, member, address, state, why, intended_at, changed_at, tries)
    VALUES (:page, :attempt, 'call', 'chen', '', :state, '', now(), now(), 0)
"""
_PAGE = """
    INSERT INTO pages (id, practice, plan_version, category, call, caller_leg, language, state, due, version, body,
        opened_at)
    VALUES ('p1', 'maple-pediatrics', 1, 'urgent', 'CA1', 'CA1', 'en-US', 'paging', now() - interval '30 s', 1, '{}',
        now())
"""
