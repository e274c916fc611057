"""The hold loop's webhooks: look at the page, say what is happening, and connect when a clinician is there."""

from dataclasses import dataclass, replace

import structlog
from whenever import Instant, TimeDelta

from escalation.events import CallBackAsked, PutThrough, StillThere
from escalation.page import Attempt, CallerPresence, Page, PageState
from escalation.presence import to_dial
from ivr.hold import PAUSE, Holding, HoldStep, PageView, Turn, hold
from ivr.position import Phase, Position, from_query, to_query
from ivr.prompts import Utterance, own
from routing.plan import Plan
from storage.call_events import Write
from storage.calls import CallEvent, CallHead, Progress, Written
from storage.errors import NotFoundError, UnavailableError
from storage.pages import PageCall, place_in_line
from telephony.twiml import Document, Listening, gathering
from webhooks.answer import key_of, voices
from webhooks.caller import caller_of
from webhooks.dialling import dial_last_resort, dial_people, dial_taker, taker_dialled
from webhooks.paging import connect_at, view_of
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

BLIND_TURNS = 2
"""Turns in which the page could not be looked at, after which the caller's own leg dials."""


async def hold_webhook(site: Site, plan: Plan, webhook: Webhook) -> str:
    """A turn of the loop, as its URL asks for it."""
    return await hold_turn(site, plan, webhook, from_query(webhook.query), pressed=webhook.form.get("Digits", ""))


async def hold_turn(
    site: Site,
    plan: Plan,
    webhook: Webhook,
    position: Position,
    *,
    pressed: str = "",
    say: tuple[Utterance, ...] = (),
) -> str:
    """One turn: what the caller hears now, and what the telephone does."""
    now = site.clock.now()
    head = CallHead(webhook.call, plan.practice, plan.version, webhook.form.get("To", ""), caller_of(webhook.form), now)

    async def take() -> tuple[HoldStep, Attempt | None]:
        return await _take(_Loop(site, plan, head, position, pressed))

    try:
        taken, taker = await site.database.in_time(take)
    except (UnavailableError, NotFoundError) as error:
        return _blind(site, plan, position, say, type(error).__name__)
    position, taken = replace(position, index=0), replace(taken, say=(*say, *taken.say))
    if taken.turn is Turn.DIAL_TAKER and taker is not None:
        ring_for = plan.escalation.policies[connect_at(plan, position.node).policy].ring_for
        return dial_taker(site, plan, position, taker, ring_for, taken.say)
    return _document(site, plan, position, taken)


@dataclass(frozen=True, slots=True)
class _Loop:
    """One turn of one caller's loop, as its webhook tells it."""

    site: Site
    plan: Plan
    head: CallHead
    position: Position
    pressed: str

    def step(self, view: PageView, pressed: str, now: Instant, place: int) -> HoldStep:
        position = self.position
        policy = self.plan.escalation.policies[connect_at(self.plan, position.node).policy]
        over = position.phase is Phase.OVER
        holding = Holding(
            held=TimeDelta(seconds=max(0, now.timestamp() - position.since)),
            at_most=policy.hold_at_most,
            turns=1 if over else position.tries,
            offers=max(1, position.tries) if over else 0,
            reachable=not position.withheld,
            place=place,
            has_person=bool(policy.last_resort.numbers),
        )
        return hold(view, position.language, pressed, holding)


async def _take(loop: _Loop) -> tuple[HoldStep, Attempt | None]:
    """Take the turn by the page as it is, store it, and tell the page. A repeat takes the view of the first one.

    Besides, who has the page on a leg that cannot be joined.
    """
    paging, page, call = loop.site.paging, loop.position.page, loop.head.sid
    stored = await paging.look(page)
    view = view_of(stored, call, loop.head.at)
    place = await _place(loop.site, stored.page) if view is PageView.QUEUED else 1
    taken = loop.step(view, loop.pressed, loop.head.at, place)
    if taken.turn is Turn.LEAVE:
        stored = await paging.happen(page, CallBackAsked())
        if stored.page.caller is CallerPresence.HOLDING:
            # A clinician came to the phone in this very moment.
            view = view_of(stored, call, loop.head.at)
            taken = loop.step(view, loop.pressed, loop.head.at, place)
    written = await _store(loop, stored.page, view, taken, place)
    if written.earlier is not None and "view" in written.earlier.body:
        body = written.earlier.body
        said = PageView(str(body["view"])), str(body["pressed"])
        taken = loop.step(*said, written.earlier.at, int(str(body.get("place", 1))))
    elif stored.caller_leg == call and not written.ended:
        await _tell(loop, stored.page, taken)
    return taken, to_dial(stored.page, loop.head.at)


