"""How legs and rooms go, from Twilio's status callbacks: in any order, and more than once."""

from typing import Final

import structlog

from escalation.events import (
    Answered,
    CallerJoined,
    ClinicianJoined,
    ClinicianLeft,
    Doubled,
    Event,
    Failed,
    Missed,
    Placed,
    Ringing,
)
from escalation.page import PageState
from storage import deliveries, pages
from storage.calls import mark_answered
from webhooks.call import count
from webhooks.closing import amend
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

MOST_ATTEMPTS: Final = 100_000
"""More than any page ever has; what the database counts with."""
VOICEMAIL: Final = "picked up, but no key was pressed: a voicemail, or nobody who could take it"


async def leg_status(site: Site, webhook: Webhook) -> str:
    """The clinician's leg goes on, or is over."""
    page, attempt = webhook.query.get("page", ""), min(count(webhook.query, "attempt"), MOST_ATTEMPTS)
    async with site.database.statement() as connection:
        # The callback names the attempt, and so tells its SID even if the answer to the request was lost.
        via = deliveries.SECOND if webhook.query.get("via") == deliveries.SECOND else deliveries.FIRST
        known = await deliveries.know_sid(connection, page, attempt, webhook.call, via)
    if known is None:
        return ""
    if known != webhook.call:  # its call was placed twice, and this is the one that does not count
        await site.paging.happen(page, Doubled(attempt))
        return ""
    event = leg_event(attempt, webhook.form.get("CallStatus", ""))
    if event is not None:
        await site.paging.happen(page, event)
    return ""


def leg_event(  # noqa: PLR0911 - one line for each status that Twilio has
    attempt: int, status: str
) -> Event | None:
    """What a call status means for the attempt; None for those that mean nothing to it."""
    match status:
        case "queued" | "initiated":
            return Placed(attempt)
        case "ringing":
            return Ringing(attempt)
        case "in-progress":
            return Answered(attempt)
        case "completed":
            return Missed(attempt, VOICEMAIL)
        case "busy":
            return Missed(attempt, "busy")
        case "no-answer":
            return Missed(attempt, "no answer")
        case "failed":
            return Failed(attempt, "the phone could not be reached")
        case "canceled":
            return Missed(attempt, "the call was ended before anybody answered")
        case _:
            return None


async def conference(site: Site, webhook: Webhook) -> str:
    """Who is in a page's room: its caller, and whoever has accepted it. Of any other leg nothing follows."""
    page, room = webhook.query.get("page", ""), webhook.form.get("ConferenceSid", "")
    async with site.database.statement() as connection:
        legs = await pages.legs_of(connection, page)
    if legs is None:
        return ""
    what, leg = webhook.form.get("StatusCallbackEvent", ""), webhook.call
    if what == "participant-join" and leg == legs.caller:
        await _joined(site, page, CallerJoined(room, gone=legs.over))
    elif what == "participant-join" and leg == legs.clinician:
        await _joined(site, page, ClinicianJoined(room))
    elif what == "participant-leave" and leg == legs.clinician:
        await site.paging.happen(page, ClinicianLeft(room))
    elif what == "participant-join":
        _log.error("stranger_in_conference")
    return ""


async def _joined(site: Site, page: str, event: CallerJoined | ClinicianJoined) -> None:
    after = await site.paging.happen(page, event)
    if after.page.state is PageState.BRIDGED:
        async with site.database.statement() as connection:
            await mark_answered(connection, after.caller_leg, after.page.accepted_by or "", site.clock.now())
        await amend(site, after.caller_leg)
