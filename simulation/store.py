"""What PostgreSQL holds of a page: the row by versions, its trail, and one delivery for each attempt.

As `storage.pages` and `storage.paging` store it; the differences are that a transaction here is checked by the
version that it read, where theirs locks the row, and that one which lost the race is done again.
"""

from dataclasses import dataclass, field

from whenever import Instant

from escalation.effects import Advance
from escalation.page import AttemptState, Page
from escalation.policy import Means
from storage.deliveries import FIRST, SECOND, Claim

CLAIM = 15.0
"""Seconds of the database's own clock, which is right."""


class ConflictError(Exception):
    """Another transaction has changed the row since it was read."""


@dataclass(slots=True)
class Delivery:
    """The row of an attempt. `claimed_until`: by the database's clock. `intended_at`, `changed_at`: by the shell's.

    `provider`, `unsure`: as `storage.deliveries` has them.
    """

    address: str
    means: Means
    state: AttemptState
    why: str
    intended_at: Instant
    changed_at: Instant
    tries: int = 0
    claimed_until: float = -1.0
    sid: str | None = None
    provider: str = FIRST
    unsure: int = 0


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

    `alerted`, `calls`: what was really done at last: alerts raised, and calls placed for each attempt. `called_in`:
    the attempts on which nobody was rung, since they had called themselves.
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
    called_in: set[int] = field(default_factory=set)

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

    def claim(self, number: int, now: float) -> Claim | None:
        """Claim an attempt that is still only intended. None: nothing is to be done, or another worker is at it."""
        stored = self.deliveries.get(number)
        if stored is None or not self.is_unplaced(number) or stored.claimed_until >= now:
            return None
        claim = Claim(stored.address, stored.intended_at, stored.tries, stored.provider, stored.unsure)
        stored.tries += 1
        stored.unsure += stored.provider == FIRST
        stored.claimed_until = now + CLAIM
        return claim

    def hand_over(self, number: int, tries: int, unsure: int) -> bool:
        """Give the claim back, for the second provider; False: it has named itself, or somebody else has begun it."""
        stored = self.deliveries[number]
        if not self.is_unplaced(number) or stored.provider != FIRST or stored.tries != tries:
            return False
        stored.provider, stored.tries, stored.unsure, stored.claimed_until = SECOND, 0, unsure, -1.0
        return True

    def is_unplaced(self, number: int) -> bool:
        """Whether nobody knows of a call or message for the attempt."""
        stored = self.deliveries[number]
        return stored.state is AttemptState.INTENDED and stored.sid is None

    def know_sid(self, number: int, sid: str, provider: str) -> str:
        """Which call an attempt is: the one known already, else this one."""
        stored = self.deliveries[number]
        if stored.sid is None:
            stored.sid, stored.provider = sid, provider
        return stored.sid

    def set_sid(self, number: int, sid: str, provider: str) -> bool:
        """Which call or message an attempt is from now on; whether it was known as another one."""
        stored = self.deliveries[number]
        before = stored.sid
        is_another = before not in {None, sid}
        if before != sid:
            stored.sid, stored.provider = sid, provider
        stored.tries += is_another
        return is_another

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
