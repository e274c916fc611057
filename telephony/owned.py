"""What of the account `nightbell doctor` and `nightbell twilio` look at: itself, its numbers, a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from whenever import Instant

POINTERS: Final = (
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "status_callback",
    "status_callback_method",
    "sms_url",
    "sms_method",
    "voice_application_sid",
    "sms_application_sid",
    "trunk_sid",
)
"""The fields of an IncomingPhoneNumber that decide who answers its calls and texts (Twilio's API, 2010-04-01)."""


@dataclass(frozen=True, slots=True)
class Account:
    """`status`: active, suspended or closed. `kind`: Trial or Full. `at`: what time it is at Twilio, to the second."""

    status: str
    kind: str
    at: Instant | None


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """One number of the account. `pointers`: the values of POINTERS, "" where there is none."""

    sid: str
    number: str
    voice: bool
    sms: bool
    pointers: Mapping[str, str]


def read_account(account: object, date: str | None) -> Account:
    """The account as the SDK gives it."""
    at = Instant(parsedate_to_datetime(date)) if date else None
    return Account(str(getattr(account, "status", "")), str(getattr(account, "type", "")), at)


def read_number(number: object) -> OwnedNumber:
    """A number as the SDK gives it."""
    able = getattr(number, "capabilities", None) or {}

    def can(what: str) -> bool:
        return bool(able.get(what)) if isinstance(able, dict) else bool(getattr(able, what, False))

    pointers = {name: str(getattr(number, name, None) or "") for name in POINTERS}
    return OwnedNumber(
        str(getattr(number, "sid", "")), str(getattr(number, "phone_number", "")), can("voice"), can("sms"), pointers
    )
