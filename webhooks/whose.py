"""Whose caller somebody is who calls or texts the number that all practices share, the second provider's."""

from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import TimeDelta

from escalation.roster import Member
from routing.plan import Plan
from storage import pages
from storage.calls import practice_last_called
from storage.errors import SealError, UnavailableError
from webhooks.site import Site

LOOKS_BACK: Final = TimeDelta(hours=48)
"""How long after they were called from that number people call it back."""
_log = structlog.get_logger(__name__)


async def practice_of(site: Site, caller: str | None) -> Plan | None:
    """For whom they were called from it last; their open page's; whose staff they are; whom they called last.

    Else the only practice that there is. None: nobody knows. `caller`: E.164; None for one who withholds it.
    """
    if caller is None:
        return known_by_heart(site, caller)

    async def look() -> Plan | None:
        async with site.database.statement() as connection:
            return await _known(site, connection, caller)

    try:
        found = await site.database.in_time(look)
    except (UnavailableError, SealError) as error:
        _log.warning("practice_not_known", why=type(error).__name__)
        found = None
    return found or known_by_heart(site, caller)


def known_by_heart(site: Site, caller: str | None) -> Plan | None:
    """Whose staff they are, or the only practice that there is: without the database."""
    staff = [plan for plan, _ in _with_staff_at(site, caller)] if caller else []
    return staff[0] if staff else _only(site)


async def of_staff(site: Site, connection: AsyncConnection, number: str) -> Plan | None:
    """The practice whose staff has this number: of several, one with an open page for them."""
    theirs = _with_staff_at(site, number)
    for plan, member in theirs:
        if await pages.open_pages_of(connection, plan.practice, member.id):
            return plan
    return theirs[0][0] if theirs else None


def member_at(plan: Plan, number: str) -> Member | None:
    """Who on the staff has this number."""
    staff = plan.escalation.roster.members.values()
    return next((m for m in staff if number in {m.sms, *m.voice}), None)


async def _known(site: Site, connection: AsyncConnection, caller: str) -> Plan | None:
    since, current = site.clock.now() - LOOKS_BACK, site.plans.current
    for look in (pages.practice_called_by_second, pages.practice_waited_for):
        practice = await look(connection, site.ring, caller, since)
        if practice is not None and current(practice) is not None:
            return current(practice)
    last = await practice_last_called(connection, site.ring, caller)
    return await of_staff(site, connection, caller) or (current(last) if last else None)


def _with_staff_at(site: Site, number: str) -> list[tuple[Plan, Member]]:
    return [(plan, member) for plan in site.plans.all() if (member := member_at(plan, number)) is not None]


def _only(site: Site) -> Plan | None:
    plans = site.plans.all()
    return plans[0] if len(plans) == 1 else None
