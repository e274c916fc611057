"""A swap, as the API tells it."""

from pydantic import ConfigDict

from api.access import Access
from api.differences import Changes
from api.fields import Moment, Told, example
from escalation import swap as machine
from escalation.swap import Begun, SwapState, advance


class ToldTime(Told):
    """A time that is wanted in exchange."""

    schedule: str
    starts_at: Moment
    ends_at: Moment


class Swap(Told):
    """A swap."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=3,
            state="done",
            schedule="primary",
            member="chen",
            starts_at="2026-11-22T17:00:00Z",
            ends_at="2026-11-23T01:00:00Z",
            in_exchange=None,
            author="front desk",
            reason="A recital",
            offered_at="2026-11-22T07:10:00Z",
            taken_by="patel",
            taken_at="2026-11-22T07:20:00Z",
            ended_at="2026-11-22T07:20:00Z",
            ended_by="front desk",
            changes=None,
        )
    )

    id: int | None
    """Null after a dry run of an offer."""
    state: SwapState
    """`taken`: it waits for approval; `done`: it counts; `expired`: its time came first, and nothing changed."""
    schedule: str
    member: str
    """Who offers it."""
    starts_at: Moment
    ends_at: Moment
    in_exchange: ToldTime | None
    author: str
    """The name of the key that made it."""
    reason: str
    offered_at: Moment
    taken_by: str | None
    taken_at: Moment | None
    ended_at: Moment | None
    ended_by: str | None
    changes: Changes | None
    """What it does to the calendar: with the answer to taking or approving it."""


def swap_told(access: Access, swap: machine.Swap) -> Swap:
    """As it stands now: one whose time has come is over, also before the worker has written that down."""
    swap = advance(access.plan.escalation.roster, swap, Begun(), access.now)
    wanted = swap.exchange
    return Swap(
        id=swap.number or None,
        state=swap.state,
        schedule=swap.schedule,
        member=swap.member,
        starts_at=swap.start,
        ends_at=swap.end,
        in_exchange=ToldTime(schedule=wanted.schedule, starts_at=wanted.start, ends_at=wanted.end) if wanted else None,
        author=swap.author,
        reason=swap.reason,
        offered_at=swap.offered_at,
        taken_by=swap.taken_by or None,
        taken_at=swap.taken_at,
        ended_at=swap.ended_at,
        ended_by=swap.ended_by or None,
        changes=None,
    )
