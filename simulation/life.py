"""A world from its beginning to its end: its pages are opened, faults come over it, and everything comes to rest."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from whenever import TimeDelta

from escalation.effects import Effect
from escalation.events import Due
from escalation.page import CallerPresence, Page
from simulation.agenda import Process
from simulation.caller import Caller
from simulation.carrying import Carrying
from simulation.faults import EVERY, Fault
from simulation.moment import BrokenError
from simulation.moving import Moving
from simulation.placing import Placing
from simulation.practice import POLICY, START, another, changed
from simulation.room import Rooms
from simulation.shell import Job, Shell, ignoring
from simulation.staff import Staff
from simulation.store import Row
from simulation.texts import Texts
from simulation.twilio import Leg, Twilio
from simulation.world import FARTHEST_JUMP, World

LONGEST_LIFE: Final = 3 * 24 * 3600.0
"""Virtual seconds after which a page must have come to its end."""


@dataclass(slots=True)
class Outcome:
    """What became of one world or of many. `broken`: what did not hold, by the seed that shows it again.

    `kinds`: how often which event changed a page.
    """

    pages: int = 0
    events: int = 0
    attempts: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """Take another one in."""
        self.pages += other.pages
        self.events += other.events
        self.attempts += other.attempts
        self.ends += other.ends
        self.met += other.met
        self.kinds += other.kinds
        self.broken |= other.broken


def live(seed: int, allowed: tuple[Fault, ...] = EVERY, telling: Callable[[str], None] | None = None) -> Outcome:
    """Let the world of this seed live to its end."""
    life = _Life(World.of(seed, allowed, telling))
    outcome = Outcome()
    try:
        life.run(outcome)
    except BrokenError as error:
        outcome.broken[seed] = str(error)
    except Exception:  # noqa: BLE001 - an event that raises is what is looked for, whatever it raises
        outcome.broken[seed] = f"no_event_raises: Every event has an answer. Seen: {traceback.format_exc(limit=-3)}"
    rows = life.world.rows
    outcome.pages = len(rows)
    outcome.events = sum(len(row.trail) for row in rows)
    outcome.kinds.update(type(entry.event).__name__ for row in rows for entry in row.trail)
    outcome.attempts = sum(len(row.page.attempts) for row in rows)
    outcome.met.update({kind.value: count for kind, count in life.world.faults.met.items()})
    return outcome


class _Life:
    def __init__(self, world: World) -> None:
        self.world = world
        self.twilio = Twilio(world)
        self.shell = Shell(world, self._job)
        self.staff = Staff(world, self.shell, self.twilio)
        self.caller = Caller(world, self.shell, self.twilio)
        self.texts = Texts(world, self.shell, self.twilio)
        placing = Placing(world, self.shell, self.twilio, self.staff, self.texts)
        moving = Moving(world, self.shell, self.twilio, self.staff, self.caller)
        self.carrying = Carrying(placing, moving, self.texts)
        self.staff.rooms = self.caller.rooms = Rooms(world, self.shell, self.twilio, self._after_room)

    def _job(self, row: Row, effect: Effect) -> Job:
        return self.carrying.job(row, effect)

    def _after_room(self, leg: Leg) -> Process[None]:
        return self.staff.after_room(leg) if leg.attempt is not None else self.caller.after_room(leg)

    def run(self, outcome: Outcome) -> None:
        """Raises BrokenError, and what `advance` raises."""
        world = self.world
        for number in range(world.random.choice((1, 1, 1, 2, 3))):
            self._open(f"page {number + 1}")
        for fault, come in (
            (Fault.OUTAGE, self._outage),
            (Fault.REST_DOWN, self._rest_down),
            (Fault.CLOCK, self._jump),
            (Fault.PLAN, self._change),
        ):
            while world.faults.hit(fault):
                world.agenda.spawn(come(), world.between(0.0, 1800.0) * world.random.random())
        if not world.agenda.run(LONGEST_LIFE):
            raise BrokenError(nothing_goes_on_for_ever, f"{[row.page.state for row in world.rows]}")
        for row in world.rows:
            outcome.ends[self.shell.watch.ends(row)] += 1

    def _open(self, name: str) -> None:
        world = self.world
        presence = CallerPresence.GONE if world.chance(0.2) else CallerPresence.HOLDING
        begins = world.between(0.0, 120.0)
        opened = START + TimeDelta(seconds=begins)
        row = Row(Page(name, "maple", "urgent", POLICY, opened, caller=presence), "")
        world.rows.append(row)
        world.agenda.spawn(self.caller.calls(row), begins)
        if world.chance(0.1):
            world.agenda.spawn(ignoring(self.staff.call_in(row)), begins + world.between(5.0, 900.0))
        while world.faults.hit(Fault.STALE_WAKE):
            early = ignoring(self.shell.happen(row, Due(), world.server))
            world.agenda.spawn(early, begins + world.between(0.0, 3000.0))

    # ---- what comes over the whole world ------------------------------------------------------------------------

    def _outage(self) -> Process[None]:
        yield from ()
        world = self.world
        length = world.between(1.0, 60.0)
        world.tell("PostgreSQL is away for", round(length), "s")
        world.down_until = world.now + length
        world.delayed += length + 10.0

    def _rest_down(self) -> Process[None]:
        yield from ()
        world = self.world
        world.rest_down_until = world.now + world.between(5.0, 400.0)
        world.tell("Twilio does not answer until", round(world.rest_down_until))

    def _jump(self) -> Process[None]:
        world = self.world
        machine = world.random.choice((world.server, *world.workers))
        jump, length = world.between(-FARTHEST_JUMP, FARTHEST_JUMP) * world.random.random(), world.between(10.0, 1800.0)
        world.tell(f"the clock of {machine.name} is {jump:+.0f} s wrong for {length:.0f} s")
        world.delayed += abs(jump) + length + 1.0
        machine.skew += jump
        self._arm()
        yield length
        machine.skew -= jump
        self._arm()

    def _change(self) -> Process[None]:
        yield from ()
        world = self.world
        change = another if world.chance(0.3) else None
        now = world.server.clock()
        world.version = another(world.random, world.version) if change else changed(world.random, world.version, now)
        world.plans.append(world.version)
        world.tell("the plan is another" if change else "there are other records beside the plan")

    def _arm(self) -> None:
        for row in self.world.rows:
            self.shell.arm(row)


def nothing_goes_on_for_ever() -> None:
    """A world comes to rest: no page wakes, rings or alerts without end."""
