"""Dialling numbers from a <Dial>: who is rung, who picked up, what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telephony.emulator.errors import CallOver
from telephony.emulator.leg import Leg
from telephony.emulator.numbers import is_e164
from telephony.emulator.placing import Detection
from telephony.emulator.progress import Progress
from telephony.emulator.rooms import Bridge
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script

SCREENING = frozenset({"Say", "Play", "Pause", "Gather", "Hangup", "Redirect"})
RINGING_DEFAULT = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a <Dial> came to, as its action is told."""

    status: str
    sid: str = ""
    seconds: int | None = None
    bridged: bool = False
    extra: tuple[tuple[str, str], ...] = ()

    def params(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the action."""
        pairs = [("DialCallStatus", self.status), ("DialBridged", str(self.bridged).lower())]
        if self.sid:
            pairs.append(("DialCallSid", self.sid))
        if self.seconds is not None:
            pairs.append(("DialCallDuration", str(self.seconds)))
        return (*pairs, *self.extra)


class Dialling:
    """One <Dial> of telephone numbers, run on the leg that dials."""

    def __init__(self, script: "Script", document: Document, verb: Verb) -> None:
        self._exchange = script.exchange
        self._caller = script.leg
        self._document = document
        self._verb = verb
        self._winner: Leg | None = None
        self._bridge: Bridge | None = None

    async def run(self) -> Outcome:
        """Dial and wait until it is over. Raises Interruption after hanging up whoever was called."""
        if not self._verb.flag("answerOnBridge", default=False):
            self._caller.answer()
        caller_id = self._caller_id()
        targets = self._targets()
        if caller_id is None or not targets:
            return Outcome("failed")
        rounds = [[each] for each in targets] if self._verb.flag("sequential", default=False) else [targets]
        outcome = Outcome("failed")
        for each in rounds:
            outcome = await self._ring(each, caller_id)
            screened_out = self._winner is not None and not outcome.bridged
            if outcome.bridged or (screened_out and not self._exchange.sequential_goes_on_after_screening):
                break
            self._winner = None
        return outcome

    def _targets(self) -> list[Verb]:
        numbers = list(self._verb.named("Number"))
        if self._verb.text:
            numbers.insert(0, Verb("Number", {}, self._verb.text, ()))
        for number in numbers:
            if number.text and not is_e164(number.text):
                self._exchange.note(13223, self._document.url, f"<Dial>: {number.text!r} is no E.164 number")
        return [each for each in numbers if each.text][:10]

    def _caller_id(self) -> str | None:
        """The number to show; None when Twilio would refuse it (13214)."""
        asked = self._verb.of("callerId")
        if not asked:
            return self._caller.from_
        if asked in self._exchange.numbers or asked in {self._caller.from_, self._caller.to}:
            return asked
        self._exchange.note(13214, self._document.url, f"<Dial callerId>: {asked!r} is neither owned nor of this call")
        return None

    async def _ring(self, targets: Sequence[Verb], caller_id: str) -> Outcome:
        legs = [self._leg(each, caller_id) for each in targets]
        for leg, target in zip(legs, targets, strict=True):
            self._exchange.timeline.spawn(
                self._exchange.serve(leg, partial(self._callee, leg, target, legs)), name=leg.sid
            )
            leg.on_end(self._caller.bell.ring)
        try:
            await self._caller.wait(lambda: self._decided(legs))
            if self._bridge is not None:
                await self._talk(self._bridge)
        finally:
            for leg in legs:
                if not leg.moved_away:
                    leg.end("canceled" if leg.answered_at is None else "completed", "the dialling call went on")
        return self._outcome(legs)

    def _decided(self, legs: Sequence[Leg]) -> bool:
        """Connected; or all gone; or whoever picked up was given a document of their own through REST."""
        gone = self._winner is not None and self._winner.moved_away
        return self._bridge is not None or gone or all(leg.over for leg in legs)

    def _leg(self, target: Verb, caller_id: str) -> Leg:
        leg = self._exchange.new_leg("outbound-dial", caller_id, target.text, parent=self._caller)
        if "statusCallback" in target.attributes:
            wanted = frozenset(target.words("statusCallbackEvent") or ("completed",))
            url = self._document.resolve(target.of("statusCallback"))
            leg.progress = Progress(self._exchange.callbacks, url, target.method("statusCallbackMethod"), wanted)
        return leg

    async def _callee(self, leg: Leg, target: Verb, rivals: Sequence[Leg]) -> None:
        """The called party's side: ring, be first, be screened, be connected."""
        if not await self._exchange.ring(leg, self._verb.number("timeout", RINGING_DEFAULT)):
            return
        if self._winner is not None:
            leg.end("canceled", "another phone was quicker")
            raise CallOver
        self._winner = leg
        for rival in rivals:
            if rival is not leg:
                rival.end("canceled", "another phone was quicker")
        await self._exchange.placing.send_digits(leg, target.of("sendDigits"))
        await self._detection(target).run(self._exchange, leg)
        if "url" in target.attributes:
            script = self._exchange.script(leg, SCREENING, with_fallback=False)
            await script.follow(Errand(self._document.resolve(target.of("url")), target.method()))
        leg.check()
        self._caller.answer()
        self._caller.keys.clear()
        self._bridge = bridge = Bridge(self._caller, leg)
        self._caller.bell.ring()
        await leg.wait(lambda: bridge.over)
        leg.end("completed", "the other party hung up")

    def _detection(self, target: Verb) -> Detection:
        callback = (
            self._document.resolve(target.of("amdStatusCallback")) if "amdStatusCallback" in target.attributes else ""
        )
        return Detection(target.of("machineDetection"), callback=callback,
                         callback_method=target.method("amdStatusCallbackMethod"))  # fmt: skip

    async def _talk(self, bridge: Bridge) -> None:
        """Wait until the bridge is over: a hang-up, the time limit, or the caller's star."""

        def done() -> bool:
            star = self._verb.flag("hangupOnStar", default=False) and "*" in self._caller.keys
            self._caller.keys.clear()
            return bridge.over or star

        try:
            await self._caller.wait(done, self._verb.number("timeLimit", 14400))
        finally:
            bridge.leave(self._caller)

    def _outcome(self, legs: Sequence[Leg]) -> Outcome:
        leg = self._winner or legs[0]
        if self._winner is None:
            return Outcome(leg.status, leg.sid)
        if self._bridge is None:
            return Outcome(self._exchange.screened_out_status, leg.sid, leg.duration)
        since = self._bridge.since
        return Outcome("completed", leg.sid, round(seconds_between(since, self._caller.now())), bridged=True)
