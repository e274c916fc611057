"""`nightbell doctor`: is this installation fit to answer tonight's calls, and if not, what mends it.

A check is a function from the installation to outcomes. To add one, write it in the module of its subject and name it
in CHECKS; what it raises and how long it takes is looked after here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from nightbell.doctor import address, database, fallback, keys, numbers, recordings, second, settings, twilio, worker
from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Level, Outcome, unknown
from storage.errors import UnavailableError
from telephony.errors import TwilioError

Check = Callable[[Installation], Awaitable[list[Outcome]]]

CHECKS: Final[dict[str, Check]] = {
    "settings": settings.check,
    "database": database.check,
    "encryption keys": keys.check,
    "worker": worker.check,
    "twilio account": twilio.account,
    "clock": twilio.clocks,
    "public url": address.check,
    "numbers": numbers.check,
    "second provider": second.check,
    "recordings": recordings.check,
    "static fallback": fallback.check,
}
LONGEST: Final = 20.0
"""Real seconds that a check may take; they run side by side."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome of the check of this name."""

    check: str
    outcome: Outcome


async def examine(installation: Installation) -> list[Finding]:
    """Run every check. None of them can fail or hold up another."""
    looked = await asyncio.gather(*(_look(check, installation) for check in CHECKS.values()))
    return [Finding(name, each) for name, found in zip(CHECKS, looked, strict=True) for each in found]


def is_fit(findings: list[Finding]) -> bool:
    """Whether nothing is wrong; warnings, and what could not be checked, do not count."""
    return all(finding.outcome.level is not Level.WRONG for finding in findings)


async def _look(check: Check, installation: Installation) -> list[Outcome]:
    try:
        return await asyncio.wait_for(check(installation), LONGEST)
    except TwilioError as error:
        return [unknown(f"Twilio: {error}", "see the check 'twilio account'")]
    except UnavailableError as error:
        return [unknown(f"the database does not answer ({error})", "see the check 'database'")]
    except TimeoutError:
        return [unknown(f"it took longer than {LONGEST:g} s")]
    except Exception as error:  # noqa: BLE001 - one check that fails must not keep the others from being read
        return [unknown(f"the check itself failed ({type(error).__name__})", "please report it")]
