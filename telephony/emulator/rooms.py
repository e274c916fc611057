"""Where legs talk to each other: the bridge of a <Dial>, or a conference."""

from dataclasses import dataclass, field

from whenever import Instant

from telephony.emulator.events import Bridged, Unbridged
from telephony.emulator.leg import Leg


class Room:
    """Something that legs can be in together."""

    def parties(self) -> list[Leg]:
        """The legs that hear each other now."""
        raise NotImplementedError

    def leave(self, leg: Leg) -> None:
        """Take a leg out."""
        raise NotImplementedError


@dataclass(eq=False)
class Bridge(Room):
    """Two legs, connected until one of them goes."""

    one: Leg
    other: Leg
    over: bool = False
    ended_by: Leg | None = field(default=None)
    since: Instant = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.one.now()
        for leg, far in ((self.one, self.other), (self.other, self.one)):
            leg.room = self
            leg.tell(Bridged(at=leg.now(), other=far.phone_number))
            leg.on_end(lambda leg=leg: self.leave(leg))  # type: ignore[misc]  # a default binds the loop's leg

    def parties(self) -> list[Leg]:
        """Both, while it lasts."""
        return [] if self.over else [self.one, self.other]

    def leave(self, leg: Leg) -> None:
        """End the bridge, for both."""
        if self.over:
            return
        self.over = True
        self.ended_by = leg
        for mine, far in ((self.one, self.other), (self.other, self.one)):
            mine.room = None
            mine.keys.clear()
            mine.tell(Unbridged(at=mine.now(), other=far.phone_number))