async def _place(site: Site, page: Page) -> int:
    async with site.database.statement() as connection:
        return await place_in_line(connection, page)


async def _store(loop: _Loop, page: Page, view: PageView, taken: HoldStep, place: int) -> Written:
    position = loop.position
    event = CallEvent(
        f"turn:{position.turn}",
        loop.head.at,
        "hold",
        {"position": to_query(position), "view": view.value, "pressed": loop.pressed, "turn": taken.turn.value,
         "why": taken.why, "place": place, "notes": []},
    )  # fmt: skip
    progress = Progress(position.node, position.language, position.turn, category=page.category)
    return await loop.site.events.write(Write(loop.head, progress, event))


async def _tell(loop: _Loop, page: Page, taken: HoldStep) -> None:
    """What the page could not know: that the caller whom it counts as gone is there, and that their own leg dials."""
    if page.caller is CallerPresence.GONE and taken.turn is not Turn.LEAVE:
        await loop.site.paging.happen(page.id, StillThere())
    if taken.turn in {Turn.TRANSFER, Turn.DIAL, Turn.DIAL_TAKER}:
        await loop.site.paging.happen(page.id, PutThrough())


def _document(site: Site, plan: Plan, position: Position, taken: HoldStep) -> str:
    document = Document(voices(plan))
    key = key_of(plan)
    match taken.turn:
        case Turn.WAIT | Turn.DIAL_TAKER:  # of a repeat that comes when they are not to be dialled any more
            url = site.urls.hold(key, position.next(phase=Phase.HOLD, tries=position.tries + 1))
            return gathering(voices(plan), taken.say, Listening(url, 1, TimeDelta(seconds=1)), pause=PAUSE)
        case Turn.OFFER_PERSON:
            offers = position.tries + 1 if position.phase is Phase.OVER else 1
            url = site.urls.hold(key, position.next(phase=Phase.OVER, tries=offers))
            return gathering(voices(plan), taken.say, Listening(url, 1, TimeDelta(seconds=5)))
        case Turn.JOIN:
            document.say(taken.say)
            return str(
                document.conference(
                    room(position.page),
                    site.urls.of_call("voice/left", key, position.next()),
                    site.urls.at("conference", {"page": position.page, "practice": plan.practice}),
                    site.urls.at("voice/waiting", {"practice": plan.practice, "language": position.language}),
                )
            )
        case Turn.DIAL:
            return dial_people(site, plan, position, say=taken.say)
        case Turn.TRANSFER:
            return dial_last_resort(site, plan, position, say=taken.say)
        case Turn.LEAVE:
            return str(document.say(taken.say).hang_up())


def room(page: str) -> str:
    """The conference's name: the page's id and nothing else."""
    return f"page-{page}"


def _blind(site: Site, plan: Plan, position: Position, say: tuple[Utterance, ...], why: str) -> str:
    """The page cannot be looked at: once it is waited for, then the caller's own leg dials, which needs no database."""
    _log.error("hold_blind", why=why, turns=position.index)
    if position.index + 1 >= BLIND_TURNS:
        return dial_people(site, plan, position, say=(*say, own("to_last_resort", position.language)))
    url = site.urls.hold(key_of(plan), position.next(tries=position.tries + 1, index=position.index + 1))
    words = (*say, own("hold_again", position.language))
    return gathering(voices(plan), words, Listening(url, 1, TimeDelta(seconds=1)), pause=PAUSE)


async def taker(site: Site, plan: Plan, webhook: Webhook) -> str:
    """Who has the page was dialled on the caller's own leg: the call is over after a talk, else the caller holds."""
    position = replace(from_query(webhook.query), phase=Phase.HOLD)
    over = await taker_dialled(site, plan, webhook, position)
    return over or await hold_turn(site, plan, webhook, position.next(tries=max(1, position.tries)))


async def left(site: Site, plan: Plan, webhook: Webhook) -> str:
    """The conference ended and the caller is still on the line: offer to be connected again after a talk.

    Where there was none, because the clinician's leg came out of the room, the caller holds on.
    """
    position = replace(from_query(webhook.query), phase=Phase.HOLD)

    async def look() -> PageCall:
        return await site.paging.look(position.page)

    try:
        stored = await site.database.in_time(look)
        talked = stored.page.state in {PageState.BRIDGED, PageState.RESOLVED}
    except (UnavailableError, NotFoundError):
        talked = True
    if not talked:
        return await hold_turn(site, plan, webhook, position)
    said = own("clinician_left", position.language)
    url = site.urls.turn(key_of(plan), position)
    return gathering(voices(plan), (said,), Listening(url, 1, TimeDelta(seconds=6)))
