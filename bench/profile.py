"""Where a webhook's time goes: the processor's time of the application, by what it is spent on.

Measured by cProfile, which makes much-called small functions look dearer than they are: shares, not seconds. Without
the HTTP server, whose C code it does not see.
"""

import asyncio
import cProfile
import pstats
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from starlette.types import ASGIApp, Message

from bench import traffic
from bench.house import House
from bench.webhooks import menu_of, serving
from nightbell.app import create_app
from nightbell.composition import compose
from nightbell.settings import Settings

CALLS: Final = 1000
AT_ONCE: Final = 16

_AREAS: Final = (
    ("signature", ("telephony/signature", "twilio/request_validator", "hmac", "hashlib", "base64")),
    ("form, query and URLs", ("urllib/parse",)),
    ("routing: decide, hours", ("routing/",)),
    ("ivr: walking the flow", ("ivr/",)),
    ("TwiML", ("telephony/twiml", "twilio/twiml", "xml/")),
    ("sealing and JSON", ("storage/seal", "json/", "cryptography")),
    ("storage: grouping and writing", ("storage/", "sqlalchemy", "psycopg", "greenlet")),
    ("webhooks: our own shell", ("webhooks/",)),
    ("framework", ("starlette", "fastapi", "contextlib", "prometheus_client", "structlog")),
    ("event loop", ("asyncio", "uvloop")),
)


async def profile(house: House) -> str:
    """A table of shares."""
    async with serving(house) as port:
        menu = await menu_of(port)
    settings = Settings.model_validate({name.lower(): value for name, value in house.environment().items()})
    async with compose(settings, url=house.database) as parts:
        app = create_app(parts)
        await _all(app, list(traffic.conversations("f1", CALLS // 10, menu)))
        talks = list(traffic.conversations("f2", CALLS, menu))  # signed beforehand: that is the caller's time
        profiler = cProfile.Profile()
        profiler.enable()
        await _all(app, talks)
        profiler.disable()
    return "\n".join(_shares(pstats.Stats(profiler))) + "\n"


def _shares(stats: pstats.Stats) -> Iterator[str]:
    spent: dict[str, float] = defaultdict(float)
    calls: dict[Any, Any] = stats.stats  # type: ignore[attr-defined] # not in its stubs, yet documented
    for (file, _, name), (_, _, own, _, _) in calls.items():
        if "select" not in name and "poll" not in name:
            spent[_area(file, name)] += own
    total = sum(spent.values())
    for area, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        yield f"{seconds / total:6.1%}  {area}"


def _area(file: str, name: str) -> str:
    place = f"{file} {name}"
    return next((area for area, marks in _AREAS if any(mark in place for mark in marks)), "Python's own")


async def _all(app: ASGIApp, talks: Sequence[Sequence[bytes]]) -> None:
    waiting = iter(talks)

    async def talk() -> None:
        for conversation in waiting:
            for request in conversation:
                await _send(app, request)

    await asyncio.gather(*(talk() for _ in range(AT_ONCE)))


async def _send(app: ASGIApp, request: bytes) -> None:
    """Give the request to the application as the HTTP server would."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    path, _, query = first.split(b" ")[1].partition(b"?")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path.decode(), "raw_path": path, "query_string": query, "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: Message) -> None:
        pass

    await app(scope, receive, send)
