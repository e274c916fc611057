"""The clinician's leg: what is heard on answering, 1 to accept, 2 to pass on, 3 to be rung later.

Only a key makes an acceptance: a voicemail presses none, so its leg ends after the prompt was played twice.
"""

from typing import Final

from escalation.events import Accepted, AcceptedBy, Declined, PutOff
from escalation.learnt import KEY_PRESSED
from escalation.page import CallerPresence, Purpose
from routing.plan import Plan
from storage import deliveries, recordings
from storage.pages import PageCall
from webhooks.leg import Leg, go_on, leg_of, over_words
from webhooks.signed import Webhook
from webhooks.site import Site

MOST_PROMPTS: Final = 4


def prompt(leg: Leg, *, has_reason: bool) -> str:
    """Who calls whom about what, and the keys. Never the patient's name."""
    category = leg.stored.page.category
    later = "" if leg.attempt.purpose is Purpose.LAST_RESORT else f" 3, to be rung in {_later(leg)} minutes."
    more = f"{later} 4, to hear the reason first." if has_reason else later
    who = "the caller is on the line" if leg.stored.page.caller is CallerPresence.HOLDING else "a call-back is wanted"
    if leg.attempt.purpose is Purpose.BRIDGE:
        return f"{leg.plan.name}: you took the {category} page, and {who}. Press 1 to be connected.{more}"
    return f"{leg.plan.name}: {category} page, {who}. Press 1 to take it. 2, to pass it on.{more}"


def _later(leg: Leg) -> int:
    return round(leg.plan.escalation.policies[leg.stored.page.policy].ring_again_after.total("minutes"))


async def screen(site: Site, webhook: Webhook) -> str:
    """The leg was answered, by a person or by a machine."""
    leg = await leg_of(site, webhook)
    if over := over_words(leg):
        return over
    return leg.ask("voice/screened", prompt(leg, has_reason=await _reason(leg) is not None))


async def called_in(site: Site, webhook: Webhook, plan: Plan, stored: PageCall, number: int) -> str:
    """The leg on which one of the staff called in, and has shown who they are: the same prompt as on being rung."""
    leg = Leg(site, webhook, plan, stored, stored.page.attempts[number - 1])
    return over_words(leg) or leg.ask("voice/screened", prompt(leg, has_reason=await _reason(leg) is not None))


async def _reason(leg: Leg) -> str | None:
    """A link to the caller's recorded reason, when there is one."""
    async with leg.site.database.statement() as connection:
        sid = await recordings.reason_of(connection, leg.page)
    return leg.site.media.link(sid, leg.site.clock.now()) if sid else None


async def screened(site: Site, webhook: Webhook) -> str:
    """A key was pressed on the clinician's leg."""
    leg = await leg_of(site, webhook)
    answer = over_words(leg) or await _chosen(leg, webhook.form.get("Digits", ""))
    await site.learning.learn(leg.plan, leg.attempt.address, KEY_PRESSED)
    return answer


async def _chosen(leg: Leg, key: str) -> str:
    match key:
        case "1":
            return await _accept(leg)
        case "2" if leg.attempt.purpose is not Purpose.BRIDGE:
            await leg.site.paging.happen(leg.page, Declined(leg.attempt.member, leg.attempt.number))
            return str(leg.say("Passed on. Goodbye.").hang_up())
        case "3" if leg.attempt.purpose is not Purpose.LAST_RESORT:
            return await _put_off(leg)
        case "4":
            return await _tell_reason(leg)
        case "*":
            return await _ask_again(leg, "")
        case _:
            return await _ask_again(leg, "That is not one of the choices.")


async def _put_off(leg: Leg) -> str:
    leg.stored = await leg.site.paging.happen(leg.page, PutOff(leg.attempt.number))
    if over := over_words(leg):
        return over
    return str(
        leg.say(f"You are rung in {_later(leg)} minutes, unless somebody else has it by then. Goodbye.").hang_up()
    )


async def _tell_reason(leg: Leg) -> str:
    link = await _reason(leg)
    if link is None:
        return await _ask_again(leg, "No reason has been recorded yet.")
    leg.document.play(link)
    return await _ask_again(leg, "")


async def _ask_again(leg: Leg, words: str) -> str:
    asked = int(leg.webhook.query.get("asked", "0"))
    if asked >= MOST_PROMPTS:
        return str(leg.say("Goodbye.").hang_up())
    if words:
        leg.say(words)
    has_reason = await _reason(leg) is not None
    return leg.ask("voice/screened", prompt(leg, has_reason=has_reason), times=1, asked=asked)


async def _accept(leg: Leg) -> str:
    async with leg.site.database.statement() as connection:
        # This is the leg that will come into the conference, whatever else is known of the attempt by now.
        other = await deliveries.set_sid(connection, leg.page, leg.attempt.number, leg.webhook.call, leg.provider)
    event = Accepted(leg.attempt.member, AcceptedBy.KEY, leg.attempt.number, apart=leg.is_apart, is_other=other)
    leg.stored = await leg.site.paging.happen(leg.page, event)
    return over_words(leg) or go_on(leg)
