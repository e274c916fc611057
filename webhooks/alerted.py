"""An operator is rung about an alert: its words, twice, and a key that confirms that somebody has heard them."""

from typing import Final

from whenever import TimeDelta

from ivr.prompts import Utterance
from routing.operators import operator_at
from routing.plan import Plan
from storage import alerts, jobs
from storage.alerts import UNSTORED, Raised
from storage.errors import NotFoundError
from telephony.twiml import Document, Listening
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE, count, plan_of
from webhooks.closing import FINAL
from webhooks.signed import Webhook
from webhooks.site import Site

KEY_WAIT: Final = TimeDelta(seconds=4)


async def _raised(site: Site, webhook: Webhook) -> Raised:
    """The stored alert. Raises NotFoundError, and UnavailableError; then `rescue` says what matters."""
    async with site.database.statement() as connection:
        found = await alerts.find(connection, count(webhook.query, "alert"))
    if found is None:
        raise NotFoundError("no such alert")
    return found


def _say(plan: Plan, words: str) -> Document:
    return Document(voices(plan)).say((Utterance(STAFF_LANGUAGE, words),))


async def tell(site: Site, webhook: Webhook) -> str:
    """The phone was picked up, by a person or by a machine."""
    plan, raised = await plan_of(site, webhook), await _raised(site, webhook)
    about = site.plans.current(raised.alert.practice)
    words = f"Nightbell alert{f', {about.name}' if about else ''}: {raised.alert.why}. Press 1 to confirm."
    url = site.urls.at("voice/alert/key", dict(webhook.query))
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((Utterance(STAFF_LANGUAGE, words),), Listening(url, 1, KEY_WAIT), silent=False)
    return str(document.say((Utterance(STAFF_LANGUAGE, "Goodbye."),)).hang_up())


async def key(site: Site, webhook: Webhook) -> str:
    """1 confirms; who it was is told by the number that was rung."""
    plan, raised = await plan_of(site, webhook), await _raised(site, webhook)
    if webhook.form.get("Digits") != "1":
        return await tell(site, webhook)
    about = site.plans.current(raised.alert.practice) or plan
    by = operator_at(about, webhook.form.get("To", "")).name or "an operator"
    async with site.database.statement() as connection:
        await alerts.confirm(connection, raised.number, by, site.clock.now())
    return str(_say(plan, "Thank you. Goodbye.").hang_up())


def rescue(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed: the words that matter are that something is wrong."""
    words = Utterance(STAFF_LANGUAGE, "This is Nightbell. Something needs a person: please look at the server.")
    return str(Document({}).say((words,)).hang_up())


async def status(site: Site, webhook: Webhook) -> str:
    """The call is over: unless somebody has confirmed by then, the operator's next number is rung."""
    if webhook.form.get("CallStatus", "") in FINAL:
        number = webhook.form.get("To", "")
        await _ring_next(site, webhook, number, number)
    return ""


async def texted(site: Site, webhook: Webhook) -> str:
    """What became of the text: one that does not arrive turns into a call."""
    if webhook.form.get("MessageStatus", "") in {"undelivered", "failed"}:
        await _ring_next(site, webhook, webhook.form.get("To", ""), "")
    return ""


async def _ring_next(site: Site, webhook: Webhook, whose: str, tried: str) -> None:
    if count(webhook.query, "alert") == UNSTORED:
        return  # where the database is away, there is no worker that could
    raised = await _raised(site, webhook)
    if raised.confirmed_at is not None:
        return
    arguments: dict[str, str | int] = {"alert": raised.number, "practice": webhook.query.get("practice", "")}
    arguments |= {"whose": whose, "tried": tried}
    async with site.database.transaction() as connection:
        await site.jobs.defer(connection, jobs.RING_OPERATOR, arguments, priority=jobs.URGENT)
