"""Reaching a person from the caller's own leg, one `<Dial>` after the other.

It needs neither the database nor Twilio's REST API, so it is what a call falls back on: first the staff who would be
paged now, screened; then the last resort; then a recording. The stage is in the URL.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.oncall import targets
from escalation.page import Accepted, AcceptedBy, PatientReached
from ivr.inputs import DialResult, Note, NoteKind
from ivr.position import Position, from_query, to_query
from ivr.prompts import Utterance, own
from routing.plan import Plan
from storage.calls import CallEvent, CallHead, Progress, mark_answered, note_parts
from storage.errors import NotFoundError, UnavailableError
from telephony.twiml import Document, Listening
from webhooks.answer import key_of, voices
from webhooks.caller import caller_of
from webhooks.keeping import Record, keep
from webhooks.paging import connect_at
from webhooks.reading import dial_result
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

RECORD_AT_MOST: Final = TimeDelta(seconds=180)
STAFF_LANGUAGE: Final = "en-US"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number to dial. `screened`: a person must press 1 before the bridge, since it may be a voicemail."""

    number: str
    who: str
    screened: bool
    ring_for: TimeDelta


def candidates(plan: Plan, node: str, now: Instant) -> list[Candidate]:
    """Whom to dial for the node's policy, in the order in which its steps would page them; then the last resort."""
    policy = plan.escalation.policies[connect_at(plan, node).policy]
    found: dict[str, Candidate] = {}
    for wanted in policy.steps:
        for member in (plan.escalation.roster.members[name] for name in targets(plan.escalation, wanted, now)):
            for number in member.voice:
                found.setdefault(number, Candidate(number, member.id, screened=True, ring_for=policy.ring_for))
    return [*found.values(), *last_resort(plan, node)]


def last_resort(plan: Plan, node: str) -> list[Candidate]:
    """The policy's last resort, which answers as a person does."""
    resort = plan.escalation.policies[connect_at(plan, node).policy].last_resort
    destination = plan.destinations.get(resort.destination or "")
    screened = destination.screened if destination else False
    return [Candidate(n, resort.destination or "last resort", screened, resort.ring_for) for n in resort.numbers]


def dial_people(site: Site, plan: Plan, position: Position, *, say: tuple[Utterance, ...] = ()) -> str:
    """Begin with the staff."""
    return _dial(site, plan, position, 0, say)


def dial_last_resort(site: Site, plan: Plan, position: Position, *, say: tuple[Utterance, ...] = ()) -> str:
    """Begin with the last resort."""
    now = site.clock.now()
    staff = len(candidates(plan, position.node, now)) - len(last_resort(plan, position.node))
    return _dial(site, plan, position, staff, say)


def _dial(site: Site, plan: Plan, position: Position, nth: int, say: tuple[Utterance, ...]) -> str:
    document = Document(voices(plan)).say(say)
    key = key_of(plan)
    everyone = candidates(plan, position.node, site.clock.now())
    if nth >= len(everyone):
        return str(_record(site, plan, document, position))
    next_url = site.urls.of_call("voice/dialled", key, position.next(), nth=nth)
    candidate = everyone[nth]
    screen = site.urls.of_call("voice/dialled/screen", key, position, nth=nth, who=candidate.who)
    answered = site.urls.of_call("voice/dialled/answered", key, position, who=candidate.who)
    document.dial(
        [candidate.number],
        next_url,
        plan.caller_id,
        candidate.ring_for,
        screen=screen if candidate.screened else None,
        answered=None if candidate.screened else answered,
    )
    return str(document)


def _record(site: Site, plan: Plan, document: Document, position: Position) -> Document:
    """Nobody could be reached: the words are kept, and the practice's operators learn of the call by its outcome."""
    document.say((own("nobody_reached", position.language),))
    key = key_of(plan)
    url = site.urls.of_call("voice/dialled", key, position.next(), nth=-1)
    status = site.urls.recording(plan.practice, f"turn:{position.turn + 1}", "message", position.page)
    document.record(url, status, RECORD_AT_MOST, "#")
    return document.redirect(url)


async def dialled(site: Site, plan: Plan, webhook: Webhook) -> str:
    """One `<Dial>` is over: the call is, too, if somebody was there; else the next one."""
    position = from_query(webhook.query)
    nth = int(webhook.query.get("nth", "-1"))
    if nth < 0:
        return await _recorded(site, plan, webhook, position)
    everyone = candidates(plan, position.node, site.clock.now())
    who = everyone[nth] if nth < len(everyone) else None
    result = dial_result(webhook.form)
    await _keep(site, plan, webhook, position, _rang(who, result))
    if result is DialResult.ANSWERED:
        if position.page:
            await _reached(site, position.page)
        return str(Document(voices(plan)).say((own("goodbye", position.language),)).hang_up())
    return _dial(site, plan, position, nth + 1, ())


