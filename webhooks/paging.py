"""Opening pages for calls, and what the hold loop and a clinician's leg need to know of one."""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from escalation.page import AttemptState, CallerPresence, Page, PageState
from escalation.policy import Means
from escalation.presence import to_dial
from ivr.flow import Connect
from ivr.hold import PageView
from routing.plan import Plan
from storage.calls import CallHead, Progress
from storage.pages import PageCall, PageOpening
from webhooks.site import Site

COMING: Final = TimeDelta(seconds=60)
"""How long somebody who took the page takes to come to the phone, if they do: one ringing, picking up, and a key."""
_HEARD = frozenset({AttemptState.RINGING, AttemptState.ANSWERED})


def connect_at(plan: Plan, name: str) -> Connect:
    """The connect node of that name; where the plan has none, its first one: a page must be opened.

    Raises LookupError when the plan has no connect node at all.
    """
    node = plan.flow.nodes.get(name)
    if isinstance(node, Connect):
        return node
    return next(other for other in plan.flow.nodes.values() if isinstance(other, Connect))


def page_id(call: str, turn: int) -> str:
    """A page's id follows from the call and the turn that opened it, so that a repeat opens nothing."""
    return str(uuid5(NAMESPACE_URL, f"nightbell:{call}:{turn}"))


async def open_page(
    site: Site,
    connection: AsyncConnection,
    plan: Plan,
    head: CallHead,
    progress: Progress,
    node: str,
    callback: str | None,
    presence: CallerPresence = CallerPresence.HOLDING,
) -> str:
    """Open a page for the call, or join the open one of the same number; its id."""
    connect = connect_at(plan, node)
    page = Page(
        id=page_id(head.sid, progress.turn),
        practice=plan.practice,
        category=connect.category,
        policy=connect.policy,
        opened_at=site.clock.now(),
        caller=presence,
    )
    opening = PageOpening(plan.version, head.sid, progress.language, callback, head.caller)
    return await site.paging.open_or_join(connection, plan, page, opening)


def view_of(  # noqa: PLR0911 - one line for each thing that a page can be at
    stored: PageCall, leg: str, now: Instant
) -> PageView:
    """What the caller's next hold turn does about the page. Nobody but its caller ever comes into its conference."""
    page = stored.page
    if stored.caller_leg != leg:
        return PageView.CLOSED
    match page.state:
        case PageState.ACCEPTED | PageState.BRIDGED if page.accepted_attempt is not None:
            return PageView.JOIN
        case PageState.ACCEPTED if to_dial(page, now) is not None:
            return PageView.DIAL_TAKER
        case PageState.ACCEPTED if page.accepted_at is not None and now < page.accepted_at + COMING:
            return PageView.ACCEPTED
        case PageState.ACCEPTED:
            return PageView.TAKEN
        case PageState.LAST_RESORT | PageState.BRIDGED:
            return PageView.LAST_RESORT
        case PageState.RESOLVED:
            return PageView.CLOSED
        case PageState.PAGING:
            return _paging(page)


def _paging(page: Page) -> PageView:
    if page.is_waiting:
        return PageView.WAITING
    return PageView.DIAL if page.dial_instead else _ringing(page)


def _ringing(page: Page) -> PageView:
    """Whose phone rings: that of who was called first, or of somebody else."""
    called = [attempt for attempt in page.attempts if attempt.means is Means.CALL]
    ringing = {attempt.member for attempt in called if attempt.state in _HEARD}
    if not ringing:
        return PageView.QUEUED if page.is_queued else PageView.PAGING
    return PageView.RINGING if called[0].member in ringing else PageView.RINGING_NEXT
