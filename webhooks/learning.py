"""Learning of the staff's numbers from what becomes of calls and texts: for the proof that somebody can be reached.

Only what is definite is learnt. That a phone was off, or that Twilio failed, says nothing about the number.
"""

from typing import Final

import structlog
from whenever import Instant

from escalation.learnt import NOT_CALLABLE, NOT_TEXTABLE, NOTHING, SAID_STOP, Learnt, is_news
from escalation.roster import NO_FACTS
from routing.plan import Plan
from storage import number_facts
from storage.clock import Clock
from storage.database import Database
from telephony.errors import NEVER_CALLED, NEVER_TEXTED, STOPPED, RefusedError, TwilioError

_log = structlog.get_logger(__name__)

PATIENCE: Final = 0.25
"""Real seconds that a webhook waits for this: somebody is on the line, and it can be learnt next time."""


class Learning:
    """Keeps what was learnt. It never fails, and hardly takes time: what is known already is not written again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def learn(self, plan: Plan, number: str, learnt: Learnt, at: Instant | None = None) -> None:
        """Keep it, where it is news and the number is one of the staff's. `at`: when it was so; now if not given."""
        if is_news(plan.escalation.roster.numbers.get(number, NO_FACTS), learnt):
            await self.keep(plan, number, learnt, at)

    async def keep(self, plan: Plan, number: str, learnt: Learnt, at: Instant | None = None) -> None:
        """Keep it, whatever this process knows of the number: what undoes a thing of a moment ago is no news to it."""
        if learnt and self._database.answers and is_of_staff(plan, number):
            since = at or self._clock.now()
            await self._database.aside(lambda: self._store(plan.practice, number, learnt, since), PATIENCE)

    async def _store(self, practice: str, number: str, learnt: Learnt, at: Instant) -> None:
        try:
            async with self._database.transaction() as connection:
                await number_facts.keep(connection, practice, number, learnt, at)
        except Exception as error:  # noqa: BLE001 - whoever pressed a key must not hear of it, whatever it is
            _log.error("number_not_learnt", practice=practice, error=type(error).__name__)
        else:
            words = {str(fact): holds for fact, holds in learnt.items()}
            _log.info("number_learnt", practice=practice, **words)


def is_of_staff(plan: Plan, number: str) -> bool:
    """Whether it is a number of somebody on the practice's staff."""
    return any(number == m.sms or number in m.voice for m in plan.escalation.roster.members.values())


def of_call(error: TwilioError) -> Learnt:
    """What it says of a number that Twilio would not call it."""
    return NOT_CALLABLE if isinstance(error, RefusedError) and error.code in NEVER_CALLED else NOTHING


def of_text(error: TwilioError) -> Learnt:
    """What it says of a number that Twilio would not text it."""
    return of_code(error.code) if isinstance(error, RefusedError) else NOTHING


def of_code(code: int) -> Learnt:
    """What Twilio's code for a text says, in an answer of its API or in a report of the delivery."""
    if code in STOPPED:
        return SAID_STOP
    return NOT_TEXTABLE if code in NEVER_TEXTED else NOTHING
