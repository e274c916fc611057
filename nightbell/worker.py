"""The worker: carries out what transactions deferred, and sweeps up after workers that died."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.events import Due
from escalation.page import CallerPresence, Page
from nightbell.calendars_in import CalendarsIn
from nightbell.composition import Parts
from nightbell.effects import Effects
from nightbell.fallback import refresh
from nightbell.noticing import tell_waiting
from nightbell.shift_starts import ShiftStarts
from nightbell.supervise import for_ever
from nightbell.swaps_ending import end_swaps
from nightbell.watching import Watching
from routing.plan import Plan
from storage import deliveries, jobs, messages, pages
from storage.errors import NotFoundError, UnavailableError
from storage.jobs import CALLS_QUEUE, DEFAULT_QUEUE, URGENT
from storage.messages import Message
from storage.pace import forget_slots
from storage.pages import PageOpening
from telephony.errors import GoneError, TwilioError
from webhooks.closing import FINAL, close_call
from webhooks.quiet import QuietCall, quiet_calls
from webhooks.signed import where

_log = structlog.get_logger(__name__)

WAKE_EVERY: Final = 0.2
"""Real seconds between two looks at which pages are due: one cheap query, and all that a page's timers hang on."""
AWAKE_AT_ONCE: Final = 4
REST_AFTER_FAILURE: Final = 5.0
"""Real seconds in which a page whose wake-up failed is let be."""
SWEEP_EVERY: Final = 2.0
"""Real seconds; with the heartbeat below it bounds how long a dead worker's pages lie still to under 10 s."""
FALLBACK_EVERY: Final = 10.0
"""Real seconds between two looks whether the static fallback files are still right."""
CALENDARS_EVERY: Final = 5.0
"""Real seconds between two looks which calendars from elsewhere are due. Not a part of the sweep, which cannot wait."""
HEARTBEAT: Final = 2.0
STALLED_AFTER: Final = 6.0
UNPLACED_AFTER: Final = TimeDelta(seconds=5)
QUIET_AFTER: Final = TimeDelta(minutes=5)
"""Of a call that goes on, without any event; then Twilio is asked whether it does. A long talk is asked about too."""
RECONCILE_EVERY: Final = TimeDelta(minutes=1)
CONCURRENCY: Final = 20

_TASKS: Final[dict[str, str]] = {
    jobs.PLACE_CALL: "place_call",
    jobs.SEND_SMS: "send_sms",
    jobs.CANCEL_CALL: "cancel_call",
    jobs.MOVE_CALLER: "move_caller",
    jobs.OFFER_CALLBACK: "offer_callback",
    jobs.ALERT: "alert",
    jobs.RING_OPERATOR: "ring_operator",
    jobs.FREED: "freed",
    jobs.RING_DESK: "ring_desk",
    jobs.TELL_MEMBER: "tell_member",
    jobs.TELL_START: "tell_start",
    jobs.ASK_START: "ask_start",
}


