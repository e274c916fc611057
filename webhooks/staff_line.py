"""One of the staff calls the practice: with their PIN they take their page, or are brought to their patient.

Whoever calls can claim any number, so the number does no more than have the PIN asked for. Who enters none, or has no
page, hears what every caller hears: they may be somebody's parent tonight.
"""

from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import TimeDelta

from ivr.inputs import Note, NoteKind
from ivr.prompts import Utterance
from routing.plan import Plan
from storage import pages, pins
from storage.calls import CallEvent, CallHead, Progress, note_parts
from storage.errors import UnavailableError
from storage.pages import OpenPage
from storage.pins import Verdict
from telephony.twiml import Document, Listening
from webhooks import screening
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE, count
from webhooks.keeping import Record, keep
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

KEY_WAIT: Final = TimeDelta(seconds=4)
MOST_DIGITS: Final = 8
MOST_TRIES: Final = 3
DECIDED: Final = "staff"
"""What such a call's record says was decided, once the PIN was right."""


async def offer(site: Site, plan: Plan, caller: str) -> str:
    """Ask for the PIN where a page waits for somebody at this number; "": the call is anybody's."""
    members = _at(plan, caller)
    if not members:
        return ""

    async def look() -> list[OpenPage]:
        async with site.database.statement() as connection:
            known = await pins.with_pin(connection, plan.practice, members)
            return [page for member in known for page in await _pages(connection, plan, member)]

    try:
        found = await site.database.in_time(look)
    except UnavailableError as error:
        _log.warning("staff_not_asked", why=str(error))  # the menu needs no database; a page is on its way anyhow
        return ""
    return _ask(site, plan, tries=0, words="A page waits for you.") if found else ""


def _at(plan: Plan, number: str) -> list[str]:
    """Who on the staff has this number. More than one, where they share a phone."""
    return [m.id for m in plan.escalation.roster.members.values() if number in {m.sms, *m.voice}]


async def _pages(connection: AsyncConnection, plan: Plan, member: str) -> list[OpenPage]:
    """What the member can do something about: the pages that they have, before those that nobody has."""
    found = await pages.open_pages_of(connection, plan.practice, member)
    mine = [page for page in found if page.accepted_by == member]
    return mine + [page for page in found if page.accepted_by is None]


def _ask(site: Site, plan: Plan, *, tries: int, words: str) -> str:
    url = site.urls.at("voice/staff", {"practice": plan.practice, "version": plan.version, "tries": tries})
    said = f"{plan.name}. {words} Enter your PIN, then press pound. For the menu, please wait."
    listening = Listening(url, MOST_DIGITS, KEY_WAIT, "#")
    return str(Document(voices(plan)).gather((Utterance(STAFF_LANGUAGE, said),), listening))


async def entered(site: Site, webhook: Webhook, plan: Plan, caller: str) -> str:
    """What follows from the PIN; "": they come to the menu. Raises UnavailableError."""
    pin, members = webhook.form.get("Digits", ""), _at(plan, caller)
    if not pin or not members:
        return ""
    async with site.database.transaction() as connection:
        checked = await pins.check(connection, site.ring, site.jobs, plan, members, pin, site.clock.now())
    if checked.verdict is Verdict.RIGHT:
        return await _received(site, webhook, plan, checked.member, caller)
    tries = count(webhook.query, "tries") + 1
    _log.warning("pin_refused", practice=plan.practice, verdict=checked.verdict.value)
    if checked.verdict is Verdict.LOCKED or tries >= MOST_TRIES:
        return ""
    return _ask(site, plan, tries=tries, words="That is not your PIN.")


async def _received(site: Site, webhook: Webhook, plan: Plan, member: str, caller: str) -> str:
    await _keep(site, webhook, plan, member, caller)
    async with site.database.statement() as connection:
        found = await _pages(connection, plan, member)
    for page in found:
        stored, number = await site.paging.dialled_in(page.id, member, caller, webhook.call)
        if number is not None:
            return await screening.called_in(site, webhook, plan, stored, number)
    url = site.urls.at("voice/staff", {"practice": plan.practice, "version": plan.version})
    words = Utterance(STAFF_LANGUAGE, "No page waits for you any more.")
    return str(Document(voices(plan)).say((words,)).redirect(url))


async def _keep(site: Site, webhook: Webhook, plan: Plan, member: str, caller: str) -> None:
    now = site.clock.now()
    reasons = (f"{member} called from a number of theirs, entered the PIN, and a page waits for them",)
    head = CallHead(
        webhook.call, plan.practice, plan.version, webhook.form.get("To", ""), caller, now, decided=DECIDED,
        reasons=reasons,
    )  # fmt: skip
    parts, _ = note_parts((Note(NoteKind.CALLED_IN, member),))
    event = CallEvent("staff", now, "called in", {"notes": parts, "member": member})
    await keep(site, plan, Record(head, Progress("", STAFF_LANGUAGE, 0), event))
