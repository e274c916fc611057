"""Who calls, as Twilio says it: an E.164 number, or nobody known."""

import re
from collections.abc import Mapping
from typing import Final

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")

_STAND_INS: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""What Twilio sends as From for ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE (the words, keyed)."""


def known_number(text: str) -> str | None:
    """The number, or None where it is withheld, a stand-in, or malformed."""
    return text if _E164.fullmatch(text) and text not in _STAND_INS else None


def caller_of(form: Mapping[str, str]) -> str | None:
    """The inbound caller's number."""
    return known_number(form.get("From", ""))
