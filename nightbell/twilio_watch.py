"""Whether Twilio's REST API answers: looked at in the background, so that nobody who asks waits for it."""

from typing import Final

from nightbell.composition import Parts
from nightbell.providers import Provider
from storage.outage import Outage
from telephony.errors import BusyError, TwilioError

LOOK_EVERY: Final = 60.0
"""Real seconds between two looks."""


class TwilioWatch:
    """One server's last look. `answers`: whether the first provider did; None before the first look."""

    def __init__(self, parts: Parts) -> None:
        self.answers: bool | None = None
        both = (parts.providers.first, parts.providers.second)
        self._providers = {each: Outage("twilio", provider=each.name) for each in both if each is not None}
        self._gauge = parts.site.metrics.twilio

    async def look(self) -> None:
        """Look now: can the API be reached, does it take the credentials, and is the account active?"""
        for provider, outage in self._providers.items():
            answers = await _answers(provider, outage)
            if answers is None:
                continue  # it answers, and has enough to do
            self._gauge.labels(provider.name).set(answers)
            if provider.is_first:
                self.answers = answers


async def _answers(provider: Provider, outage: Outage) -> bool | None:
    try:
        active = (await provider.gateway.account()).status == "active"
    except BusyError:
        return None
    except TwilioError as error:
        outage.failed(type(error).__name__)
        return False
    outage.worked()
    return active
