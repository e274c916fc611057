"""The product as an ASGI app on a real database, and somebody who signs as Twilio does."""

from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from sqlalchemy import text

from nightbell.app import create_app
from nightbell.composition import Parts, compose
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from telephony.signature import HEADER, sign

ACCOUNT = "AC" + "5" * 32
TOKEN, SECONDARY = "made-up-token", "the-next-token"
ORIGIN = "https://calls.example.org"
PRACTICE, CALLER = "+16175550100", "+16175550180"
SAMPLE = files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
async def open_parts(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """One product for all tests of the door: opening it takes longer than any of them."""
    head, _, query = postgresql.partition("?")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE DATABASE webhooks TEMPLATE template_nightbell")
    folder: Path = tmp_path_factory.mktemp("webhooks")
    settings = Settings(
        account_sid=ACCOUNT, auth_token=TOKEN, auth_token_secondary=SECONDARY, public_url=ORIGIN, data_dir=folder,
        api_url="http://127.0.0.1:1", clock="2026-11-22T02:10:00-05:00",
    )  # fmt: skip
    async with compose(settings, url=f"{head.rsplit('/', 1)[0]}/webhooks?{query}") as parts:
        await publish_text(parts, SAMPLE, "a test")
        await parts.plans.refresh()
        yield parts


@pytest.fixture
async def parts(open_parts: Parts) -> Parts:
    """The product as on its first day: no calls, and nothing counted."""
    async with open_parts.database.transaction() as connection:
        await connection.execute(text("TRUNCATE calls, pages, alerts CASCADE"))
    for counter in (open_parts.site.metrics.webhooks, open_parts.site.metrics.refused):
        counter.clear()
    return open_parts


class Twilio:
    """Posts forms to the product; each signed as asked."""

    def __init__(self, parts: Parts, http: httpx.AsyncClient) -> None:
        self.parts = parts
        self.http = http

    def form(self, **fields: str) -> list[tuple[str, str]]:
        given = {"CallSid": "CA1", "AccountSid": ACCOUNT, "From": CALLER, "To": PRACTICE, "CallStatus": "ringing"}
        return list((given | {name.replace("_", ""): value for name, value in fields.items()}).items())

    async def post(
        self,
        path: str = "/twilio/voice",
        form: list[tuple[str, str]] | None = None,
        *,
        token: str = TOKEN,
        signed: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """`signed`: the form that the signature is for, when that is another one."""
        form = self.form() if form is None else form
        signature = sign(f"{ORIGIN}{path}", form if signed is None else signed, token)
        head = {HEADER: signature, "Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        return await self.http.post(path, content=urlencode(form), headers=head)

    async def stored(self) -> int:
        async with self.parts.database.statement() as connection:
            return int(await connection.scalar(text("SELECT count(*) FROM calls")) or 0)

    async def counted(self, name: str, path: str = "/twilio/voice") -> float:
        value = self.parts.site.metrics.registry.get_sample_value(f"nightbell_{name}_total", {"path": path})
        return value or 0.0


@pytest.fixture
async def twilio(parts: Parts) -> AsyncIterator[Twilio]:
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Twilio(parts, http)
