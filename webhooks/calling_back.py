"""The clinician's leg after acceptance: the patient is called back from it, and how it went is noted."""

from typing import Final

import structlog
from whenever import TimeDelta

from escalation.events import Noted, PatientReached
from escalation.page import CallerPresence, Note, PageState
from ivr.inputs import DialResult
from ivr.phrases import phrase
from ivr.prompts import Utterance
from storage.errors import NotFoundError, UnavailableError
from telephony.twiml import Document, Listening
from webhooks.answer import voices
from webhooks.call import STAFF_LANGUAGE, plan_of
from webhooks.leg import KEY_WAIT, Leg, go_on, join, leg_of, over_words
from webhooks.reading import dial_result
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

CALLBACK_RING: Final = TimeDelta(seconds=30)


async def offer_callback(site: Site, webhook: Webhook) -> str:
    """The caller left before the bridge, or has come back since: the clinician is moved here."""
    leg = await leg_of(site, webhook)
    return over_words(leg) or go_on(leg)


async def call_back(site: Site, webhook: Webhook) -> str:
    """1: ring the patient from the clinician's leg, under the practice's number; 2: the same, and take whoever answers.

    The patient is asked for a key, too: their voicemail picks up like a person, and would count as having been reached.
    """
    leg = await leg_of(site, webhook)
    if over := over_words(leg):
        return over
    pressed = webhook.form.get("Digits")
    if pressed == "1" and leg.stored.page.caller is CallerPresence.HOLDING:
        return join(leg)  # they have come back meanwhile
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
    leg = await leg_of(site, webhook)
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


def _ask_note(leg: Leg) -> str:
    """After a talk, which closes the page: most have nothing to add, and hang up."""
    words = "The call has ended. If you sent the patient to emergency, press 3. Otherwise you may hang up."
    return leg.ask("voice/noted", words, times=1)


_NOTES: Final = {"1": Note.REACHED, "2": Note.LEFT_WORD, "3": Note.EMERGENCY, "4": Note.NO_ANSWER}


async def noted(site: Site, webhook: Webhook) -> str:
    """The clinician says how it went with the patient."""
    leg = await leg_of(site, webhook)
    note = _NOTES.get(webhook.form.get("Digits", ""))
    if note is not None and leg.stored.page.accepted_by == leg.attempt.member:
        leg.stored = await site.paging.happen(leg.page, Noted(note, webhook.call))
    if leg.stored.page.state is PageState.RESOLVED:
        return str(leg.say("The page is closed. Thank you. Goodbye.").hang_up())
    return str(leg.say("The page stays yours. Goodbye.").hang_up())


async def clinician_left(site: Site, webhook: Webhook) -> str:
    """The room closed, or the clinician's leg came out of it, and they have not met: in again, or offer a call-back."""
    leg = await leg_of(site, webhook)
    page = leg.stored.page
    if page.state is PageState.ACCEPTED and page.accepted_attempt == leg.attempt.number:
        return go_on(leg)
    if page.state in {PageState.BRIDGED, PageState.RESOLVED} and page.accepted_by == leg.attempt.member:
        return _ask_note(leg)
    return str(leg.say("The call has ended. Thank you. Goodbye.").hang_up())


async def waiting(site: Site, webhook: Webhook) -> str:
    """What is heard in the room until the other one comes; Twilio asks again when it ends."""
    plan = await plan_of(site, webhook)
    language = webhook.query.get("language", STAFF_LANGUAGE)
    words = {"es": "Un momento, por favor."}.get(language.split("-", maxsplit=1)[0], "One moment, please.")
    return str(Document(voices(plan)).say((Utterance(language, words),)).pause(TimeDelta(seconds=8)))
