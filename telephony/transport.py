"""Twilio's REST client over httpx: asynchronous, and with a base URL of our choice.

The Python client has no setting for its base URL, but takes an HTTP client of ours (TWILIO.md, REST).
"""

import logging
from typing import Final
from urllib.parse import urlsplit

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from telephony.errors import UncertainError, UnreachedError, classify
from telephony.trust import certificates

TWILIO_API: Final = "https://api.twilio.com"
TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)


class HttpxTransport(AsyncHttpClient):
    """Sends the client's requests to `base_url` in place of Twilio's own host.

    Raises the errors of `telephony.errors`, for every answer of 400 and above too: the client's own exceptions have
    lost the headers (Retry-After), and those of its lists the status.
    """

    def __init__(self, base_url: str, timeout: httpx.Timeout = TIMEOUT) -> None:
        # The client's own request log writes forms, and so numbers and texts; it is given a logger that keeps none.
        quiet = logging.getLogger("nightbell.twilio")
        quiet.setLevel(logging.CRITICAL)
        super().__init__(quiet, is_async=True)
        self.date: str | None = None
        """The Date of the last answer, as HTTP writes it: what time it is at Twilio."""
        self._base = base_url.rstrip("/")
        self._http = httpx.AsyncClient(verify=certificates(), timeout=timeout, follow_redirects=False)

    async def request(  # type: ignore[override] # the SDK's own asynchronous client overrides it so, too
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the client's interface
        allow_redirects: bool = False,  # noqa: ARG002 - part of the client's interface; Twilio does not redirect
    ) -> Response:
        """Send one request, once."""
        split = urlsplit(uri)
        target = f"{self._base}{split.path}" + (f"?{split.query}" if split.query else "")
        try:
            answer = await self._http.request(
                method,
                target,
                params=httpx.QueryParams(_plain(params)) if params else None,
                data=_plain(data) if data else None,
                headers=headers,
                auth=auth,
                timeout=timeout or httpx.USE_CLIENT_DEFAULT,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachedError(f"Twilio did not answer: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UncertainError(f"Twilio did not answer: {type(error).__name__}") from None
        self.date = answer.headers.get("Date")
        body = _object(answer)
        if answer.status_code >= 400:  # noqa: PLR2004 - HTTP's errors
            code = body.get("code") if body else 0
            raise classify(answer.status_code, code if isinstance(code, int) else 0, answer.headers.get("Retry-After"))
        if body is None and answer.status_code != 204:  # noqa: PLR2004 - no content
            raise UncertainError(f"Twilio's answer was not understood: HTTP {answer.status_code} without an object")
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()


def _object(answer: httpx.Response) -> dict[str, object] | None:
    """The body, which is a JSON object in all that Twilio answers; None for anything else, such as a proxy's page."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _plain(form: dict[str, object]) -> dict[str, str | list[str]]:
    return {
        name: [str(item) for item in value] if isinstance(value, list) else _text(value)
        for name, value in form.items()
        if value is not None
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
