"""The clinician's leg: what is heard on answering, 1 to accept, 2 to pass on, 3 to be rung later, being put through.

Only a key makes an acceptance: a voicemail presses none, so its leg ends after the prompt was played twice.
"""

from typing import Final

import structlog
from whenever import TimeDelta

from escalation.events import Accepted, AcceptedBy, Declined, Noted, PatientReached, PutOff
from escalation.learnt import KEY_PRESSED
from escalation.page import Attempt, CallerPresence, Note, PageState, Purpose
from ivr.inputs import DialResult
from ivr.phrases import phrase
from ivr.prompts import Utterance
from routing.plan import Plan
from storage import deliveries, recordings
from storage.deliveries import FIRST
from storage.errors import NotFoundError, UnavailableError
from storage.pages import PageCall
from telephony.twiml import Document, Listening
from webhooks.answer import voices
from webhooks.call import plan_of
from webhooks.hold import room
from webhooks.reading import dial_result
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

STAFF_LANGUAGE: Final = "en-US"
KEY_WAIT: Final = TimeDelta(seconds=3)
"""Behind a prompt of some 6 s: the two hearings of DESIGN section 8."""
MOST_PROMPTS: Final = 4
CALLBACK_RING: Final = TimeDelta(seconds=30)


class _Leg:
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
        more = {"via": self.provider, **more} if self.is_apart else more
        return self.site.urls.of_leg(path, self.page, self.attempt.number, practice=self.plan.practice, **more)

    def say(self, *words: str) -> Document:
        return self.document.say(Utterance(STAFF_LANGUAGE, text) for text in words)

    def ask(self, path: str, words: str, *, times: int = 2, asked: int = 0) -> str:
        """Ask for a key, the same words so many times; then say goodbye."""
        for _ in range(times):
            listening = Listening(self.url(path, asked=asked + 1), 1, KEY_WAIT)
            self.document.gather((Utterance(STAFF_LANGUAGE, words),), listening, silent=False)
        return str(self.say("Goodbye.").hang_up())


async def _leg(site: Site, webhook: Webhook) -> _Leg:
    """Raises NotFoundError, UnavailableError, LostCallError."""

    async def look() -> PageCall:
        return await site.paging.look(webhook.query.get("page", ""))

    stored = await site.database.in_time(look)
    structlog.contextvars.bind_contextvars(call=stored.call)  # not the leg it came by
    plan = await site.plans.version(stored.page.practice, stored.plan_version) or await plan_of(site, webhook)
    number = webhook.query.get("attempt", "")
    attempt = next((a for a in stored.page.attempts if str(a.number) == number), None)
    if attempt is None:
        raise NotFoundError("no such attempt")
    return _Leg(site, webhook, plan, stored, attempt)


