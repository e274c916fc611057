"""How legs and rooms go, from Twilio's status callbacks: in any order, and more than once."""

from typing import Final

from escalation.page import (
    Answered,
    CallerJoined,
    ClinicianJoined,
    ClinicianLeft,
    Event,
    Failed,
    Missed,
    Page,
    PageState,
    Placed,
    Ringing,
)
from storage import pages
from storage.calls import leg_position, mark_answered
from storage.pages import PageCall
from webhooks.closing import amend
from webhooks.signed import Webhook
from webhooks.site import Site

VOICEMAIL: Final = "picked up, but no key was pressed: a voicemail, or nobody who could take it"


async def leg_status(site: Site, webhook: Webhook) -> str:
    """The clinician's leg goes on, or is over."""
    page, number = webhook.query.get("page", ""), webhook.query.get("attempt", "")
    attempt = int(number) if number.isascii() and number.isdigit() else 0
    stored = await site.paging.look(page)
    if all(known.number != attempt for known in stored.page.attempts):
        return ""
    async with site.database.statement() as connection:
        # The callback names the attempt, and so tells its SID even if the answer to the request was lost.
        await pages.set_sid(connection, page, attempt, webhook.call)
    event = leg_event(stored.page, attempt, webhook.form.get("CallStatus", ""))
    if event is not None:
        await _happen(site, page, event)
    return ""


def leg_event(  # noqa: PLR0911 - one line for each status that Twilio has
    page: Page, attempt: int, status: str
) -> Event | None:
    """What a call status means for the attempt; None for those that mean nothing to it."""
    match status:
        case "queued" | "initiated":
            return Placed(attempt)
        case "ringing":
            return Ringing(attempt)
        case "in-progress":
            return Answered(attempt)
        case "completed" if page.accepted_attempt == attempt:
            return ClinicianLeft()
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
    """Who is in a page's room."""
    page = webhook.query.get("page", "")
    stored = await site.paging.look(page)
    is_caller = webhook.call == stored.caller_leg
    match webhook.form.get("StatusCallbackEvent", ""):
        case "participant-join" if is_caller:
            if await _goes_on(site, webhook.call):
                await _happen(site, page, CallerJoined())
        case "participant-join":
            await _happen(site, page, ClinicianJoined())
        case "participant-leave" if not is_caller and stored.page.state is PageState.BRIDGED:
            await _happen(site, page, ClinicianLeft())
        case _:
            pass
    return ""


async def _goes_on(site: Site, call: str) -> bool:
    """False for a caller who has hung up by now: news of their joining that comes late must not make them hold."""
    async with site.database.statement() as connection:
        return await leg_position(connection, call) is not None


async def _happen(site: Site, page: str, event: Event) -> PageCall:
    before = await site.paging.look(page)
    after = await site.paging.happen(page, event)
    if after.page.state is PageState.BRIDGED and before.page.state is not PageState.BRIDGED:
        async with site.database.statement() as connection:
            await mark_answered(connection, after.caller_leg, after.page.accepted_by or "", site.clock.now())
        await amend(site, after.caller_leg)
    return after
