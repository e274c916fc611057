"""Twilio's account, and whether everybody's clocks agree."""

from typing import Final

from sqlalchemy import text
from whenever import Instant

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from storage.errors import UnavailableError
from telephony.errors import AccountError, TwilioError
from telephony.gateway import Gateway

MOST_APART: Final = 2.0
FAR_APART: Final = 30.0
"""Seconds. A minute's error is who is on call for a minute; Twilio's own Date has whole seconds."""


async def account(installation: Installation) -> list[Outcome]:
    """The credentials, and what the account may."""
    if not (installation.settings.account_sid and installation.settings.auth_token.get_secret_value()):
        return [unknown("no account is set", "see the check 'settings'")]
    return await judged(installation.gateway, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")


async def judged(gateway: Gateway, names: str) -> list[Outcome]:
    """The account behind the gateway; `names`: the settings of its credentials."""
    try:
        found = await gateway.account()
    except AccountError as error:
        mend = f"copy {names} anew from Twilio's console; webhooks hang on them too"
        return [wrong(f"Twilio does not take the credentials ({error})", mend)]
    except TwilioError as error:
        return [wrong(f"Twilio cannot be asked ({error})", "is the way out open? See Twilio's status")]
    if found.status != "active":
        return [wrong(f"the account is {found.status}", "see Twilio's console: billing, or a message there")]
    if found.kind == "Trial":
        says = "it is a trial account: it only calls numbers that were verified, and says so to every caller"
        return [warning(says, "upgrade the account before patients call")]
    return [ok("active")]


async def clocks(installation: Installation) -> list[Outcome]:
    """Ours against Twilio's and the database's. A moved clock has nothing to agree with."""
    if installation.settings.clock:
        return [ok("moved by NIGHTBELL_CLOCK: not compared")]
    found = [*await _against_twilio(installation), *await _against_database(installation)]
    return found or [unknown("neither Twilio nor the database could be asked")]


async def _against_twilio(installation: Installation) -> list[Outcome]:
    try:
        at = (await installation.gateway.account()).at
    except TwilioError:
        return []
    return [] if at is None else [_apart("Twilio", at, installation.clock.now(), slack=1.0)]


async def _against_database(installation: Installation) -> list[Outcome]:
    if installation.database is None:
        return []
    try:
        async with installation.database.statement() as connection:
            at = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    except UnavailableError:
        return []
    return [_apart("the database", Instant(at), installation.clock.now())]


def _apart(whose: str, theirs: Instant, ours: Instant, *, slack: float = 0.0) -> Outcome:
    seconds = abs((ours - theirs).total("seconds"))
    if seconds <= MOST_APART + slack:
        return ok(f"agrees with that of {whose}")
    says = f"this machine's clock and that of {whose} are {seconds:.0f} s apart"
    mend = "let NTP set the clock (`timedatectl set-ntp true`)"
    return wrong(says, mend) if seconds > FAR_APART else warning(says, mend)
