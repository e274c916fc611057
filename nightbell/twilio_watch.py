"""Whether Twilio's REST API answers: looked at in the background, so that nobody who asks waits for it."""

from typing import Final

from nightbell.composition import Parts
from storage.outage import Outage
from telephony.errors import BusyError, TwilioError

LOOK_EVERY: Final = 60.0
"""Real seconds between two looks."""


class TwilioWatch:
    """One server's last look. `answers`: None before the first one."""

    def __init__(self, parts: Parts) -> None:
        self.answers: bool | None = None
        self._gateway = parts.gateway
        self._outage = Outage("twilio")
        self._gauge = parts.site.metrics.twilio

    async def look(self) -> None:
        """Look now: can the API be reached, does it take the credentials, and is the account active?"""
        try:
            self.answers = (await self._gateway.account()).status == "active"
        except BusyError:
            return  # it answers, and has enough to do
        except TwilioError as error:
            self.answers = False
            self._outage.failed(type(error).__name__)
        else:
            self._outage.worked()
        self._gauge.set(self.answers)
