"""The two providers of calls and texts, and handing what the first one fails to do to the second.

The second speaks Twilio's protocol, too: another account, the same one in another region, or a compatible carrier. It
carries calls and texts to the staff and to operators. Callers come in at the first, and so do queues and recordings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Final, TypeVar

import httpx
import structlog

from escalation.policy import Means
from nightbell.settings import Settings
from storage.clock import Clock
from storage.deliveries import FIRST, SECOND
from telephony.circuit import Circuit
from telephony.errors import RefusedError, TwilioError, UncertainError
from telephony.gateway import Gateway
from telephony.handing import MOST_TRIES, PATIENCE, again_after, hands_over, is_platform
from telephony.transport import TIMEOUT

_log = structlog.get_logger(__name__)

Result = TypeVar("Result")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Provider:
    """One of the two. `number`: from which it calls and texts; None: from the practice's own."""

    name: str
    gateway: Gateway
    number: str | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the one at which callers come in."""
        return self.name == FIRST

    @property
    def marks(self) -> Mapping[str, str]:
        """What its URLs say, so that its webhooks are known: by the account, two regions of one would not be."""
        return _NOTHING if self.is_first else {"via": self.name}

    def sender(self, own: str) -> str:
        """The number that it calls and texts from, for the practice whose `own` number is this."""
        return self.number or own


Request = Callable[[Provider], Awaitable[Result]]
Turn = Callable[[Provider], Awaitable[None]]


async def _at_once(_provider: Provider) -> None:
    """Texts have no slots."""


class Providers:
    """The first, and the second where one is set. What fails is remembered for a while, for calls and texts apart."""

    def __init__(self, first: Gateway, second: Provider | None, clock: Clock) -> None:
        self.first = Provider(FIRST, first)
        self.second = second
        self._clock = clock
        self._circuits = {means: Circuit() for means in Means}

    def named(self, name: str) -> Provider:
        """The one of this name; the first, where the second is not set any more: it does not know the other's calls."""
        return self.second if name == SECOND and self.second is not None else self.first

    def passes_by(self, means: Means) -> bool:
        """Whether the first has failed a moment ago, so that the second is asked at once."""
        return self.second is not None and not self._circuits[means].lets(self._clock.now())

    def failed(self, means: Means) -> None:
        """The first one did."""
        self._circuits[means].failed(self._clock.now())

    def answered(self, means: Means, provider: Provider, error: TwilioError | None = None) -> None:
        """It took a request, or gave this error. The first is asked again once it works, or the second does not."""
        works = error is None or not is_platform(error)
        if works is provider.is_first:
            self._circuits[means].worked()

    async def asked(self, provider: Provider, request: Awaitable[Result]) -> Result:
        """The answer. Where there is a second, the first is not waited for for long. Raises TwilioError."""
        if self.second is None or not provider.is_first:
            return await request
        try:
            async with asyncio.timeout(PATIENCE):
                return await request
        except TimeoutError:
            raise UncertainError(f"Twilio did not answer within {PATIENCE:g} s") from None

    async def persist(
        self, means: Means, request: Request[Result], most: int = MOST_TRIES, before: Turn | None = None
    ) -> Result:
        """Ask the first in so many tries, and the second likewise where that fails for everybody. Raises TwilioError.

        For what may rather come twice than not at all: nothing is looked for before it is sent again. `before`: what is
        waited for at each of them, once.
        """
        wait = before or _at_once
        if self.second is None or not self.passes_by(means):
            await wait(self.first)
            try:
                result = await self._tried(self.first, request, most)
            except TwilioError as error:
                if self.second is None or not is_platform(error):
                    self.answered(means, self.first, error)
                    raise
                _log.warning("handed_over", means=means.value, error=str(error))
                self.failed(means)
            else:
                self.answered(means, self.first)
                return result
        await wait(self.second)
        try:
            return await self._tried(self.second, request, most)
        except RefusedError as error:
            # Its account may reach fewer numbers than the first one's: nothing is to be learnt of this one by it.
            raise RefusedError(str(error)) from None
        except TwilioError as error:
            self.answered(means, self.second, error)
            raise

    async def _tried(self, provider: Provider, request: Request[Result], most: int) -> Result:
        for tries in count(1):
            try:
                return await self.asked(provider, request(provider))
            except TwilioError as error:
                _log.warning("not_taken", provider=provider.name, error=str(error), tries=tries)
                delay = again_after(error)
                over = self.second is not None and provider.is_first and hands_over(error, tries)
                if delay is None or tries >= most or over:
                    raise
                await asyncio.sleep(delay)
        raise AssertionError("unreachable")


def second_gateway(settings: Settings, timeout: httpx.Timeout = TIMEOUT) -> Gateway | None:
    """The second provider's API; None where none is set."""
    if not settings.has_second:
        return None
    token = settings.second_auth_token.get_secret_value()
    return Gateway(settings.second_account_sid, token, settings.second_api_url, timeout)


def make_providers(first: Gateway, second: Gateway | None, settings: Settings, clock: Clock) -> Providers:
    """As they are set."""
    other = Provider(SECOND, second, settings.second_number) if second is not None else None
    return Providers(first, other, clock)
