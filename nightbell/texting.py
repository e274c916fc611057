"""Texts that belong to no page: to operators, and to one of the staff about their shifts."""

from collections.abc import Mapping
from typing import Final

import structlog

from escalation.policy import Means
from escalation.reach import is_textable
from nightbell.composition import Parts
from nightbell.providers import Provider
from routing.plan import Plan
from telephony.errors import TwilioError
from telephony.handing import is_platform
from webhooks.learning import of_text

_log = structlog.get_logger(__name__)


AT: Final = "at"


def about(parts: Parts, plan: Plan) -> dict[str, str | int]:
    """What the report on a text to one of the staff is to name: whose it is, and when (Unix seconds) it was sent."""
    return {"practice": plan.practice, AT: int(parts.clock.now().timestamp())}


def reported(named: Mapping[str, str | int], provider: Provider) -> dict[str, str | int]:
    """The same at this provider. When is left out of the second's: that it could not reach a number teaches nothing."""
    return {name: value for name, value in named.items() if provider.is_first or name != AT}


async def text(
    parts: Parts,
    number: str,
    sender: str,
    body: str,
    named: Mapping[str, str | int] | None = None,
    *,
    path: str = "sms/status",
) -> TwilioError | None:
    """Text one number, in three tries, and where the first provider fails by the second; the error that was left.

    A text that came twice does less harm than none. `path`: where Twilio reports on it, and `named`: what the report is
    to name.
    """

    async def send(provider: Provider) -> str:
        url = parts.site.urls.at(path, reported(named or {}, provider))
        return await provider.gateway.send_sms(number, provider.sender(sender), body, url)

    try:
        await parts.providers.persist(Means.SMS, send)
    except TwilioError as error:
        _log.error("not_texted", error=str(error))
        return error
    return None


async def tell_member(parts: Parts, practice: str, member: str, words: str) -> bool:
    """Text one of the staff, with the practice's name before the words; True unless Twilio itself failed.

    Where no text can reach them at all, that is logged, and there is nothing to try again.
    """
    plan = parts.plans.current(practice)
    person = plan.escalation.roster.members.get(member) if plan else None
    if plan is None or person is None or person.sms is None or not is_textable(plan.escalation.roster, person):
        _log.warning("member_not_told", practice=practice, member=member)
        return True
    error = await text(parts, person.sms, plan.caller_id, f"{plan.name}: {words}", about(parts, plan))
    if error is not None:
        await parts.site.learning.learn(plan, person.sms, of_text(error))
    return error is None or not is_platform(error)
