"""How long words take to be spoken: an estimate for checks, not a promise.

It follows Amazon Polly's neural voices at their usual pace, about 175 words of average length a minute in English and
in Spanish, with a breath at each comma and a pause at each full stop.
"""

import re
from functools import lru_cache
from typing import Final

EMERGENCY_NUMBER: Final = re.compile(r"9[\s-]*1[\s-]*1(?![0-9])")
"""The emergency number as people write it to be spoken: "911", "9 1 1", "9-1-1"."""
ADVICE_WITHIN: Final = 10.0
"""Seconds from the first word within which a caller has heard the emergency number (DESIGN section 4)."""
_TOKEN: Final = re.compile(r"[0-9]|[^\W\d_]+|[,;:]|[.!?]+")
_WORD: Final = 0.1
_LETTER: Final = 0.05
_DIGIT: Final = 0.32
_BREATH: Final = 0.2
_STOP: Final = 0.45


def seconds(text: str) -> float:
    """About how many seconds the text takes to be spoken; the pause after its last word is not counted."""
    return _length(text.rstrip(" .,;:!?"))


def _length(text: str) -> float:
    return sum(_token(found) for found in _TOKEN.findall(text))


def _token(token: str) -> float:
    if token.isdigit():
        return _DIGIT
    if token[0] in ",;:":
        return _BREATH
    return _STOP if token[0] in ".!?" else _WORD + _LETTER * len(token)


@lru_cache(maxsize=1024)  # asked at the first words of every call
def emergency_number_after(text: str) -> float | None:
    """After about how many seconds the text has told the emergency number; None when it does not tell it."""
    found = EMERGENCY_NUMBER.search(text)
    return seconds(text[: found.end()]) if found else None
