"""Phones and calls as a test sees them: methods that wait let the timeline run until what they wait for happens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whenever import Instant

from telephony.emulator import events
from telephony.emulator.behaviours import Behaviour, Delivered, Manual
from telephony.emulator.leg import Leg
from telephony.emulator.line import Line

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Text:
    """A text message in a phone's inbox."""

    from_: str
    body: str
    at: Instant
    sid: str


class PhoneCall(Line):
    """One call at a phone. Waiting methods raise AssertionError, with the transcript, when it does not happen."""

    @property
    def events(self) -> list[events.CallEvent]:
        """All that happened, in order."""
        return self.leg.events

    @property
    def heard(self) -> list[str]:
        """What was said to the person, in order."""
        return [event.text for event in self.leg.events if isinstance(event, events.Heard)]

    @property
    def transcript(self) -> str:
        """The call as lines of text, one for each event."""
        head = f"{self.leg.from_} -> {self.leg.to} ({self.leg.direction}, {self.leg.status})"
        return "\n".join([head, *(f"  {event}" for event in self.leg.events)])

    @property
    def status(self) -> str:
        """Twilio's CallStatus."""
        return self.leg.status

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.leg.over

    @property
    def end_reason(self) -> str:
        """How it ended; empty while it goes on."""
        return self.leg.end_reason

    # ---- waiting ----

    async def hears(self, text: str, within: float | None = None) -> None:
        """Wait until an utterance not consumed yet contains ``text``; consumes what came before it."""
        caught = False

        def settled() -> bool:
            nonlocal caught
            caught = caught or self.catch(text)
            return caught or self.leg.over

        await self._until(settled, within)
        if not caught:
            raise AssertionError(f"never heard {text!r}; the call:\n{self._story}")

    async def talks_to(self, other: "PhoneCall | Phone", within: float | None = None) -> None:
        """Wait until this call and the other (or any call of that phone) hear each other."""
        await self._expect(lambda: self._together(other), within, "never talked to the other party")

    async def is_over(self, within: float | None = None) -> None:
        """Wait until the call has ended."""
        await self._expect(lambda: self.leg.over, within, "the call never ended")

    async def is_answered(self, within: float | None = None) -> None:
        """Wait until the call was picked up."""
        await self._expect(lambda: self.leg.answered_at is not None, within, "never answered")

    # ---- doing ----

    async def press(self, digits: str) -> None:
        """Press keys, now. Raises AssertionError when the call is over."""
        self._still_there(f"press {digits}")
        self.press_now(digits)

    async def speak(self, text: str, seconds: float = 3.0) -> None:
        """Wait until somebody listens (Record, Gather for speech, another party), and speak for ``seconds``."""
        leg = self.leg
        await self._expect(lambda: leg.over or leg.listening or self._has_company(), None, "nobody listened")
        self._still_there("speak")
        self.say_now(text, seconds)
        await self.waits(seconds)

    async def waits(self, seconds: float) -> None:
        """Stay on the line for so many seconds."""
        end = self.leg.now().add(seconds=seconds)
        self.phone.exchange.timeline.spawn(self.pause(seconds))
        await self.phone.exchange.timeline.until(lambda: self.leg.over or self.leg.now() >= end, seconds + 1)

    async def hang_up(self) -> None:
        """Put the phone down, now."""
        self.hang_up_now()

    async def answer(self) -> None:
        """Pick up, now. Raises AssertionError when it no longer rings."""
        self._still_there("answer")
        self.answer_now()

    async def decline(self) -> None:
        """Refuse a ringing call, now: busy."""
        self.decline_now()

    # ---- inside ----

    @property
    def _story(self) -> str:
        """The transcript, and what Twilio would have put on record against the application."""
        return "\n".join([self.transcript, *(f"  fault: {fault}" for fault in self.phone.exchange.faults)])

    def _still_there(self, what: str) -> None:
        if self.leg.over:
            raise AssertionError(f"cannot {what}: the call is over; the call:\n{self._story}")

    def _has_company(self) -> bool:
        return self.leg.room is not None and self.leg in self.leg.room.parties()

    def _together(self, other: "PhoneCall | Phone") -> bool:
        room = self.leg.room
        if room is None:
            return False
        others = [other.leg] if isinstance(other, PhoneCall) else [call.leg for call in other.calls]
        parties = room.parties()
        return self.leg in parties and any(leg in parties for leg in others)

    async def _until(self, condition: Callable[[], bool], within: float | None) -> bool:
        return await self.phone.exchange.timeline.until(condition, within)

    async def _expect(self, condition: Callable[[], bool], within: float | None, complaint: str) -> None:
        if not await self._until(condition, within):
            raise AssertionError(f"{complaint}; the call:\n{self._story}")


