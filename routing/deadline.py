"""By when something is to be done: deadlines in real time, in office time, or on the next office day."""

from dataclasses import dataclass

from whenever import Instant, Time, TimeDelta

from routing.hours import runs
from routing.opening import After, Closure, Deadline, Hours, HoursKind, OfficeMinutes

_NEVER_OPENS = TimeDelta(hours=24)
"""What office time comes to where there is none in the next year; a check keeps such hours from being published."""


@dataclass(frozen=True, slots=True)
class _Table:
    hours: Hours
    zone: str
    closures: tuple[Closure, ...]


def due(deadline: Deadline, hours: Hours, zone: str, now: Instant, closures: tuple[Closure, ...] = ()) -> Instant:
    """When a deadline set `now` falls due; never before `now`, and never earlier for a later `now`.

    `zone` is an IANA name. Office time runs while the practice is open. The next office day is the first whose opening
    is still to come: at 02:00 on a working Monday it is that Monday, at 10:00 it is Tuesday.
    """
    if isinstance(deadline, After):
        return now.add(seconds=deadline.seconds)
    table = _Table(hours, zone, closures)
    if isinstance(deadline, OfficeMinutes):
        return _after_office_time(table, now, TimeDelta(minutes=deadline.minutes))
    return _next_office_day(table, now, deadline.at)


def _after_office_time(table: _Table, now: Instant, wanted: TimeDelta) -> Instant:
    left = wanted
    for run in runs(table, now):
        if run.kind is HoursKind.OPEN:
            lasts = run.end - run.start
            if lasts >= left:
                return run.start + left
            left -= lasts
    return now + max(_NEVER_OPENS, wanted)


def _next_office_day(table: _Table, now: Instant, at: Time) -> Instant:
    """The time on the first date whose first opening lies after `now`."""
    midnight = now.to_tz(table.zone).start_of("day").to_instant()
    seen = None
    for run in runs(table, midnight):
        if run.kind is not HoursKind.OPEN:
            continue
        date = run.start.to_tz(table.zone).date()
        if date == seen:
            continue
        seen = date
        due_at = date.at(at).assume_tz(table.zone, disambiguation="compatible").to_instant()
        if run.start > now and due_at > now:
            return due_at
    return now + _NEVER_OPENS
