"""Fetching a calendar's feed over HTTP: in bounded time, of bounded size, from outside only.

Neither the address nor what a library says of it is in an error: the address is a secret.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx

from calendars.errors import AddressError, FetchError, TooLargeError
from calendars.guard import GuardedTransport, Network

WITHIN: Final = 10.0
"""Real seconds for all of it, from the look-up of the name to the last byte."""
MOST_BYTES: Final = 2_000_000
"""Of the feed, also once it is unpacked."""
MOST_REDIRECTS: Final = 3
_UNTIL_LATER: Final = "It is tried again by itself; ask whoever keeps the other calendar if it stays so."
_NEW_LINK: Final = "Get its address anew from the other calendar: links are taken back, and mistyped."


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `etag`, `modified`: what the other server calls this state of it, to be sent back; "" for none."""

    content: bytes
    etag: str
    modified: str


class Fetcher:
    """Fetches feeds. `allowed`: networks that may be asked besides public addresses."""

    def __init__(self, allowed: Sequence[Network] = (), *, within: float = WITHIN) -> None:
        self._allowed = tuple(allowed)
        self._within = within

    async def fetch(self, url: str, etag: str = "", modified: str = "") -> Fetched | None:
        """The feed; None where it is still as `etag` and `modified` say. Raises FetchError."""
        try:
            async with asyncio.timeout(self._within), httpx.AsyncClient(
                transport=GuardedTransport(self._allowed), timeout=self._within, trust_env=False
            ) as client:  # fmt: skip
                return await _fetch(client, url, etag, modified)
        except TimeoutError:
            raise self._too_slow() from None
        except httpx.TimeoutException:
            raise self._too_slow() from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise FetchError(f"its server cannot be reached ({type(error).__name__})", _UNTIL_LATER) from None

    def _too_slow(self) -> FetchError:
        return FetchError(f"it was not there within {self._within:g} s", _UNTIL_LATER)


async def _fetch(client: httpx.AsyncClient, url: str, etag: str, modified: str) -> Fetched | None:
    wanted = {"If-None-Match": etag, "If-Modified-Since": modified}
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "gzip", "User-Agent": "Nightbell"}
    request = client.build_request("GET", _plain(url), headers=headers | {k: v for k, v in wanted.items() if v})
    for _ in range(MOST_REDIRECTS + 1):
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            following = response.next_request
            if following is None:
                return await _taken(response, conditional=bool(etag or modified))
        finally:
            await response.aclose()
        if request.url.scheme == "https" and following.url.scheme != "https":
            raise AddressError("it leads on to an address without TLS", _NEW_LINK)
        request = following
    raise AddressError(f"it leads on more than {MOST_REDIRECTS} times", _NEW_LINK)


def _plain(url: str) -> str:
    return f"https://{url.removeprefix('webcal://')}" if url.startswith("webcal://") else url


async def _taken(response: httpx.Response, *, conditional: bool) -> Fetched | None:
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return None
    if status != HTTPStatus.OK:
        gone = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        raise FetchError(f"its server answers {status}", _NEW_LINK if gone else _UNTIL_LATER)
    content = b"".join([part async for part in _parts(response)])
    headers = response.headers
    return Fetched(content, _short(headers.get("etag", "")), _short(headers.get("last-modified", "")))


def _short(header: str) -> str:
    """A header that is to be sent back; one that is out of all proportion is not."""
    return header if len(header) <= 200 and header.isascii() and header.isprintable() else ""  # noqa: PLR2004 - see above


async def _parts(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body, unpacked no further than it may be long. Raises TooLargeError."""
    coding, left = response.headers.get("content-encoding", "identity").strip().lower(), MOST_BYTES
    if coding not in {"identity", "", "gzip", "x-gzip"}:
        raise FetchError("it is packed in a way that was not asked for", _UNTIL_LATER)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding in {"gzip", "x-gzip"} else None
    async for raw in response.aiter_raw():
        try:
            part = unpack.decompress(raw, left + 1) if unpack is not None else raw
        except zlib.error:
            raise FetchError("it is packed, and cannot be unpacked", _UNTIL_LATER) from None
        left -= len(part)
        if left < 0:
            mend = "Let it hold less of the past, or only the calendar of those on call."
            raise TooLargeError(f"it is longer than {MOST_BYTES // 1_000_000} MB", mend)
        yield part
        if unpack is not None and unpack.eof:  # what follows would be kept by the unpacker, and counted by nobody
            break
    if unpack is not None and not unpack.eof:
        raise FetchError("it is packed, and cut off", _UNTIL_LATER)
