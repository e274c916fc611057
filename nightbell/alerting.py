"""Telling the operators: by text, by call where it cannot wait, and to a program of theirs.

Whoever is told is found when it is told: those of the plan's `operators` who are on call then, and its listed numbers;
the server's own where it has none. What is no practice's is told to the server's own, and without any to the operators
of every practice. One way that fails does not keep the others from being tried; where all fail, it is tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.alerting import again_in
from escalation.page import code_of
from escalation.policy import Means
from escalation.wallclock import shown
from nightbell.composition import Parts
from nightbell.posting import as_json, post
from nightbell.providers import Provider
from nightbell.texting import text
from routing.operators import Operator, listed, operator_at, operators_of
from routing.plan import Plan
from routing.synthetic import is_synthetic
from storage import alerts
from storage.alerts import UNSTORED, URGENT, Alert, AlertKind, Raised, raise_alert
from telephony.errors import TwilioError
from telephony.gateway import PlacedCall

_log = structlog.get_logger(__name__)

RING_FOR: Final = TimeDelta(seconds=30)
LATE: Final = TimeDelta(minutes=2)
"""What is told later than this says when it was."""
TELLING: Final = TimeDelta(minutes=1)
"""How long an alert is left to whoever began to tell it."""


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody to tell, from the plan's number. `rings`: they are rung besides, whatever becomes of the text."""

    plan: Plan
    operator: Operator
    rings: bool = False


