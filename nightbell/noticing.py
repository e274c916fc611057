"""Routine notices: told at once, but several to the same person in one text, and none in their quiet hours.

Any worker tells them. The first comes at once; what follows within ten minutes comes together at their end, but for
what is about the next twelve hours. In quiet hours they wait until these are over, unless what they are about begins
before: then it would be no use.
"""

from collections.abc import Iterator
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from escalation.sparing import quiet_until
from nightbell.composition import Parts
from nightbell.texting import tell_member
from routing.plan import Plan
from storage import notices
from storage.notices import Waiting

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
        plan = parts.plans.current(waiting.practice)
        if plan is not None and now >= tell_at(plan, waiting, now):
            told += await _tell(parts, waiting, now)
    return told


def tell_at(plan: Plan, waiting: Waiting, now: Instant) -> Instant:
    """When what waits for them is told."""
    pauses = waiting.told_at is not None and waiting.latest - now > SOON
    after = max(now, waiting.told_at + BUNDLED) if pauses and waiting.told_at is not None else now
    after = quiet_until(plan.escalation.roster, waiting.member, after) or after
    return after if after <= waiting.latest else now


async def _tell(parts: Parts, waiting: Waiting, now: Instant) -> int:
    async with parts.database.transaction() as connection:
        claimed = await notices.claim(connection, waiting, now)
    for words in bundled(words for _, words in claimed):
        await tell_member(parts, waiting.practice, waiting.member, words)
    if claimed:
        async with parts.database.transaction() as connection:
            await notices.mark_told(connection, [number for number, _ in claimed], now)
        _log.info("notices_told", practice=waiting.practice, member=waiting.member, count=len(claimed))
    return len(claimed)


def bundled(words: Iterator[str]) -> Iterator[str]:
    """As few texts as hold them."""
    text = ""
    for each in words:
        if text and len(text) + 1 + len(each) > LONGEST:
            yield text
            text = ""
        text = f"{text} {each}" if text else each
    if text:
        yield text
