"""Texts that belong to no page: to operators, and to one of the staff about their shifts."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from escalation.reach import is_textable
from nightbell.composition import Parts
from routing.plan import Plan
from telephony.errors import BusyError, TwilioError, UncertainError
from webhooks.learning import of_text

_log = structlog.get_logger(__name__)

MOST_TRIES: Final = 3
"""Of handing one request to Twilio."""
AFTER_UNCERTAIN: Final = 2.0
"""Real seconds before looking again whether a request that got no answer was carried out."""


def again_after(error: TwilioError) -> float | None:
    """Real seconds after which the request may be sent again; None: it would fail again."""
    match error:
        case BusyError(retry_after=seconds):
            return seconds
        case UncertainError():
            return AFTER_UNCERTAIN
        case _:
            return None


def about(parts: Parts, plan: Plan) -> dict[str, str | int]:
    """What the report on a text to one of the staff is to name: whose it is, and when (Unix seconds) it was sent."""
    return {"practice": plan.practice, "at": int(parts.clock.now().timestamp())}


async def text(
    parts: Parts,
    number: str,
    sender: str,
    body: str,
    named: Mapping[str, str | int] | None = None,
    *,
    path: str = "sms/status",
) -> TwilioError | None:
    """Text one number, in three tries; the error that was left. A text that came twice does less harm than none.

    `path`: where Twilio reports on it, and `named`: what the report is to name.
    """
    url = parts.site.urls.at(path, named or {})
    for tries in range(1, MOST_TRIES + 1):
        try:
            await parts.gateway.send_sms(number, sender, body, url)
        except TwilioError as error:
            _log.error("not_texted", error=str(error), tries=tries)
            delay = again_after(error)
            if delay is None or tries == MOST_TRIES:
                return error
            await asyncio.sleep(delay)
        else:
            break
    return None


async def tell_member(parts: Parts, practice: str, member: str, words: str) -> bool:
    """Text one of the staff, with the practice's name before the words; False where no text can reach them."""
    plan = parts.plans.current(practice)
    person = plan.escalation.roster.members.get(member) if plan else None
    if plan is None or person is None or person.sms is None or not is_textable(plan.escalation.roster, person):
        _log.warning("member_not_told", practice=practice, member=member)
        return False
    error = await text(parts, person.sms, plan.caller_id, f"{plan.name}: {words}", about(parts, plan))
    if error is not None:
        await parts.site.learning.learn(plan, person.sms, of_text(error))
    return error is None
