"""Twilio: it takes calls and texts, or refuses them in each of its ways, and tells what becomes of them, more or less.

What is heard and pressed on a leg is a process of `simulation.staff` or `simulation.caller`; Twilio ends it and moves
it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from escalation.page import Attempt
from simulation.agenda import Process, Task
from simulation.faults import Fault
from simulation.shell import ignoring
from simulation.store import Row
from simulation.world import World
from storage.deliveries import FIRST
from telephony.errors import AccountError, BusyError, GoneError, RefusedError, TwilioError, UncertainError

Taken = TypeVar("Taken")
NEVER: Final = 21214
"""The number cannot be reached."""


@dataclass(eq=False, slots=True)
class Leg:
    """One call at Twilio. `task`: what is heard on it now. `on_end`: tells its status when it is over.

    `attempt`: which it is of the page's, None for the caller's own. `provider`: whose account it is of.
    """

    sid: str
    row: Row
    address: str
    attempt: Attempt | None
    created: float
    on_end: "Callable[[Leg, str], None]"
    task: Task | None = None
    room: "Callable[[Leg], None] | None" = None
    """What takes it out of the conference that it is in."""
    provider: str = FIRST
    is_over: bool = False
    is_answered: bool = False


class Twilio:
    """All legs of a world, and the network between Twilio and the server.

    A second provider is another account: it is there when the first is not, and refuses less.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.legs: dict[str, Leg] = {}
        self._bad: dict[str, bool] = {}

    # ---- its REST API -------------------------------------------------------------------------------------------

    def take(self, address: str, begin: Callable[[], Taken], provider: str = FIRST) -> Process[Taken]:
        """Take a call or text, which then begins. Raises TwilioError; after UncertainError it may have begun."""
        yield self.world.between(0.05, 0.4)
        error = self._refusal(address, provider)
        if isinstance(error, UncertainError) and not self._is_down(provider) and self.world.chance(0.5):
            begin()
        if error is not None:
            raise error
        return begin()

    def leg(
        self,
        row: Row,
        address: str,
        attempt: Attempt | None,
        on_end: Callable[[Leg, str], None],
        provider: str = FIRST,
    ) -> Leg:
        """A call, of which nothing is heard yet."""
        leg = Leg(f"CA{len(self.legs) + 1}", row, address, attempt, self.world.now, on_end, provider=provider)
        self.legs[leg.sid] = leg
        by = "" if provider == FIRST else "by the second provider"
        self.world.tell(row.page.id, leg.sid, "to", address, "for", attempt and attempt.number, by)
        return leg

    def look(self, address: str, since: float, provider: str) -> Process[list[Leg]]:
        """The live calls to a number since then, as Twilio's clock has it. Raises TwilioError."""
        yield self.world.between(0.05, 0.3)
        self._must_answer(provider)
        found = (leg for leg in self.legs.values() if leg.address == address and leg.attempt is not None)
        mine = (leg for leg in found if leg.provider == provider)
        return [leg for leg in mine if not leg.is_over and leg.created >= since - 1.0]

    def end(self, sid: str) -> Process[None]:
        """End a call. Raises TwilioError."""
        yield self.world.between(0.05, 0.3)
        leg = self.legs[sid]
        self._must_answer(leg.provider)
        if leg.is_over:
            raise GoneError("no such call any more")
        self.hang_up(leg)

    def move(self, sid: str, process: Callable[[Leg], Process[None]]) -> Process[None]:
        """Let a live call go on elsewhere. Raises TwilioError."""
        yield self.world.between(0.05, 0.3)
        leg = self.legs[sid]
        self._must_answer(leg.provider)
        if leg.is_over or not leg.is_answered:
            raise GoneError("the call is not in a state to be moved")
        self.world.tell(leg.row.page.id, sid, "is moved")
        self.go_on(leg, process(leg))

    def go_on(self, leg: Leg, process: Process[None]) -> None:
        """From now on this is heard on the leg."""
        if leg.task is not None:
            leg.task.cancel()
        if leg.room is not None:
            leg.room(leg)
        leg.task = self.world.agenda.spawn(process)

    def hang_up(self, leg: Leg, status: str = "completed") -> None:
        """The leg is over, whoever ended it, and what follows from that is told."""
        if leg.is_over:
            return
        leg.is_over = True
        self.world.tell(leg.row.page.id, leg.sid, "is over:", status)
        if leg.room is not None:
            leg.room(leg)
        if leg.task is not None:
            leg.task.cancel()
        leg.on_end(leg, status)

    # ---- its callbacks ------------------------------------------------------------------------------------------

    def tell(self, webhook: Callable[[], Process[Any]]) -> bool:
        """Send a callback, which may be lost, repeated and late; False when it never comes."""
        world = self.world
        if world.faults.hit(Fault.LOST_NEWS):
            return False
        delay = world.between(0.02, 0.3)
        if world.faults.hit(Fault.LATE_NEWS):
            delay += world.between(0.0, 90.0) * world.random.random()
        world.agenda.spawn(ignoring(webhook()), delay)
        if world.faults.hit(Fault.REPEATED_NEWS):
            world.agenda.spawn(ignoring(webhook()), delay + world.between(0.0, 60.0) * world.random.random())
        return True

    # ---- its refusals -------------------------------------------------------------------------------------------

    def _is_down(self, provider: str) -> bool:
        return provider == FIRST and self.world.now < self.world.rest_down_until

    def _refusal(self, address: str, provider: str) -> TwilioError | None:
        world = self.world
        if self._is_down(provider):
            return UncertainError("no answer")
        if address not in self._bad:
            self._bad[address] = world.faults.hit(Fault.REFUSAL)
        if self._bad[address] and world.chance(0.8):
            return RefusedError("the number cannot be reached", NEVER)
        if provider != FIRST and not world.chance(0.2):
            return None
        if world.faults.hit(Fault.BUSY):
            return BusyError(float(world.random.choice((1, 2, 5, 30))))
        if world.faults.hit(Fault.ACCOUNT):
            return AccountError("Twilio refused the account's request")
        return UncertainError("no answer") if world.faults.hit(Fault.UNCERTAIN) else None

    def _must_answer(self, provider: str) -> None:
        if self._is_down(provider) or self.world.faults.hit(Fault.UNCERTAIN):
            raise UncertainError("no answer")
        if self.world.faults.hit(Fault.BUSY):
            raise BusyError(1.0)
