"""Calls that no practice answers for."""

import structlog

from ivr.phrases import phrase
from ivr.prompts import Utterance
from storage import alerts
from storage.errors import UnavailableError
from telephony.twiml import Document
from webhooks.site import Site

_log = structlog.get_logger(__name__)

LANGUAGE = "en-US"


async def unknown_number(site: Site) -> str:
    """A call to a number that no plan has: a polite end with the advice to dial 911, and an alert."""
    site.metrics.unknown.inc()
    _log.error("unknown_number")

    async def tell() -> None:
        async with site.database.transaction() as connection:
            why = "a call came to a number that no plan has: publish it, or point it elsewhere at Twilio"
            await alerts.raise_alert(connection, None, why, site.clock.now())

    try:
        await site.database.in_time(tell)
    except UnavailableError as error:
        _log.error("alert_not_stored", why=str(error))
    words = "This number is not in service. If this is an emergency, hang up and dial 9 1 1."
    goodbye = phrase("goodbye", LANGUAGE)
    return str(Document({}).say((Utterance(LANGUAGE, words), Utterance(LANGUAGE, goodbye))).hang_up())
