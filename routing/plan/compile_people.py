"""From the document's people to what `escalation` works with."""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from whenever import Date, Time, TimeDelta, Weekday

from escalation.policy import Escalation, LastResort, Means, Policy, PolicyStep, Ring, RingLimit, Target, TargetKind
from escalation.roster import Change, DailyWindow, Layer, Member, OnHolidays, Roster, Rotation, Schedule
from escalation.timeline import Timeline
from routing.opening import Window
from routing.plan import grammar
from routing.plan.document import Document
from routing.plan.document_calendar import LayerDoc, RotationDoc, ScheduleDoc
from routing.plan.document_people import PolicyDoc, StepDoc

NOBODY: Final[Timeline[tuple[str, ...]]] = Timeline(())
"""A calendar from elsewhere of which nothing is known yet: what it says comes from beside the plan."""


def compile_escalation(document: Document, holidays: Container[Date], reopen_after: TimeDelta) -> Escalation:
    """Who can be on call, and the policies. `reopen_after`: for policies whose categories do not say."""
    roster = Roster(
        zone=document.timezone,
        members={m.id: Member(m.id, m.name, tuple(m.voice), m.sms, _windows(m.quiet)) for m in document.staff},
        rotations={name: rotation(name, written) for name, written in document.rotations.items()},
        schedules={name: _schedule(document, name, written) for name, written in document.schedules.items()},
        holidays=holidays,
        calendars=dict.fromkeys(document.calendars, NOBODY),
    )
    policies = {name: _policy(document, name, doc, reopen_after) for name, doc in document.policies.items()}
    limits = document.limits
    limit = RingLimit(limits.rings, limits.rings_within) if limits.rings is not None else None
    return Escalation(roster, policies, ring_limit=limit)


def rotation(name: str, doc: RotationDoc) -> Rotation:
    """The rotation; what the handoff does not say of its day, the first date says."""
    day, month_day = _handoff_days(doc)
    return Rotation(
        name=name,
        members=tuple(doc.members),
        shift=doc.shift,
        at=doc.handoff.at,
        day=day,
        start=doc.from_,
        month_day=month_day,
        zone=doc.timezone or "",
        on_duty=doc.on_duty,
        shares=tuple(doc.shares.items()),
        changes=tuple(Change(c.from_, tuple(c.members), tuple(c.shares.items())) for c in doc.changes),
    )


def _handoff_days(doc: RotationDoc) -> tuple[Weekday | None, int | None]:
    """The weekday and the day of the month; the one that does not fit the shift is kept too, for the check to tell."""
    given = doc.handoff.day
    if isinstance(given, Weekday):
        return given, doc.from_.day if doc.shift.months else None
    if doc.shift.months:
        return None, given or doc.from_.day
    whole_weeks = doc.shift.days > 0 and doc.shift.days % 7 == 0
    return (doc.from_.day_of_week() if whole_weeks else None), given


def _schedule(document: Document, name: str, doc: ScheduleDoc) -> Schedule:
    known = (
        layer for layer in doc.layers if layer.rotation in document.rotations or layer.calendar in document.calendars
    )
    return Schedule(name, tuple(_layer(layer) for layer in known))


def _layer(doc: LayerDoc) -> Layer:
    return Layer(doc.rotation or "", _windows(doc.only), doc.shifted, OnHolidays(doc.holidays), doc.calendar or "")


def _windows(by_day: Mapping[str, Iterable[Window]]) -> tuple[DailyWindow, ...]:
    return tuple(_daily(days, window) for days, windows in by_day.items() for window in windows)


def _daily(days: str, window: Window) -> DailyWindow:
    return DailyWindow(grammar.days(days), _wall(window.start), _wall(window.end))


def _wall(minutes: int) -> Time:
    hour, minute = divmod(minutes % grammar.MIDNIGHT, 60)
    return Time(hour, minute)


def _policy(document: Document, name: str, doc: PolicyDoc, reopen_after: TimeDelta) -> Policy:
    told = [
        category.reopen_if_not_called_back or reopen_after
        for category in document.categories.values()
        if name in {category.policy, category.escalate_to}
    ]
    return Policy(
        name=name,
        steps=tuple(_step(document, step) for step in doc.steps),
        rounds=doc.repeat + 1,
        ring_for=doc.ring_for,
        hold_at_most=doc.hold_at_most,
        ring_again_after=doc.ring_again_after,
        urgent=doc.urgent,
        reopen_after=min(told, default=reopen_after),
        last_resort=_last_resort(document, doc),
    )


def _step(document: Document, doc: StepDoc) -> PolicyStep:
    targets = (target(document, name) for name in doc.page)
    return PolicyStep(
        targets=tuple(found for found in targets if found),
        by=tuple(Means(means) for means in dict.fromkeys(doc.by)),
        wait=doc.for_,
        ring=Ring(doc.ring),
    )


def target(document: Document, name: str) -> Target | None:
    """Whom a name in a step means: a schedule, a rotation or one of the staff; None when there is no such."""
    if name in document.schedules:
        return Target(TargetKind.SCHEDULE, name)
    if name in document.rotations:
        return Target(TargetKind.ROTATION, name)
    return Target(TargetKind.MEMBER, name) if any(member.id == name for member in document.staff) else None


def _last_resort(document: Document, doc: PolicyDoc) -> LastResort:
    name = doc.last_resort.transfer
    destination = document.destinations.get(name) if name else None
    return LastResort(
        numbers=tuple(destination.numbers) if destination else (),
        destination=name if destination else None,
        alert_operators=doc.last_resort.alert is not None,
        ring_for=destination.ring_for if destination else doc.ring_for,
    )