class Alerting:
    """Tells what is stored. `turn` waits for a slot to place a call in at a provider."""

    def __init__(self, parts: Parts, turn: Callable[[Provider], Awaitable[None]]) -> None:
        self._parts = parts
        self._turn = turn

    async def raise_(self, alert: Alert) -> None:
        """Store the alert, to be told by a worker. Raises UnavailableError."""
        async with self._parts.database.transaction() as connection:
            await raise_alert(connection, self._parts.site.jobs, alert, self._parts.clock.now())

    async def tell(self, number: int) -> TimeDelta | None:
        """Tell the alert of this number, unless it was told or is told just now; after what time to try again.

        Raises UnavailableError.
        """
        now = self._parts.clock.now()
        async with self._parts.database.statement() as connection:
            raised = await alerts.claim(connection, number, now, now + TELLING)
            if raised is None:
                waits = await alerts.waits_until(connection, number)
                return waits - now if waits else None
            before = await alerts.times_before(connection, raised)
        # Of the watchdog's, it is only looked whether a worker came this far.
        if is_synthetic(raised.alert.practice) or await self._say(raised, before):
            async with self._parts.database.statement() as connection:
                await alerts.mark_told(connection, number, self._parts.clock.now())
            return None
        return await self._put_off(raised)

    async def tell_unstored(self, alert: Alert) -> bool:
        """Tell what cannot be stored, since the database is away; whether anybody was told."""
        now = self._parts.clock.now()
        return await self._say(Raised(UNSTORED, "", alert, now, 1, now, None, None, None, None), 0)

    async def _put_off(self, raised: Raised) -> TimeDelta | None:
        now = self._parts.clock.now()
        again = again_in(raised.at, now)
        _log.error("nobody_told", kind=raised.alert.kind.value, practice=raised.alert.practice, again=again is not None)
        if again is not None:
            async with self._parts.database.statement() as connection:
                await alerts.put_off(connection, raised.number, now + again)
        return again

    async def _say(self, raised: Raised, before: int) -> bool:
        """Tell everybody, by every way at once; whether any of them worked."""
        alert = raised.alert
        _log.error("operators_alerted", kind=alert.kind.value, why=alert.why, practice=alert.practice)
        plan = self._parts.plans.current(alert.practice)
        body = words(plan, raised, before, self._parts.clock.now())
        ways = [self._post(url, raised, before) for url in self._programs(plan)]
        ways += [self._reach(each, raised, body) for each in self._told(plan, alert)]
        told = False
        for outcome in await asyncio.gather(*ways, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("alert_not_told", error=type(outcome).__name__)
            told |= outcome is True
        if told:
            self._parts.site.metrics.alerts.labels(alert.kind.value).inc()
        return told

    def _programs(self, plan: Plan | None) -> list[str]:
        """Where it is posted."""
        own, everybody = self._parts.settings.operators_webhook, self._parts.plans.all()
        first = plan.operators.webhook if plan else own
        if found := first or own:
            return [found]
        return [] if plan else list(dict.fromkeys(one.operators.webhook for one in everybody if one.operators.webhook))

    def _told(self, plan: Plan | None, alert: Alert) -> list[Told]:
        """Who is told by telephone."""
        own, everybody = self._parts.settings.operator_numbers, list(self._parts.plans.all())
        if plan is not None and (found := self._of(plan, alert)):
            return found
        sender = plan or next(iter(everybody), None)
        if sender is not None and own:
            return [Told(sender, listed(number)) for number in own]
        each = {told.operator.numbers: told for one in everybody for told in self._of(one, alert)}
        return [] if plan else list(each.values())

    def _of(self, plan: Plan, alert: Alert) -> list[Told]:
        rings = plan.operators.call and alert.kind in URGENT
        return [Told(plan, operator, rings) for operator in operators_of(plan, self._parts.clock.now())]

    async def _reach(self, told: Told, raised: Raised, body: str) -> bool:
        operator, plan = told.operator, told.plan
        texted = False
        if operator.sms:
            about: dict[str, str | int] = {} if told.rings else {"practice": plan.practice, "alert": raised.number}
            path = "sms/status" if told.rings else "sms/alert/status"
            texted = await text(self._parts, operator.sms, plan.caller_id, body, about, path=path) is None
            self._count("sms", told=texted)
        rung = False
        if told.rings or not texted:
            rung = await self._ring(plan, operator, raised)
        return texted or rung

    async def _ring(self, plan: Plan, operator: Operator, raised: Raised, tried: str = "") -> bool:
        """Ring their next number, or the one after it where Twilio does not call that; whether one is rung."""
        query: dict[str, str | int] = {"practice": plan.practice, "alert": raised.number}
        urls = self._parts.site.urls
        url, status = urls.at("voice/alert", query), urls.at("voice/alert/status", query)

        async def call(provider: Provider, number: str) -> PlacedCall:
            return await provider.gateway.place_call(number, provider.sender(plan.caller_id), url, status, RING_FOR)

        while number := operator.after(tried):
            try:
                await self._parts.providers.persist(Means.CALL, partial(call, number=number), most=1, before=self._turn)
            except TwilioError as error:
                _log.error("operator_not_rung", error=str(error))
                tried = number
            else:
                self._count("call", told=True)
                return True
        if operator.voice and not tried:
            self._count("call", told=False)
        return False

    async def ring_next(self, number: int, practice: str, whose: str, tried: str) -> None:
        """A text to the operator's number `whose` did not arrive, or `tried` was rung and nobody confirmed."""
        async with self._parts.database.statement() as connection:
            raised = await alerts.find(connection, number)
        plan = self._parts.plans.current(practice)
        if plan is None or raised is None or raised.confirmed_at is not None or raised.over_at is not None:
            return
        await self._ring(plan, operator_at(plan, whose), raised, tried)

    def _count(self, way: str, *, told: bool) -> None:
        self._parts.site.metrics.told.labels(way, "told" if told else "failed").inc()

    async def _post(self, url: str, raised: Raised, before: int) -> bool:
        taken = await post(self._parts.settings, url, as_json(raised, before))
        self._count("webhook", told=taken)
        return taken


def words(plan: Plan | None, raised: Raised, before: int, now: Instant) -> str:
    """The text: whose, which page, what, since when if it comes late, and how often it came before."""
    alert = raised.alert
    about = f", {plan.name}" if plan else ""
    code = f", page {code_of(alert.page)}" if alert.page else ""
    since = shown(raised.at, plan.zone) if plan else f"{shown(raised.at, 'UTC')} UTC"
    late = f" (since {since})" if now - raised.at >= LATE else ""
    again = f" ({before} times before, in the last 24 h)" if before else ""
    return f"Nightbell alert{about}{code}: {alert.why}{late}{again}"


def failing(error: TwilioError, *, has_second: bool) -> Alert:
    """Twilio fails, and not for a number's sake."""
    meanwhile = "Calls and texts go by the second provider" if has_second else "Callers' own lines dial the staff"
    why = f"Twilio fails again and again: {error}. {meanwhile} meanwhile"
    return Alert(AlertKind.TWILIO, why, subject=type(error).__name__)
