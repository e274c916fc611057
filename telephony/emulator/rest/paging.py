"""Lists in pages, as the twilio client walks them."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, Response

from telephony.emulator.rest.api import Asked, Json

T = TypeVar("T")


def page(asked: Asked, key: str, items: Sequence[T], render: Callable[[T], Json]) -> Response:
    """One page of ``items`` under ``key``; PageSize 50 by default, at most 1000."""
    size = asked.form.whole("PageSize", 50, 1, 1000)
    number = asked.form.whole("Page", 0, 0, 1_000_000)
    start = number * size
    shown = items[start : start + size]
    more = start + size < len(items)
    return JSONResponse(
        {
            key: [render(each) for each in shown],
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + len(shown) - 1 if shown else start,
            "uri": asked.url_path + (f"?{asked.query}" if asked.query else ""),
            "first_page_uri": _uri(asked, 0, size),
            "previous_page_uri": _uri(asked, number - 1, size) if number else None,
            "next_page_uri": _uri(asked, number + 1, size) if more else None,
        }
    )


def _uri(asked: Asked, number: int, size: int) -> str:
    rest = [(name, value) for name, value in parse_qsl(asked.query) if name not in {"Page", "PageSize", "PageToken"}]
    return f"{asked.url_path}?{urlencode([*rest, ('PageSize', str(size)), ('Page', str(number))])}"
