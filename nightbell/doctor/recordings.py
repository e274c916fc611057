"""Are recordings private? Twilio's REST API has no setting to ask; so a stranger's request is tried."""

from typing import Final

import httpx

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, wrong

_WHERE: Final = (
    "in Twilio's console, Voice > Settings > General: 'Enforce HTTP Auth on Media URLs' must be on, and saved"
)
_REFUSED: Final = frozenset({401, 403})


async def check(installation: Installation) -> list[Outcome]:
    """Ask for the newest recording's sound with no password; nothing of it is read."""
    url = await installation.gateway.recording_url()
    if url is None:
        return [unknown("the account has no recording to try with", _WHERE)]
    try:
        async with installation.http.stream("GET", url) as answer:
            status = answer.status_code
    except httpx.HTTPError as error:
        return [unknown(f"Twilio did not answer ({type(error).__name__})", _WHERE)]
    if status in _REFUSED:
        return [ok("private: a stranger gets none")]
    if status < 400:  # noqa: PLR2004 - HTTP's errors
        return [wrong("recordings are public: whoever has a link hears patients", _WHERE)]
    return [unknown(f"Twilio answered HTTP {status}", _WHERE)]
