"""Calls to the second provider's number, from people whom it called or texted: they are brought to their practice.

The second account's calls can neither be moved by the first nor come into its conferences. So such a call is dialled on
to the practice's own number, with the caller's own number: there it is answered, recorded and billed as any other call.
Should that not come about, or would it only come round again, the practice's last resort is rung.
"""

from typing import Final

import structlog
from whenever import TimeDelta

from ivr.inputs import DialResult
from ivr.prompts import Utterance, own
from routing.decide import Incoming, Load, decide
from routing.plan import Plan
from telephony.twiml import Document
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE
from webhooks.caller import caller_of
from webhooks.paging import connect_at
from webhooks.reading import dial_result
from webhooks.signed import Webhook
from webhooks.site import Site
from webhooks.whose import known_by_heart, practice_of

ANSWERED_WITHIN: Final = TimeDelta(seconds=8)
"""The practice's number is picked up by this very server; the caller is to hear of 911 within 10 s."""
RING: Final = TimeDelta(seconds=30)
WHOSE: Final = (
    "If this is an emergency, hang up and dial 9 1 1. Otherwise, please call your doctor's office at its own number."
)
_PATH: Final = "voice/second/dialled"
_log = structlog.get_logger(__name__)


def is_called(site: Site, webhook: Webhook) -> bool:
    """Whether it was this number that was called. A plan that has it for its own changes nothing of it."""
    return bool(site.second_number) and webhook.form.get("To", "") == site.second_number


async def pass_on(site: Site, webhook: Webhook) -> str:
    """Dial the caller on to their practice. Where nobody knows which that is, they are told what to do."""
    caller = caller_of(webhook.form)
    plan = await practice_of(site, caller)
    if plan is None:
        return words_for_anybody()
    numbers = [number for number in plan.numbers if number != site.second_number]
    if not numbers or _comes_round(site, webhook, caller):
        return _to_last_resort(site, plan)
    # What the practice's number would not answer is not answered here: its "busy" would look like a fault.
    decision = decide(plan, Incoming(numbers[0], caller, withheld=caller is None), Load(), site.clock.now())
    if decision.go is None:
        return str(Document(voices(plan)).reject(decision.reject or "busy"))
    url = site.urls.at(_PATH, {"practice": plan.practice})
    return str(Document(voices(plan)).dial([numbers[0]], url, None, ANSWERED_WITHIN))


async def dialled(site: Site, webhook: Webhook) -> str:
    """One of the two dials is over: after a talk so is the call."""
    plan = site.plans.current(webhook.query.get("practice", ""))
    document = Document(voices(plan) if plan else {})
    if dial_result(webhook.form, screened=False) is DialResult.ANSWERED:
        return str(document.hang_up())
    _log.error("not_passed_on", status=webhook.form.get("DialCallStatus", ""))
    if plan is None or "resort" in webhook.query:
        return str(document.say((own("nobody_here", _language(plan)),)).hang_up())
    return _to_last_resort(site, plan)


async def fallback(site: Site, webhook: Webhook, failed: str) -> str:
    """Twilio got no answer at the URL of this path: the same once more, which is no call of a practice's."""
    return await (dialled if failed.endswith(_PATH) else pass_on)(site, webhook)


def words_for_anybody() -> str:
    """The document for a caller of whom nobody knows which practice they mean."""
    return str(Document({}).say((Utterance(STAFF_LANGUAGE, WHOSE),)).hang_up())


def rescue(site: Site, webhook: Webhook) -> str:
    """Something failed: the last resort of the practice that memory alone can name. Never raises."""
    plan = site.plans.current(webhook.query.get("practice", "")) or known_by_heart(site, caller_of(webhook.form))
    if plan is None:
        return words_for_anybody()
    return _to_last_resort(site, plan)


def _comes_round(site: Site, webhook: Webhook, caller: str | None) -> bool:
    """Whether it comes from a practice's own number, as one that is forwarded here, or was dialled on just now."""
    through = {webhook.form.get("From", ""), webhook.form.get("ForwardedFrom", "")}
    if any(site.plans.by_number(number) is not None for number in through):
        return True
    return site.passed_on.again(caller or "", site.clock.now())


def _to_last_resort(site: Site, plan: Plan) -> str:
    """From the second number: an account shows only numbers of its own."""
    language = _language(plan)
    document = Document(voices(plan))
    numbers = _last_resort(plan)
    if not numbers:
        return str(document.say((own("nobody_here", language),)).hang_up())
    url = site.urls.at(_PATH, {"practice": plan.practice, "resort": 1})
    return str(document.say((own("trouble", language),)).dial(numbers, url, site.second_number, RING, in_turn=True))


def _last_resort(plan: Plan) -> tuple[str, ...]:
    """That of the policy to which the plan's way to a person leads; where that has none, any policy's."""
    policies = plan.escalation.policies
    first = policies[connect_at(plan, plan.flow.person).policy]
    return next((p.last_resort.numbers for p in (first, *policies.values()) if p.last_resort.numbers), ())


def _language(plan: Plan | None) -> str:
    return plan.flow.languages[0].language if plan else STAFF_LANGUAGE
