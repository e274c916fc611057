"""What a swap may not be, given who is on call, and the overrides that it comes to."""

from collections.abc import Iterator

from whenever import Instant

from escalation.oncall import name_of
from escalation.overriding import unknown
from escalation.refusal import Objection, RefusedError, refused, stands_in_the_way
from escalation.roster import Override, Roster
from escalation.shift import Span, spans_of
from escalation.swap import OPEN, Swap
from escalation.wallclock import shown
from escalation.window import window


def check_offer(roster: Roster, swap: Swap, others: tuple[Swap, ...], now: Instant) -> None:
    """Raise RefusedError for an offer that cannot be taken by anybody, or that was made before."""
    named = {"schedule": swap.schedule, "member": swap.member}
    objections = list(unknown(roster, **named))
    if swap.exchange is not None:
        found = unknown(roster, schedule=swap.exchange.schedule)
        objections += [Objection("in_exchange/schedule", each.detail, each.mend) for each in found]
    if objections:
        raise RefusedError("The offer names what the plan does not have.", objections)
    _check_window("", swap.start, swap.end, now)
    if not spans_of(roster, swap.schedule, swap.member, swap.start, swap.end):
        mend = "Look at the calendar for when they are, and offer that, or a part of it."
        raise refused("There is nothing to take.", "starts_at", "they are not on call in this window", mend)
    if swap.exchange is not None:
        _check_window("in_exchange/", swap.exchange.start, swap.exchange.end, now)
        _check_exchange(roster, swap)
    for other in others:
        same = (other.schedule, other.member) == (swap.schedule, swap.member)
        if other.state in OPEN and same and other.start < swap.end and swap.start < other.end:
            raise stands_in_the_way(f"It is offered already, as swap {other.number}: withdraw that one first.")


def _check_window(prefix: str, start: Instant, end: Instant, now: Instant) -> None:
    try:
        window(start, end, now)
    except RefusedError as error:
        raise RefusedError(
            error.why, [Objection(prefix + each.field, each.detail, each.mend) for each in error.objections]
        ) from None
    if start <= now:
        mend = "Choose a later start; for what goes on now, hand the shift over."
        raise refused("The swap is in the past.", f"{prefix}starts_at", "it has begun already", mend)


def _check_exchange(roster: Roster, swap: Swap) -> None:
    wanted = swap.exchange
    if wanted is None:
        return
    if spans_of(roster, wanted.schedule, swap.member, wanted.start, wanted.end):
        mend = "Choose a window in which somebody else is."
        raise refused("That is their own time.", "in_exchange/starts_at", "they are on call themselves then", mend)
    if wanted.schedule == swap.schedule and wanted.start < swap.end and swap.start < wanted.end:
        mend = "Choose two windows that do not overlap."
        raise refused("It would be given for itself.", "in_exchange/starts_at", "it overlaps with what is given", mend)


def overrides_of(roster: Roster, swap: Swap) -> tuple[Override, ...]:
    """The overrides that a taken swap comes to: one for each stretch in which it changes who is on call.

    Raises RefusedError where it cannot be done as the calendar is now.
    """
    objections = list(unknown(roster, member=swap.taken_by))
    if objections:
        raise RefusedError("They are not among the staff.", objections)
    given = _passed(roster, swap, (swap.schedule, swap.start, swap.end), swap.member, swap.taken_by)
    if swap.exchange is None:
        return tuple(given)
    window = (swap.exchange.schedule, swap.exchange.start, swap.exchange.end)
    return (*given, *_passed(roster, swap, window, swap.taken_by, swap.member))


def _passed(
    roster: Roster, swap: Swap, window: tuple[str, Instant, Instant], giver: str, taker: str
) -> Iterator[Override]:
    schedule, start, end = window
    if schedule not in roster.schedules:
        raise stands_in_the_way(
            f"The plan has no schedule {schedule} any more: withdraw the swap. Nothing was changed."
        )
    spans = spans_of(roster, schedule, giver, start, end)
    if not spans:
        raise stands_in_the_way(
            f"{name_of(roster, giver)} is not on call for {schedule} from {shown(start, roster.zone)} to"
            f" {shown(end, roster.zone)}, so that there is nothing to take. Nothing was changed."
        )
    for span in spans:
        check_free(roster, schedule, taker, span)
        yield Override(schedule, taker, *span, swap.author, swap.reason, instead_of=giver)


def check_free(roster: Roster, schedule: str, member: str, span: Span) -> None:
    """Raise RefusedError where the member has time off, or is on call for the same schedule already."""
    who, zone = name_of(roster, member), roster.zone
    for start, end, away in roster.away.within(*span):
        if member in away:
            told = f"{who} has time off from {shown(start, zone)} to {shown(end, zone)}"
            raise stands_in_the_way(f"{told}: somebody else has to take it. Nothing was changed.")
    for start, end in spans_of(roster, schedule, member, *span):
        told = f"{who} is on call for {schedule} already from {shown(start, zone)} to {shown(end, zone)}"
        raise stands_in_the_way(f"{told}: somebody else has to take it. Nothing was changed.")
