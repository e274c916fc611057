"""Holding in line for a destination: what is heard there, and bringing the desk to whoever is first."""

from typing import Final

import structlog
from whenever import TimeDelta

from ivr.flow import Announcement, Queue
from ivr.phrases import phrase
from ivr.position import from_query
from ivr.prompts import Utterance, own
from routing.plan import Destination, Plan
from storage import jobs
from storage.calls import busy_lines, mark_at_desk, waiting_in_line
from storage.errors import UnavailableError
from telephony.twiml import Document, Listening
from webhooks.answer import key_of, queue_name, voices
from webhooks.call import STAFF_LANGUAGE, count, plan_of
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

PAUSE: Final = TimeDelta(seconds=10)


async def wait(site: Site, webhook: Webhook) -> str:
    """One turn in line. Twilio asks again when it ends; `*` and the end of patience leave the queue."""
    plan = await plan_of(site, webhook)
    position = from_query(webhook.query)
    node = plan.flow.nodes.get(position.node)
    document = Document(voices(plan))
    if not isinstance(node, Queue) or webhook.form.get("Digits") == "*":
        return str(document.leave())
    if "Digits" in webhook.form:
        # Another key: Twilio asks again. What came for the key does not tell the place in the line.
        return str(document)
    if count(webhook.form, "QueueTime") >= node.at_most.total("seconds"):
        return str(document.leave())
    if count(webhook.form, "QueuePosition") <= 1:
        await _call_desk(site, plan, node.destination)
    url = site.urls.of_call("voice/line", key_of(plan), position)
    words = (*_announced(node, webhook, position.language), own("queue_leave", position.language))
    # Silence ends the document, and Twilio asks again, with the place and the time that only such a request tells.
    return str(document.gather(words, Listening(url, 1, TimeDelta(seconds=1)), pause=PAUSE, silent=False))


def _announced(node: Queue, webhook: Webhook, language: str) -> list[Utterance]:
    said = []
    if Announcement.POSITION in node.announce:
        words = phrase("queue_position", language).format(position=max(1, count(webhook.form, "QueuePosition")))
        said.append(Utterance(language, words))
    if Announcement.WAIT in node.announce and (average := count(webhook.form, "AvgQueueTime")):
        minutes = round(average / 60)
        words = (
            phrase("queue_wait", language).format(minutes=minutes) if minutes else phrase("queue_wait_short", language)
        )
        said.append(Utterance(language, words))
    return said


async def _call_desk(site: Site, plan: Plan, name: str) -> None:
    """Somebody is first in line: if the desk has a free line, let the worker ring it."""

    async def look_and_ring() -> None:
        async with site.database.transaction() as connection:
            taken = (await busy_lines(connection, plan.practice)).get(name, 0)
            destination = plan.destinations[name]
            if destination.lines is None or taken < destination.lines:
                arguments = {"practice": plan.practice, "destination": name}
                await site.jobs.defer_once(connection, jobs.RING_DESK, arguments, lock=queue_name(plan, name))

    try:
        await site.database.in_time(look_and_ring)
    except UnavailableError as error:
        # The caller holds on; `at_most` leads them on by the flow.
        _log.error("desk_not_rung", why=str(error))


async def dequeued(site: Site, webhook: Webhook) -> str:
    """The desk takes this caller, whose leg this is: the line counts as taken from here on."""
    plan, destination = await _desk_of(site, webhook)

    async def mark() -> None:
        async with site.database.statement() as connection:
            await mark_at_desk(connection, webhook.call, destination.name, site.clock.now())

    try:
        await site.database.in_time(mark)
    except UnavailableError as error:
        _log.error("line_not_counted", why=str(error))
    language = plan.flow.languages[0].language
    return str(Document(voices(plan)).say((own("connecting", language),)))


async def desk_status(_site: Site, _webhook: Webhook) -> str:
    """How the call to the desk went: whoever is first in line has it rung again, so nothing is to be done."""
    return ""


async def desk(site: Site, webhook: Webhook) -> str:
    """The desk picked up: a person presses 1 to take the next caller; a voicemail presses nothing."""
    plan, destination = await _desk_of(site, webhook)
    words = f"{plan.name}: a caller is waiting in line. Press 1 to take the call."
    listening = Listening(_desk_url(site, plan, destination, "take"), 1, TimeDelta(seconds=4))
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((Utterance(STAFF_LANGUAGE, words),), listening, silent=False)
    return str(document.say((Utterance(STAFF_LANGUAGE, "Goodbye."),)).hang_up())


async def progress(_site: Site, _webhook: Webhook) -> str:
    """How a call to the desk goes: the queue itself shows what came of it."""
    return ""


async def take(site: Site, webhook: Webhook) -> str:
    """A key at the desk. When nobody waits any more it is said: Twilio would have who pressed it wait in silence."""
    plan, destination = await _desk_of(site, webhook)
    document = Document(voices(plan))
    if webhook.form.get("Digits") != "1":
        return str(document.say((Utterance(STAFF_LANGUAGE, "Goodbye."),)).hang_up())
    lines = tuple(
        n.name for n in plan.flow.nodes.values() if isinstance(n, Queue) and n.destination == destination.name
    )
    async with site.database.statement() as connection:
        waiting = await waiting_in_line(connection, plan.practice, lines)
    if not waiting:
        words = "Nobody is waiting any more. Thank you. Goodbye."
        return str(document.say((Utterance(STAFF_LANGUAGE, words),)).hang_up())
    done_url, whisper = (_desk_url(site, plan, destination, what) for what in ("done", "dequeued"))
    return str(document.dial_queue(queue_name(plan, destination.name), done_url, whisper))


async def done(site: Site, webhook: Webhook) -> str:
    """The desk's call with a caller from the line is over, or the line was empty by then."""
    plan, _ = await _desk_of(site, webhook)
    return str(Document(voices(plan)).say((Utterance(STAFF_LANGUAGE, "Thank you. Goodbye."),)).hang_up())


async def screen(site: Site, webhook: Webhook) -> str:
    """A destination that must press a key before a caller is bridged to it."""
    plan = await plan_of(site, webhook)
    words = Utterance(STAFF_LANGUAGE, f"A call for {plan.name}. Press 1 to take it.")
    url = site.urls.at("voice/desk/screened", {"practice": plan.practice, "version": plan.version})
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((words,), Listening(url, 1, TimeDelta(seconds=4)), silent=False)
    return str(document.hang_up())


async def screened(site: Site, webhook: Webhook) -> str:
    """1 lets the bridge happen (an empty document); anything else ends the leg."""
    plan = await plan_of(site, webhook)
    document = Document(voices(plan))
    return str(document if webhook.form.get("Digits") == "1" else document.hang_up())


async def _desk_of(site: Site, webhook: Webhook) -> tuple[Plan, Destination]:
    plan = await plan_of(site, webhook)
    return plan, plan.destinations[webhook.query["destination"]]


def _desk_url(site: Site, plan: Plan, destination: Destination, what: str) -> str:
    query: dict[str, str | int] = {
        "practice": plan.practice,
        "version": plan.version,
        "destination": destination.name,
    }
    return site.urls.at(f"voice/desk/{what}", query)