class Phone:
    """A telephone with a number; ``behaviour`` meets its calls, ``sms_behaviour`` its text messages."""

    def __init__(self, exchange: "Exchange", number: str) -> None:
        self.exchange = exchange
        self.number = number
        self.behaviour: Behaviour = Manual()
        self.sms_behaviour: Delivered = Delivered()
        self.mobile = True
        """Whether it takes text messages; a send to one that does not is refused with 21614."""
        self.texts: list[Text] = []
        self.calls: list[PhoneCall] = []
        self._rings = 0
        self._texts_read = 0

    async def dial(self, number: str, caller_id: str | None = None, *, forwarded_from: str | None = None) -> PhoneCall:
        """Call a number that the exchange owns. ``caller_id`` is what From says: by default the phone's number."""
        return self.dial_now(number, caller_id, forwarded_from)

    def dial_now(self, number: str, caller_id: str | None = None, forwarded_from: str | None = None) -> PhoneCall:
        """The same, for callers without a loop to wait on. Raises LookupError for a number nobody owns."""
        leg = self.exchange.call_in(self.number if caller_id is None else caller_id, number, forwarded_from)
        call = self._take_part(leg)
        leg.tell(events.Dialled(at=leg.now(), to=number))
        return call

    def rung(self, leg: Leg) -> PhoneCall:
        """A call has come in: let it ring."""
        call = self._take_part(leg)
        leg.tell(events.Rang(at=leg.now(), caller_id=leg.from_))
        return call

    def _take_part(self, leg: Leg) -> PhoneCall:
        call = PhoneCall(self, leg)
        self.calls.append(call)
        return call

    async def rings(self, within: float | None = None) -> PhoneCall:
        """Wait for the next ring not asked for yet, and return its call."""

        def rung() -> list[PhoneCall]:
            return [call for call in self.calls if call.leg.direction != "inbound"]

        if not await self.exchange.timeline.until(lambda: len(rung()) > self._rings, within):
            raise AssertionError(f"{self.number} never rang; its calls:\n{self.transcript}")
        self._rings += 1
        return rung()[self._rings - 1]

    async def gets_text(self, containing: str = "", within: float | None = None) -> Text:
        """Wait for a text message with ``containing`` in it that was not asked for yet; skips those before it."""

        def unread() -> list[int]:
            return [i for i in range(self._texts_read, len(self.texts)) if containing in self.texts[i].body]

        if not await self.exchange.timeline.until(lambda: bool(unread()), within):
            bodies = "\n".join(f"  {text.body!r}" for text in self.texts)
            raise AssertionError(f"{self.number} got no text with {containing!r}; its texts:\n{bodies}")
        index = unread()[0]
        self._texts_read = index + 1
        return self.texts[index]

    async def text(self, body: str, to: str) -> None:
        """Send a text message to a number that the exchange owns. Raises LookupError for a number nobody owns."""
        self.exchange.text_in(self.number, to, body)

    @property
    def transcript(self) -> str:
        """All the phone's calls as text."""
        return "\n".join(call.transcript for call in self.calls) or "  (none)"
