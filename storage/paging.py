"""Letting something happen to a page: load, advance (pure), write, and defer what follows, in one transaction."""

import dataclasses

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.advance import advance
from escalation.effects import (
    Advance,
    AlertOperators,
    BridgeCaller,
    CancelCall,
    Effect,
    FetchClinician,
    OfferCallBack,
    PlaceCall,
    ReturnCaller,
    SendSms,
    TransferCaller,
)
from escalation.events import CallerLeft, CallerReturned, DialledIn, Event, HandedOver, Opened, PatientReached, Resolved
from escalation.line import freed
from escalation.page import CallerPresence, Page, PageState
from escalation.policy import Escalation
from escalation.sparing import matters
from routing.plan import Plan
from storage import deliveries, disturbing, jobs, messages, pages
from storage.alerts import Alert, AlertKind, raise_alert
from storage.calls import leg_position
from storage.clock import Clock
from storage.database import Database
from storage.errors import PracticeNotKnownError
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
        other = None
        if opening.caller is not None:
            other = await pages.find_open(connection, self._ring, page, opening.caller)
        if other is not None and other != page.id and await self._join(connection, other, page, opening):
            return other
        await self.open(connection, plan, page, opening)
        return page.id

    async def _join(self, connection: AsyncConnection, other: str, page: Page, opening: PageOpening) -> bool:
        """Let the caller join; False when that page has a caller on the line, who may be somebody else.

        A nursing home calls from one number: its second patient must not come into the first one's conversation.
        """
        held = await pages.lock_page(connection, self._ring, other)
        holding = held.page.caller is CallerPresence.HOLDING
        if holding and held.caller_leg != opening.call and await leg_position(connection, held.caller_leg) is not None:
            return False
        if holding:
            # Out of a talk that broke off, or the end of the earlier call has not been told yet.
            held = await self.happen_on(connection, other, CallerLeft())
        if held.page.state is PageState.RESOLVED:
            return False
        await pages.join_leg(connection, self._ring, other, opening.call, opening.language, opening.callback)
        if page.caller is CallerPresence.HOLDING:
            await self.happen_on(connection, other, CallerReturned())
        return True

    async def open(self, connection: AsyncConnection, plan: Plan, page: Page, opening: PageOpening) -> None:
        """Open a page that nobody joins. A repeat changes nothing."""
        if await pages.insert_page(connection, self._ring, page, opening):
            await self.happen_on(connection, page.id, Opened(), plan)

    async def happen(self, page: str, event: Event) -> PageCall:
        """Let the event happen in a transaction of its own. Raises NotFoundError, UnavailableError."""
        async with self._database.transaction() as connection:
            return await self.happen_on(connection, page, event)

    async def dialled_in(self, page: str, member: str, address: str, leg: str) -> tuple[PageCall, int | None]:
        """One of the staff is on this leg, on which they called in: the page, and the attempt that the leg is now.

        None: they cannot take it, since somebody else has it, or it is closed. A repeat finds what is there already.
        Raises NotFoundError, UnavailableError.
        """
        async with self._database.transaction() as connection:
            stored = await pages.lock_page(connection, self._ring, page)
            known = await deliveries.attempt_on(connection, page, leg)
            if known is not None:
                return stored, known
            after = await self.happen_on(connection, page, DialledIn(member, address))
            number = len(after.page.attempts)
            # A plan that stands in for the page's own may have changed when it is due, and nothing else.
            if number == len(stored.page.attempts):
                return after, None
            await deliveries.set_sid(connection, page, number, leg)
            return after, number

    async def hand_over(
        self, connection: AsyncConnection, page: str, event: HandedOver, tries: int, unsure: int
    ) -> bool:
        """Let the second provider carry the attempt out, which was begun so often at the first.

        See `deliveries.hand_over`. Raises NotFoundError.
        """
        await pages.lock_page(connection, self._ring, page)  # before its attempt, as everybody locks them
        handed = await deliveries.hand_over(connection, page, event.attempt, tries, unsure)
        if handed:
            await self.happen_on(connection, page, event)
        return handed

    async def look(self, page: str) -> PageCall:
        """The page as it is now. Raises NotFoundError, UnavailableError."""
        async with self._database.statement() as connection:
            return await pages.read_page(connection, self._ring, page)

    async def happen_on(
        self, connection: AsyncConnection, page: str, event: Event, plan: Plan | None = None
    ) -> PageCall:
        """Let the event happen within the caller's transaction, by the plan with which the page was opened.

        `plan`: that plan, where the caller has it. Raises NotFoundError, UnavailableError.
        """
        stored = await pages.lock_page(connection, self._ring, page)
        now = self._clock.now()
        escalation = await self._escalation(stored, plan)
        result = advance(escalation, stored.page, event, now)
        if matters(stored.page, result):
            informed = await self._informed(connection, escalation, stored.page, now)
            if informed is not escalation:
                result = advance(informed, stored.page, event, now)
        if result.page is stored.page:
            return stored
        await pages.store_advance(connection, stored.page, result, type(event).__name__, now)
        if result.page.state is PageState.RESOLVED and not isinstance(event, Resolved):
            await messages.finish_by_page(connection, page, result.page.accepted_by or "the last resort", now)
        await self._defer(connection, result, now)
        await self._tell_who_waits(connection, freed(stored.page, result.page), result.page.practice)
        _log.info(
            "page_advanced",
            call=stored.call,
            page=page,
            happened=type(event).__name__,
            state=result.page.state.value,
            version=result.page.version,
        )
        return dataclasses.replace(stored, page=result.page)

    async def _informed(
        self, connection: AsyncConnection, escalation: Escalation, page: Page, now: Instant
    ) -> Escalation:
        """With who is on the telephone, or was rung as often as they may be; as it was given where nobody is."""
        limit, members = escalation.ring_limit, escalation.roster.members.values()
        numbers = [number for person in members for number in person.voice] if limit is not None else []
        since = now - limit.within if limit is not None else now
        found = await disturbing.disturbed(connection, page, numbers, now, since)
        rung = {person.id: sum(found.rung.get(n, 0) for n in person.voice) for person in members if found.rung}
        enough = limit is not None and max(rung.values(), default=0) >= limit.most
        if not found.engaged and not enough:
            return escalation
        return dataclasses.replace(escalation, engaged=found.engaged, talking=found.talking, rung=rung)

    async def _tell_who_waits(self, connection: AsyncConnection, members: tuple[str, ...], practice: str) -> None:
        """Where pages wait in line: they are on the telephone no more."""
        if members and await pages.queued(connection, practice):
            for member in members:
                arguments: dict[str, str | int] = {"practice": practice, "member": member}
                await self._queue.defer(connection, jobs.FREED, arguments, priority=jobs.URGENT)

    async def _escalation(self, stored: PageCall, plan: Plan | None) -> Escalation:
        """The page's own policies. Raises NotFoundError, UnavailableError."""
        if plan is None or (plan.practice, plan.version) != (stored.page.practice, stored.plan_version):
            plan = await self._plans.exact_version(stored.page.practice, stored.plan_version)
        if plan is None or not plan.escalation.policies:
            raise PracticeNotKnownError(f"practice {stored.page.practice} is not known, or pages nobody")
        policies = plan.escalation.policies
        if stored.page.policy in policies:
            return plan.escalation
        # The page's version cannot be read, and today's has no policy of that name: any is better than a silent page.
        _log.error("policy_lost", page=stored.page.id, policy=stored.page.policy, version=stored.plan_version)
        substitute = next(iter(policies.values()))
        return dataclasses.replace(plan.escalation, policies={**policies, stored.page.policy: substitute})

    async def leg_left(self, connection: AsyncConnection, page: str, leg: str) -> None:
        """This caller's leg ended. Nothing, when the caller holds on another leg by now. Raises NotFoundError.

        Whether they had been talking, the page itself knows.
        """
        stored = await pages.lock_page(connection, self._ring, page)
        if stored.caller_leg == leg:
            await self.happen_on(connection, page, CallerLeft())

    async def leg_gone(self, page: str, leg: str) -> None:
        """Twilio says that this leg, which was to be moved, is over. As `leg_left`, and raises UnavailableError."""
        async with self._database.transaction() as connection:
            await self.leg_left(connection, page, leg)

    async def talked(
        self, connection: AsyncConnection, page: str, since: Instant, asked_at: Instant | None = None
    ) -> None:
        """Somebody has been talking to the page's caller since then, as came to be known after the call.

        Nothing, when that was before the caller asked for a clinician (`asked_at`, where that is known, since a page
        may be opened only when the call is over) and before the page was opened: it is about what followed. Raises
        NotFoundError.
        """
        stored = await pages.lock_page(connection, self._ring, page)
        if since >= min(stored.page.opened_at, asked_at or stored.page.opened_at):
            await self.happen_on(connection, page, PatientReached())

    async def _defer(self, connection: AsyncConnection, result: Advance, now: Instant) -> None:
        """Hand the effects to the worker. When the page is due next stands in its row, where workers look for it."""
        for effect in result.effects:
            if isinstance(effect, AlertOperators):
                alert = Alert(AlertKind.PAGE, effect.why, result.page.practice, result.page.id)
                await raise_alert(connection, self._queue, alert, now)
                continue
            name, arguments = _job(result.page, effect)
            delay = _later(result.page, effect, now)
            await self._queue.defer(connection, name, arguments, priority=jobs.URGENT, delay=delay)


