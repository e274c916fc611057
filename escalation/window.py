"""The windows that people ask for: from when until before when, and what such a window may not be."""

from typing import Final

from whenever import Instant, TimeDelta

from escalation.refusal import RefusedError, refused

LONGEST: Final = TimeDelta(hours=24 * 366)


def window(start: Instant | None, end: Instant, now: Instant) -> tuple[Instant, Instant]:
    """Start (now, if left out) and end, to the microsecond, as they are kept.

    Raises RefusedError for a window that is reversed, empty, over, or too long.
    """
    start, end = kept(start or now), kept(end)
    if end <= now:
        raise _refused("it is over already", "Choose an end that is still to come.")
    if end <= start:
        raise _refused("it is not after the start", "Choose an end after the start.")
    if end - start > LONGEST:
        raise _refused("it is more than a year after the start", "Look at the year.")
    return start, end


def kept(at: Instant) -> Instant:
    """As PostgreSQL keeps it: to the microsecond."""
    return Instant(at.to_stdlib())


def _refused(detail: str, mend: str) -> RefusedError:
    return refused("The window cannot be; nothing was changed.", "ends_at", detail, mend)
