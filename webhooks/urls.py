"""The URLs that Twilio is given: below the configured public origin, and never with anything about the patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from ivr.position import Position, to_query

RETRIES: Final = "#rc=2&rp=ct,5xx"
"""How Twilio is to retry: by default only a failed connection is, once; a server that restarts behind its proxy answers
502 for a moment. Twilio reads it off the URL's fragment and neither sends nor signs it (TWILIO.md, Webhooks)."""


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Which plan a call goes by."""

    practice: str
    version: int


@lru_cache(maxsize=4096)
def _query_of(key: PlanKey, position: Position) -> str:
    """The same for every call that stands there."""
    return urlencode({"practice": key.practice, "version": key.version, **to_query(position)})


class Urls:
    """Builds URLs on the public origin (`https://host`, without a slash at the end)."""

    def __init__(self, public_url: str) -> None:
        self.origin = public_url.rstrip("/")

    def at(self, path: str, query: Mapping[str, str | int]) -> str:
        """A URL below `/twilio/`."""
        return f"{self.origin}/twilio/{path}?{urlencode(query)}{RETRIES}"

    def of_call(self, path: str, key: PlanKey, position: Position, **more: str | int) -> str:
        """A URL that carries a call's position."""
        query = _query_of(key, position) + "".join(f"&{urlencode({name: value})}" for name, value in more.items())
        return f"{self.origin}/twilio/{path}?{query}{RETRIES}"

    def turn(self, key: PlanKey, position: Position, **more: str | int) -> str:
        """Where the answer to a position goes."""
        return self.of_call("voice/turn", key, position, **more)

    def hold(self, key: PlanKey, position: Position) -> str:
        """The next turn of the hold loop."""
        return self.of_call("voice/hold", key, position)

    def recording(self, practice: str, call_key: str, purpose: str, page: str = "") -> str:
        """The status of a recording."""
        return self.at("recording", {"practice": practice, "key": call_key, "purpose": purpose, "page": page})

    def of_leg(self, path: str, page: str, attempt: int, **more: str | int) -> str:
        """A URL of a clinician's leg."""
        return self.at(path, {"page": page, "attempt": attempt, **more})
