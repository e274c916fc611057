"""Calls to the second provider's number, from people whom it called or texted: they are brought to their practice.

The second account's calls can neither be moved by the first nor come into its conferences. So such a call is dialled on
to the practice's own number, with the caller's own number: there it is answered, recorded and billed as any other call.
"""

from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import TimeDelta

from escalation.roster import Member
from ivr.inputs import DialResult
from ivr.prompts import Utterance, own
from routing.plan import Plan
from storage import pages
from storage.calls import practice_last_called
from storage.errors import UnavailableError
from telephony.twiml import Document
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE
from webhooks.caller import caller_of
from webhooks.reading import dial_result
from webhooks.signed import Webhook
from webhooks.site import Site

RING: Final = TimeDelta(seconds=30)
"""The practice's number is picked up at the first ring, by this very server."""
WHOSE: Final = (
    "If this is an emergency, hang up and dial 9 1 1. Otherwise, please call your doctor's office at its own number."
)
_log = structlog.get_logger(__name__)


async def pass_on(site: Site, webhook: Webhook) -> str:
    """Dial the caller on to their practice. Where nobody knows which that is, they are told what to do."""
    caller = caller_of(webhook.form)
    plan = await _practice(site, caller) if caller else _only(site)
    if plan is None:
        return str(Document({}).say((Utterance(STAFF_LANGUAGE, WHOSE),)).hang_up())
    url = site.urls.at("voice/second/dialled", {"practice": plan.practice})
    return str(Document(voices(plan)).dial([plan.numbers[0]], url, None, RING))


async def dialled(site: Site, webhook: Webhook) -> str:
    """That call is over; where it did not come about, the last resort is rung, from the number that was called."""
    plan = site.plans.current(webhook.query.get("practice", ""))
    language = plan.flow.languages[0].language if plan else STAFF_LANGUAGE
    document = Document(voices(plan) if plan else {})
    if dial_result(webhook.form, screened=False) is DialResult.ANSWERED:
        return str(document.hang_up())
    _log.error("not_passed_on", status=webhook.form.get("DialCallStatus", ""))
    numbers = next((p.last_resort.numbers for p in plan.escalation.policies.values()), ()) if plan else ()
    if numbers:
        document.say((own("trouble", language),))
        document.dial(numbers, None, site.second_number, RING, in_turn=True)
    return str(document.say((own("nobody_here", language),)).hang_up())


async def of_staff(site: Site, connection: AsyncConnection, number: str) -> Plan | None:
    """The practice whose staff has this number: of several, one with an open page for them."""
    theirs = [(plan, member) for plan in site.plans.all() if (member := member_at(plan, number)) is not None]
    for plan, member in theirs:
        if await pages.open_pages_of(connection, plan.practice, member.id):
            return plan
    return theirs[0][0] if theirs else None


def member_at(plan: Plan, number: str) -> Member | None:
    """Who on the staff has this number."""
    staff = plan.escalation.roster.members.values()
    return next((m for m in staff if number in {m.sms, *m.voice}), None)


async def _practice(site: Site, caller: str) -> Plan | None:
    """Whose staff they are, whom they called last, or the only practice that there is."""

    async def look() -> Plan | None:
        async with site.database.statement() as connection:
            found = await of_staff(site, connection, caller)
            last = None if found else await practice_last_called(connection, site.ring, caller)
        return found or (site.plans.current(last) if last else None)

    try:
        return await site.database.in_time(look) or _only(site)
    except UnavailableError as error:
        _log.warning("practice_not_known", why=str(error))
        return _only(site)


def _only(site: Site) -> Plan | None:
    plans = site.plans.all()
    return plans[0] if len(plans) == 1 else None
