"""Does the public URL lead to this server, and does it let in what Twilio signed and nothing else?"""

import secrets
import ssl
from urllib.parse import urlencode

import httpx

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, wrong
from telephony.signature import HEADER, sign
from webhooks.ping import proofs

REFUSED = 403


async def check(installation: Installation) -> list[Outcome]:
    """Ask as Twilio would, and as a stranger would."""
    settings = installation.settings
    if not (settings.public_url and settings.tokens and installation.ring):
        return [unknown("settings are missing", "see the check 'settings'")]
    nonce = secrets.token_hex(16)
    url = f"{settings.public_url.rstrip('/')}/twilio/ping?nonce={nonce}"
    form = {"AccountSid": settings.account_sid}
    try:
        signed = await _post(installation.http, url, form, sign(url, tuple(form.items()), settings.tokens[0]))
        unsigned = await _post(installation.http, url, form, None)
    except httpx.HTTPError as error:
        return [unreachable(error)]
    return [_signed(signed, proofs(installation.ring, nonce)), *_unsigned(unsigned)]


async def _post(http: httpx.AsyncClient, url: str, form: dict[str, str], signature: str | None) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({HEADER: signature} if signature else {})
    return await http.post(url, content=urlencode(form), headers=headers)


def _signed(answer: httpx.Response, expected: list[str]) -> Outcome:
    if answer.is_success and any(proof in answer.text for proof in expected):
        return ok("leads here, and takes what Twilio signs")
    if answer.status_code == REFUSED:
        return wrong(
            "the public URL refuses what is signed with our token: Twilio's webhooks are refused too",
            "does the server there run with these settings (restart it), and does the proxy keep path and query?",
        )
    if answer.is_success:
        return wrong(
            "another installation answers at the public URL: it holds other encryption keys",
            "mend NIGHTBELL_PUBLIC_URL or the DNS; or restart `serve` if the keys were changed since it started",
        )
    if answer.is_redirect:
        return wrong(
            f"the public URL redirects (HTTP {answer.status_code}): Twilio loses what is posted",
            "set NIGHTBELL_PUBLIC_URL to where it leads",
        )
    return wrong(
        f"the public URL answers with HTTP {answer.status_code}, and not as Nightbell does",
        "does `nightbell serve` run, and does the proxy pass /twilio/ on to its port?",
    )


def _unsigned(answer: httpx.Response) -> list[Outcome]:
    if answer.status_code == REFUSED or not answer.is_success:
        return []
    return [wrong("what is not signed is let in at the public URL", "that is not Nightbell's doing: look at the proxy")]


def unreachable(error: httpx.HTTPError) -> Outcome:
    """Why nobody answered, in words."""
    certificate = _certificate(error)
    if certificate:
        return wrong(f"the certificate of the public URL is not accepted: {certificate}",
                     "renew it, for this very host name and with its whole chain")  # fmt: skip
    if isinstance(error, httpx.TimeoutException):
        return wrong("the public URL does not answer in time", "does `nightbell serve` run, and is the firewall open?")
    return wrong(f"the public URL cannot be reached ({type(error).__name__})",
                 "does `nightbell serve` run, do DNS and proxy lead to it, and is the firewall open?")  # fmt: skip


def _certificate(error: BaseException | None) -> str:
    """What TLS found wrong, along the chain of causes; "" for anything else."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return str(error).partition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0]
        error = error.__cause__ or error.__context__
    return ""
