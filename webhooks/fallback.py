"""What a caller hears when something failed: words, the advice to dial 911, and a person.

What is said comes from the plan in memory alone.
"""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import structlog
from whenever import TimeDelta

from ivr.position import BadPositionError, Phase, Position, from_query
from ivr.prompts import own
from routing.plan import Plan
from storage.calls import CallEvent, Progress
from telephony.twiml import Document
from webhooks import second_number
from webhooks.call import STAFF_LANGUAGE, head_of
from webhooks.dialling import dial_on, dial_people
from webhooks.keeping import Record, keep
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)


async def fallback(site: Site, webhook: Webhook) -> str:
    """Twilio could not use what another of our URLs said, or got no answer there: go on from where that was."""
    _log.error("twilio_fallback", error_code=webhook.form.get("ErrorCode", ""))
    failed = urlsplit(webhook.form.get("ErrorUrl", ""))
    where = dict(parse_qsl(failed.query))
    if second_number.is_called(site, webhook):
        return await second_number.fallback(site, replace(webhook, query=where), failed.path)
    await _keep(site, replace(webhook, query=where or webhook.query), failed.path)
    if failed.path.endswith("/voice/dialled"):
        return rescue_dialled(site, replace(webhook, query=where), "twilio fallback")
    return rescue(site, replace(webhook, query=where or webhook.query), "twilio fallback")


async def _keep(site: Site, webhook: Webhook, failed: str) -> None:
    """The call has a row now. What failed may have been its first webhook, and its end may come to be told nowhere."""
    plan = _plan(site, webhook)
    if plan is None:
        return
    head = head_of(plan, webhook, site.clock.now())
    key = ":".join(("fallback", failed.rpartition("/")[2], webhook.query.get("turn", ""), webhook.query.get("nth", "")))
    # Older than any turn: where the call stands is said by what follows.
    progress = Progress(node="", language=plan.flow.languages[0].language, turn=-1)
    await keep(site, plan, Record(head, progress, CallEvent(key, head.at, "fallback", {"notes": []})))


def _plan(site: Site, webhook: Webhook) -> Plan | None:
    number = webhook.form.get("To", "")
    return site.plans.current(webhook.query.get("practice", "")) or site.plans.by_number(number)


def rescue(site: Site, webhook: Webhook, _why: str) -> str:
    """Words, then the people who would be paged, then the last resort, then a recording. Never raises."""
    if second_number.is_called(site, webhook):
        return second_number.rescue(site, webhook)
    plan = _plan(site, webhook)
    if plan is None:
        return str(Document({}).say((own("nobody_here", STAFF_LANGUAGE),)).hang_up())
    position = _position(plan, webhook)
    return dial_people(site, plan, position, say=(own("trouble", position.language),))


def rescue_dialled(site: Site, webhook: Webhook, why: str) -> str:
    """Something failed between two `<Dial>`s: on to the next one, not back to the first. Never raises."""
    plan = site.plans.current(webhook.query.get("practice", ""))
    try:
        position = from_query(webhook.query)
    except BadPositionError:
        return rescue(site, webhook, why)
    return dial_on(site, plan, webhook, position) if plan else rescue(site, webhook, why)


def rescue_room(_site: Site, _webhook: Webhook, _why: str) -> str:
    """In a conference's wait document a verb that leads elsewhere is refused (13238): quiet, until the other comes."""
    return str(Document({}).pause(TimeDelta(seconds=10)))


def rescue_line(_site: Site, _webhook: Webhook, _why: str) -> str:
    """In a queue: leave it, and go on by the flow."""
    return str(Document({}).leave())


def _position(plan: Plan, webhook: Webhook) -> Position:
    """Where the call was, or the way to a person."""
    languages = {voice.language for voice in plan.flow.languages}
    try:
        position = from_query(webhook.query)
    except BadPositionError:
        position = Position(plan.flow.person, Phase.HOLD, plan.flow.languages[0].language)
    if position.language in languages:
        return position
    return Position(plan.flow.person, Phase.HOLD, plan.flow.languages[0].language, position.turn)
