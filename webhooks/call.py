"""A call as any of its webhooks tells it: which plan it goes by, who calls, and the numbers in a form."""

from collections.abc import Mapping
from typing import Final

from whenever import Instant, TimeDelta

from routing.plan import Plan
from storage.calls import CallHead
from webhooks.caller import caller_of
from webhooks.signed import Webhook
from webhooks.site import Site

STAFF_LANGUAGE: Final = "en-US"
"""What the server says to staff, desks and callers of unknown numbers."""


class LostCallError(LookupError):
    """A call's URL names a practice that this server does not have."""


async def plan_of(site: Site, webhook: Webhook) -> Plan:
    """The plan that the call goes by. Raises LostCallError."""
    plan = await site.plans.version(webhook.query.get("practice", ""), count(webhook.query, "version"))
    plan = plan or site.plans.by_number(webhook.form.get("To", ""))
    if plan is None:
        raise LostCallError("no such practice")
    return plan


def head_of(plan: Plan, webhook: Webhook, now: Instant) -> CallHead:
    """The call, but for how it was decided, which only its first webhook knows."""
    return CallHead(webhook.call, plan.practice, plan.version, webhook.form.get("To", ""), caller_of(webhook.form), now)


def count(fields: Mapping[str, str], name: str, default: int = 0) -> int:
    """A whole number in a form or query; the default for anything else."""
    text = fields.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else default  # noqa: PLR2004 - Unix seconds fit


def answered_since(webhook: Webhook, now: Instant) -> Instant:
    """When whoever a `<Dial>` rang picked up, as its action tells it afterwards."""
    return now - TimeDelta(seconds=count(webhook.form, "DialCallDuration"))
