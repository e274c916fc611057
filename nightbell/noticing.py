"""Routine notices: told at once, but several to the same person in one text, and none in their quiet hours.

Any worker tells them. The first comes at once; what follows within ten minutes comes together at their end, but for
what is about the next twelve hours. In quiet hours they wait until these are over, unless what they are about begins
before: then it would be no use.
"""

from collections.abc import Sequence
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.sparing import quiet_until
from nightbell.composition import Parts
from nightbell.texting import tell_member
from routing.plan import Plan
from storage import notices
from storage.errors import UnavailableError
from storage.notices import Waiting
from webhooks.signed import where

_log = structlog.get_logger(__name__)

BUNDLED: Final = TimeDelta(minutes=10)
"""Nobody gets two texts of notices within this, but for what is about the time that is SOON."""
SOON: Final = TimeDelta(hours=12)
LONGEST: Final = 480
"""Characters in one text: three parts, as carriers count."""


async def notify(parts: Parts, practice: str, member: str, words: str, latest: Instant) -> None:
    """Tell one of the staff, by `latest`; see above."""
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await notices.add(connection, practice, member, words, latest, now)
    await tell_waiting(parts)


async def tell_waiting(parts: Parts) -> int:
    """Tell what may be told by now; how many were told."""
    now = parts.clock.now()
    async with parts.database.statement() as connection:
        found = await notices.waiting(connection, now)
    told = 0
    for waiting in found:
        try:
            told += await _look_after(parts, waiting, now)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one person's must not hold up all that are behind it
            _log.error("notices_not_told", practice=waiting.practice, error=type(error).__name__, where=where(error))
    return told


async def _look_after(parts: Parts, waiting: Waiting, now: Instant) -> int:
    plan = parts.plans.current(waiting.practice)
    at = tell_at(plan, waiting, now) if plan is not None else now + BUNDLED
    if plan is not None and now >= at:
        return await _tell(parts, waiting, now)
    async with parts.database.statement() as connection:
        await notices.put_off(connection, waiting, now, at)
    return 0


def tell_at(plan: Plan, waiting: Waiting, now: Instant) -> Instant:
    """When what waits for them is told."""
    pauses = waiting.told_at is not None and waiting.latest - now > SOON
    after = max(now, waiting.told_at + BUNDLED) if pauses and waiting.told_at is not None else now
    after = quiet_until(plan.escalation.roster, waiting.member, after) or after
    return after if after <= waiting.latest else now


async def _tell(parts: Parts, waiting: Waiting, now: Instant) -> int:
    """One text; what it does not hold waits for the next one. What Twilio did not take is tried again in a minute."""
    async with parts.database.transaction() as connection:
        claimed = await notices.claim(connection, waiting, now)
        held = fitting([words for _, words in claimed])
        await notices.release(connection, [number for number, _ in claimed[held:]], now)
    if not claimed:
        return 0
    is_told = await tell_member(parts, waiting.practice, waiting.member, " ".join(words for _, words in claimed[:held]))
    if not is_told and now < waiting.latest:
        return 0
    async with parts.database.transaction() as connection:
        await notices.mark_told(connection, [number for number, _ in claimed[:held]], now)
    _log.info("notices_told", practice=waiting.practice, member=waiting.member, count=held)
    return held


def fitting(words: Sequence[str]) -> int:
    """How many of them one text holds; at least one."""
    length = 0
    for held, each in enumerate(words):
        length += len(each) + 1
        if held and length > LONGEST:
            return held
    return len(words)
