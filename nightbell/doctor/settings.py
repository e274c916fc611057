"""Are the settings those of a server that real calls reach?"""

from urllib.parse import urlsplit

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from nightbell.settings import Settings, SettingsError
from telephony.transport import TWILIO_API


async def check(installation: Installation) -> list[Outcome]:
    """Missing ones, ones for rehearsals only, and defaults that are not for a practice."""
    settings = installation.settings
    found = [*_missing(settings), *_public_url(settings), *_rehearsal(settings), *_defaults(settings)]
    found += _operators(installation)
    if not installation.plans:
        found.append(wrong("no practice is published", "nightbell apply PLAN"))
    return found or [ok("complete")]


def faulty(error: SettingsError) -> list[Outcome]:
    """The outcome when they cannot even be read; then nothing else can be looked at."""
    return [
        wrong(str(error), "set it so in the environment or in the settings file, and ask again"),
        unknown("nothing else, without settings"),
    ]


def _missing(settings: Settings) -> list[Outcome]:
    try:
        settings.require_twilio()
    except SettingsError as error:
        return [wrong(str(error), "set them; `serve` does not start without")]
    return []


def _public_url(settings: Settings) -> list[Outcome]:
    url = urlsplit(settings.public_url)
    if url.path.strip("/") or url.query:
        return [wrong("NIGHTBELL_PUBLIC_URL is more than an origin", "leave out what follows the host")]
    if url.scheme == "http" and _is_live(settings):
        return [
            wrong(
                "NIGHTBELL_PUBLIC_URL is http: callers' numbers would cross the internet in the clear",
                "put a TLS proxy in front, and set https://...",
            )
        ]
    return []


def _rehearsal(settings: Settings) -> list[Outcome]:
    found = []
    if not _is_live(settings):
        found.append(warning("TWILIO_API_URL is not Twilio's: this is a rehearsal", "unset it to go live"))
    if settings.clock:
        found.append(warning("NIGHTBELL_CLOCK moves the clock: this is a rehearsal", "unset it to go live"))
    return found


def _defaults(settings: Settings) -> list[Outcome]:
    found = []
    if settings.database_url is None and _is_live(settings):
        found.append(
            warning(
                "the embedded database is used", "for more than a trial set NIGHTBELL_DATABASE_URL, and make backups"
            )
        )
    return found


def _operators(installation: Installation) -> list[Outcome]:
    """Somebody hears of the server's own trouble, and a program of theirs can tell that it is told by this server."""
    settings, plans = installation.settings, installation.plans
    written = [plan.operators for plan in plans]
    found = []
    if not settings.operators and not any(one.page or one.sms for one in written):
        mend = "set it to numbers of yours, or give a plan `operators:`"
        found.append(warning("NIGHTBELL_OPERATORS is not set: nobody is texted about the server", mend))
    elif not settings.operators and len(plans) > 1:
        says = "NIGHTBELL_OPERATORS is not set: every practice's operators are told about the server"
        found.append(warning(says, "set it to numbers of yours"))
    posted = bool(settings.operators_webhook) or any(one.webhook for one in written)
    if posted and not settings.webhook_secret.get_secret_value():
        says = "alerts are posted without a signature: whoever knows the address can send others"
        found.append(warning(says, "set NIGHTBELL_WEBHOOK_SECRET, and check it where they arrive"))
    return found


def _is_live(settings: Settings) -> bool:
    return settings.api_url.rstrip("/") == TWILIO_API