def _rang(who: Candidate | None, result: DialResult) -> tuple[Note, ...]:
    return (Note(NoteKind.RANG, f"{who.who if who else 'nobody'}: {result.value}"),)


async def _recorded(site: Site, plan: Plan, webhook: Webhook, position: Position) -> str:
    seconds = webhook.form.get("RecordingDuration", "0")
    heard = seconds.isascii() and seconds.isdigit() and int(seconds) > 0
    category = connect_at(plan, position.node).category
    notes = (Note(NoteKind.RECORDED, f"{seconds} s"), Note(NoteKind.MESSAGE_DONE, category)) if heard else ()
    await _keep(site, plan, webhook, position, notes or (Note(NoteKind.NOT_RECORDED),))
    said = [own("message_taken", position.language)] if heard else []
    return str(Document(voices(plan)).say((*said, own("goodbye", position.language))).hang_up())


async def _keep(site: Site, plan: Plan, webhook: Webhook, position: Position, notes: tuple[Note, ...]) -> None:
    now = site.clock.now()
    parts, _ = note_parts(notes)
    event = CallEvent(f"turn:{position.turn}", now, "dialled", {"position": to_query(position), "notes": parts})
    head = CallHead(webhook.call, plan.practice, plan.version, webhook.form.get("To", ""), caller_of(webhook.form), now)
    progress = Progress(position.node, position.language, position.turn)
    if any(note.detail.endswith(f": {DialResult.ANSWERED.value}") for note in notes):
        talked = webhook.form.get("DialCallDuration", "0")
        since = now - TimeDelta(seconds=int(talked)) if talked.isascii() and talked.isdigit() else now
        progress = Progress(
            position.node,
            position.language,
            position.turn,
            answered_by=notes[0].detail.partition(":")[0],
            answered_at=since,
        )
    await keep(site, plan, Record(head, progress, event), notes)


async def _reached(site: Site, page: str) -> None:
    async def reach() -> None:
        await site.paging.happen(page, PatientReached())

    try:
        await site.database.in_time(reach)
    except (UnavailableError, NotFoundError) as error:
        # The page then lives on until its clinician was asked again: a call too many, never one too few.
        _log.error("page_not_closed", why=str(error))


async def screen(site: Site, webhook: Webhook) -> str:
    """What a clinician hears whom the caller's leg dials: 1 to talk to the caller, who waits on this very line.

    Stateless on purpose: it works with the database down.
    """
    plan = _plan(site, webhook)
    words = Utterance(STAFF_LANGUAGE, f"{plan.name}: an urgent call, the caller is on the line. Press 1 to take it.")
    url = site.urls.at("voice/dialled/screened", dict(webhook.query))
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((words,), Listening(url, 1, TimeDelta(seconds=3)), silent=False)
    return str(document.hang_up())


async def screened(site: Site, webhook: Webhook) -> str:
    """1 accepts: an empty document lets the bridge happen. Anything else ends this leg and the next one is dialled."""
    plan = _plan(site, webhook)
    document = Document(voices(plan))
    if webhook.form.get("Digits") != "1":
        return str(document.hang_up())
    await _accepted(site, plan, webhook, AcceptedBy.KEY)
    return str(document)


async def answered(site: Site, webhook: Webhook) -> str:
    """The last resort picked up and talks to the caller, who is not to be moved again."""
    await _accepted(site, _plan(site, webhook), webhook, AcceptedBy.DIALLED)
    return ""


def _plan(site: Site, webhook: Webhook) -> Plan:
    plan = site.plans.current(webhook.query.get("practice", ""))
    if plan is None:
        raise LookupError("no such practice")
    return plan


async def _accepted(site: Site, plan: Plan, webhook: Webhook, by: AcceptedBy) -> None:
    """Tell the record and the page, so that nobody else is woken. Without the database the bridge comes about too."""
    page, who = webhook.query.get("page", ""), webhook.query.get("who", "")
    member = who if who in plan.escalation.roster.members else ""

    async def accept() -> None:
        async with site.database.statement() as connection:
            await mark_answered(connection, webhook.form.get("ParentCallSid", ""), who, site.clock.now())
        if page:
            await site.paging.happen(page, Accepted(member, by))

    try:
        await site.database.in_time(accept)
    except (UnavailableError, NotFoundError) as error:
        _log.error("acceptance_not_stored", why=str(error))
