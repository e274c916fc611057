"""A page's conference: who leaves it ends it for the other, and who waits in it alone hears "one moment, please"."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from escalation.events import CallerJoined, ClinicianJoined, ClinicianLeft
from simulation.agenda import Process, Task
from simulation.moment import BrokenError
from simulation.shell import Shell
from simulation.twilio import Leg, Twilio
from simulation.world import World
from storage.deliveries import FIRST

TWO: Final = 2


@dataclass(slots=True)
class Room:
    """`sid`: another one each time that it is opened."""

    sid: str = ""
    legs: list[Leg] = field(default_factory=list)
    talk: Task | None = None


class Rooms:
    """The conferences of a world. `out_of`: what is heard on a leg when its room has closed."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio, out_of: Callable[[Leg], Process[None]]) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self._out_of = out_of
        self._rooms: dict[str, Room] = {}
        self._opened = 0

    def enter(self, leg: Leg) -> Process[None]:
        """The leg comes into its page's room, and waits there for as long as its person likes."""
        a_room_is_of_one_account(leg)
        room = self._rooms.setdefault(leg.row.page.id, Room())
        if not room.legs:
            self._opened += 1
            room.sid = f"CF{self._opened}"
        room.legs.append(leg)
        leg.room = self._leave
        self._tell("join", leg, room.sid)
        if len(room.legs) == TWO:
            room.talk = self.world.agenda.spawn(self._talk(room))
        yield self.world.between(20.0, 400.0)
        while len(room.legs) >= TWO:  # who talks does not lose patience
            yield 60.0
        self.twilio.hang_up(leg)

    def _talk(self, room: Room) -> Process[None]:
        world = self.world
        yield world.between(5.0, 900.0) if world.chance(0.95) else world.between(900.0, 4000.0)
        self.twilio.hang_up(world.random.choice(room.legs))

    def _leave(self, leg: Leg) -> None:
        room = self._rooms[leg.row.page.id]
        leg.room = None
        room.legs.remove(leg)
        self._tell("leave", leg, room.sid)
        if room.talk is not None:
            room.talk.cancel()
            room.talk = None
        others, room.legs = room.legs, []
        for other in others:
            other.room = None
            self._tell("leave", other, room.sid)
            self.twilio.go_on(other, self._out_of(other))

    def _tell(self, what: str, leg: Leg, room: str) -> None:
        self.world.tell(leg.row.page.id, leg.sid, what, room)
        self.twilio.tell(lambda: self._webhook(what, leg, room))

    def _webhook(self, what: str, leg: Leg, room: str) -> Process[None]:
        row, server = leg.row, self.world.server
        self.shell.up()
        if what == "join" and leg.sid == row.leg:
            yield from self.shell.happen(row, CallerJoined(room, gone=leg.sid in row.ended), server)
        elif what == "join" and leg.sid == row.clinician:
            yield from self.shell.happen(row, ClinicianJoined(room), server)
        elif what == "leave" and leg.sid == row.clinician:
            yield from self.shell.happen(row, ClinicianLeft(room), server)


def a_room_is_of_one_account(leg: Leg) -> None:
    """Legs of two accounts never meet in a room: each would wait there alone."""
    if leg.provider != FIRST:
        raise BrokenError(a_room_is_of_one_account, f"{leg.sid} of the second provider")
