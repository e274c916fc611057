"""What time it is, for the shells; the pure packages are given `now`.

A clock may be moved (a rehearsal at 02:10 on a Sunday) and sped up; the database's own clock never is.
"""

import re
import time
from typing import Protocol

from whenever import Instant, TimeDelta, ZonedDateTime


class Clock(Protocol):
    """What the shells ask for the time."""

    def now(self) -> Instant:
        """The present instant."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """The present instant."""
        return Instant.now()


class MovedClock:
    """A clock that showed `start` when it was made and ticks on, `rate` times as fast as real time."""

    def __init__(self, start: Instant, rate: float = 1.0) -> None:
        self._start = start
        self.rate = rate
        self._began = time.monotonic()

    def now(self) -> Instant:
        """The instant that this clock shows."""
        return self._start + TimeDelta(seconds=(time.monotonic() - self._began) * self.rate)


class ClockSettingError(ValueError):
    """NIGHTBELL_CLOCK cannot be read. The message says what it takes."""


_UNIX_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]*)?")
_SETTING = re.compile(r"(?P<start>\S+?)(?:\s*\*\s*(?P<rate>\d+(?:\.\d+)?))?")


def read_clock(setting: str | None) -> Clock:
    """The clock that NIGHTBELL_CLOCK asks for: unset, the machine's; else an instant, and `*RATE` if it runs faster.

    `2026-11-22T02:10:00-05:00`, `2026-11-22T02:10:00-05:00[America/New_York]*10`. Several processes share a moved
    clock only if it also says when it started: `... @1795332000.0` (Unix seconds), as `nightbell demo` writes it.

    Raises ClockSettingError.
    """
    if not setting:
        return SystemClock()
    text, _, began = setting.partition("@")
    match = _SETTING.fullmatch(text.strip())
    if match is None:
        raise ClockSettingError(f"NIGHTBELL_CLOCK: {setting!r} is not an instant such as 2026-11-22T02:10:00-05:00")
    rate = float(match["rate"] or 1)
    if not rate:
        raise ClockSettingError(f"NIGHTBELL_CLOCK: a clock that stands still is no clock; leave *0 out of {setting!r}")
    clock = MovedClock(_instant(match["start"]), rate)
    if began:
        clock = _since(clock, began, setting)
    return clock


def _since(clock: MovedClock, began: str, setting: str) -> MovedClock:
    if not _UNIX_SECONDS.fullmatch(began.strip()):
        raise ClockSettingError(f"NIGHTBELL_CLOCK: what follows @ in {setting!r} is not Unix seconds")
    clock._began -= time.time() - float(began)  # noqa: SLF001 - this module's own class
    return clock


def _instant(text: str) -> Instant:
    for parse in (ZonedDateTime.parse_iso, Instant.parse_iso):
        try:
            parsed = parse(text)
        except ValueError:
            continue
        return parsed.to_instant() if isinstance(parsed, ZonedDateTime) else parsed
    try:
        from whenever import OffsetDateTime  # noqa: PLC0415 - only for this rarely used setting

        return OffsetDateTime.parse_iso(text).to_instant()
    except ValueError as error:
        raise ClockSettingError(
            f"NIGHTBELL_CLOCK: {text!r} is not an instant with its offset, such as 2026-11-22T02:10:00-05:00"
        ) from error
