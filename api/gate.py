"""The gate before every path of the API: nothing behind it is reached without a key.

It stands around the API alone, so that no webhook passes it, and lets a few requests at once work, so that however
many come, calls find the processor and the database free.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import read_body, replayed
from api.desk import Desk
from api.problems import Problem, problem_of
from storage import api_keys
from storage.api_keys import ApiKey
from storage.errors import UnavailableError

AT_ONCE: Final = 4
"""Requests that work at the same time in this process; the others wait."""
WITHIN: Final = 10.0
"""Real seconds in which there is an answer, also while a database hangs, which says nothing by itself."""
SENT_WITHIN: Final = 30.0
"""Real seconds that a client has to send the body."""
_log = structlog.get_logger(__name__)
REQUEST_ID: Final = "X-Request-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OFFERED: Final = frozenset({"*/*", "application/*", "application/json", "application/problem+json"})
_TEXTS: Final = frozenset({"text/*", "text/yaml", "application/yaml", "application/x-yaml"})


Result = TypeVar("Result")


class Gate:
    """ASGI middleware: the request's id, its key, its body, and every error translated."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _SANE_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._pass(scope, headers, receive, answer)
            except Exception as error:
                if answer.has_begun:
                    raise
                response = problem_of(error).response(scope["path"], request_id)
                await response(scope, receive, answer)
            _log_answer(scope, answer.status)

    async def _pass(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        scope["state"]["key"] = await self._in_time(lambda: self._key(headers))
        _check_accepted(headers)
        body = await _received(scope["path"], headers, receive)
        answer: list[Message] = []
        await self._in_time(lambda: self._answered(scope, replayed(body, receive), answer))
        for message in answer:  # the slot is free again: a client may be slow to take it
            await send(message)

    async def _answered(self, scope: Scope, receive: Receive, answer: list[Message]) -> None:
        async def take(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, take)

    async def _in_time(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Do the work in a slot. Raises UnavailableError when it takes too long.

        Work that is too late keeps its slot and goes on: cancelling may hang on the very database that hangs.
        """
        try:
            async with asyncio.timeout(WITHIN) as bound:
                await self._slots.acquire()
        except TimeoutError:
            raise UnavailableError("all slots are taken") from None
        task = asyncio.create_task(work())
        self._under_way.add(task)
        task.add_done_callback(self._over)
        left = (bound.when() or 0.0) - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({task}, timeout=max(left, 0.0))
        if not done:
            raise UnavailableError(f"no answer in {WITHIN:g} s")
        return task.result()

    def _over(self, task: "asyncio.Task[Any]") -> None:
        self._under_way.discard(task)
        self._slots.release()
        if not task.cancelled():
            task.exception()  # looked at, or asyncio reports it as never retrieved

    async def _key(self, headers: Headers) -> ApiKey:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unknown("Send a key as `Authorization: Bearer nbk_...`; `nightbell key create` makes one.")
        async with self._desk.database.statement() as connection:
            key = await api_keys.find(connection, token.strip(), self._desk.clock.now())
        if key is None:
            raise _unknown("This key is not known, or was revoked, or has expired; `nightbell key list` shows which.")
        return key


async def _received(path: str, headers: Headers, receive: Receive) -> bytes:
    try:
        async with asyncio.timeout(SENT_WITHIN):
            return await read_body(path, headers, receive)
    except TimeoutError:
        raise Problem(
            408, f"The body was not there within {SENT_WITHIN:g} s.", headers={"Connection": "close"}
        ) from None


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="nightbell"'})


def _check_accepted(headers: Headers) -> None:
    """Raise Problem 406 for who takes neither JSON nor, which is what plans are read as, YAML."""
    wanted = headers.get("accept", "*/*").lower()
    ranges = {part.partition(";")[0].strip() for part in wanted.split(",")}
    if ranges.isdisjoint(_OFFERED | _TEXTS):
        raise Problem(406, "The answer is application/json (a plan's text also application/yaml); accept that.")


def _log_answer(scope: Scope, status: int) -> None:
    """Log who did what. The path is the route's, with no value in it: what people put there may be anything."""
    key, route = scope["state"].get("key"), scope.get("route")
    _log.info(
        "api_answered",
        method=scope["method"],
        path=getattr(route, "path", None),
        practice=scope.get("path_params", {}).get("practice") if status < 400 else None,  # noqa: PLR2004 - known then
        status=status,
        key=key.id if key is not None else None,
    )


class _Answer:
    """Sends on, with the headers that every answer has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.has_begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self._request_id
            headers["Cache-Control"] = "no-store"
            headers["X-Content-Type-Options"] = "nosniff"
        await self._send(message)