_Carried = (
    PlaceCall | SendSms | CancelCall | BridgeCaller | ReturnCaller | OfferCallBack | FetchClinician | TransferCaller
)
"""The effects that are a job each."""


def _later(page: Page, effect: Effect, now: Instant) -> float:
    """In how many seconds the effect is to be carried out."""
    if not isinstance(effect, PlaceCall):
        return 0.0
    attempt = page.attempts[effect.attempt - 1]
    return (attempt.at - now).total("seconds") if attempt.is_to_come(now) else 0.0


def _job(page: Page, effect: _Carried) -> tuple[str, dict[str, str | int]]:
    """The job that carries an effect out. `version` tells one moving of a leg from another one later."""
    match effect:
        case PlaceCall(attempt):
            return jobs.PLACE_CALL, {"page": page.id, "attempt": attempt}
        case SendSms(attempt):
            return jobs.SEND_SMS, {"page": page.id, "attempt": attempt}
        case CancelCall(attempt):
            return jobs.CANCEL_CALL, {"page": page.id, "attempt": attempt}
        case BridgeCaller() | ReturnCaller() | TransferCaller():
            return jobs.MOVE_CALLER, {"page": page.id, "version": page.version}
        case OfferCallBack(attempt) | FetchClinician(attempt):
            return jobs.OFFER_CALLBACK, {"page": page.id, "attempt": attempt, "version": page.version}
