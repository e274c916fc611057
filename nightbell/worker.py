"""The worker: carries out what transactions deferred, and sweeps up after workers that died."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.page import CallerPresence, Due, Page
from nightbell.composition import Parts
from nightbell.effects import Effects
from routing.plan import Plan
from storage import jobs, messages, pages
from storage.errors import NotFoundError, UnavailableError
from storage.jobs import URGENT
from storage.messages import Message
from storage.pages import PageOpening

_log = structlog.get_logger(__name__)

SWEEP_EVERY: Final = 2.0
"""Real seconds; with the heartbeat below it bounds how long a dead worker's pages lie still to under 10 s."""
HEARTBEAT: Final = 2.0
STALLED_AFTER: Final = 6.0
UNPLACED_AFTER: Final = TimeDelta(seconds=5)

_TASKS: Final[dict[str, str]] = {
    jobs.PLACE_CALL: "place_call",
    jobs.SEND_SMS: "send_sms",
    jobs.CANCEL_CALL: "cancel_call",
    jobs.MOVE_CALLER: "move_caller",
    jobs.OFFER_CALLBACK: "offer_callback",
    jobs.ALERT: "alert",
    jobs.RING_DESK: "ring_desk",
}


class Worker:
    """One worker process, or the worker within `serve`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.effects = Effects(parts)
        self._register()

    def _register(self) -> None:
        self._task(jobs.ADVANCE, self.advance)
        for name, method in _TASKS.items():
            self._task(name, getattr(self.effects, method))

    def _task(self, name: str, work: Callable[..., Awaitable[None]]) -> None:
        async def run(**arguments: str | int) -> None:
            bound = {"page": arguments.get("page")} if "page" in arguments else {}
            with structlog.contextvars.bound_contextvars(job=name, **bound):
                await work(**arguments)

        retry = procrastinate.RetryStrategy(max_attempts=5, linear_wait=2, retry_exceptions=[UnavailableError])
        self._parts.queue.task(name=name, retry=retry)(run)

    async def advance(self, page: str) -> None:
        """A page's wake-up: it does nothing when the page is not due."""
        with suppress(NotFoundError):
            await self._parts.site.paging.happen(page, Due())

    async def run(self) -> None:
        """Work until cancelled. A database that goes away is waited for."""
        sweeping = asyncio.create_task(self._sweep_for_ever())
        try:
            while True:
                try:
                    await self._work()
                except (OSError, procrastinate.exceptions.ConnectorException) as error:
                    _log.error("worker_without_database", error=type(error).__name__)
                    await asyncio.sleep(SWEEP_EVERY)
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    async def _work(self) -> None:
        async with self._parts.queue.open_async():
            await self._parts.queue.run_worker_async(
                concurrency=20,
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

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self.sweep()
            except (UnavailableError, procrastinate.exceptions.ConnectorException) as error:
                _log.warning("sweep_failed", error=type(error).__name__)
            await asyncio.sleep(SWEEP_EVERY)

    async def sweep(self) -> int:
        """Take over what is overdue: pages, attempts that were never placed, jobs of dead workers. How many."""
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            due = await pages.overdue(connection, now)
            unplaced = await pages.unplaced(connection, now - UNPLACED_AFTER)
            for page, attempt, means in unplaced:
                name = jobs.PLACE_CALL if means == "call" else jobs.SEND_SMS
                arguments: dict[str, str | int] = {"page": page, "attempt": attempt}
                await self._parts.site.jobs.defer_once(connection, name, arguments, lock=f"sweep:{page}:{attempt}")
        for page in due:
            await self.advance(page)
        return len(due) + len(unplaced) + await self._escalate(now) + await self._revive()

    async def _escalate(self, now: Instant) -> int:
        """Page about messages that are past their deadline, where their category says so."""
        async with self._parts.database.transaction() as connection:
            late = await messages.overdue(connection, now)
            for message in late:
                plan = self._parts.plans.current(message.practice)
                category = plan.categories.get(message.category) if plan else None
                page = ""
                if plan is not None and category is not None and category.escalate_to is not None:
                    page = await self._page_about(connection, plan, message, category.escalate_to)
                await messages.set_page(connection, message, page)
        return len(late)

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
        await self._parts.site.paging.open(connection, plan, page, opening)
        return page.id

    async def _revive(self) -> int:
        """Let the jobs of dead workers be done again: every one of them is made to be done twice."""
        manager = self._parts.queue.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER))
        for job in stalled:
            await manager.retry_job(job, priority=URGENT)
        if stalled:
            _log.warning("jobs_revived", count=len(stalled))
        return len(stalled)
