"""The emulator as an ASGI application: Twilio's REST API, and the control interface under ``/emulator/``.

Whoever serves it must bind to loopback only: the control interface knows no password.
"""

import asyncio
import base64
import binascii
import hmac
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from telephony.emulator.control import control_routes
from telephony.emulator.exchange import Exchange
from telephony.emulator.rest import recordings
from telephony.emulator.rest.api import VERSION, Asked, Handler
from telephony.emulator.rest.errors import RestError
from telephony.emulator.rest.faults import RestFault
from telephony.emulator.rest.form import Form
from telephony.emulator.rest.routes import ROUTES


def create_app(exchange: Exchange) -> Starlette:
    """The application for one exchange. Bind it to loopback only."""
    routes = [
        Route(f"/{VERSION}/Accounts{path}", _Resource(exchange, handlers), methods=list(handlers))
        for path, handlers in ROUTES
    ]
    missing = Route(f"/{VERSION}/{{rest:path}}", _missing, methods=["GET", "POST", "DELETE", "PUT"])
    return Starlette(routes=[*routes, missing, *control_routes(exchange)])


async def _missing(request: Request) -> Response:
    return _refusal(RestError(404, 20404, request.url.path))


class DroppedAnswer(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Announce a body and send none: the server closes the connection, the client sees it break."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


class _Resource:
    """One resource: authentication, injected faults, and the handler for the method."""

    def __init__(self, exchange: Exchange, handlers: dict[str, Handler]) -> None:
        self._exchange = exchange
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with self._exchange.timeline.working(f"{request.method} {request.url.path}"):
            try:
                response = await self._answer(request)
            except ClientDisconnect:
                return  # the client died before it had asked: nothing was done, and nobody hears an answer
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        fault = self._exchange.rest_faults.next_for(request.method, request.url.path)
        if fault is None:
            return await self._serve(request)
        if fault.after:
            await self._serve(request)
        await asyncio.sleep(fault.delay)
        return _injected(fault)

    async def _serve(self, request: Request) -> Response:
        try:
            if not (self._exchange.recordings_are_public and self._handlers.get("GET") is recordings.media):
                self._authenticate(request)
            return await self._handlers[request.method](await self._asked(request))
        except RestError as error:
            if error.fault:
                self._exchange.note(error.code, f"{request.method} {request.url.path}", error.message)
            return _refusal(error)
        except ClientDisconnect:
            raise
        except Exception as error:  # the emulator's own mistake: the test must see it, not only the client
            self._exchange.timeline.crashed(error)
            raise

    def _authenticate(self, request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user, password = "", ""
        tokens = [token for token in (self._exchange.auth_token, self._exchange.secondary_auth_token) if token]
        known = any(hmac.compare_digest(password.encode(), token.encode()) for token in tokens)
        if scheme.lower() != "basic" or user != self._exchange.account_sid or not known:
            raise RestError(401, 20003)
        if request.path_params["AccountSid"] != self._exchange.account_sid:
            raise RestError(404, 20404, request.url.path)

    async def _asked(self, request: Request) -> Asked:
        query = request.url.query
        pairs = parse_qsl(query, keep_blank_values=True)
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if not kind.startswith("application/x-www-form-urlencoded") and await request.body():
                raise RestError(400, 20001, f"content type {kind!r} is no form")
            pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        path = {name: str(value) for name, value in request.path_params.items()}
        return Asked(self._exchange, request.method, request.url.path, path, Form(pairs), query)


def _refusal(error: RestError) -> Response:
    return JSONResponse(error.as_json(), error.status)


def _injected(fault: RestFault) -> Response:
    if not fault.status:
        return DroppedAnswer()
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    code = fault.code or {401: 20003, 404: 20404, 429: 20429}.get(fault.status, 20500)
    body = {"code": code, "message": fault.message, "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": fault.status}  # fmt: skip
    return JSONResponse(body, fault.status, headers)
