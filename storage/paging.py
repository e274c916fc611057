"""Letting something happen to a page: load, advance (pure), write, and defer what follows, in one transaction."""

import dataclasses

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.advance import advance
from escalation.page import (
    Accepted,
    Advance,
    AlertOperators,
    BridgeCaller,
    CallerLeft,
    CallerReturned,
    CancelCall,
    ClinicianLeft,
    Effect,
    Event,
    OfferCallBack,
    Opened,
    Page,
    PageState,
    PatientReached,
    PlaceCall,
    SendSms,
    TransferCaller,
)
from escalation.policy import Escalation
from routing.plan import Plan
from storage import jobs, messages, pages
from storage.clock import Clock
from storage.database import Database
from storage.errors import NotFoundError
from storage.jobs import Jobs
from storage.pages import PageCall, PageOpening
from storage.plan_cache import PlanCache
from storage.seal import KeyRing

_log = structlog.get_logger(__name__)


class Paging:
    """The shell around `escalation.advance`."""

    def __init__(self, database: Database, queue: Jobs, plans: PlanCache, clock: Clock, ring: KeyRing) -> None:
        self._database = database
        self._queue = queue
        self._plans = plans
        self._clock = clock
        self._ring = ring

    async def open_or_join(self, connection: AsyncConnection, plan: Plan, page: Page, opening: PageOpening) -> str:
        """Open the page, or let its caller join the open page of the same number; the page's id.

        A repeat finds the page that is there.
        """
        if opening.caller is not None:
            other = await pages.find_open(connection, self._ring, plan.practice, opening.caller, page.opened_at)
            if other is not None and other != page.id:
                await pages.join_leg(connection, self._ring, other, opening.call, opening.language, opening.callback)
                await self.happen_on(connection, other, CallerReturned(), plan.escalation)
                return other
        await self.open(connection, plan, page, opening)
        return page.id

    async def open(self, connection: AsyncConnection, plan: Plan, page: Page, opening: PageOpening) -> None:
        """Open a page that nobody joins. A repeat changes nothing."""
        if await pages.insert_page(connection, self._ring, page, opening):
            await self.happen_on(connection, page.id, Opened(), plan.escalation)

    async def happen(self, page: str, event: Event) -> PageCall:
        """Let the event happen in a transaction of its own. Raises NotFoundError, UnavailableError."""
        stored = await self.look(page)
        plan = await self._plans.version(stored.page.practice, stored.plan_version)
        if plan is None:
            raise NotFoundError(f"practice {stored.page.practice} is not known")
        async with self._database.transaction() as connection:
            return await self.happen_on(connection, page, event, plan.escalation)

    async def look(self, page: str) -> PageCall:
        """The page as it is now. Raises NotFoundError, UnavailableError."""
        async with self._database.transaction() as connection:
            return await pages.read_page(connection, self._ring, page)

    async def happen_on(self, connection: AsyncConnection, page: str, event: Event, escalation: Escalation) -> PageCall:
        """Let the event happen within the caller's transaction. Raises NotFoundError."""
        stored = await pages.lock_page(connection, self._ring, page)
        now = self._clock.now()
        result = advance(escalation, stored.page, event, now)
        if result.page is stored.page:
            return stored
        await pages.store_advance(connection, stored.page, result, type(event).__name__, now)
        if result.page.state is PageState.RESOLVED and isinstance(event, PatientReached | ClinicianLeft):
            await messages.finish_by_page(connection, page, result.page.accepted_by or "the last resort", now)
        await self._defer(connection, stored.page, result, event, now)
        _log.info(
            "page_advanced",
            page=page,
            happened=type(event).__name__,
            state=result.page.state,
            version=result.page.version,
        )
        return dataclasses.replace(stored, page=result.page)

    async def leg_left(
        self, connection: AsyncConnection, page: str, leg: str, escalation: Escalation, *, talked: bool
    ) -> None:
        """This caller's leg ended. Nothing, when the caller holds on another leg by now. Raises NotFoundError.

        `talked`: a person was on the line. If that came about without the page's doing (the caller's own leg dialled),
        nobody else tells the page that the patient was reached.
        """
        stored = await pages.lock_page(connection, self._ring, page)
        if stored.caller_leg != leg:
            return
        dialled = stored.page.accepted_attempt is None and stored.page.state is PageState.ACCEPTED
        await self.happen_on(connection, page, PatientReached() if talked and dialled else CallerLeft(), escalation)

    async def _defer(
        self, connection: AsyncConnection, before: Page, result: Advance, event: Event, now: Instant
    ) -> None:
        page = result.page
        for effect in result.effects:
            if isinstance(effect, OfferCallBack) and isinstance(event, Accepted):
                # The answer to the key makes the offer; moving the leg too would cut off the call-back that follows.
                continue
            name, arguments = _job(page, effect)
            await self._queue.defer(connection, name, arguments, priority=jobs.URGENT)
        if page.due is not None and page.due != before.due:
            delay = self._clock.real_delay(page.due) if page.due > now else 0.0
            await self._queue.defer(connection, jobs.ADVANCE, {"page": page.id}, priority=jobs.URGENT, delay=delay)


def _job(page: Page, effect: Effect) -> tuple[str, dict[str, str | int]]:
    """The job that carries an effect out. `version` tells one moving of a leg from another one later."""
    match effect:
        case PlaceCall(attempt):
            return jobs.PLACE_CALL, {"page": page.id, "attempt": attempt}
        case SendSms(attempt):
            return jobs.SEND_SMS, {"page": page.id, "attempt": attempt}
        case CancelCall(attempt):
            return jobs.CANCEL_CALL, {"page": page.id, "attempt": attempt}
        case BridgeCaller() | TransferCaller():
            return jobs.MOVE_CALLER, {"page": page.id, "version": page.version}
        case OfferCallBack(attempt):
            return jobs.OFFER_CALLBACK, {"page": page.id, "attempt": attempt, "version": page.version}
        case AlertOperators(why):
            return jobs.ALERT, {"practice": page.practice, "page": page.id, "why": why}
