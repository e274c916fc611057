"""Whoever chooses urgent reaches a person, in every minute of the next 90 days."""

from collections.abc import Iterator
from typing import Final

from whenever import Instant

from escalation.coverage import Hole, holes
from routing.hours import weekday_name
from routing.opening import clock
from routing.plan.checks.names import unknown_name
from routing.plan.checks.rotas import rotation
from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding

_PEOPLE: Final = ("rotations", "schedules", "policies")
_PROVED_DAYS: Final = 90
_TOLD_HOLES: Final = 5


def empty_policy(subject: Subject) -> Iterator[Finding]:
    """A policy pages somebody."""
    for name, policy in subject.document.policies.items():
        if not policy.steps:
            mend = "Add a step, such as `{page: <schedule>, for: 60s}`."
            yield Finding(("policies", name, "steps"), f"the policy `{name}` pages nobody", mend)


def last_resort(subject: Subject) -> Iterator[Finding]:
    """When every step has passed, somebody still hears of it."""
    for name, policy in subject.plan.escalation.policies.items():
        if not policy.last_resort.numbers and not policy.last_resort.alert_operators:
            mend = "Add `last_resort: {transfer: <destination>, alert: operators}`, at least one of the two."
            at = ("policies", name, "last_resort")
            yield Finding(at, f"when nobody accepts, `{name}` ends with nobody told", mend)


def unreachable_staff(subject: Subject) -> Iterator[Finding]:
    """Each of the staff has a number."""
    for i, member in enumerate(subject.document.staff):
        if not member.voice and member.sms is None:
            mend = "Add `voice:` or `sms:`, or take them out of the plan."
            yield Finding(("staff", str(i)), f"{member.name} has no number", mend)


def repeated_staff(subject: Subject) -> Iterator[Finding]:
    """Each of the staff is listed once."""
    seen: set[str] = set()
    for i, member in enumerate(subject.document.staff):
        if member.id in seen:
            yield Finding(("staff", str(i), "id"), f"`{member.id}` is listed twice", "Give each their own id.")
        seen.add(member.id)


def coverage_hole(subject: Subject) -> Iterator[Finding]:
    """Every minute of the next 90 days, a step of each policy reaches somebody."""
    if not is_provable(subject):
        return
    escalation, zone = subject.plan.escalation, subject.plan.zone
    end, verified = subject.now.add(hours=24 * _PROVED_DAYS), subject.plan.calendar.verified_only
    for name, policy in escalation.policies.items():
        found = holes(escalation, policy, subject.now, end, verified_only=verified) if policy.steps else ()
        for i, hole in enumerate(found[:_TOLD_HOLES]):
            more = len(found) - _TOLD_HOLES if i == _TOLD_HOLES - 1 else 0
            yield _hole(name, hole, zone, f"; {more} more such times follow" if more > 0 else "")


def is_provable(subject: Subject) -> bool:
    """Whether who is on call can be asked: else a proof would be about other people than are meant."""
    return not any(finding.at[0] in _PEOPLE for finding in unknown_name(subject)) and not any(rotation(subject))


def _hole(policy: str, hole: Hole, zone: str, more: str) -> Finding:
    begins, ends = (_moment(instant, zone) for instant in (hole.start, hole.end))
    steps = ", ".join(f"step {step + 1}: {why}" for step, why in zip(hole.steps, hole.because, strict=True))
    fault = f"from {begins} to {ends} nobody can be reached ({steps}){more}"
    mend = "Add a step or a layer that covers this time, such as a rotation that always counts."
    return Finding(("policies", policy, "steps"), fault, mend)


def _moment(instant: Instant, zone: str) -> str:
    wall = instant.to_tz(zone)
    return f"{weekday_name(wall)[:3]} {wall.date()} {clock(wall.hour * 60 + wall.minute)}"
