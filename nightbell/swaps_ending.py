"""Swaps that nobody took in time end by themselves, and those concerned are told how a swap ended, by SMS.

Any worker may do it: it claims rows, and stores what becomes of them together with the jobs that tell of it, so that
each is told once. A text names who, which schedule and when; the reason, which people type, is not in it.
"""

from collections.abc import Iterator

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.oncall import name_of, on_call
from escalation.roster import Roster
from escalation.swap import Begun, Swap, SwapState, advance, taker
from escalation.wallclock import shown
from nightbell.composition import Parts
from routing.plan import Plan
from storage import audit, jobs, swaps

_log = structlog.get_logger(__name__)

ACTOR = "worker"


async def end_swaps(parts: Parts) -> int:
    """Let open swaps whose time has come expire, and tell of those that ended; how many were told of."""
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        for practice, swap in await swaps.claim_begun(connection, now):
            plan = parts.plans.current(practice)
            if plan is None:
                continue  # its plan could not be loaded yet
            await swaps.keep(connection, advance(plan.escalation.roster, swap, Begun(), now))
            await audit.write(connection, ACTOR, "expire swap", str(swap.number), now)
        untold = await swaps.claim_untold(connection)
        for practice, swap in untold:
            plan = parts.plans.current(practice)
            if plan is not None:
                await _tell(parts, connection, plan, swap, now)
    return len(untold)


async def _tell(parts: Parts, connection: AsyncConnection, plan: Plan, swap: Swap, now: Instant) -> None:
    await swaps.set_told(connection, swap, now)
    for member, words in told(plan, swap, now):
        arguments: dict[str, str | int] = {"practice": plan.practice, "member": member, "words": words}
        arguments["latest"] = swap.begins.timestamp()
        await parts.site.jobs.defer(connection, jobs.TELL_MEMBER, arguments)
    _log.info("swap_ended", practice=plan.practice, swap=swap.number, state=swap.state.value)


def told(plan: Plan, swap: Swap, now: Instant) -> Iterator[tuple[str, str]]:
    """Whom to tell, by staff id, and what. Nobody is told of what is over by now."""
    if swap.end <= now:
        return
    roster, zone = plan.escalation.roster, plan.zone
    offered = _window(zone, swap.schedule, swap.start, swap.end)
    match swap.state:
        case SwapState.EXPIRED if not swap.taken_by:
            yield swap.member, f"Nobody took {offered}.{_still(roster, swap, now)} (swap {swap.number})"
        case SwapState.EXPIRED | SwapState.DECLINED:
            not_ = "was declined" if swap.state is SwapState.DECLINED else "was not approved in time"
            yield swap.member, f"Your swap of {offered} {not_}.{_still(roster, swap, now)} (swap {swap.number})"
            yield swap.taken_by, f"The swap {not_}: you do not have {offered}. (swap {swap.number})"
        case SwapState.DONE:
            given = f"{taker(roster, swap)} has {offered} instead of you."
            taken = f"You have {offered} instead of {name_of(roster, swap.member)}."
            if swap.exchange is not None:
                wanted = _window(zone, swap.exchange.schedule, swap.exchange.start, swap.exchange.end)
                given += f" You have {wanted} instead of {taker(roster, swap)}."
                taken += f" {name_of(roster, swap.member)} has {wanted} instead of you."
            yield swap.member, f"{given} (swap {swap.number})"
            yield swap.taken_by, f"{taken} (swap {swap.number})"


def _still(roster: Roster, swap: Swap, now: Instant) -> str:
    """Whether the person is on call all the same; somebody else can have come in between by now."""
    found = on_call(roster, swap.schedule, max(swap.start, now)) if swap.schedule in roster.schedules else None
    if found is not None and swap.member in found.members:
        return " You are on call." if swap.start <= now else " You stay on call then."
    return ""


def _window(zone: str, schedule: str, start: Instant, end: Instant) -> str:
    return f"{schedule} from {shown(start, zone)} to {shown(end, zone)}"
