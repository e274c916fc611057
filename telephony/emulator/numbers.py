"""The telephone numbers that the account owns, and where their calls and messages go."""

import re
from dataclasses import dataclass, field

from whenever import Instant

from telephony.emulator.sids import new_sid

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass
class OwnedNumber:
    """Twilio's IncomingPhoneNumber."""

    phone_number: str
    created_at: Instant
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    voice_application_sid: str = ""
    """While set, as while there is a trunk, the voice URLs do not count."""
    sms_application_sid: str = ""
    trunk_sid: str = ""
    voice_capable: bool = True
    sms_capable: bool = True
    friendly_name: str = ""
    sid: str = field(default_factory=lambda: new_sid("PN"))


def takes_calls(number: OwnedNumber) -> bool:
    """Tell whether the number's own voice URL answers its calls."""
    return bool(number.voice_url) and not (number.trunk_sid or number.voice_application_sid)


def is_e164(number: str) -> bool:
    """Tell whether a number has the form +, country code, digits."""
    return E164.fullmatch(number) is not None
