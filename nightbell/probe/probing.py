"""Walks at an interval: each is told, and what fails is walked once more before anybody is woken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from nightbell.doctor import Finding, is_fit
from nightbell.doctor import twilio as account
from nightbell.doctor.installation import PATIENCE, Installation
from nightbell.doctor.outcome import warning, wrong
from nightbell.probe.line import Line
from nightbell.probe.records import Records
from nightbell.probe.walk import Walk, new_call
from nightbell.probe.watch import RealWatch, Watch
from nightbell.settings import Settings, SettingsError
from routing.synthetic import PROBE, PROBE_NUMBER
from storage.clock import read_clock
from telephony.gateway import Gateway
from webhooks.signed import where

_log = structlog.get_logger(__name__)

AGAIN: Final = 10.0
"""Seconds before what failed is walked once more."""
LONGEST: Final = 120.0
"""Real seconds that a walk may take, whatever hangs."""
ANSWERED_WITHIN: Final = httpx.Timeout(15.0, connect=5.0)
"""Twilio waits as long for an answer; the API answers within 10 s."""


@dataclass(frozen=True, slots=True)
class Prober:
    """What walks need. `api`: the origin of the REST API."""

    settings: Settings
    api: str
    http: httpx.AsyncClient
    gateway: Gateway
    watch: Watch

    async def probe(self) -> tuple[list[Finding], dict[str, float]]:
        """Walk, and once more if that fails: a lost packet at night is nobody's business."""
        findings, seconds = await self._bounded()
        if is_fit(findings):
            return findings, seconds
        await self.watch.wait(AGAIN)
        return await self._bounded()

    async def _bounded(self) -> tuple[list[Finding], dict[str, float]]:
        try:
            return await asyncio.wait_for(self._walk(), LONGEST)
        except TimeoutError:
            outcome = wrong(f"it was not over in {LONGEST:g} s", "see /metrics and the server's log")
        except Exception as error:  # noqa: BLE001 - whatever it met there, a watchdog must not die of it, but bark
            _log.error("walk_failed", error=type(error).__name__, where=where(error))
            outcome = wrong(
                f"it failed ({type(error).__name__})", "is it Nightbell that answers there, of this version?"
            )
        return [Finding("walk", outcome)], {}

    async def _walk(self) -> tuple[list[Finding], dict[str, float]]:
        call, caller = new_call()
        line = Line(self.http, self.settings, self.watch, call, caller, PROBE_NUMBER)
        records = Records(self.http, self.api, self.settings.probe_key.get_secret_value())
        walked = await Walk(line, records, self.watch).take()
        return [*self._operators(), *await self._account(), *walked.findings], walked.seconds

    def _operators(self) -> list[Finding]:
        if self.settings.operators or self.settings.operators_webhook:
            return []
        mend = "set NIGHTBELL_OPERATORS and NIGHTBELL_PROBE_FROM, or NIGHTBELL_OPERATORS_WEBHOOK"
        return [Finding("operators", warning("nobody would be told of a failure", mend))]

    async def _account(self) -> list[Finding]:
        """Twilio itself: with a suspended account no call comes here, however well all is."""
        clock = read_clock(self.settings.clock)
        seen = Installation(self.settings, clock, None, None, (), self.gateway, self.http)
        return [Finding("twilio account", outcome) for outcome in await account.account(seen)]


def require(settings: Settings) -> None:
    """Raise SettingsError for what is missing to walk."""
    settings.require_twilio()
    if not settings.probe_key.get_secret_value():
        raise SettingsError(
            f"NIGHTBELL_PROBE_KEY must be set: on the server, `nightbell key create --practice {PROBE} --name probe`"
        )
    if settings.operators and not settings.probe_from:
        raise SettingsError(
            "NIGHTBELL_PROBE_FROM must be set: the number of yours at Twilio from which NIGHTBELL_OPERATORS are texted"
        )


@asynccontextmanager
async def open_prober(settings: Settings, api: str, watch: Watch | None = None) -> AsyncIterator[Prober]:
    """Open what walks need. `api`: "" for the public URL."""
    token = settings.auth_token.get_secret_value()
    gateway = Gateway(settings.account_sid, token, settings.api_url, PATIENCE)
    try:
        async with httpx.AsyncClient(timeout=ANSWERED_WITHIN, follow_redirects=False) as http:
            yield Prober(settings, api or settings.public_url, http, gateway, watch or RealWatch())
    finally:
        await gateway.close()
