"""What all requests to Twilio need: a slot to place a call in, the page they are about, and who is told of failures."""

from functools import partial
from typing import Final

import structlog
from whenever import TimeDelta

from escalation.alerting import Tally
from nightbell.alerting import Alerting, failing
from nightbell.composition import Parts
from nightbell.providers import Provider
from routing.plan import Plan
from storage import jobs
from storage.errors import PracticeNotKnownError
from storage.pace import take_slot
from storage.pages import PageCall
from telephony.errors import TwilioError
from telephony.handing import is_platform
from telephony.pace import Pacer

ONCE: Final = 600.0
"""Real seconds in which the same moving of a leg is not done again."""
MANY_FAILURES: Final = 3
FAILURES_WITHIN: Final = TimeDelta(minutes=5)
"""So many failures of Twilio's, each after all its tries, are not a bad moment: somebody is to look."""


class Trunk:
    """One worker's way to the providers, and to the operators where that fails."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.site = parts.site
        self.providers = parts.providers
        both = (self.providers.first, self.providers.second)
        self._pacers = {each.name: Pacer(partial(self._slot, each)) for each in both if each is not None}
        self.alerting = Alerting(parts, self.turn)
        self._platform = Tally(MANY_FAILURES, FAILURES_WITHIN)

    async def _slot(self, provider: Provider) -> float:
        interval = 1.0 / self.parts.settings.calls_per_second
        account = provider.gateway.account_sid + ("" if provider.is_first else f" {provider.name}")
        async with self.parts.database.statement() as connection:
            return await take_slot(connection, account, interval)

    async def turn(self, provider: Provider, priority: int = jobs.URGENT) -> None:
        """Wait for a slot to place a call in: the urgent ones go first."""
        await self._pacers[provider.name].turn(priority)

    async def page(self, page: str) -> tuple[PageCall, Plan]:
        """The page, and the very plan that it was opened by. Raises NotFoundError, UnavailableError."""
        stored = await self.site.paging.look(page)
        structlog.contextvars.bind_contextvars(call=stored.call)
        plan = await self.parts.plans.exact_version(stored.page.practice, stored.plan_version)
        if plan is None:
            raise PracticeNotKnownError(f"practice {stored.page.practice} is not known")
        return stored, plan

    async def is_first(self, what: str) -> bool:
        """True for the one worker that does this first: a leg is not moved twice.

        Should that worker die before it did, the caller's own next turn comes, or the page's next wake-up.
        """
        async with self.parts.database.statement() as connection:
            return await take_slot(connection, what, ONCE) == 0

    async def count(self, error: TwilioError) -> None:
        """Have the operators told, when Twilio fails again and again."""
        if is_platform(error) and self._platform.is_much(self.parts.clock.now()):
            await self.alerting.raise_(failing(error, has_second=self.providers.second is not None))
