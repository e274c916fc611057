"""The hold loop's webhooks: look at the page, say what is happening, and connect when a clinician is there."""

from dataclasses import replace

import structlog
from whenever import Instant, TimeDelta

from escalation.page import CallerLeft, Page
from ivr.hold import PAUSE, HoldStep, PageView, Turn, hold
from ivr.position import Phase, Position, from_query, to_query
from ivr.prompts import Utterance, own
from routing.plan import Plan
from storage.calls import CallEvent, CallHead, Progress, write_event
from storage.errors import NotFoundError, UnavailableError
from telephony.twiml import Document, Listening
from webhooks.answer import key_of, voices
from webhooks.caller import caller_of
from webhooks.dialling import dial_last_resort, dial_people
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

    async def look() -> tuple[HoldStep, Page]:
        return await _look(site, plan, head, position, pressed)

    try:
        taken, page = await site.database.in_time(look)
    except (UnavailableError, NotFoundError) as error:
        return _blind(site, plan, position, say, type(error).__name__)
    if taken.turn is Turn.LEAVE:
        await site.paging.happen(page.id, CallerLeft())
    return _document(site, plan, replace(position, index=0), replace(taken, say=(*say, *taken.say)))


async def _look(site: Site, plan: Plan, head: CallHead, position: Position, pressed: str) -> tuple[HoldStep, Page]:
    """Take the turn by the page as it is, and store it. A repeat takes the view that the first one took."""
    page = (await site.paging.look(position.page)).page
    view = view_of(page)
    taken = _take(plan, position, view, pressed, head.at)
    event = CallEvent(
        f"turn:{position.turn}",
        head.at,
        "hold",
        {"position": to_query(position), "view": view.value, "pressed": pressed, "turn": taken.turn.value,
         "why": taken.why, "notes": []},
    )  # fmt: skip
    progress = Progress(position.node, position.language, position.turn, category=page.category)
    async with site.database.statement() as connection:
        written = await write_event(connection, site.ring, head, progress, event)
    if written.earlier is not None and "view" in written.earlier.body:
        body = written.earlier.body
        taken = _take(plan, position, PageView(str(body["view"])), str(body["pressed"]), written.earlier.at)
    return taken, page


def _take(plan: Plan, position: Position, view: PageView, pressed: str, now: Instant) -> HoldStep:
    if position.phase is Phase.OVER and pressed == "1":
        return HoldStep(Turn.TRANSFER, (own("to_last_resort", position.language),), "the caller asked for a person")
    if position.phase is Phase.OVER and view is not PageView.JOIN:
        return HoldStep(Turn.LEAVE, (own("goodbye", position.language),), "holding is over")
    policy = plan.escalation.policies[connect_at(plan, position.node).policy]
    held = TimeDelta(seconds=max(0, now.timestamp() - position.since))
    return hold(view, position.language, pressed=pressed, held=held, at_most=policy.hold_at_most, turns=position.tries)


def _document(site: Site, plan: Plan, position: Position, taken: HoldStep) -> str:
    document = Document(voices(plan))
    key = key_of(plan)
    match taken.turn:
        case Turn.WAIT:
            url = site.urls.hold(key, position.next(tries=position.tries + 1))
            return str(document.gather(taken.say, Listening(url, 1, TimeDelta(seconds=1)), pause=PAUSE))
        case Turn.OFFER_PERSON:
            url = site.urls.hold(key, position.next(phase=Phase.OVER))
            return str(document.gather(taken.say, Listening(url, 1, TimeDelta(seconds=5))))
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
    return str(Document(voices(plan)).gather(words, Listening(url, 1, TimeDelta(seconds=1)), pause=PAUSE))


async def left(site: Site, plan: Plan, webhook: Webhook) -> str:
    """The conference ended and the caller is still on the line: offer to be connected again."""
    position = from_query(webhook.query)
    said = own("clinician_left", position.language)
    url = site.urls.turn(key_of(plan), replace(position, phase=Phase.HOLD))
    return str(Document(voices(plan)).gather((said,), Listening(url, 1, TimeDelta(seconds=6))))
