"""Reading a request's body: bounded, UTF-8, of a kind that the path takes, before anything else sees it."""

from email.message import Message
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message as Event
from starlette.types import Receive

from api.problems import Problem

PLAN: Final = 1 << 20
OTHER: Final = 64 << 10
"""Bytes that a body may have: a plan's, and any other."""
_JSON: Final = ("application/json",)
_DOCUMENT: Final = ("application/yaml", "application/x-yaml", "text/yaml", "application/json")
_TAKES_DOCUMENT: Final = ("/plan/draft", "/plan/verify", "/plan/preview", "/plan/publish")
_NO_CODING: Final = ("", "identity")


def takes_document(path: str) -> bool:
    """Whether a plan is sent to this path."""
    return path.endswith(_TAKES_DOCUMENT)


async def read_body(path: str, headers: Headers, receive: Receive) -> bytes:
    """The whole body, be its length announced or not. Raises Problem: 400, 413, 415."""
    most = PLAN if takes_document(path) else OTHER
    announced = headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
        raise _too_long(most)
    body = await _gather(receive, most)
    if body:
        _check_kind(headers, _DOCUMENT if takes_document(path) else _JSON)
        _check_text(body)
    return body


async def _gather(receive: Receive, most: int) -> bytes:
    chunks, length = [], 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise Problem(400, "The request broke off.")
        chunk = event.get("body", b"")
        length += len(chunk)
        if length > most:
            raise _too_long(most)
        chunks.append(chunk)
        if not event.get("more_body"):
            return b"".join(chunks)


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body again for who comes next, and then what else is received."""
    waiting: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_event() -> Event:
        return waiting.pop() if waiting else await receive()

    return next_event


def _too_long(most: int) -> Problem:
    return Problem(413, f"The body is longer than the {most // 1024} KiB that this path takes.")


def media_type(headers: Headers) -> str:
    """The body's media type, without its parameters."""
    return _content_type(headers).get_content_type()


def _content_type(headers: Headers) -> Message:
    made = Message()
    made["content-type"] = headers.get("content-type", "application/octet-stream")
    return made


def _check_kind(headers: Headers, taken: tuple[str, ...]) -> None:
    if headers.get("content-encoding", "").lower() not in _NO_CODING:
        raise Problem(415, "The body is compressed; send it as it is.", headers={"Accept-Encoding": "identity"})
    charset = str(_content_type(headers).get_content_charset("utf-8"))
    if media_type(headers) not in taken or charset not in {"utf-8", "us-ascii"}:
        raise Problem(415, f"The body's Content-Type must be {' or '.join(taken)}, in UTF-8.")


def _check_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 text (byte {error.start}).") from None
    if b"\0" in body:
        raise Problem(400, f"The body has a NUL (byte {body.index(0)}); take it away.")
