"""Telling the operators: by text, by call where it cannot wait, and to a program of theirs.

Whoever is told is found when it is told: those of the plan's `operators` who are on call then, its listed numbers, or,
where it has none or none is concerned, the server's own. One way that fails does not keep the others from being tried.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.oncall import paged
from escalation.page import code_of
from escalation.reach import is_textable
from escalation.roster import Member
from nightbell.composition import Parts
from nightbell.posting import post
from nightbell.texting import text
from routing.plan import Plan
from routing.synthetic import is_synthetic
from storage import alerts
from storage.alerts import URGENT, Alert, AlertKind, Raised, raise_alert
from telephony.errors import TwilioError

_log = structlog.get_logger(__name__)

RING_FOR: Final = TimeDelta(seconds=30)


class Alerting:
    """Tells what is stored. `turn` waits for a slot to place a call in."""

    def __init__(self, parts: Parts, turn: Callable[[], Awaitable[None]]) -> None:
        self._parts = parts
        self._turn = turn

    async def raise_(self, alert: Alert) -> None:
        """Store the alert, to be told by a worker. Raises UnavailableError."""
        async with self._parts.database.transaction() as connection:
            await raise_alert(connection, self._parts.site.jobs, alert, self._parts.clock.now())

    async def tell(self, number: int) -> None:
        """Tell the alert of this number, unless it was told. Raises UnavailableError."""
        async with self._parts.database.statement() as connection:
            raised = await alerts.find(connection, number)
            before = await alerts.times_before(connection, raised) if raised else 0
        if raised is None or raised.told_at is not None:
            return
        if not is_synthetic(raised.alert.practice):  # the watchdog only looks whether a worker came this far
            await self.say(raised, before)
        async with self._parts.database.statement() as connection:
            await alerts.mark_told(connection, number, self._parts.clock.now())

    async def say(self, raised: Raised, before: int = 0) -> None:
        """Tell everybody, by every way at once. Needs no database."""
        alert = raised.alert
        plan = self._parts.plans.current(alert.practice)
        _log.error("operators_alerted", kind=alert.kind.value, why=alert.why, practice=alert.practice)
        self._parts.site.metrics.alerts.labels(alert.kind.value).inc()
        sender = plan or next(iter(self._parts.plans.all()), None)
        url = (plan.operators.webhook if plan else "") or self._parts.settings.operators_webhook
        ways = [self._post(url, raised)] if url else []
        if sender is not None:
            body = words(plan, alert, before)
            rings = plan is not None and plan.operators.call and alert.kind in URGENT
            ways += [self._reach(sender, each, raised, body, rings=rings) for each in self._numbers(plan)]
        for failed in await asyncio.gather(*ways, return_exceptions=True):
            if isinstance(failed, Exception):
                _log.error("alert_not_told", error=type(failed).__name__)

    def _numbers(self, plan: Plan | None) -> list[tuple[str, bool]]:
        """Whom to tell, each once: their number, and whether it can be texted."""
        found: dict[str, bool] = {}
        if plan is not None:
            roster, now = plan.escalation.roster, self._parts.clock.now()
            ids = (member for target in plan.operators.page for member in paged(roster, target, now))
            for member in (roster.members[one] for one in ids if one in roster.members):
                found.update(_way_to(plan, member))
            found.update(dict.fromkeys(plan.operators.sms, True))
        return list((found or dict.fromkeys(self._parts.settings.operator_numbers, True)).items())

    async def _reach(self, sender: Plan, to: tuple[str, bool], raised: Raised, body: str, *, rings: bool) -> None:
        number, textable = to
        error = await text(self._parts, number, sender.caller_id, body) if textable else None
        self._count("sms", ok=error is None, used=textable)
        if rings or error is not None or not textable:
            await self._ring(sender, number, raised)

    async def _ring(self, sender: Plan, number: str, raised: Raised) -> None:
        query: dict[str, str | int] = {"practice": sender.practice, "alert": raised.number}
        urls = self._parts.site.urls
        await self._turn()
        try:
            url, status = urls.at("voice/alert", query), urls.at("voice/alert/status", query)
            await self._parts.gateway.place_call(number, sender.caller_id, url, status, RING_FOR)
        except TwilioError as error:
            _log.error("operator_not_rung", error=str(error))
            self._count("call", ok=False)
        else:
            self._count("call", ok=True)

    def _count(self, way: str, *, ok: bool, used: bool = True) -> None:
        if used:
            self._parts.site.metrics.told.labels(way, "told" if ok else "failed").inc()

    async def _post(self, url: str, raised: Raised) -> None:
        self._count("webhook", ok=await post(self._parts.settings, url, as_json(raised)))


def _way_to(plan: Plan, member: Member) -> dict[str, bool]:
    if member.sms is not None and is_textable(plan.escalation.roster, member):
        return {member.sms: True}
    return {member.voice[0]: False} if member.voice else {}


def words(plan: Plan | None, alert: Alert, before: int = 0) -> str:
    """The text: whose, which page, what, and how often it came before."""
    about = f", {plan.name}" if plan else ""
    code = f", page {code_of(alert.page)}" if alert.page else ""
    again = f" ({before} times before, in the last 24 h)" if before else ""
    return f"Nightbell alert{about}{code}: {alert.why}{again}"


def as_json(raised: Raised) -> dict[str, object]:
    """What is posted. Nothing in it is about a patient."""
    alert = raised.alert
    return {
        "id": raised.number,
        "kind": alert.kind.value,
        "practice": alert.practice or None,
        "page": alert.page or None,
        "why": alert.why,
        "at": raised.at.format_iso(),
    }


class Failures:
    """Twilio's failures of this process, of which one alone is nobody's business."""

    MANY: Final = 3
    WITHIN: Final = TimeDelta(minutes=5)

    def __init__(self) -> None:
        self._at = deque[Instant](maxlen=self.MANY)

    def are_many(self, now: Instant) -> bool:
        """Count one; whether there have been so many within the time."""
        self._at.append(now)
        return len(self._at) == self.MANY and now - self._at[0] <= self.WITHIN


def failing(error: TwilioError) -> Alert:
    """Twilio fails, and not for a number's sake."""
    why = f"Twilio fails again and again: {error}. Callers' own lines dial the staff meanwhile"
    return Alert(AlertKind.TWILIO, why, subject=type(error).__name__)