class Worker:
    """One worker process, or the worker within `serve`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.effects = Effects(parts)
        self._watching = Watching(parts)
        self._starts = ShiftStarts(parts)
        self.calendars = CalendarsIn(parts)
        self._reconciled: Instant | None = None
        self._resting: dict[str, float] = {}
        self._register()

    def _register(self) -> None:
        for name, method in _TASKS.items():
            self._task(name, getattr(self.effects, method))

    def _task(self, name: str, work: Callable[..., Awaitable[None]]) -> None:
        async def run(**arguments: str | int) -> None:
            page = arguments.get("page") or None
            # The call is bound by whoever loads the page, and bound here so that it ends with the job.
            with structlog.contextvars.bound_contextvars(job=name, page=page, call=None):
                await work(**arguments)

        retry = procrastinate.RetryStrategy(max_attempts=5, linear_wait=2, retry_exceptions=[UnavailableError])
        self._parts.queue.task(name=name, retry=retry)(run)

    async def run(self) -> None:
        """Work until cancelled. Whatever fails is begun again; a database that goes away is waited for."""
        working = [
            for_ever("jobs", self._work),
            for_ever("timers", self.wake, WAKE_EVERY),
            for_ever("sweep", self.sweep, SWEEP_EVERY),
            for_ever("fallback", lambda: refresh(self._parts), FALLBACK_EVERY),
            for_ever("calendars", self.calendars.look, CALENDARS_EVERY),
        ]
        tasks = [asyncio.create_task(work) for work in working]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        queue = self._parts.queue
        try:
            await queue.open_async()
            async with asyncio.TaskGroup() as group:
                for name in (DEFAULT_QUEUE, CALLS_QUEUE):
                    group.create_task(self._work_on(name))
        finally:
            # A pool that could not be opened stays with the connector, which would take it for an open one.
            await queue.close_async()

    async def _work_on(self, queue: str) -> None:
        await self._parts.queue.run_worker_async(
            queues=[queue],
            concurrency=CONCURRENCY,
            wait=True,
            fetch_job_polling_interval=1.0,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=STALLED_AFTER,
            shutdown_graceful_timeout=5,
        )

    async def run_ready(self) -> None:
        """Do the jobs that are ready now, and return. For tests and rehearsals in virtual time."""
        await self._parts.queue.run_worker_async(
            concurrency=20, wait=False, delete_jobs="successful", install_signal_handlers=False, listen_notify=False
        )

    async def wake(self) -> int:
        """Let every page whose time has come go on; how many. Any worker does it for any page."""
        async with self._parts.database.statement() as connection:
            due = await pages.overdue(connection, self._parts.clock.now())
        waiting = iter(due)

        async def wake_some() -> None:
            for page in waiting:
                with structlog.contextvars.bound_contextvars(page=page):
                    await self._advance(page)

        await asyncio.gather(*(wake_some() for _ in range(AWAKE_AT_ONCE)))
        return len(due)

    async def _advance(self, page: str) -> None:
        """A page's wake-up: it does nothing when another worker was here first. One that fails is left for a while."""
        if time.monotonic() < self._resting.get(page, 0.0):
            return
        try:
            await self._parts.site.paging.happen(page, Due())
        except NotFoundError:
            self._rest(page)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one broken row must not hold up all that is behind it
            _log.error("page_not_advanced", error=type(error).__name__, where=where(error))
            self._rest(page)
        else:
            self._resting.pop(page, None)

    def _rest(self, page: str) -> None:
        self._resting[page] = time.monotonic() + REST_AFTER_FAILURE

    async def sweep(self) -> int:
        """Take over what lies still: attempts that were never placed, jobs of dead workers. How many attempts."""
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            unplaced = await deliveries.unplaced(connection, now - UNPLACED_AFTER)
            for page, attempt, means in unplaced:
                name = jobs.PLACE_CALL if means == "call" else jobs.SEND_SMS
                arguments: dict[str, str | int] = {"page": page, "attempt": attempt}
                await self._parts.site.jobs.defer_once(connection, name, arguments, lock=f"sweep:{page}:{attempt}")
        for work in (
            self._escalate,
            self._revive,
            self._reconcile,
            self._end_swaps,
            self._watch,
            self._shifts,
            self._tell,
        ):
            await self._alone(work.__name__, work)
        return len(unplaced)

    async def _alone(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """One part of the sweep: if it fails, the others come all the same."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - one broken row must not hold up all that is behind it
            _log.error("sweep_part_failed", work=name, error=type(error).__name__, where=where(error))

    async def _reconcile(self) -> None:
        """Ask Twilio about calls that seem to go on though nothing was heard of them: their end was never told."""
        now = self._parts.clock.now()
        if self._reconciled is not None and now - self._reconciled < RECONCILE_EVERY:
            return
        self._reconciled = now
        async with self._parts.database.statement() as connection:
            await forget_slots(connection)
        for quiet in await quiet_calls(self._parts.site, now - QUIET_AFTER):
            with structlog.contextvars.bound_contextvars(call=quiet.sid):
                await self._alone("reconcile", lambda quiet=quiet: self._close_if_over(quiet))  # type: ignore[misc] # bound now

    async def _close_if_over(self, quiet: QuietCall) -> None:
        try:
            call = await self._parts.gateway.look_at_call(quiet.sid)
        except GoneError:
            seconds = None  # Twilio has deleted its record, and so the call is over
        except TwilioError as error:
            _log.warning("call_not_looked_at", error=str(error))
            return
        else:
            if call.status not in FINAL:
                return
            seconds = call.seconds
        _log.warning("call_closed_by_sweep")
        await close_call(self._parts.site, quiet.ended(seconds))

    async def _end_swaps(self) -> None:
        await end_swaps(self._parts)

    async def _tell(self) -> None:
        await tell_waiting(self._parts)

    async def _shifts(self) -> None:
        await self._starts.look()

    async def _watch(self) -> None:
        await self._watching.look()

    async def _escalate(self) -> None:
        """Page about messages that are past their deadline, where their category says so."""
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            late = await messages.overdue(connection, now)
            for message in late:
                plan = self._parts.plans.current(message.practice)
                if plan is None:
                    continue  # its plan could not be loaded yet
                category = plan.categories.get(message.category)
                page = ""
                if category is not None and category.escalate_to is not None:
                    page = await self._page_about(connection, plan, message, category.escalate_to)
                await messages.set_page(connection, message, page)

    async def _page_about(self, connection: AsyncConnection, plan: Plan, message: Message, policy: str) -> str:
        page = Page(
            id=str(uuid5(NAMESPACE_URL, f"nightbell:message:{message.id}")),
            practice=plan.practice,
            category=message.category,
            policy=policy,
            opened_at=self._parts.clock.now(),
            caller=CallerPresence.GONE,
        )
        callback = await messages.callback_of(connection, self._parts.ring, message)
        opening = PageOpening(plan.version, message.call, message.language, callback, caller=None)
        with structlog.contextvars.bound_contextvars(page=page.id, call=message.call):
            await self._parts.site.paging.open(connection, plan, page, opening)
        return page.id

    async def _revive(self) -> None:
        """Let the jobs of dead workers be done again: every one of them is made to be done twice."""
        manager = self._parts.queue.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER))
        for job in stalled:
            await manager.retry_job(job, priority=URGENT)
        if stalled:
            _log.warning("jobs_revived", count=len(stalled))
