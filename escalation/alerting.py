"""What the operators are told, and when: once for the same trouble, again when it goes on, and that it is over."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from whenever import Instant, TimeDelta


class AlertKind(StrEnum):
    """What an alert is about, for whoever sorts them."""

    PAGE = "page"
    """A page at its last resort, or a step of a policy for which nobody is on call."""
    HOLE = "hole"
    """A hole that is to come."""
    CALENDAR = "calendar"
    """A calendar from elsewhere that cannot be had, or names somebody unknown."""
    SHIFT = "shift"
    """A test page at the start of a shift without an answer, or with a late one."""
    STAFF = "staff"
    """A number of the staff's that cannot be reached any more, or wrong PINs from one."""
    TWILIO = "twilio"
    """Twilio refuses the account's requests, or does not answer."""
    UNKNOWN_NUMBER = "unknown number"
    UNSIGNED = "unsigned traffic"
    WORKER = "worker"
    """No worker gives a sign of life."""
    QUEUE = "queue"
    """Pages and jobs wait longer than they should."""
    DATABASE = "database"
    """The database does not answer a server."""
    OVER = "over"
    """What was told before is over."""


AGAIN: Final[Mapping[AlertKind, TimeDelta]] = {
    AlertKind.UNKNOWN_NUMBER: TimeDelta(hours=1),
    AlertKind.UNSIGNED: TimeDelta(hours=1),
}
"""How long these are not told again at least: what strangers do goes on for hours."""
AGAIN_AFTER: Final = TimeDelta(minutes=15)
"""How long the same is not told again, unless the settings say otherwise."""
URGENT: Final = frozenset({AlertKind.PAGE, AlertKind.TWILIO, AlertKind.WORKER, AlertKind.QUEUE, AlertKind.DATABASE})
"""Those for which an operator may be woken."""
QUIET: Final = TimeDelta(minutes=5)
"""How long trouble must not have come again before it is said to be over: what comes and goes is told no oftener."""
SOON: Final = TimeDelta(seconds=30)
LATER: Final = TimeDelta(minutes=10)
TRY_FOR: Final = TimeDelta(hours=12)
"""How long an alert that nobody could be told of is tried again."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last alert of the same trouble: when it was raised, and whether the trouble was over since."""

    at: Instant
    over: bool = False


def is_news(kind: AlertKind, last: Last | None, now: Instant, after: TimeDelta = AGAIN_AFTER) -> bool:
    """Whether to tell; otherwise it is counted with the last one. `after`: the same is not told again before."""
    return last is None or last.over or now >= last.at + max(after, AGAIN.get(kind, after))


def again_in(raised_at: Instant, now: Instant) -> TimeDelta | None:
    """After what time to try again what could be told to nobody: ever rarer. None: not any more."""
    tried = now - raised_at
    return None if tried >= TRY_FOR else min(max(tried, SOON), LATER)


def is_quiet(last_at: Instant, now: Instant) -> bool:
    """Whether trouble that came last at `last_at` may be said to be over, if nothing else speaks against it."""
    return now - last_at >= QUIET


class Tally:
    """Counts what is nobody's business once, and somebody's when it comes `many` times `within` a time."""

    def __init__(self, many: int, within: TimeDelta) -> None:
        self._many = many
        self._within = within
        self._came = deque[tuple[Instant, int]]()

    def is_much(self, now: Instant, times: int = 1) -> bool:
        """Count what just came `times` times; whether it is too much now. What did not come is never too much."""
        while self._came and now - self._came[0][0] > self._within:
            self._came.popleft()
        if not times:
            return False
        self._came.append((now, times))
        return self.count >= self._many

    @property
    def count(self) -> int:
        """How often it came within the time, when it was last asked."""
        return sum(times for _, times in self._came)
