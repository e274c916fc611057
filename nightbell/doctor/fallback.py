"""Is somebody there when this server is gone?"""

from typing import Final
from urllib.parse import urlsplit

import httpx

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from nightbell.fallback import StaticFile, read, static_files
from telephony.errors import TwilioError

_REFRESH: Final = "nightbell fallback (the worker does it by itself where it has NIGHTBELL_FALLBACK_DIR)"
_HOST: Final = (
    "put the files of `nightbell fallback` on a host of another kind, set NIGHTBELL_FALLBACK_URL, and run "
    "`nightbell twilio connect`"
)


async def check(installation: Installation) -> list[Outcome]:
    """The files, and what the numbers' fallback URLs give."""
    if installation.ring is None or not installation.plans:
        return [unknown("there is no practice, or there are no keys", "see the check 'settings'")]
    second = installation.settings.second_number
    files = static_files(installation.plans, installation.ring, installation.clock.now(), second)
    found = [*_folder(installation, files), *_setting(installation)]
    for file in files:
        found += await _hosted(installation, file)
    return found


def _folder(installation: Installation, files: list[StaticFile]) -> list[Outcome]:
    folder = installation.settings.fallback_dir
    if folder is None:
        return []
    stale = [file.number for file in files if read(folder / file.names[0]) != file.text]
    if stale:
        return [wrong(f"the files for {', '.join(stale)} in {folder} are missing or stale", _REFRESH)]
    return [ok("the files are those of now")]


def _setting(installation: Installation) -> list[Outcome]:
    settings = installation.settings
    if settings.fallback_url and _host(settings.fallback_url) == _host(settings.public_url):
        return [wrong("NIGHTBELL_FALLBACK_URL is on the same host as the server: both are gone at once", _HOST)]
    return []


async def _hosted(installation: Installation, file: StaticFile) -> list[Outcome]:
    """What the fallback URL of the number gives to Twilio."""
    of_second = installation.second if file.number == installation.settings.second_number else None
    gateway = of_second or installation.gateway
    try:
        number = await gateway.find_number(file.number)
    except TwilioError as error:
        return [unknown(f"{file.number}: {error}", "see the check 'twilio account'")]
    if number is None:
        return []  # the numbers' own check tells
    url = number.pointers["voice_fallback_url"].partition("#")[0]
    if not url:
        return [warning(f"{file.number}: it has no fallback URL: when the server is gone, so is the caller", _HOST)]
    if _host(url) == _host(installation.settings.public_url):
        return [warning(f"{file.number}: its fallback URL is on the same host as the server", _HOST)]
    try:
        answer = await installation.http.post(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        mend = "is that host up, with a valid certificate?"
        return [wrong(f"{file.number}: its fallback host cannot be reached ({type(error).__name__})", mend)]
    return [_given(file, answer)]


def _given(file: StaticFile, answer: httpx.Response) -> Outcome:
    if answer.status_code == 405:  # noqa: PLR2004 - HTTP's "method not allowed"
        mend = "let the host answer POST as it does GET: see docs/going-live.md"
        return wrong(f"{file.number}: its fallback host refuses POST", mend)
    if not answer.is_success:
        return wrong(f"{file.number}: its fallback host answers with HTTP {answer.status_code}",
                     "is the file there? " + _REFRESH)  # fmt: skip
    if answer.text != file.text:
        return wrong(f"{file.number}: its fallback host gives a stale document", "bring the files there: " + _REFRESH)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind not in {"text/xml", "application/xml"}:
        return wrong(f"{file.number}: its fallback host says that the document is {kind or 'nothing'}",
                     "let it give .xml files the type text/xml")  # fmt: skip
    return ok(f"{file.number}: its fallback host gives what is right now")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").casefold()
