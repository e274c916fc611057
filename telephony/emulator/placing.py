"""Placing calls: the queue of one call per second, ringing, and answering machine detection.

Source: TWILIO.md, "REST": one outbound call per second per account by default, the excess is queued; inbound and Dial
are exempt. Synchronous detection delays the TwiML by about 4 s.
"""

from functools import partial
from typing import TYPE_CHECKING

from whenever import Instant

from telephony.emulator.events import Played
from telephony.emulator.leg import Leg
from telephony.emulator.numbers import is_e164
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Errand
from telephony.emulator.webhook import Request

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange

DETECTION_SECONDS = 4.0


class Placing:
    """Places outbound calls. ``calls_per_second`` 0 means no limit."""

    def __init__(self, exchange: "Exchange", calls_per_second: float) -> None:
        self._exchange = exchange
        self.calls_per_second = calls_per_second
        self._free_at: Instant | None = None

    def place(self, leg: Leg, errand: Errand, timeout: float, detection: "Detection") -> None:
        """Start a call asked for through REST; it is queued at first."""
        wait = self._turn()
        self._exchange.timeline.spawn(
            self._exchange.serve(leg, partial(self._career, leg, errand, timeout, detection, wait)),
            name=f"outbound {leg.sid}",
        )

    def _turn(self) -> float:
        """Seconds until this account may place the next call; takes that place."""
        if not self.calls_per_second:
            return 0.0
        now = self._exchange.timeline.now()
        at = max(now, self._free_at) if self._free_at is not None else now
        self._free_at = at.add(seconds=1 / self.calls_per_second)
        return seconds_between(now, at)

    async def _career(self, leg: Leg, errand: Errand, timeout: float, detection: "Detection", wait: float) -> None:  # noqa: ASYNC109
        await leg.rest(wait)
        if not await self.ring(leg, timeout):
            return
        if leg.time_limit is not None:
            self._exchange.timeline.spawn(self._end_in_time(leg, leg.time_limit), name=f"time limit {leg.sid}")
        await self.send_digits(leg, leg.digits_to_send)
        await detection.run(self._exchange, leg)
        await self._exchange.script(leg).follow(errand)

    async def ring(self, leg: Leg, timeout: float) -> bool:  # noqa: ASYNC109
        """Ring the far phone; True when it was picked up."""
        leg.set_status("initiated")
        phone = self._exchange.phone(leg.to)
        if not is_e164(leg.to) or not phone.behaviour.reachable:
            leg.end("failed", "unreachable")
            return False
        line = phone.rung(leg)
        leg.set_status("ringing")
        self._exchange.timeline.spawn(phone.behaviour.meet(line), name=f"phone {leg.to}")
        patience = timeout + self._exchange.ring_buffer
        if not await leg.wait(lambda: leg.answered_at is not None, patience):
            leg.end("no-answer", "nobody answered")
        return not leg.over

    async def send_digits(self, leg: Leg, digits: str) -> None:
        """Play tones to a phone that has just been answered (an extension); ``w`` waits half a second."""
        if digits:
            seconds = 0.5 * len(digits)
            leg.tell(Played(at=leg.now(), digits=digits, seconds=seconds))
            await leg.rest(seconds)

    async def _end_in_time(self, leg: Leg, seconds: float) -> None:
        await leg.bell.until(lambda: leg.over, seconds)
        leg.end("completed", "time limit")


class Detection:
    """Answering machine detection: ``mode`` is empty, Enable or DetectMessageEnd."""

    def __init__(self, mode: str = "", *, callback: str = "", callback_method: str = "POST") -> None:
        self._mode = mode
        self._callback = callback
        self._callback_method = callback_method

    async def run(self, exchange: "Exchange", leg: Leg) -> None:
        """Detect now, or beside the call when there is a callback for the result (AsyncAmd)."""
        if not self._mode:
            return
        if self._callback:
            exchange.timeline.spawn(self._beside(exchange, leg), name=f"detection {leg.sid}")
            return
        leg.answered_by = await self._detect(exchange, leg)

    async def _detect(self, exchange: "Exchange", leg: Leg) -> str:
        nature = exchange.phone(leg.to).behaviour.nature
        await leg.rest(DETECTION_SECONDS)
        if nature != "machine":
            return nature
        if self._mode == "Enable":
            return "machine_start"
        greeting = float(getattr(exchange.phone(leg.to).behaviour, "greeting", 0.0))
        await leg.rest(max(0.0, greeting - DETECTION_SECONDS))
        return "machine_end_beep"

    async def _beside(self, exchange: "Exchange", leg: Leg) -> None:
        begun = leg.now()
        await leg.bell.until(lambda: leg.over, DETECTION_SECONDS)
        nature = exchange.phone(leg.to).behaviour.nature
        answered_by = "unknown" if leg.over else {"machine": "machine_start"}.get(nature, nature)
        leg.answered_by = answered_by
        took = round(seconds_between(begun, leg.now()) * 1000)
        told = (
            ("AccountSid", leg.account_sid), ("CallSid", leg.sid), ("AnsweredBy", answered_by),
            ("MachineDetectionDuration", str(took)),
        )  # fmt: skip
        exchange.callbacks.post(Request(self._callback, self._callback_method, told, "amd"), leg.sid + "amd")
