"""Posting to a program of the operators': in three tries, never following where it leads, and signed."""

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

_log = structlog.get_logger(__name__)

WITHIN: Final = 5.0
"""Real seconds that a program of the operators' has to answer."""
TRIES: Final = 3
PAUSE: Final = 1.0
"""Real seconds before the second try; twice that before the third."""
SIGNATURE: Final = "X-Nightbell-Signature"


async def post(settings: Settings, url: str, told: Mapping[str, object]) -> bool:
    """Post it; whether it was taken. Nothing about the address, which may hold a secret, or the answer is logged."""
    body = json.dumps(told).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Nightbell"}
    secret = settings.webhook_secret.get_secret_value()
    headers |= {SIGNATURE: f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"} if secret else {}
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
            await asyncio.sleep(tries * PAUSE)
        else:
            return True
    return False
