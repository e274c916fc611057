"""Posting to a program of the operators': signed, in three tries, never following where it leads."""

import asyncio
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import httpx
import structlog

from calendars.errors import AddressError
from calendars.guard import GuardedTransport, networks_of
from nightbell.settings import Settings
from storage.alerts import Raised

_log = structlog.get_logger(__name__)

WITHIN: Final = 5.0
"""Real seconds that the program has to answer."""
TRIES: Final = 3
PAUSE: Final = 1.0
"""Real seconds before the second try; twice that before the third."""
SIGNATURE: Final = "X-Nightbell-Signature"


async def post(settings: Settings, url: str, told: Mapping[str, object]) -> bool:
    """Post it; whether it was taken. Nothing about the address, which may hold a secret, or the answer is logged."""
    body = json.dumps(told).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Nightbell", **_signed(settings, body)}
    allowed = networks_of(settings.calendar_networks)
    for tries in range(1, TRIES + 1):
        try:
            async with httpx.AsyncClient(transport=GuardedTransport(allowed), timeout=WITHIN) as client:
                (await client.post(url, content=body, headers=headers)).raise_for_status()
        except AddressError as error:
            _log.error("alert_not_posted", error=str(error))
            return False
        except (httpx.HTTPError, OSError) as error:
            _log.error("alert_not_posted", error=type(error).__name__, tries=tries)
            if tries < TRIES:
                await asyncio.sleep(tries * PAUSE)
        else:
            return True
    return False


def _signed(settings: Settings, body: bytes) -> dict[str, str]:
    secret = settings.webhook_secret.get_secret_value()
    return {SIGNATURE: f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"} if secret else {}


def as_json(raised: Raised, before: int) -> dict[str, object]:
    """What is posted. Nothing in it is about a patient."""
    alert = raised.alert
    return {
        "id": raised.number,
        "kind": alert.kind.value,
        "practice": alert.practice or None,
        "page": alert.page or None,
        "why": alert.why,
        "at": raised.at.format_iso(),
        "times": raised.times + before,
    }
