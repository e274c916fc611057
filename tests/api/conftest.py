"""The API over HTTP, as the server mounts it, on a real database; and keys of every kind."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text
from whenever import Instant, OffsetDateTime

from nightbell.app import create_app
from nightbell.composition import Parts, compose
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from routing.decide import Incoming, Load
from routing.explain import Call, explain
from storage import api_keys
from storage.api_keys import ApiKey

SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")
OAK = SAMPLE.replace("maple-pediatrics", "oak-street").replace("+16175550100", "+16175550101")
ACCOUNT, TOKEN, ORIGIN = "AC" + "5" * 32, "made-up-token", "https://calls.example.org"
NIGHT = OffsetDateTime.parse_iso("2026-11-22T02:10:00-05:00").to_instant()
YAML = {"Content-Type": "application/yaml"}
MAPLE = "/v1/practices/maple-pediatrics"


class StandingClock:
    """The time is what the test says."""

    def __init__(self) -> None:
        self.at = NIGHT

    def now(self) -> Instant:
        return self.at

    def real_delay(self, _until: Instant) -> float:
        return 3600.0


@dataclass(frozen=True)
class Keys:
    every: str
    maple: str
    reader: str
    oak: str


class Operator:
    """Somebody with a key, who sends requests; every answer is one that the API may give."""

    def __init__(self, parts: Parts, http: httpx.AsyncClient, keys: Keys, clock: StandingClock) -> None:
        self.parts, self.http, self.keys, self.clock = parts, http, keys, clock

    async def asks(
        self, method: str, path: str, json: Any = None, *, key: str | None = "maple", **more: Any
    ) -> httpx.Response:
        token = getattr(self.keys, key) if key in {"every", "maple", "reader", "oak"} else key
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        url = path if path.startswith("/v1") else MAPLE + path
        if json is not None:
            more["json"] = json
        answer = await self.http.request(method, url, headers=headers, **more)
        if answer.status_code >= 400:
            told = answer.json()
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert told["status"] == answer.status_code
            assert told["request_id"] == answer.headers["X-Request-Id"]
            assert all(fault["detail"] and fault["mend"] for fault in told["errors"])
        return answer

    async def refused(self, status: int, method: str, path: str, json: Any = None, **more: Any) -> dict[str, Any]:
        answer = await self.asks(method, path, json, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.parts.database.transaction() as connection:
            found = await connection.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []

    def hears(self, at: str, *keys: str) -> str:
        """What a caller would hear then, by the plan that answers calls in this process."""
        plan = self.parts.plans.by_number("+16175550100")
        call = Call(Incoming("+16175550100", "+16175550180"), keys)
        return "\n".join(explain(plan, call, Load(), OffsetDateTime.parse_iso(at).to_instant()).lines)


@pytest.fixture(scope="session")
async def open_parts(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    head, _, query = postgresql.partition("?")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE DATABASE api TEMPLATE template_nightbell")
    folder: Path = tmp_path_factory.mktemp("api")
    settings = Settings(
        account_sid=ACCOUNT, auth_token=TOKEN, public_url=ORIGIN, data_dir=folder, api_url="http://127.0.0.1:1"
    )
    url = f"{head.rsplit('/', 1)[0]}/api?{query}"
    async with compose(settings, clock=StandingClock(), url=url) as parts:
        yield parts


_ALL_TABLES = "TRUNCATE practices, audit, alerts, plan_drafts, recordings CASCADE"


@pytest.fixture
async def operator(open_parts: Parts) -> AsyncIterator[Operator]:
    """Two practices, Maple Pediatrics and Oak Street, and no past; it is 02:10 on a Sunday."""
    parts = open_parts
    parts.clock.at = NIGHT
    async with parts.database.transaction() as connection:
        await connection.execute(text(_ALL_TABLES))
        await connection.execute(text("ALTER SEQUENCE closures_id_seq RESTART"))
        await connection.execute(text("ALTER SEQUENCE overrides_id_seq RESTART"))
    parts.plans._contents = type(parts.plans._contents)()
    for document in (SAMPLE, OAK):
        await publish_text(parts, document, "a test")
    await parts.plans.refresh()
    keys = Keys(
        await make_key(parts, None),
        await make_key(parts, "maple-pediatrics", name="front desk"),
        await make_key(parts, "maple-pediatrics", read_only=True),
        await make_key(parts, "oak-street"),
    )
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Operator(parts, http, keys, parts.clock)


async def make_key(
    parts: Parts, practice: str | None, *, name: str = "a test", read_only: bool = False, expires: Instant | None = None
) -> str:
    wanted = ApiKey("", name, practice, read_only, parts.clock.now(), expires)
    async with parts.database.transaction() as connection:
        return await api_keys.create(connection, wanted, "a test")
