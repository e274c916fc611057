"""Reaching a person from the caller's own leg, one `<Dial>` after the other.

It needs neither the database nor Twilio's REST API, so it is what a call falls back on: first the staff who would be
paged now, screened; then the last resort; then a recording. Where the chain stands is in the URL: how many were
dialled, and when it began, since a handoff in the middle would change who they are.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.events import Accepted, AcceptedBy, DialledInVain, PatientReached
from escalation.learnt import KEY_PRESSED
from escalation.oncall import targets
from escalation.page import Attempt
from escalation.policy import Policy
from escalation.sparing import quiet_until
from ivr.flow import Connect
from ivr.inputs import DialResult, Note, NoteKind
from ivr.position import Position, from_query, to_query
from ivr.prompts import Utterance, own
from routing.plan import Destination, Plan
from storage.calls import CallEvent, Progress, mark_answered, note_parts, page_of_call
from storage.errors import UnavailableError
from telephony.twiml import Document, Listening
from webhooks.answer import key_of, voices
from webhooks.call import STAFF_LANGUAGE, LostCallError, answered_since, count, head_of, plan_of
from webhooks.keeping import Record, keep
from webhooks.paging import connect_at
from webhooks.reading import dial_result
from webhooks.signed import Webhook, where
from webhooks.site import Site

_log = structlog.get_logger(__name__)

RECORD_AT_MOST: Final = TimeDelta(seconds=180)
LAST_RESORT: Final = "last resort"
"""What a last resort without a destination is called in the record of the call."""
RECORDED: Final = "recorded"
"""Stands for the number of the one who was dialled, once nobody is left and the caller has spoken."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number to dial. `screened`: a person must press 1 before the bridge, since it may be a voicemail."""

    number: str
    who: str
    screened: bool
    ring_for: TimeDelta


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom to dial for a caller, from the first to the last. `began` fixes who was on call."""

    plan: Plan
    position: Position
    began: Instant

    def candidates(self) -> list[Candidate]:
        """The staff, in the order in which the policy's steps would page them; then the last resort.

        A plan that pages nobody has its destinations.
        """
        if not any(isinstance(node, Connect) for node in self.plan.flow.nodes.values()):
            return [c for d in self.plan.destinations.values() for c in _rung(d.numbers, d, d.ring_for, d.name)]
        policy = self.plan.escalation.policies[connect_at(self.plan, self.position.node).policy]
        return [*self._staff(policy), *_last_resort(self.plan, policy)]

    def _staff(self, policy: Policy) -> list[Candidate]:
        roster = self.plan.escalation.roster
        names = [name for step in policy.steps for name in targets(self.plan.escalation, step, self.began)]
        if not policy.urgent:
            names = [name for name in names if quiet_until(roster, name, self.began) is None]
        found: dict[str, Candidate] = {}
        for member in (roster.members[name] for name in dict.fromkeys(names)):
            for number in member.voice:
                found.setdefault(number, Candidate(number, member.id, screened=True, ring_for=policy.ring_for))
        return list(found.values())

    def last_resort(self) -> int:
        """How many come before the last resort."""
        return sum(1 for candidate in self.candidates() if candidate.who in self.plan.escalation.roster.members)


def _last_resort(plan: Plan, policy: Policy) -> list[Candidate]:
    resort = policy.last_resort
    name = resort.destination or LAST_RESORT
    return _rung(resort.numbers, plan.destinations.get(name), resort.ring_for, name)


def _rung(numbers: tuple[str, ...], desk: Destination | None, ring_for: TimeDelta, who: str) -> list[Candidate]:
    screened = desk.screened if desk else False
    return [Candidate(number, who, screened, ring_for) for number in numbers]


def dial_people(site: Site, plan: Plan, position: Position, *, say: tuple[Utterance, ...] = (), after: int = 0) -> str:
    """Begin with the staff; `after` so many of them."""
    return _dial(site, Chain(plan, position, site.clock.now()), after, say)


def dial_last_resort(site: Site, plan: Plan, position: Position, *, say: tuple[Utterance, ...] = ()) -> str:
    """Begin with the last resort."""
    chain = Chain(plan, position, site.clock.now())
    first = chain.last_resort()
    # With nobody there, "we are connecting you" would not be true.
    return _dial(site, chain, first, say if first < len(chain.candidates()) else ())


def dial_taker(
    site: Site, plan: Plan, position: Position, taker: Attempt, ring_for: TimeDelta, say: tuple[Utterance, ...]
) -> str:
    """Ring who has the page, screened, and no others; what follows is at `voice/taker`."""
    who = taker.member or LAST_RESORT
    action, screened = (
        site.urls.of_call(path, key_of(plan), at, who=who)
        for path, at in (("voice/taker", position.next()), ("voice/dialled/screen", position))
    )
    document = Document(voices(plan)).say(say)
    return str(document.dial([taker.address], action, plan.caller_id, ring_for, screen=screened))


def _dial(site: Site, chain: Chain, nth: int, say: tuple[Utterance, ...]) -> str:
    plan, position = chain.plan, chain.position
    document = Document(voices(plan)).say(say)
    everyone = chain.candidates()
    if nth >= len(everyone):
        return str(_record(site, chain, document))
    candidate = everyone[nth]

    def url(path: str, at: Position) -> str:
        began = chain.began.timestamp()
        return site.urls.of_call(path, key_of(plan), at, nth=nth, began=began, who=candidate.who)

    document.dial(
        [candidate.number],
        url("voice/dialled", position.next()),
        plan.caller_id,
        candidate.ring_for,
        screen=url("voice/dialled/screen", position) if candidate.screened else None,
        answered=None if candidate.screened else url("voice/dialled/answered", position),
    )
    return str(document)


def _record(site: Site, chain: Chain, document: Document) -> Document:
    """Nobody could be reached: the words are kept as a message, and the page, if there is one, goes on."""
    plan, position = chain.plan, chain.position
    document.say((own("nobody_reached", position.language),))
    url = site.urls.of_call("voice/dialled", key_of(plan), position.next(), nth=RECORDED)
    status = site.urls.recording(plan.practice, f"turn:{position.turn + 1}", "message", position.page)
    document.record(url, status, RECORD_AT_MOST, "#")
    return document.redirect(url)


async def dialled(site: Site, webhook: Webhook) -> str:
    """One `<Dial>` is over: the call is, too, if somebody was there; else the next one."""
    plan, position = await plan_of(site, webhook), from_query(webhook.query)
    if webhook.query.get("nth") == RECORDED:
        return await _recorded(site, plan, webhook, position)
    who = webhook.query.get("who", "nobody")
    result = dial_result(webhook.form, screened=_is_screened(plan, who))
    await _keep(site, plan, webhook, position, (Note(NoteKind.RANG, f"{who}: {result.value}"),))
    if result is DialResult.ANSWERED:
        await _tell_page(site, webhook.call, position.page, PatientReached())
        return str(Document(voices(plan)).say((own("goodbye", position.language),)).hang_up())
    return dial_on(site, plan, webhook, position)


async def taker_dialled(site: Site, plan: Plan, webhook: Webhook, position: Position) -> str:
    """The `<Dial>` of who has the page is over: the last words after a talk; "" where there was none."""
    result = dial_result(webhook.form, screened=True)
    note = Note(NoteKind.RANG, f"{webhook.query.get('who', 'nobody')}: {result.value}")
    await _keep(site, plan, webhook, position, (note,))
    if result is DialResult.ANSWERED:
        await _tell_page(site, webhook.call, position.page, PatientReached())
        return str(Document(voices(plan)).say((own("goodbye", position.language),)).hang_up())
    await _tell_page(site, webhook.call, position.page, DialledInVain())
    return ""


def dial_on(site: Site, plan: Plan, webhook: Webhook, position: Position) -> str:
    """Go on with the next one after the one that the webhook is about."""
    chain, nth = _chain(site, plan, webhook, position), count(webhook.query, "nth") + 1
    said = (own("dialling_next", position.language),) if nth < len(chain.candidates()) else ()
    return _dial(site, chain, nth, said)


def _chain(site: Site, plan: Plan, webhook: Webhook, position: Position) -> Chain:
    began = count(webhook.query, "began")
    return Chain(plan, position, Instant.from_timestamp(began) if began else site.clock.now())


def _is_screened(plan: Plan, who: str) -> bool:
    desk = plan.destinations.get(who)
    return who in plan.escalation.roster.members or (desk is not None and desk.screened)


async def _recorded(site: Site, plan: Plan, webhook: Webhook, position: Position) -> str:
    seconds = count(webhook.form, "RecordingDuration")
    node = plan.flow.nodes.get(position.node)
    category = node.category if isinstance(node, Connect) else ""
    taken = (Note(NoteKind.RECORDED, f"{seconds} s"), Note(NoteKind.MESSAGE_DONE, category))
    await _keep(site, plan, webhook, position, taken if seconds else (Note(NoteKind.NOT_RECORDED),))
    said = [own("message_taken", position.language)] if seconds else []
    return str(Document(voices(plan)).say((*said, own("goodbye", position.language))).hang_up())


async def _keep(site: Site, plan: Plan, webhook: Webhook, position: Position, notes: tuple[Note, ...]) -> None:
    now = site.clock.now()
    parts, _ = note_parts(notes)
    event = CallEvent(f"turn:{position.turn}", now, "dialled", {"position": to_query(position), "notes": parts})
    who, _, result = notes[0].detail.partition(": ")
    answered = result == DialResult.ANSWERED.value
    progress = Progress(
        position.node,
        position.language,
        position.turn,
        answered_by=who if answered else None,
        answered_at=answered_since(webhook, now) if answered else None,
    )
    await keep(site, plan, Record(head_of(plan, webhook, now), progress, event), notes)


async def screen(site: Site, webhook: Webhook) -> str:
    """What a clinician hears whom the caller's leg dials: 1 to talk to the caller, who waits on this very line.

    Stateless on purpose: it works with the database down.
    """
    plan = _current(site, webhook)
    words = Utterance(STAFF_LANGUAGE, f"{plan.name}: an urgent call, the caller is on the line. Press 1 to take it.")
    url = site.urls.at("voice/dialled/screened", dict(webhook.query))
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((words,), Listening(url, 1, TimeDelta(seconds=3)), silent=False)
    return str(document.hang_up())


async def screened(site: Site, webhook: Webhook) -> str:
    """1 accepts: an empty document lets the bridge happen. Anything else ends this leg and the next one is dialled."""
    plan = _current(site, webhook)
    document = Document(voices(plan))
    if webhook.form.get("Digits") == "1":
        await _accepted(site, plan, webhook, AcceptedBy.KEY)
    else:
        document.hang_up()
    await site.learning.learn(plan, webhook.form.get("To", ""), KEY_PRESSED)
    return str(document)


async def answered(site: Site, webhook: Webhook) -> str:
    """The last resort picked up and talks to the caller, who is not to be moved again."""
    await _accepted(site, _current(site, webhook), webhook, AcceptedBy.DIALLED)
    return ""


def _current(site: Site, webhook: Webhook) -> Plan:
    plan = site.plans.current(webhook.query.get("practice", ""))
    if plan is None:
        raise LostCallError("no such practice")
    return plan


async def _accepted(site: Site, plan: Plan, webhook: Webhook, by: AcceptedBy) -> None:
    """Tell the record and the page, so that nobody else is woken. Without the database the bridge comes about too."""
    call, who = webhook.form.get("ParentCallSid", ""), webhook.query.get("who", "")
    member = who if who in plan.escalation.roster.members else ""

    async def mark() -> None:
        async with site.database.statement() as connection:
            await mark_answered(connection, call, who, site.clock.now())

    try:
        await site.database.in_time(mark)
    except UnavailableError as error:
        _log.error("answer_not_stored", why=str(error))
    await _tell_page(site, call, webhook.query.get("page", ""), Accepted(member, by))


async def _tell_page(site: Site, call: str, page: str, event: Accepted | DialledInVain | PatientReached) -> None:
    """Tell the caller's page. The URL may not know it: its opening may have been stored when we had given up on it."""

    async def tell() -> None:
        known = page
        if not known:
            async with site.database.statement() as connection:
                known = await page_of_call(connection, call)
        if known:
            await site.paging.happen(known, event)

    try:
        await site.database.in_time(tell)
    except Exception as error:  # noqa: BLE001 - two people talk, or are about to: no error of the page's may part them
        # The page then lives on until its clinician was asked again: a call too many, never one too few.
        _log.error("page_not_told", error=type(error).__name__, where=where(error), happened=type(event).__name__)
