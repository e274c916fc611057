"""Telling the operators what the probe found, without the server, which may be dead; the same only once in a while."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from nightbell.doctor import Finding
from nightbell.doctor.outcome import Level
from nightbell.posting import post
from nightbell.settings import Settings
from telephony.errors import TwilioError
from telephony.gateway import Gateway
from telephony.handing import MOST_TRIES, again_after

_log = structlog.get_logger(__name__)

AGAIN_AFTER: Final = TimeDelta(hours=1)
"""How long the same failure is not told again."""
MOST: Final = 300
"""Characters of a text: two segments."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the operators know: which checks fail, none when all is well, and since when they know."""

    failing: frozenset[str]
    at: Instant


def failing(findings: Iterable[Finding]) -> dict[str, str]:
    """The checks that fail, with what they say."""
    return {each.check: each.outcome.says for each in findings if each.outcome.level is Level.WRONG}


def news(before: Told | None, wrong: dict[str, str], now: Instant) -> str:
    """What is to be told; "" for nothing: all is as they know it."""
    known = before.failing if before else frozenset()
    if not wrong:
        return "all is well again" if known else ""
    is_old = before is not None and known >= wrong.keys() and now < before.at + AGAIN_AFTER
    return "" if is_old else "; ".join(f"{check}: {says}" for check, says in wrong.items())


class Memory:
    """What was told, in a file: it outlives a probe that is started anew for each walk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Told | None:
        """What was told last. One that cannot be read is none: told twice does less harm than not at all."""
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return Told(frozenset(map(str, stored["failing"])), Instant.parse_iso(stored["at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, told: Told) -> None:
        """Remember it. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"failing": sorted(told.failing), "at": told.at.format_iso()}), encoding="utf-8")
        fresh.replace(self._path)


async def tell_news(
    settings: Settings, gateway: Gateway, memory: Memory, findings: list[Finding], now: Instant
) -> None:
    """Tell what is new, and remember it; where no way worked, it stays new and is told after the next walk."""
    wrong = failing(findings)
    words = news(memory.read(), wrong, now)
    if not words or not await _say(settings, gateway, words, now):
        return
    try:
        memory.write(Told(frozenset(wrong), now))
    except OSError as error:
        _log.error("probe_forgets", error=type(error).__name__)


async def _say(settings: Settings, gateway: Gateway, words: str, now: Instant) -> bool:
    """By every way at once, whatever comes of the others; whether one worked."""
    _log.error("operators_alerted", kind="probe", why=words)
    ways = [_text(settings, gateway, number, words) for number in settings.operator_numbers if settings.probe_from]
    if settings.operators_webhook:
        about = {"id": None, "kind": "probe", "practice": None, "page": None}
        told = {**about, "why": words, "at": now.format_iso(), "times": 1}
        ways.append(post(settings, settings.operators_webhook, told))
    return True in await asyncio.gather(*ways, return_exceptions=True)


async def _text(settings: Settings, gateway: Gateway, number: str, words: str) -> bool:
    body = f"Nightbell watchdog: {words}"[:MOST]
    report = f"{settings.public_url.rstrip('/')}/twilio/sms/status"
    for _ in range(MOST_TRIES):
        try:
            await gateway.send_sms(number, settings.probe_from, body, report)
        except TwilioError as error:
            _log.error("not_texted", error=str(error))
            delay = again_after(error)
            if delay is None:
                return False
            await asyncio.sleep(delay)
        else:
            return True
    return False
