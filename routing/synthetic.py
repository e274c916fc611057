"""The practice of the watchdog, `nightbell probe`: real to every part of the program, and nobody is behind it."""

import re
from typing import Final

PROBE: Final = "nightbell-probe"
"""The practice's id. What it asks for is noted instead of placed and told, and nothing of it is counted."""

PROBE_NUMBER: Final = "+12025550100"
"""The number that it is called at, in `nightbell/probe/plan.yaml`."""

_FICTIONAL: Final = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}")


def is_synthetic(practice: str) -> bool:
    """Whether nobody is behind the practice of this id."""
    return practice == PROBE


def is_nobodys(number: str) -> bool:
    """Whether the number is one of those that are given to nobody (555-0100 to 555-0199 in every area code)."""
    return _FICTIONAL.fullmatch(number) is not None
