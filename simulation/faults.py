"""What goes wrong in a world: a random choice of kinds, each with a random rate, so that combinations are met too."""

from collections import Counter
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """A kind of fault."""

    CRASH = "crash"
    """`kill -9` at any effect: before a commit, after it, between a request to Twilio and the noting of its answer."""
    OUTAGE = "outage"
    """PostgreSQL is away for up to a minute."""
    LOST_JOB = "lost-job"
    """A job to call or text is gone: only the sweep can find its attempt."""
    LATE_JOB = "late-job"
    """A job's worker died: it is revived later."""
    TWICE = "twice"
    """A job is done twice."""
    RACE = "race"
    """Between a transaction's reading and its commit others have their turn."""
    STALL = "stall"
    """A worker stands still in the middle of a job, for longer than its claim lasts."""
    LOST_NEWS = "lost-news"
    REPEATED_NEWS = "repeated-news"
    LATE_NEWS = "late-news"
    """Callbacks of Twilio: never, more than once, late and so out of order."""
    REFUSAL = "refusal"
    """Twilio refuses a number, or the phone cannot be reached."""
    ACCOUNT = "account"
    BUSY = "busy"
    UNCERTAIN = "uncertain"
    """The account is refused; 429; no answer, whether it was carried out or not."""
    REST_DOWN = "rest-down"
    """For some minutes nothing at all gets through to Twilio."""
    LYING_TEXT = "lying-text"
    """Receipts that are not true: delivered and never read, undelivered and read, failed after delivered."""
    CLOCK = "clock"
    """The clock of one process jumps by up to an hour, for a while."""
    PLAN = "plan"
    """Time off and overrides are entered; the page's own version of the plan can be read no more."""
    STALE_WAKE = "stale-wake"
    """A wake-up that is not due."""


EVERY: Final = tuple(Fault)
_MOST: Final = {
    Fault.CRASH: 0.06,
    Fault.OUTAGE: 0.5,
    Fault.LOST_JOB: 0.3,
    Fault.LATE_JOB: 0.3,
    Fault.TWICE: 0.3,
    Fault.RACE: 0.5,
    Fault.STALL: 0.1,
    Fault.LOST_NEWS: 0.5,
    Fault.REPEATED_NEWS: 0.3,
    Fault.LATE_NEWS: 0.3,
    Fault.REFUSAL: 0.3,
    Fault.ACCOUNT: 0.2,
    Fault.BUSY: 0.4,
    Fault.UNCERTAIN: 0.4,
    Fault.REST_DOWN: 0.5,
    Fault.LYING_TEXT: 0.5,
    Fault.CLOCK: 0.5,
    Fault.PLAN: 0.6,
    Fault.STALE_WAKE: 0.5,
}
"""The highest chance, each time that the fault is possible."""
_AS_IT_SHOULD_BE: Final = 0.1
"""Of all worlds, those in which nothing goes wrong but people."""


class Faults:
    """The faults of one world. `met` counts those that came about."""

    __slots__ = ("_random", "met", "rates")

    def __init__(self, random: Random, allowed: tuple[Fault, ...] = EVERY) -> None:
        self._random = random
        calm = random.random() < _AS_IT_SHOULD_BE
        # Every kind is drawn, allowed or not: the same seed gives much the same world with fewer faults.
        drawn = {kind: (random.random() < 1 / 3, random.random() ** 2) for kind in EVERY}
        self.rates = {
            kind: rate * _MOST[kind] for kind, (on, rate) in drawn.items() if on and not calm and kind in allowed
        }
        self.met: Counter[Fault] = Counter()

    def hit(self, kind: Fault) -> bool:
        """Whether it happens this time."""
        rate = self.rates.get(kind)
        if rate is None or self._random.random() >= rate:
            return False
        self.met[kind] += 1
        return True
