"""The jobs that carry out what pages, swaps and alerts ask for, each a method by its name."""

from typing import Final

import structlog
from whenever import Instant

from escalation.events import Freed
from escalation.policy import Means
from nightbell.composition import Parts
from nightbell.moving import Moving
from nightbell.noticing import notify
from nightbell.placing import Placing
from nightbell.shift_asking import ask_start, tell_start
from nightbell.trunk import Trunk
from storage import jobs, pages
from storage.alerts import Alert, AlertKind
from storage.pace import take_slot
from telephony.errors import TwilioError

_log = structlog.get_logger(__name__)

DESK_PAUSE: Final = 15.0
"""Real seconds between two ringings of a desk, besides the ringing itself."""


class Effects:
    """One method for each job. All may be run twice, or too late: they look first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._trunk = Trunk(parts)
        self.alerting = self._trunk.alerting
        placing, moving = Placing(self._trunk), Moving(self._trunk)
        self.place_call, self.send_sms, self.cancel_call = placing.place_call, placing.send_sms, placing.cancel_call
        self.move_caller, self.offer_callback = moving.move_caller, moving.offer_callback

    async def freed(self, practice: str, member: str) -> None:
        """They have hung up: the open pages that wait for them, the oldest first, until one has them rung."""
        async with self._parts.database.statement() as connection:
            waiting = await pages.queued(connection, practice)
        for page in waiting:
            after = (await self._parts.site.paging.happen(page, Freed(member))).page
            if any(a.member == member and a.means is Means.CALL and not a.is_final for a in after.attempts):
                return

    async def alert(self, alert: int = 0, why: str = "", practice: str = "", page: str = "") -> None:
        """Tell the operators. `why` and the others: a job from before alerts were stored with what they are about."""
        if why:
            await self.alerting.raise_(Alert(AlertKind.PAGE if page else AlertKind.CALENDAR, why, practice, page))
            return
        again = await self.alerting.tell(alert)
        if again is not None:
            delay = max(again.total("seconds"), 1.0)
            async with self._parts.database.transaction() as connection:
                await self._parts.site.jobs.defer(
                    connection, jobs.ALERT, {"alert": alert}, priority=jobs.URGENT, delay=delay
                )

    async def ring_operator(self, alert: int, practice: str, whose: str, tried: str) -> None:
        """Ring the operator's next number; see `Alerting.ring_next`."""
        if await self._trunk.is_first(f"operator {alert} {whose} {tried}"):
            await self.alerting.ring_next(alert, practice, whose, tried)

    async def tell_member(self, practice: str, member: str, words: str, latest: int = 0) -> None:
        """Text one of the staff about their shifts, by `latest` (Unix seconds); 0: at once."""
        by = Instant.from_timestamp(latest) if latest else self._parts.clock.now()
        await notify(self._parts, practice, member, words, by)

    async def tell_start(self, practice: str, notice: int) -> None:
        """Text one of the staff about a start of theirs."""
        await tell_start(self._parts, practice, notice)

    async def ask_start(self, practice: str, notice: int) -> None:
        """Send one of the staff the test page of a start."""
        await ask_start(self._parts, practice, notice, lambda provider: self._trunk.turn(provider, jobs.ROUTINE))

    async def ring_desk(self, practice: str, destination: str) -> None:
        """Somebody is first in line, which is the first provider's alone: ring the desk, unless it rings already."""
        plan = self._parts.plans.current(practice)
        desk = plan.destinations.get(destination) if plan else None
        if plan is None or desk is None:
            return
        pause = desk.ring_for.total("seconds") + DESK_PAUSE
        async with self._parts.database.statement() as connection:
            if await take_slot(connection, f"desk {practice} {destination}", pause) > 0:
                return
        query: dict[str, str | int] = {"practice": practice, "version": plan.version, "destination": destination}
        url, status = (self._parts.site.urls.at(f"voice/desk/{what}", query) for what in ("call", "progress"))
        for number in desk.numbers:
            await self._trunk.turn(self._trunk.providers.first, jobs.ROUTINE)
            try:
                await self._parts.gateway.place_call(number, plan.caller_id, url, status, desk.ring_for)
            except TwilioError as error:
                _log.warning("desk_not_rung", error=str(error))
                await self._trunk.count(error)
