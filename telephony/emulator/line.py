"""The phone's end of a call: what the person there does and hears, at once and without driving time."""

from typing import TYPE_CHECKING

from telephony.emulator import events
from telephony.emulator.leg import Leg, Speech

if TYPE_CHECKING:
    from telephony.emulator.phone import Phone

_ALLOWED = set("0123456789*#ABCD")


class Line:
    """One call, from the phone's end. Used by behaviours and by the control interface; tests use PhoneCall."""

    def __init__(self, phone: "Phone", leg: Leg) -> None:
        self.phone = phone
        self.leg = leg
        self._heard = 0
        self._offset = 0

    @property
    def sid(self) -> str:
        """Twilio's CallSid of this leg."""
        return self.leg.sid

    def answer_now(self) -> None:
        """Pick up; nothing when it no longer rings."""
        if self.leg.status == "ringing" and self.leg.direction != "inbound":
            self.leg.answer()

    def decline_now(self) -> None:
        """Refuse a ringing call: busy."""
        if self.leg.answered_at is None:
            self.leg.end("busy", "declined")

    def hang_up_now(self) -> None:
        """Put the phone down."""
        if self.leg.answered_at is None:
            self.leg.end("no-answer" if self.leg.direction == "inbound" else "busy", "hung up before the answer")
        else:
            self.leg.end("completed", "hung up")

    def press_now(self, digits: str) -> None:
        """Press keys, one after another; nothing when the call is over. Raises ValueError for what is no key."""
        if wrong := set(digits) - _ALLOWED:
            raise ValueError(f"no such key: {sorted(wrong)}")
        if self.leg.over:
            return
        self.leg.keys.extend(digits)
        self.leg.tell(events.Pressed(at=self.leg.now(), digits=digits))
        for other in self._others():
            other.tell(events.Played(at=other.now(), digits=digits))

    def say_now(self, text: str, seconds: float) -> None:
        """Begin to speak: to the other party, or to a recording or a Gather if one listens."""
        leg = self.leg
        if leg.over:
            return
        leg.tell(events.Spoke(at=leg.now(), text=text, seconds=seconds))
        for other in self._others():
            other.tell(events.Heard(at=leg.now(), text=text, seconds=seconds))
        if leg.listening:
            leg.speech.append(Speech(text, leg.now().add(seconds=seconds)))
            leg.bell.ring()

    def _others(self) -> list[Leg]:
        """Who hears this party now."""
        parties = self.leg.room.parties() if self.leg.room is not None else []
        return [each for each in parties if each is not self.leg] if self.leg in parties else []

    async def pause(self, seconds: float) -> None:
        """Do nothing for a while; shorter when the call ends."""
        if seconds > 0:
            await self.leg.bell.until(lambda: self.leg.over, seconds)

    async def catches(self, text: str, within: float | None = None) -> bool:
        """Wait until something with ``text`` in it is heard; False when the call ended or the time passed first."""
        caught = False

        def catch() -> bool:
            nonlocal caught
            caught = caught or self.catch(text)
            return caught or self.leg.over

        await self.leg.bell.until(catch, within)
        return caught

    def catch(self, text: str) -> bool:
        """Look for ``text`` (case does not matter) in what was heard and not consumed yet; consume up to it."""
        wanted = text.casefold()
        for index in range(self._heard, len(self.leg.events)):
            event = self.leg.events[index]
            if not isinstance(event, events.Heard):
                continue
            start = self._offset if index == self._heard else 0
            found = event.text.casefold().find(wanted, start)
            if found >= 0:
                self._heard, self._offset = index, found + max(1, len(wanted))
                return True
        return False
