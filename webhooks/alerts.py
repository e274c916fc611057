"""Calls that no practice answers for."""

from typing import Final

import structlog

from ivr.phrases import phrase
from ivr.prompts import Utterance
from storage.alerts import Alert, AlertKind, raise_alert
from storage.errors import UnavailableError
from telephony.twiml import Document
from webhooks.call import STAFF_LANGUAGE
from webhooks.site import Site

_log = structlog.get_logger(__name__)

WHY: Final = "a call came to a number that no plan has: publish it, or point it elsewhere at Twilio"


async def unknown_number(site: Site) -> str:
    """A call to a number that no plan has: a polite end with the advice to dial 911, and an alert."""
    site.metrics.unknown.inc()
    _log.error("unknown_number")

    async def tell() -> None:
        async with site.database.transaction() as connection:
            await raise_alert(connection, site.jobs, Alert(AlertKind.UNKNOWN_NUMBER, WHY), site.clock.now())

    try:
        await site.database.in_time(tell)
    except UnavailableError as error:
        _log.error("alert_not_stored", why=str(error))
    words = "This number is not in service. If this is an emergency, hang up and dial 9 1 1."
    goodbye = phrase("goodbye", STAFF_LANGUAGE)
    return str(Document({}).say((Utterance(STAFF_LANGUAGE, words), Utterance(STAFF_LANGUAGE, goodbye))).hang_up())
