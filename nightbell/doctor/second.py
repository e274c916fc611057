"""Can the second provider carry calls and texts, and do replies to its texts come here?"""

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from nightbell.doctor.twilio import judged
from telephony.errors import TwilioError
from telephony.owned import OwnedNumber
from webhooks.urls import Urls

_NAMES = "NIGHTBELL_SECOND_ACCOUNT_SID, NIGHTBELL_SECOND_AUTH_TOKEN and NIGHTBELL_SECOND_API_URL"


async def check(installation: Installation) -> list[Outcome]:
    """Its account and its number."""
    if installation.second is None:
        return [ok("none is set")]
    found = await judged(installation.second, _NAMES)
    try:
        number = await installation.second.find_number(installation.settings.second_number)
    except TwilioError as error:
        return [*found, unknown(f"its number: {error}", "see the line before")]
    return [*found, *_number(installation, number), *_planned(installation)]


def _planned(installation: Installation) -> list[Outcome]:
    """A plan that names this number would have calls go round, or answered where they cannot be connected."""
    own = installation.settings.second_number
    found = []
    for plan in installation.plans:
        desks = [number for desk in plan.destinations.values() for number in desk.numbers]
        staff = [number for member in plan.escalation.roster.members.values() for number in (*member.voice, member.sms)]
        for where, numbers in (("numbers", plan.numbers), ("destinations", desks), ("staff", staff)):
            if own in numbers:
                says = f"{own}: the plan of {plan.practice} has it in `{where}`"
                found.append(wrong(says, "take it out of the plan: it is the second provider's own"))
    return found


def _number(installation: Installation, number: OwnedNumber | None) -> list[Outcome]:
    own = installation.settings.second_number
    if number is None:
        return [
            wrong(f"{own}: the second account owns no such number", "buy it there, or mend NIGHTBELL_SECOND_NUMBER")
        ]
    if not number.voice:
        return [wrong(f"{own}: it makes no calls", "use a number with the capability Voice")]
    if not number.sms:
        return [warning(f"{own}: it sends no texts", "use a number with the capability SMS")]
    found = []
    for what, path, field in (
        ("replies to its texts do not come here", "sms", "sms"),
        ("who calls it is not brought to their practice", "voice", "voice"),
    ):
        url = Urls(installation.settings.public_url).at(path, {}).partition("?")[0]
        has, method = number.pointers[f"{field}_url"].partition("#")[0], number.pointers[f"{field}_method"]
        if (has, method.upper()) != (url, "POST"):
            mend = f"nightbell twilio connect, or set its {field} webhook, by POST, to {url}"
            found.append(wrong(f"{own}: {what}", mend))
    return found or [ok(f"{own}: calls and texts, and replies and calls come here")]
