"""Whose an attempt at one of the staff is: the first provider's, or handed over to the second. It is stored first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from escalation.events import HandedOver
from escalation.policy import Means
from nightbell.composition import Parts
from nightbell.providers import Provider
from storage import deliveries, jobs
from storage.deliveries import FIRST, SECOND, Claim
from telephony.errors import TwilioError, UncertainError
from telephony.handing import hands_over, is_in_vain, unsure_after

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that carries an attempt out."""

    name: str
    means: Means


CALL: Final = Job(jobs.PLACE_CALL, Means.CALL)
TEXT: Final = Job(jobs.SEND_SMS, Means.SMS)


class HandingOver:
    """Gives attempts to the second provider. `count`: tells the operators of a provider that fails again and again."""

    def __init__(self, parts: Parts, count: Callable[[TwilioError], Awaitable[None]]) -> None:
        self._parts = parts
        self._providers = parts.providers
        self._count = count

    async def provider(self, job: Job, page: str, attempt: int) -> Provider:
        """Who is to carry the attempt out: the second at once, where the first failed a moment ago."""
        if self._providers.second is None:
            return self._providers.first
        async with self._parts.database.statement() as connection:
            name, tries = await deliveries.provider_of(connection, page, attempt)
        if name == FIRST and not tries and self._providers.passes_by(job.means):
            await self._store(job, page, HandedOver(attempt, "the first provider failed a moment ago"), 0, 0)
            name = SECOND
        return self._providers.named(name)

    def is_firsts(self, claimed: Claim) -> bool:
        """Whether the attempt is the first provider's, and can be handed over."""
        return self._providers.second is not None and claimed.provider == FIRST

    async def after_look(self, page: str, attempt: int, claimed: Claim) -> bool:
        """The call was looked for, and has not been placed: whether that was in vain often enough, and it goes over."""
        if not (self.is_firsts(claimed) and is_in_vain(claimed.tries, claimed.unsure)):
            return False
        self._providers.failed(Means.CALL)
        event = HandedOver(attempt, "the first one did not place it")
        await self._store(CALL, page, event, claimed.tries + 1, claimed.unsure)
        return True

    async def after_error(
        self, job: Job, page: str, attempt: int, claimed: Claim, error: TwilioError, *, looked: bool
    ) -> bool:
        """Whether the attempt goes over, since the first did not take it. `looked`: see `hands_over`."""
        tries = claimed.tries + 1
        unsure = unsure_after(claimed.unsure, error, is_first=claimed.provider == FIRST, looked=looked)
        if not (
            self.is_firsts(claimed)
            and hands_over(error, tries, unsure=claimed.unsure, looks=job is CALL, looked=looked)
        ):
            return False
        self._providers.failed(job.means)
        await self._store(job, page, HandedOver(attempt, str(error), twice=unsure > 0), tries, unsure)
        return True

    async def _store(self, job: Job, page: str, event: HandedOver, tries: int, unsure: int) -> None:
        """Nothing, where somebody else has begun it by now. What was begun goes on by a job of its own.

        So it is known whose it is, whichever worker dies meanwhile.
        """
        async with self._parts.database.transaction() as connection:
            if not await self._parts.site.paging.hand_over(connection, page, event, tries, unsure):
                return
            if tries:
                arguments: dict[str, str | int] = {"page": page, "attempt": event.attempt}
                await self._parts.site.jobs.defer(connection, job.name, arguments, priority=jobs.URGENT)
        _log.warning("handed_over", attempt=event.attempt, means=job.means.value, why=event.why)
        await self._count(UncertainError(event.why))
