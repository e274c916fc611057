"""Texts: a clinician answers a page by SMS, and Twilio reports on the pages that were sent.

Nothing that anybody texts is stored: it could be about a patient.
"""

import re
from dataclasses import dataclass
from typing import Final

import structlog
from twilio.twiml.messaging_response import MessagingResponse
from whenever import Instant

from escalation.events import Accepted, AcceptedBy, Declined, Delivered, Event, Failed, Placed
from escalation.learnt import SAID_START, SAID_STOP, TEXT_ARRIVED
from escalation.page import PageState, code_of
from escalation.roster import Member
from routing.plan import Plan
from storage import pages
from storage.alerts import Alert, AlertKind, raise_alert
from telephony.errors import DELIVERY
from webhooks import shift
from webhooks.call import count
from webhooks.learning import of_code
from webhooks.signed import Webhook
from webhooks.site import Site
from webhooks.whose import member_at, of_staff

_log = structlog.get_logger(__name__)

_TAKE: Final = frozenset({"1", "yes", "y", "ok", "ack", "accept", "take", "si", "sí"})
_PASS: Final = frozenset({"2", "no", "n", "pass", "decline"})
_STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
_START: Final = frozenset({"start", "unstop"})
_WORD: Final = re.compile(r"[\w]+")

HELP: Final = (
    "Nightbell pages you for {practice}. Reply 1 to take a page, 2 to pass it on; add its code if you have several."
)
NOT_HERE: Final = "This number does not take texts. Please call it. If this is an emergency, dial 911."


async def received(site: Site, webhook: Webhook) -> str:
    """A text to a practice's number."""
    plan = await _practice(site, webhook)
    if plan is None:
        return ""
    member = member_at(plan, webhook.form.get("From", ""))
    words = _WORD.findall(webhook.form.get("Body", "").casefold())[:2]
    first = words[0] if words else ""
    opted = webhook.form.get("OptOutType", "").casefold() or first
    if opted in _STOP | _START:
        await _opted(site, plan, member, opted)
        await site.learning.keep(plan, webhook.form["From"], SAID_STOP if opted in _STOP else SAID_START)
        return ""  # Twilio answers these itself
    if "OptOutType" in webhook.form:
        return ""  # HELP: answered by Twilio, too
    if member is None:
        return _reply(NOT_HERE)
    if first in _TAKE | _PASS:
        text = _Text(webhook.form.get("MessageSid", ""), first in _TAKE, words[1] if len(words) > 1 else "")
        return _reply(await _answer(site, plan, member, text))
    return _reply(HELP.format(practice=plan.name))


async def _practice(site: Site, webhook: Webhook) -> Plan | None:
    """Whose number was texted. The second provider's is everybody's: then the practice whose page they were sent."""
    number, sender = webhook.form.get("To", ""), webhook.form.get("From", "")
    plan = site.plans.by_number(number)
    if plan is not None or not number or number != site.second_number:
        return plan
    async with site.database.statement() as connection:
        return await of_staff(site, connection, sender) or next(iter(site.plans.all()), None)


def rescue(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed: say so, since silence would look like an acceptance."""
    return _reply("Sorry, that did not work. Please take the page on the phone.")


async def _opted(site: Site, plan: Plan, member: Member | None, word: str) -> None:
    """Somebody on the staff who takes no more texts must not be a surprise at night."""
    if member is None or word in _START:
        return
    async with site.database.transaction() as connection:
        why = f"{member.name} answered STOP: pages reach them by call only, until they text START"
        await raise_alert(connection, site.jobs, Alert(AlertKind.STAFF, why, plan.practice), site.clock.now())
    _log.warning("staff_opted_out", practice=plan.practice, member=member.id)


@dataclass(frozen=True, slots=True)
class _Text:
    """What a clinician texted: whether they take a page or pass it on, and its code, or ""."""

    sid: str
    takes: bool
    code: str


async def _answer(site: Site, plan: Plan, member: Member, text: _Text) -> str:
    """Settle the page that the text is about. Told again, it is about the same one, whatever is open by then."""
    async with site.database.statement() as connection:
        texted = await pages.open_pages_of(connection, plan.practice, member.id)
    wanted = [page for page in texted if not text.code or code_of(page.id) == text.code.upper()]
    untaken = [page for page in wanted if page.accepted_by is None]
    if text.takes and not text.code and not untaken:
        confirmed = await shift.answered_by_text(site, plan, member, text.sid)
        if confirmed:
            return confirmed
    waiting = untaken or wanted
    only = waiting[0].id if len(waiting) == 1 else ""
    async with site.database.statement() as connection:
        page = await pages.answered_by(connection, text.sid, only, site.clock.now())
    if page:
        return await _settle(site, plan, member, page, text.takes)
    if not waiting:
        return "There is no open page for you. Thank you."
    codes = ", ".join(code_of(page.id) for page in waiting)
    many = len(waiting) > 1
    has, which = (f"{len(waiting)} open pages", "one of these codes") if many else ("an open page", "its code")
    return f"You have {has}. Reply {'1' if text.takes else '2'} and {which}: {codes}."


async def _settle(site: Site, plan: Plan, member: Member, page: str, takes: bool) -> str:
    event: Event = Accepted(member.id, AcceptedBy.SMS) if takes else Declined(member.id)
    after = (await site.paging.happen(page, event)).page
    code = code_of(page)
    if not takes:
        return f"Page {code}: passed on. Thank you."
    if after.accepted_by == member.id:
        return f"Page {code} is yours. Your phone will ring in a moment to connect you with the caller."
    if after.state is PageState.RESOLVED:
        return f"Page {code} is closed. Thank you."
    other = plan.escalation.roster.members.get(after.accepted_by or "")
    return f"{other.name if other else 'Somebody else'} has page {code}. Thank you."


def _reply(words: str) -> str:
    response = MessagingResponse()
    response.message(words)
    return str(response)


@dataclass(frozen=True, slots=True)
class _Report:
    attempt: int
    status: str
    code: int

    def event(self) -> Event | None:
        match self.status:
            case "delivered":
                return Delivered(self.attempt)
            case "sent" | "queued" | "sending" | "accepted":
                return Placed(self.attempt)
            case "undelivered" | "failed":
                return Failed(self.attempt, DELIVERY.get(self.code, f"the text was {self.status} ({self.code})"))
            case _:
                return None


async def status(site: Site, webhook: Webhook) -> str:
    """What became of a text to one of the staff, about a page or about something else."""
    number, code = webhook.query.get("attempt", ""), count(webhook.form, "ErrorCode")
    told = webhook.form.get("MessageStatus", "")
    if number.isascii() and number.isdigit():
        event = _Report(int(number), told, code).event()
        if event is not None:
            await site.paging.happen(webhook.query.get("page", ""), event)
    await _learn(site, webhook, told, code)
    return ""


async def _learn(site: Site, webhook: Webhook, told: str, code: int) -> None:
    """What it says of the number. A report can come late: whoever got the text may have answered STOP meanwhile."""
    plan, at = site.plans.current(webhook.query.get("practice", "")), count(webhook.query, "at")
    if plan is not None and at:
        learnt = TEXT_ARRIVED if told == "delivered" else of_code(code)
        await site.learning.learn(plan, webhook.form.get("To", ""), learnt, Instant.from_timestamp(at))
