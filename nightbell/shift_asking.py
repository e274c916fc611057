"""Telling one of the staff about a start of theirs, and sending them the test page: the worker's jobs.

Both look first, since a job may run late, or twice: whoever is not on call then any more is not told so.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from whenever import TimeDelta

from escalation import shift_words
from escalation.learnt import CALL_PLACED
from escalation.policy import Means
from escalation.shift_start import OPEN, Notice, NoticeState, has_it
from escalation.starting import stays_until
from nightbell.composition import Parts
from nightbell.noticing import notify
from nightbell.providers import Provider
from nightbell.texting import tell_member
from routing.plan import Plan
from storage import shift_notices
from telephony.errors import TwilioError
from telephony.gateway import PlacedCall
from webhooks.learning import of_call

_log = structlog.get_logger(__name__)

RING_FOR: Final = TimeDelta(seconds=30)


async def tell_start(parts: Parts, practice: str, notice: int) -> None:
    """Tell them when they go on call, if they do."""
    plan, found = await _look(parts, practice, notice)
    if plan is None or found is None or found.state is not NoticeState.TOLD:
        return
    roster, start = plan.escalation.roster, found.start
    if parts.clock.now() >= start.start or not has_it(roster, start, start.start):
        return
    rules = plan.calendar.starts.get(start.schedule)
    end = stays_until(roster, start.schedule, start.member, start.start)
    words = shift_words.going_on(roster, start, end, confirm=rules is not None and rules.confirm is not None)
    await notify(parts, practice, start.member, words, start.start)


async def ask_start(parts: Parts, practice: str, notice: int, turn: Callable[[Provider], Awaitable[None]]) -> None:
    """Send the test page: a text about all that wait for the same person, and one call. `turn`: waits for a slot."""
    plan, found = await _look(parts, practice, notice)
    if plan is None or found is None or found.state not in OPEN:
        return
    async with parts.database.statement() as connection:
        waiting = await shift_notices.open_of(connection, practice, found.start.member)
    roster, now = plan.escalation.roster, parts.clock.now()
    waiting = [each for each in waiting if has_it(roster, each.start, now)]
    person = roster.members.get(found.start.member)
    # Of those that begin at once the first is sent, and tells of all.
    at_once = [each.number for each in waiting if each.start.start == found.start.start]
    if person is None or not at_once or min(at_once) != notice:
        return
    await tell_member(parts, practice, person.id, shift_words.asked(roster, waiting))
    for number in person.voice:
        await _call(parts, plan, number, notice, turn)


async def _look(parts: Parts, practice: str, notice: int) -> tuple[Plan | None, Notice | None]:
    async with parts.database.statement() as connection:
        return parts.plans.current(practice), await shift_notices.found(connection, practice, notice)


async def _still_waits(parts: Parts, practice: str, notice: int) -> bool:
    _, found = await _look(parts, practice, notice)
    return found is not None and found.state in OPEN


async def _call(
    parts: Parts, plan: Plan, number: str, notice: int, turn: Callable[[Provider], Awaitable[None]]
) -> None:
    """Ring one number, in three tries, unless it was answered meanwhile. Two calls for one do less harm than none."""
    urls = parts.site.urls
    query: dict[str, str | int] = {"practice": plan.practice, "notice": notice}
    url, status = urls.at("voice/shift", query), urls.at("voice/shift/status", query)

    async def call(provider: Provider) -> PlacedCall | None:
        if not await _still_waits(parts, plan.practice, notice):
            return None
        return await provider.gateway.place_call(number, provider.sender(plan.caller_id), url, status, RING_FOR)

    try:
        placed = await parts.providers.persist(Means.CALL, call, before=turn)
    except TwilioError as error:
        _log.warning("test_page_not_placed", practice=plan.practice, error=str(error))
        await parts.site.learning.learn(plan, number, of_call(error))
        return
    if placed is not None:
        await parts.site.learning.learn(plan, number, CALL_PLACED)
