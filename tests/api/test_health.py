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
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from storage.errors import UnavailableError

SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")
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


async def test_monitors_are_answered_while_the_database_is_away(opened) -> None:
    _, http = await opened(NOBODY)
    told = await figures(http)
    assert told["database_up"] == 0
    assert math.isnan(told["pages_waiting"])


async def figures(http: httpx.AsyncClient) -> dict[str, float]:
    """The plain figures of /metrics."""
    lines = [line.split() for line in (await http.get("/metrics")).text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("nightbell_"): float(value) for name, value in lines if "{" not in name}


_PAGE = """
    INSERT INTO pages (id, practice, plan_version, category, call, caller_leg, language, state, due, version, body,
        opened_at)
    VALUES ('p1', 'maple-pediatrics', 1, 'urgent', 'CA1', 'CA1', 'en-US', 'paging', now() - interval '30 s', 1, '{}',
        now())
"""
