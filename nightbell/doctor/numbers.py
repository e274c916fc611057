"""Do all practices' numbers lead here?"""

from typing import Final

from nightbell.connecting import changes, look_up, wanted
from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from nightbell.fallback import names_of
from telephony.errors import TwilioError
from telephony.owned import OwnedNumber

CONNECT: Final = "nightbell twilio connect"
_SAID: Final = {
    "voice_url": "calls do not come here",
    "voice_method": "calls do not come by POST",
    "voice_fallback_url": "the fallback for calls is another or none",
    "voice_fallback_method": "the fallback for calls is not asked by POST",
    "status_callback": "the end of calls is told to somebody else or nobody",
    "status_callback_method": "the end of calls is not told by POST",
    "sms_url": "texts, and so the staff's replies, do not come here",
    "sms_method": "texts do not come by POST",
    "voice_application_sid": "a TwiML application takes its calls, whatever its voice URL",
    "sms_application_sid": "a TwiML application takes its texts, whatever its SMS URL",
    "trunk_sid": "a SIP trunk takes its calls, whatever its voice URL",
}


async def check(installation: Installation) -> list[Outcome]:
    """Each number of each practice, at Twilio."""
    numbers = tuple(number for plan in installation.plans for number in plan.numbers)
    if not (numbers and installation.settings.public_url):
        return [unknown("there is no practice, or no public URL", "see the check 'settings'")]
    looked = await look_up(installation.gateway, numbers)
    return [outcome for number, found in looked.items() for outcome in _number(installation, number, found)]


def _number(installation: Installation, number: str, found: OwnedNumber | TwilioError | None) -> list[Outcome]:
    if isinstance(found, TwilioError):
        return [unknown(f"{number}: {found}", "see the check 'twilio account'")]
    if found is None:
        return [wrong(f"{number}: the account owns no such number", "buy or port it, or mend `numbers` in the plan")]
    pointers = [
        wrong(f"{number}: {_SAID[change.field]} ({change.field} is {change.before or 'empty'})", CONNECT)
        for change in changes(found.pointers, wanted(installation.settings.public_url, "", sms=found.sms))
        if not (change.field == "voice_fallback_url" and _is_static(installation, number, change.before))
    ]
    return [*_capable(found), *pointers] or [ok(f"{number}: leads here")]


def _capable(number: OwnedNumber) -> list[Outcome]:
    if not number.voice:
        return [wrong(f"{number.number}: it takes no calls at all", "use a number with the capability Voice")]
    if not number.sms:
        mend = "use a number with the capability SMS, or page by call alone"
        return [warning(f"{number.number}: it takes and sends no texts, so that pages go by call alone", mend)]
    return []


def _is_static(installation: Installation, number: str, url: str) -> bool:
    """Whether the URL is one of the number's own documents on a static host; the host is the next check's."""
    return installation.ring is not None and url.partition("#")[0].rpartition("/")[2] in names_of(
        installation.ring, number
    )