def rescue(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed: this leg ends without accepting anything, and the page goes on to the next one."""
    words = Utterance(STAFF_LANGUAGE, "Sorry, this page cannot be taken on the phone right now. Goodbye.")
    return str(Document({}).say((words,)).hang_up())


def prompt(leg: _Leg, *, has_reason: bool) -> str:
    """Who calls whom about what, and the keys. Never the patient's name."""
    category = leg.stored.page.category
    later = "" if leg.attempt.purpose is Purpose.LAST_RESORT else f" 3, to be rung in {_later(leg)} minutes."
    more = f"{later} 4, to hear the reason first." if has_reason else later
    who = "the caller is on the line" if leg.stored.page.caller is CallerPresence.HOLDING else "a call-back is wanted"
    if leg.attempt.purpose is Purpose.BRIDGE:
        return f"{leg.plan.name}: you took the {category} page, and {who}. Press 1 to be connected.{more}"
    return f"{leg.plan.name}: {category} page, {who}. Press 1 to take it. 2, to pass it on.{more}"


def _later(leg: _Leg) -> int:
    return round(leg.plan.escalation.policies[leg.stored.page.policy].ring_again_after.total("minutes"))


async def screen(site: Site, webhook: Webhook) -> str:
    """The leg was answered, by a person or by a machine."""
    leg = await _leg(site, webhook)
    if over := _over(leg):
        return over
    return leg.ask("voice/screened", prompt(leg, has_reason=await _reason(leg) is not None))


async def called_in(site: Site, webhook: Webhook, plan: Plan, stored: PageCall, number: int) -> str:
    """The leg on which one of the staff called in, and has shown who they are: the same prompt as on being rung."""
    leg = _Leg(site, webhook, plan, stored, stored.page.attempts[number - 1])
    return _over(leg) or leg.ask("voice/screened", prompt(leg, has_reason=await _reason(leg) is not None))


def _over(leg: _Leg) -> str:
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


async def _reason(leg: _Leg) -> str | None:
    """A link to the caller's recorded reason, when there is one."""
    async with leg.site.database.statement() as connection:
        sid = await recordings.reason_of(connection, leg.page)
    return leg.site.media.link(sid, leg.site.clock.now()) if sid else None


async def screened(site: Site, webhook: Webhook) -> str:
    """A key was pressed on the clinician's leg."""
    leg = await _leg(site, webhook)
    answer = _over(leg) or await _chosen(leg, webhook.form.get("Digits", ""))
    await site.learning.learn(leg.plan, leg.attempt.address, KEY_PRESSED)
    return answer


async def _chosen(leg: _Leg, key: str) -> str:
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


async def _put_off(leg: _Leg) -> str:
    leg.stored = await leg.site.paging.happen(leg.page, PutOff(leg.attempt.number))
    if over := _over(leg):
        return over
    return str(
        leg.say(f"You are rung in {_later(leg)} minutes, unless somebody else has it by then. Goodbye.").hang_up()
    )


async def _tell_reason(leg: _Leg) -> str:
    link = await _reason(leg)
    if link is None:
        return await _ask_again(leg, "No reason has been recorded yet.")
    leg.document.play(link)
    return await _ask_again(leg, "")


async def _ask_again(leg: _Leg, words: str) -> str:
    asked = int(leg.webhook.query.get("asked", "0"))
    if asked >= MOST_PROMPTS:
        return str(leg.say("Goodbye.").hang_up())
    if words:
        leg.say(words)
    has_reason = await _reason(leg) is not None
    return leg.ask("voice/screened", prompt(leg, has_reason=has_reason), times=1, asked=asked)


async def _accept(leg: _Leg) -> str:
    async with leg.site.database.statement() as connection:
        # This is the leg that will come into the conference, whatever else is known of the attempt by now.
        other = await deliveries.set_sid(connection, leg.page, leg.attempt.number, leg.webhook.call, leg.provider)
    event = Accepted(leg.attempt.member, AcceptedBy.KEY, leg.attempt.number, apart=leg.is_apart, is_other=other)
    leg.stored = await leg.site.paging.happen(leg.page, event)
    return _over(leg) or _go_on(leg)


def _go_on(leg: _Leg) -> str:
    """To the caller, or what can be done without one."""
    return _join(leg) if leg.stored.page.caller is CallerPresence.HOLDING else _offer(leg)


def _join(leg: _Leg) -> str:
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


def _offer(leg: _Leg) -> str:
    if leg.stored.callback is None:
        leg.say("The page is yours. The caller is not on the line, and left no number to call back.")
        return str(leg.say("What is known is in the record of the call. Goodbye.").hang_up())
    words = (
        "The page is yours. The caller is not on the line. Press 1 to call them back now; they do not see your number."
    )
    return leg.ask("voice/callback", words)


async def offer_callback(site: Site, webhook: Webhook) -> str:
    """The caller left before the bridge, or has come back since: the clinician is moved here."""
    leg = await _leg(site, webhook)
    return _over(leg) or _go_on(leg)


async def call_back(site: Site, webhook: Webhook) -> str:
    """1: ring the patient from the clinician's leg, under the practice's number; 2: the same, and take whoever answers.

    The patient is asked for a key, too: their voicemail picks up like a person, and would count as having been reached.
    """
    leg = await _leg(site, webhook)
    if over := _over(leg):
        return over
    pressed = webhook.form.get("Digits")
    if pressed == "1" and leg.stored.page.caller is CallerPresence.HOLDING:
        return _join(leg)  # they have come back meanwhile
    if pressed not in {"1", "2"} or leg.stored.callback is None:
        return str(leg.say("The page stays yours. Goodbye.").hang_up())
    leg.say("Calling now.")
    screened = pressed == "1"
    url = leg.url("voice/called_back", screened=int(screened))
    screen = leg.url("voice/callback/screen", language=leg.stored.language) if screened else None
    # An account shows only numbers of its own.
    caller_id = leg.site.second_number if leg.is_apart else leg.plan.caller_id
    leg.document.dial([leg.stored.callback], url, caller_id, CALLBACK_RING, screen=screen)
    return str(leg.document)


async def patient_screen(site: Site, webhook: Webhook) -> str:
    """The patient's phone, or its voicemail, picked up the call-back."""
    plan = await plan_of(site, webhook)
    language = webhook.query.get("language", STAFF_LANGUAGE)
    words = Utterance(language, phrase("called_back", language).format(practice=plan.name))
    page = webhook.query.get("page", "")
    url = site.urls.at("voice/callback/screened", {"practice": plan.practice, "page": page})
    document = Document(voices(plan))
    for _ in range(2):
        document.gather((words,), Listening(url, 1, KEY_WAIT), silent=False)
    return str(document.hang_up())


async def patient_screened(site: Site, webhook: Webhook) -> str:
    """Any key is a person's: an empty document lets them talk, and the page is done, however long they talk."""
    plan = await plan_of(site, webhook)
    document = Document(voices(plan))
    if not webhook.form.get("Digits"):
        return str(document.hang_up())

    async def reach() -> None:
        await site.paging.happen(webhook.query.get("page", ""), PatientReached())

    try:
        await site.database.in_time(reach)
    except (UnavailableError, NotFoundError) as error:
        _log.error("page_not_closed", why=str(error))  # the end of the call-back tells it again
    return str(document)


def rescue_patient(_site: Site, _webhook: Webhook, _why: str) -> str:
    """Something failed on the patient's leg of a call-back: let the two talk."""
    return str(Document({}))


async def called_back(site: Site, webhook: Webhook) -> str:
    """The call-back is over: the patient was reached, or the page stays accepted until it is opened again."""
    leg = await _leg(site, webhook)
    screened = webhook.query.get("screened") == "1"
    if dial_result(webhook.form, screened=screened) is not DialResult.ANSWERED:
        await site.paging.happen(leg.page, Noted(Note.NO_ANSWER, webhook.form.get("DialCallSid", webhook.call)))
        again = "They did not answer. Press 1 to try again. 2, to take whoever answers, such as a voicemail."
        return leg.ask("voice/callback", again, times=1)
    if screened:
        await site.paging.happen(leg.page, PatientReached())
        return _ask_note(leg)
    return leg.ask(
        "voice/noted",
        "If you have talked to the patient, press 1. If you left word, press 2. If you sent them to emergency, press 3."
        " If nobody was there, press 4.",
    )


def _ask_note(leg: _Leg) -> str:
    """After a talk, which closes the page: most have nothing to add, and hang up."""
    words = "The call has ended. If you sent the patient to emergency, press 3. Otherwise you may hang up."
    return leg.ask("voice/noted", words, times=1)


_NOTES: Final = {"1": Note.REACHED, "2": Note.LEFT_WORD, "3": Note.EMERGENCY, "4": Note.NO_ANSWER}


async def noted(site: Site, webhook: Webhook) -> str:
    """The clinician says how it went with the patient."""
    leg = await _leg(site, webhook)
    note = _NOTES.get(webhook.form.get("Digits", ""))
    if note is not None and leg.stored.page.accepted_by == leg.attempt.member:
        leg.stored = await site.paging.happen(leg.page, Noted(note, webhook.call))
    if leg.stored.page.state is PageState.RESOLVED:
        return str(leg.say("The page is closed. Thank you. Goodbye.").hang_up())
    return str(leg.say("The page stays yours. Goodbye.").hang_up())


async def clinician_left(site: Site, webhook: Webhook) -> str:
    """The room closed, or the clinician's leg came out of it, and they have not met: in again, or offer a call-back."""
    leg = await _leg(site, webhook)
    page = leg.stored.page
    if page.state is PageState.ACCEPTED and page.accepted_attempt == leg.attempt.number:
        return _go_on(leg)
    if page.state in {PageState.BRIDGED, PageState.RESOLVED} and page.accepted_by == leg.attempt.member:
        return _ask_note(leg)
    return str(leg.say("The call has ended. Thank you. Goodbye.").hang_up())


async def waiting(site: Site, webhook: Webhook) -> str:
    """What is heard in the room until the other one comes; Twilio asks again when it ends."""
    plan = await plan_of(site, webhook)
    language = webhook.query.get("language", STAFF_LANGUAGE)
    words = {"es": "Un momento, por favor."}.get(language.split("-", maxsplit=1)[0], "One moment, please.")
    return str(Document(voices(plan)).say((Utterance(language, words),)).pause(TimeDelta(seconds=8)))
