"""Twilio's HTTP client: signed requests, timeouts, retries and redirects, as the URL's fragment asks.

Source: "Webhooks: Connection Overrides" in Twilio's documentation and TWILIO.md, "Webhooks". Timeouts are real seconds.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, parse_qsl, urldefrag, urlencode, urljoin, urlsplit, urlunsplit
from uuid import uuid4

import httpx

from telephony.signature import HEADER, sign
from telephony.trust import certificates

Params = Sequence[tuple[str, str]]
MAX_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}


class WebhookError(Exception):
    """The product did not give a usable answer; ``code`` is Twilio's error code (11200 and its kin)."""

    def __init__(self, code: int, message: str, url: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.url = url


@dataclass(frozen=True, slots=True)
class Policy:
    """How long to wait (``total``: with all retries) and when to try again, in seconds.

    ``retry_on`` are Twilio's words ct, rt, 4xx, 5xx, all.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    def overridden(self, fragment: str) -> "Policy":
        """This policy with the overrides of a URL's fragment, e.g. ``ct=3000&rt=5000&rc=2&rp=all``."""
        given = {name: values[-1] for name, values in parse_qs(fragment).items()}
        policy = self
        if "ct" in given:
            policy = replace(policy, connect=_milliseconds(given["ct"], 10_000))
        if "rt" in given:
            policy = replace(policy, read=_milliseconds(given["rt"], 15_000))
        if "tt" in given:
            policy = replace(policy, total=_milliseconds(given["tt"], 15_000))
        if "rc" in given:
            policy = replace(policy, retries=min(5, max(0, int(given["rc"]))))
        if "rp" in given:
            policy = replace(policy, retry_on=frozenset(given["rp"].split(",")))
        return policy

    def retries_after(self, kind: str) -> bool:
        """Tell whether a failure of this kind is tried again."""
        return kind in self.retry_on or "all" in self.retry_on


def _milliseconds(text: str, most: int) -> float:
    return min(most, max(100, int(text))) / 1000


@dataclass(frozen=True, slots=True)
class Request:
    """One webhook to send. ``purpose`` is for people: ``voice``, ``status``, ``conference``..."""

    url: str
    method: str
    params: tuple[tuple[str, str], ...]
    purpose: str = "voice"
    base_params: tuple[tuple[str, str], ...] | None = None
    """What is sent on when the answer is a redirect: without the digits and whatever else was new."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and from which URL in the end."""

    url: str
    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was sent, for tests to look at. ``status`` is None when no answer came."""

    url: str
    method: str
    params: tuple[tuple[str, str], ...]
    purpose: str
    status: int | None

    def __getitem__(self, name: str) -> str:
        """The first value of a parameter; KeyError when it was not sent."""
        return dict(reversed(self.params))[name]


@dataclass
class Webhooks:
    """Sends webhooks for one account."""

    token: Callable[[], str]
    policy: Policy = field(default_factory=Policy)
    repeat: Callable[[Request], int] = lambda _request: 0
    deliveries: list[Delivery] = field(default_factory=list)
    _client: httpx.AsyncClient | None = None

    async def send(self, request: Request, cookies: httpx.Cookies) -> Reply:
        """Send and return the answer, of status 2xx. Raises WebhookError."""
        plain, fragment = urldefrag(request.url)
        policy = self.policy.overridden(fragment)
        token = str(uuid4())
        for _ in range(self.repeat(request)):
            await self._attempt(request, plain, policy, cookies, token)
        try:
            async with asyncio.timeout(policy.total):
                return await self._persist(request, plain, policy, cookies, token)
        except TimeoutError:
            raise WebhookError(11200, f"no answer within {policy.total} s in all from {plain}", plain) from None

    async def _persist(self, request: Request, plain: str, policy: Policy, cookies: httpx.Cookies, token: str) -> Reply:
        for retry in range(policy.retries + 1):
            reply, kind, error = await self._attempt(request, plain, policy, cookies, token)
            if reply is not None:
                return reply
            if retry == policy.retries or not policy.retries_after(kind):
                raise error or WebhookError(11200, "no answer", plain)
        raise AssertionError("unreachable")

    async def _attempt(
        self, request: Request, plain: str, policy: Policy, cookies: httpx.Cookies, token: str
    ) -> tuple[Reply | None, str, WebhookError | None]:
        """One try, redirects followed: the reply, or the kind of failure and its error."""
        url, method, params = plain, request.method, request.params
        for _ in range(MAX_REDIRECTS + 1):
            try:
                response = await self._exchange(method, url, params, policy, cookies, token)
            except (httpx.HTTPError, httpx.InvalidURL) as failure:
                self._note(request, url, method, params, None)
                kind = "rt" if isinstance(failure, httpx.ReadTimeout | httpx.WriteTimeout) else "ct"
                return None, kind, WebhookError(11200, f"{type(failure).__name__} from {url}", url)
            self._note(request, url, method, params, response.status_code)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return self._judge(url, response)
            url, method = urljoin(url, response.headers["location"]), "GET"
            params = request.params if request.base_params is None else request.base_params
        return None, "", WebhookError(11215, f"more than {MAX_REDIRECTS} redirects", url)

    async def _exchange(
        self, method: str, url: str, params: Params, policy: Policy, cookies: httpx.Cookies, token: str
    ) -> httpx.Response:
        client = self._connect()
        full = with_query(url, params) if method == "GET" else url
        form = () if method == "GET" else params
        headers = {
            HEADER: sign(full, form, self.token()),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        content = None
        if method != "GET":
            content = urlencode(list(params)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        timeout = httpx.Timeout(policy.read, connect=policy.connect)
        outgoing = client.build_request(method, full, headers=headers, content=content, timeout=timeout)
        cookies.set_cookie_header(outgoing)
        response = await client.send(outgoing)
        client.cookies.clear()  # cookies belong to a call, not to the account
        cookies.extract_cookies(response)
        return response

    @staticmethod
    def _judge(url: str, response: httpx.Response) -> tuple[Reply | None, str, WebhookError | None]:
        if response.is_success:
            return (
                Reply(url, response.status_code, response.headers.get("content-type", ""), response.content),
                "",
                None,
            )
        kind = f"{response.status_code // 100}xx"
        return None, kind, WebhookError(11200, f"status {response.status_code} from {url}", url)

    def _note(self, request: Request, url: str, method: str, params: Params, status: int | None) -> None:
        self.deliveries.append(Delivery(url, method, tuple(params), request.purpose, status))

    async def plain_get(self, url: str) -> httpx.Response:
        """Fetch something that is no document (a sound), signed like every request of Twilio's."""
        client = self._connect()
        timeout = httpx.Timeout(self.policy.read, connect=self.policy.connect)
        response = await client.get(url, headers={HEADER: sign(url, (), self.token())}, timeout=timeout)
        client.cookies.clear()
        return response

    def _connect(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(verify=certificates(), trust_env=False, follow_redirects=False)
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def with_query(url: str, params: Params) -> str:
    """The URL with the parameters added to its query, as Twilio does for GET."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([*query, *params]))) if params else url
