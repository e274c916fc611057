"""The test page at the start of a shift: its call, and the reply to its text.

Only a key or a reply answers it: a voicemail presses none, so its leg ends after the prompt was played twice.
"""

import structlog
from whenever import TimeDelta

from escalation import shift_words
from escalation.learnt import KEY_PRESSED
from escalation.roster import Member
from escalation.shift_start import OPEN, Notice, NoticeState
from ivr.prompts import Utterance
from routing.plan import Plan
from storage import pages, shift_notices
from storage.errors import NotFoundError
from telephony.twiml import Document, Listening
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE, LostCallError, count
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

KEY_WAIT = TimeDelta(seconds=4)
NOT_NOW = "You are not on call there now. Thank you."


def _plan(site: Site, webhook: Webhook) -> Plan:
    plan = site.plans.current(webhook.query.get("practice", ""))
    if plan is None:
        raise LostCallError("no such practice")
    return plan


async def _notice(site: Site, plan: Plan, webhook: Webhook) -> Notice:
    async with site.database.statement() as connection:
        found = await shift_notices.found(connection, plan.practice, count(webhook.query, "notice"))
    if found is None:
        raise NotFoundError("no such test page")
    return found


async def ask(site: Site, webhook: Webhook) -> str:
    """The phone was picked up, by a person or by a machine."""
    plan = _plan(site, webhook)
    notice = await _notice(site, plan, webhook)
    return _ask(site, plan, notice) if _is_waiting(site, notice) else _say(plan, _over(notice))


def _is_waiting(site: Site, notice: Notice) -> bool:
    late = notice.state is NoticeState.UNANSWERED and site.clock.now() < notice.start.end
    return notice.state in OPEN or late


def _ask(site: Site, plan: Plan, notice: Notice) -> str:
    words = f"{plan.name}: test page. You are on call for {notice.start.schedule} now. Press 1 to confirm."
    url = site.urls.at("voice/shift/key", {"practice": plan.practice, "notice": notice.number})
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((Utterance(STAFF_LANGUAGE, words),), Listening(url, 1, KEY_WAIT), silent=False)
    return str(document.say((Utterance(STAFF_LANGUAGE, "Goodbye."),)).hang_up())


def _over(notice: Notice) -> str:
    return "You have confirmed already. Thank you." if notice.state is NoticeState.ANSWERED else NOT_NOW


def _say(plan: Plan, words: str) -> str:
    return str(Document(voices(plan)).say((Utterance(STAFF_LANGUAGE, f"{words} Goodbye."),)).hang_up())


async def key(site: Site, webhook: Webhook) -> str:
    """A key was pressed. 1 confirms, whatever test pages wait for the same person."""
    plan = _plan(site, webhook)
    notice = await _notice(site, plan, webhook)
    answer = await _pressed(site, plan, notice, webhook.form.get("Digits", ""))
    await site.learning.learn(plan, webhook.form.get("To", ""), KEY_PRESSED)
    return answer


async def _pressed(site: Site, plan: Plan, notice: Notice, digits: str) -> str:
    if not _is_waiting(site, notice):
        return _say(plan, _over(notice))
    if digits != "1":
        return _ask(site, plan, notice)
    found = await site.shifts.answer(plan, notice.start.member, site.clock.now())
    _log.info("test_page_answered", practice=plan.practice, by="key")
    return _say(plan, _thanks(found))


def _thanks(found: list[Notice]) -> str:
    confirmed = [each.start.schedule for each in found if each.state is NoticeState.ANSWERED]
    return f"Thank you. You are on call for {' and '.join(confirmed)}." if confirmed else NOT_NOW


def rescue(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed: nothing is confirmed, and it can still be, by the text."""
    words = Utterance(STAFF_LANGUAGE, "Sorry, that did not work. Please reply 1 to the text instead. Goodbye.")
    return str(Document({}).say((words,)).hang_up())


async def status(_site: Site, webhook: Webhook) -> str:
    """How the call went. Nothing follows of it: without a key nobody has answered, however long they listened."""
    _log.info("test_page_call", status=webhook.form.get("CallStatus", ""))
    return ""


async def answered_by_text(site: Site, plan: Plan, member: Member, message: str) -> str:
    """The reply to a text that can only be the answer to a test page; "" where none waits, or it was about a page."""
    now = site.clock.now()
    async with site.database.statement() as connection:
        waiting = await shift_notices.open_of(connection, plan.practice, member.id)
        waiting += await shift_notices.unanswered_of(connection, plan.practice, member.id, now)
        if not waiting or await pages.has_answered(connection, message):
            return ""
    found = await site.shifts.answer(plan, member.id, now)
    confirmed = [each for each in found if each.state is NoticeState.ANSWERED]
    _log.info("test_page_answered", practice=plan.practice, by="text")
    return shift_words.thanks(plan.escalation.roster, confirmed) if confirmed else NOT_NOW
