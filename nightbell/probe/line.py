"""The probe's telephone: webhooks as Twilio sends and signs them, and what a caller would hear."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag, urlencode, urljoin
from xml.etree import ElementTree as ET

import httpx

from nightbell.doctor.address import REFUSED, unreachable
from nightbell.doctor.outcome import Outcome, wrong
from nightbell.probe.watch import Watch
from nightbell.settings import Settings
from telephony.signature import HEADER, sign

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_RUN: Final = re.compile(r"\s+")


class Broken(Exception):  # noqa: N818 - it is what the probe is there to find
    """A part of the walk failed; `outcome` says how, and what mends it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.says)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer. `key_to`, `next_at`: where a pressed key, and the caller's leg by itself, go on; "" for nowhere.

    `words`: all that is spoken. `rings`: the caller's own leg would dial somebody. `seconds`: until it was there.
    """

    words: str
    key_to: str
    next_at: str
    rings: bool
    seconds: float


class Line:
    """One call of the probe's, to its own practice. Every method raises Broken."""

    def __init__(
        self, http: httpx.AsyncClient, settings: Settings, watch: Watch, call: str, caller: str, to: str
    ) -> None:
        self._http = http
        self._settings = settings
        self._watch = watch
        self.call = call
        self._form = {
            "AccountSid": settings.account_sid, "ApiVersion": "2010-04-01", "CallSid": call, "Direction": "inbound",
            "From": caller, "To": to,
        }  # fmt: skip

    async def dial(self) -> Heard:
        """Call; what is heard first."""
        return await self._ask("/twilio/voice", CallStatus="ringing")

    async def press(self, key: str, at: str) -> Heard:
        """Press a key where the last answer waits for one."""
        return await self._ask(at, CallStatus="in-progress", Digits=key)

    async def turn(self, at: str) -> Heard:
        """Let the leg go on by itself."""
        return await self._ask(at, CallStatus="in-progress")

    async def hang_up(self, seconds: float) -> None:
        """The end of the call, as it is told."""
        await self._post("/twilio/voice/status", CallStatus="completed", CallDuration=str(max(1, round(seconds))))

    async def _ask(self, at: str, **fields: str) -> Heard:
        began = self._watch.now()
        url, text = await self._post(at, **fields)
        return heard(url, text, self._watch.now() - began)

    async def _post(self, at: str, **fields: str) -> tuple[str, str]:
        url = urldefrag(urljoin(self._settings.public_url.rstrip("/") + "/", at)).url
        form = {**self._form, **fields}
        signed = sign(url, tuple(form.items()), self._settings.tokens[0])
        try:
            answer = await self._http.post(url, content=urlencode(form), headers={**_FORM, HEADER: signed})
        except httpx.HTTPError as error:
            raise Broken(unreachable(error)) from None
        if not answer.is_success:
            raise Broken(_refused(answer.status_code))
        return url, answer.text


def _refused(status: int) -> Outcome:
    if status == REFUSED:
        return wrong(
            "what is signed with our token is refused: Twilio's webhooks may be, too",
            "are TWILIO_AUTH_TOKEN and NIGHTBELL_PUBLIC_URL here the server's, and does the proxy keep path and query?",
        )
    return wrong(
        f"the public URL answers a call with HTTP {status}",
        "does `nightbell serve` run, and does the proxy pass /twilio/ on to it? Its log says more",
    )


def heard(url: str, text: str, seconds: float) -> Heard:
    """Read TwiML that was fetched from there. Raises Broken."""
    root = _root(text)
    words = _RUN.sub(" ", " ".join("".join(say.itertext()) for say in root.iter("Say"))).strip()
    gather, redirect = root.find("Gather"), root.find("Redirect")
    action = gather.get("action", "") if gather is not None else ""
    further = (redirect.text or "").strip() if redirect is not None else ""
    to, at = (urljoin(url, each) if each else "" for each in (action, further))
    return Heard(words, to, at, any(True for _ in root.iter("Number")), seconds)


def _root(text: str) -> ET.Element:
    no_twiml = Broken(wrong("the answer to a call is no TwiML", "is it Nightbell that answers there?"))
    if "<!" in text:  # Nightbell writes no document types, and so no entities; the parser need not meet others'
        raise no_twiml
    try:
        return ET.fromstring(text)  # noqa: S314 - see above
    except ET.ParseError:
        raise no_twiml from None
