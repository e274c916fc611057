"""One webhook of a clinician's leg: whose it is, what may still be said on it, and how it comes to the caller."""

from typing import Final

import structlog
from whenever import TimeDelta

from escalation.page import Attempt, CallerPresence, PageState
from ivr.prompts import Utterance
from routing.plan import Plan
from storage.deliveries import FIRST
from storage.errors import NotFoundError
from storage.pages import PageCall
from telephony.twiml import Document, Listening
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE, plan_of
from webhooks.hold import room
from webhooks.signed import Webhook
from webhooks.site import Site

KEY_WAIT: Final = TimeDelta(seconds=3)
"""Behind a prompt of some 6 s: the two hearings of DESIGN section 8."""


class Leg:
    """One webhook of a clinician's leg: its page, its attempt, and the words for it."""

    def __init__(self, site: Site, webhook: Webhook, plan: Plan, stored: PageCall, attempt: Attempt) -> None:
        self.site = site
        self.webhook = webhook
        self.plan = plan
        self.stored = stored
        self.attempt = attempt
        self.document = Document(voices(plan))

    @property
    def page(self) -> str:
        """Its page's id."""
        return self.stored.page.id

    @property
    def provider(self) -> str:
        """Whose leg it is: not always the one that the attempt counts on, of two calls for the same."""
        return self.webhook.query.get("via", FIRST)

    @property
    def is_apart(self) -> bool:
        """Whether it is of another account than the caller's leg, and so cannot come into the page's conference."""
        return self.provider != FIRST

    def url(self, path: str, **more: str | int) -> str:
        """Where this leg is heard next."""
        more = {"via": self.provider, **more} if self.is_apart else more
        return self.site.urls.of_leg(path, self.page, self.attempt.number, practice=self.plan.practice, **more)

    def say(self, *words: str) -> Document:
        """Say it in the staff's language."""
        return self.document.say(Utterance(STAFF_LANGUAGE, text) for text in words)

    def ask(self, path: str, words: str, *, times: int = 2, asked: int = 0) -> str:
        """Ask for a key, the same words so many times; then say goodbye."""
        for _ in range(times):
            listening = Listening(self.url(path, asked=asked + 1), 1, KEY_WAIT)
            self.document.gather((Utterance(STAFF_LANGUAGE, words),), listening, silent=False)
        return str(self.say("Goodbye.").hang_up())


async def leg_of(site: Site, webhook: Webhook) -> Leg:
    """The leg that the webhook is about. Raises NotFoundError, UnavailableError, LostCallError."""

    async def look() -> PageCall:
        return await site.paging.look(webhook.query.get("page", ""))

    stored = await site.database.in_time(look)
    structlog.contextvars.bind_contextvars(call=stored.call)  # not the leg it came by
    plan = await site.plans.version(stored.page.practice, stored.plan_version) or await plan_of(site, webhook)
    number = webhook.query.get("attempt", "")
    attempt = next((a for a in stored.page.attempts if str(a.number) == number), None)
    if attempt is None:
        raise NotFoundError("no such attempt")
    return Leg(site, webhook, plan, stored, attempt)


def rescue(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed: this leg ends without accepting anything, and the page goes on to the next one."""
    words = Utterance(STAFF_LANGUAGE, "Sorry, this page cannot be taken on the phone right now. Goodbye.")
    return str(Document({}).say((words,)).hang_up())


def over_words(leg: Leg) -> str:
    """What is said when there is nothing to accept any more; "" while there is."""
    page = leg.stored.page
    mine = page.accepted_by == leg.attempt.member
    if page.state is PageState.RESOLVED:
        return str(leg.say("This page is closed. Thank you. Goodbye.").hang_up())
    if page.accepted_by is not None and not mine and page.state in {PageState.ACCEPTED, PageState.BRIDGED}:
        return str(leg.say(f"{_name(leg.plan, page.accepted_by)} has this page. Thank you. Goodbye.").hang_up())
    return ""


def _name(plan: Plan, member: str) -> str:
    found = plan.escalation.roster.members.get(member)
    return found.name if found else "Somebody else"


def go_on(leg: Leg) -> str:
    """To the caller, or what can be done without one."""
    return join(leg) if leg.stored.page.caller is CallerPresence.HOLDING else _offer(leg)


def join(leg: Leg) -> str:
    """Into the page's conference."""
    if leg.is_apart:
        # The caller's own leg dials them, once this one has ended: two accounts have no room in common.
        words = "You are being connected on another line. This call ends now, and your phone rings again. Press 1 then."
        return str(leg.say(words).hang_up())
    leg.say("Connecting you now.")
    return str(
        leg.document.conference(
            room(leg.page),
            leg.url("voice/clinician/left"),
            leg.site.urls.at("conference", {"page": leg.page, "practice": leg.plan.practice}),
            leg.site.urls.at("voice/waiting", {"practice": leg.plan.practice, "language": STAFF_LANGUAGE}),
        )
    )


def _offer(leg: Leg) -> str:
    if leg.stored.callback is None:
        leg.say("The page is yours. The caller is not on the line, and left no number to call back.")
        return str(leg.say("What is known is in the record of the call. Goodbye.").hang_up())
    words = (
        "The page is yours. The caller is not on the line. Press 1 to call them back now; they do not see your number."
    )
    return leg.ask("voice/callback", words)
