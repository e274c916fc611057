"""A product whose TwiML the test sets, an exchange, and both on real loopback sockets."""

import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from whenever import Instant

from telephony.emulator import Exchange, Policy, VirtualTimeline, create_app, serving
from telephony.trust import certificates

TOKEN = "made-up-token"
PRACTICE = "+16175550100"
CALLER = "+16175550180"
CHEN = "+16175550121"
OKAFOR = "+16175550122"
START = Instant.from_utc(2026, 1, 5, 3)


@dataclass
class Received:
    """One webhook as the product got it."""

    path: str
    method: str
    params: dict[str, str]
    headers: dict[str, str]
    pairs: list[tuple[str, str]]

    def __getitem__(self, name: str) -> str:
        return self.params[name]


@dataclass
class Product:
    """Answers each path with what the test set; checks every signature with twilio's own validator."""

    origin: str = ""
    pages: dict[str, list[Any]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def on(self, path: str, *answers: object) -> None:
        """Set the answers of a path: one after another, the last one from then on. Bare TwiML verbs are wrapped."""
        self.pages[path] = list(answers)

    def at(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    async def answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        pairs = parse_qsl(body if request.method == "POST" else request.url.query, keep_blank_values=True)
        raw_query = request.scope["query_string"].decode()
        url = self.origin + request.url.path + (f"?{raw_query}" if raw_query else "")
        signature = RequestValidator(TOKEN).compute_signature(url, dict(pairs) if request.method == "POST" else {})
        assert request.headers["x-twilio-signature"] == signature, f"bad signature for {url}"
        got = Received(request.url.path, request.method, dict(pairs), dict(request.headers), pairs)
        self.received.append(got)
        answers = self.pages.get(request.url.path)
        if not answers:
            return Response(status_code=204 if "status" in request.url.path else 404)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer) and not isinstance(answer, Response):
            answer = answer(got)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer if isinstance(answer, Response) else twiml(str(answer))


def twiml(verbs: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'
    return Response(text, media_type="application/xml")


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    product = Product()
    app = Starlette(routes=[Route("/{path:path}", product.answer, methods=["GET", "POST"])])
    async with serving(app) as origin:
        product.origin = origin
        yield product


@pytest.fixture
async def exchange(product: Product) -> AsyncIterator[Exchange]:
    timeline = VirtualTimeline(START, stuck_after=20)
    policy = Policy(connect=1, read=1)
    async with Exchange(timeline, auth_token=TOKEN, webhook_policy=policy, calls_per_second=0) as exchange:
        async with serving(create_app(exchange)) as api_url:
            exchange.api_url = api_url
            exchange.own_number(
                PRACTICE,
                voice_url=f"{product.origin}/voice",
                fallback_url=f"{product.origin}/fallback",
                status_url=f"{product.origin}/status",
                sms_url=f"{product.origin}/sms",
            )
            yield exchange
        timeline.raise_crashes()


class Redirected(TwilioHttpClient):
    """Twilio's own HTTP client, sent to the emulator: the Python client has no setting for its address."""

    def __init__(self, api_url: str) -> None:
        super().__init__(timeout=10)
        self._api_url = api_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> TwilioResponse:  # type: ignore[override]
        return super().request(method, url.replace("https://api.twilio.com", self._api_url), *args, **kwargs)


@pytest.fixture
def client(exchange: Exchange) -> Iterator[Client]:
    http_client = Redirected(exchange.api_url)
    yield Client(exchange.account_sid, exchange.auth_token, http_client=http_client)
    assert http_client.session is not None
    http_client.session.close()


@pytest.fixture
async def raw(exchange: Exchange) -> AsyncIterator[httpx.AsyncClient]:
    """The REST API without Twilio's client."""
    base = f"{exchange.api_url}/2010-04-01/Accounts/{exchange.account_sid}"
    auth = (exchange.account_sid, exchange.auth_token)
    async with httpx.AsyncClient(base_url=base, auth=auth, verify=certificates(), trust_env=False) as raw:
        yield raw
