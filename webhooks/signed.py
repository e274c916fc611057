"""The door: only what Twilio signed comes in, and whoever comes in on a call's leg gets words back.

A voice webhook that fails inside is answered with spoken TwiML that keeps the caller on the way to a person.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from storage.errors import NotFoundError, PracticeNotKnownError
from telephony.signature import HEADER, signed_url, verify
from webhooks.form import read_form
from webhooks.site import ANSWER_BOUND, Site

MOST_BYTES: Final = 64 * 1024
"""A form of Twilio's is some 2 kB; a message's text is at most 1600 characters."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One genuine request of Twilio's. Of a repeated field the first value counts."""

    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def call(self) -> str:
        """The CallSid; "" when there is none."""
        return self.form.get("CallSid", "")


Handler = Callable[[Site, Webhook], Awaitable[str]]
"""Answers with TwiML, or with nothing."""
Rescue = Callable[[Site, Webhook, str], str]
"""The spoken answer when a handler failed; the text says why, for the log and the metrics."""
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(handler: Handler, rescue: Rescue | None = None) -> Endpoint:
    """The handler behind the signature check; with `rescue`, an error becomes words, else HTTP 500.

    Twilio retries what fails, and the handlers are made for repeats, so that a failed callback is not lost. One about
    a page that is not known any more, or never was, is not asked for again: it would be as unknown then.
    """

    async def answer(request: Request) -> Response:
        began = time.perf_counter()
        site: Site = request.app.state.site
        try:
            webhook = await _admit(site, request)
        except ClientDisconnect:
            return Response(status_code=204)  # gone before it had asked: nobody hears an answer
        if webhook is None:
            return PlainTextResponse("the request is not signed by Twilio", 403)
        site.metrics.webhooks.labels(webhook.path).inc()
        with structlog.contextvars.bound_contextvars(call=webhook.call or None, page=webhook.query.get("page") or None):
            response = await _answer(site, webhook, handler, rescue)
        site.metrics.seconds.labels(webhook.path).observe(time.perf_counter() - began)
        return response

    return answer


async def _answer(site: Site, webhook: Webhook, handler: Handler, rescue: Rescue | None) -> Response:
    try:
        async with asyncio.timeout(ANSWER_BOUND):
            return _response(await handler(site, webhook))
    except Exception as error:  # noqa: BLE001 - a caller is on the line: whatever went wrong, they hear words
        why = type(error).__name__
        _log.error("webhook_failed", path=webhook.path, error=why, where=where(error))
        if rescue is None and isinstance(error, NotFoundError) and not isinstance(error, PracticeNotKnownError):
            return _response("")
        site.metrics.fallbacks.labels(why).inc()
        if rescue is None:
            return PlainTextResponse("failed; send it again", 500)
        return _rescued(site, webhook, rescue, why)


LAST_WORDS: Final = (
    "<Response><Say>We are sorry, this line is not working now. If this is an emergency, hang up and dial 9 1 1. "
    "Otherwise, please call again in a minute.</Say></Response>"
)
"""When even the rescue fails: a constant."""


def _rescued(site: Site, webhook: Webhook, rescue: Rescue, why: str) -> Response:
    try:
        return _response(rescue(site, webhook, why))
    except Exception as error:  # noqa: BLE001 - as above, and there is nothing behind this
        _log.error("rescue_failed", path=webhook.path, error=type(error).__name__, where=where(error))
        return _response(LAST_WORDS)


def where(error: BaseException) -> str:
    """Where it happened, innermost first: places in the code, never a value or an error's text, which may quote one."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))


def _response(twiml: str) -> Response:
    if not twiml:
        return Response(status_code=204)
    return Response(twiml, media_type="text/xml")


async def _admit(site: Site, request: Request) -> Webhook | None:
    """The webhook, when Twilio signed it for this server's public URL and for one of its accounts."""
    body = await _body(request)
    path = request.scope["path"]
    genuine = False
    form: list[tuple[str, str]] = []
    if body is not None:
        if not request.headers.get("content-type", "").startswith("application/json"):
            form = read_form(body.decode("utf-8", errors="replace"))
        url = signed_url(site.urls.origin, request.scope["raw_path"], request.scope["query_string"])
        genuine = verify(url, form, request.headers.get(HEADER), site.tokens, body=body)
    fields = _first_of_each(form)
    if not genuine or not site.accounts.issuperset({fields["AccountSid"]} if "AccountSid" in fields else ()):
        site.metrics.refused.labels(path).inc()
        _log.warning("webhook_refused", path=path)
        return None
    return Webhook(path, _query(request.scope["query_string"]), fields)


@lru_cache(maxsize=4096)
def _query(raw: bytes) -> Mapping[str, str]:
    """The parameters; read once for all calls that come to the same place. Only what was signed comes here."""
    return MappingProxyType(_first_of_each(parse_qsl(raw.decode("latin-1"), keep_blank_values=True)))


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is larger than anything that Twilio sends."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return body


def _first_of_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value.replace("\0", ""))  # no text of PostgreSQL's holds it
    return fields
