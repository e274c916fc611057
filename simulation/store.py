"""What PostgreSQL holds of a page: the row by versions, its trail, and one delivery for each attempt.

As `storage.pages` and `storage.paging` store it; the differences are that a transaction here is checked by the
version that it read, where theirs locks the row, and that one which lost the race is done again.
"""

from dataclasses import dataclass, field

from whenever import Instant

from escalation.effects import Advance
from escalation.page import AttemptState, Page
from escalation.policy import Means

CLAIM = 15.0
"""Seconds of the database's own clock, which is right."""


class ConflictError(Exception):
    """Another transaction has changed the row since it was read."""


@dataclass(slots=True)
class Delivery:
    """The row of an attempt. `claimed_until`: by the database's clock. `intended_at`, `changed_at`: by the shell's."""

    address: str
    means: Means
    state: AttemptState
    why: str
    intended_at: Instant
    changed_at: Instant
    tries: int = 0
    claimed_until: float = -1.0
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the trail. `at`: virtual seconds; `clock`: what the process took for the time."""

    at: float
    clock: Instant
    version: int
    event: object
    sentences: tuple[str, ...]


@dataclass(slots=True)
class Row:
    """A page, as stored. `ended`: legs of the caller whose end is stored. `slots`: what is not to be done again.

    `alerted`, `calls`: what was really done at last: alerts raised, and calls placed for each attempt.
    """

    page: Page
    leg: str
    trail: list[Entry] = field(default_factory=list)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)
    armed: int = 0
    alerted: int = 0
    calls: dict[int, int] = field(default_factory=dict)

    def commit(self, before: Page, result: Advance, entry: Entry) -> None:
        """Write what `advance` returned. ConflictError: `before` is not what is stored any more."""
        if self.page.version != before.version:
            raise ConflictError
        self.page = result.page
        self.trail.append(entry)
        known = before.attempts
        for attempt in result.page.attempts:
            if attempt.number > len(known):
                self.deliveries[attempt.number] = Delivery(
                    attempt.address, attempt.means, attempt.state, attempt.why, attempt.at, attempt.at
                )
            elif known[attempt.number - 1] is not attempt:
                stored = self.deliveries[attempt.number]
                stored.state, stored.why, stored.changed_at = attempt.state, attempt.why, attempt.at

    def claim(self, number: int, now: float) -> Delivery | None:
        """Claim an attempt that is still only intended. None: nothing is to be done, or another worker is at it."""
        stored = self.deliveries.get(number)
        if stored is None or not self.is_unplaced(number) or stored.claimed_until >= now:
            return None
        stored.tries += 1
        stored.claimed_until = now + CLAIM
        return stored

    def is_unplaced(self, number: int) -> bool:
        """Whether nobody knows of a call or message for the attempt."""
        stored = self.deliveries[number]
        return stored.state is AttemptState.INTENDED and stored.sid is None

    def know_sid(self, number: int, sid: str) -> str:
        """Which call an attempt is: the one known already, else this one."""
        stored = self.deliveries[number]
        stored.sid = stored.sid or sid
        return stored.sid

    def take_slot(self, what: str) -> bool:
        """True for the first who asks."""
        if what in self.slots:
            return False
        self.slots.add(what)
        return True

    @property
    def clinician(self) -> str | None:
        """The leg of who has the page."""
        number = self.page.accepted_attempt
        return None if number is None else self.deliveries[number].sid
