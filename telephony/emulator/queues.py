"""Queues: <Enqueue> with its waiting loop, and <Dial><Queue> that takes the first one out.

Source: TwiML reference <Enqueue> and <Queue>, and TWILIO.md.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whenever import Instant

from telephony.emulator.dialling import Outcome
from telephony.emulator.errors import ApplicationError, CallMoved, CallOver
from telephony.emulator.leg import Leg
from telephony.emulator.rooms import Bridge
from telephony.emulator.sids import new_sid
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb
from telephony.emulator.verbs.flow import LeftQueue

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange
    from telephony.emulator.script import Script

WAITING = frozenset({"Say", "Play", "Pause", "Redirect", "Hangup", "Leave", "Gather"})
WHISPER = frozenset({"Say", "Play", "Pause", "Gather", "Hangup", "Redirect"})


@dataclass(eq=False)
class Member:
    """One caller waiting in a queue."""

    leg: Leg
    queued_at: Instant
    taker: Leg | None = None
    whisper: Errand | None = None
    bridge: Bridge | None = None
    gone: bool = False
    taker_left: bool = False

    def waited(self) -> int:
        """Whole seconds in the queue so far."""
        return round(seconds_between(self.queued_at, self.leg.now()))


@dataclass(eq=False)
class Queue:
    """A named queue."""

    exchange: "Exchange"
    name: str
    created_at: Instant
    max_size: int = 100
    sid: str = field(default_factory=lambda: new_sid("QU"))
    members: list[Member] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    def average_wait(self) -> int:
        """Whole seconds that those who left have waited on average."""
        return round(sum(self.waits) / len(self.waits)) if self.waits else 0

    def take(self, taker: Leg) -> Member | None:
        """Take the first waiting member out, for somebody."""
        for member in self.members:
            if member.taker is None:
                member.taker = taker
                self.remove(member)
                return member
        return None

    def remove(self, member: Member) -> None:
        """Take a member off the list."""
        if member in self.members:
            self.members.remove(member)
            self.waits.append(member.waited())


async def enqueue(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Wait in a queue, then go to the action with what came of it."""
    leg = script.leg
    leg.answer()
    queue = script.exchange.queue(verb.text or "default")
    member = Member(leg, leg.now())
    stay = _Stay(script, document, verb, queue, member)
    result = await stay.until_out()
    if "action" not in verb.attributes:
        return None
    return stay.action(result)


@dataclass
class _Stay:
    """One stay of a caller in a queue."""

    script: "Script"
    document: Document
    verb: Verb
    queue: Queue
    member: Member

    async def until_out(self) -> str:
        """Wait, be taken, talk; returns Twilio's QueueResult. Raises Interruption, having told the action."""
        if len(self.queue.members) >= self.verb.number("maxQueueSize", self.queue.max_size):
            return "queue-full"
        self.queue.members.append(self.member)
        self.script.exchange.queue_bell.ring()
        try:
            return await self._wait()
        except LeftQueue:
            return "leave"
        except ApplicationError:
            return "error"
        except CallOver:
            self._tell("hangup")
            raise
        except CallMoved:
            self._tell("redirected" if self.member.bridge is None else "redirected-from-bridged")
            raise
        finally:
            self.queue.remove(self.member)
            self.member.gone = True
            if self.member.taker is not None:
                self.member.taker.bell.ring()

    async def _wait(self) -> str:
        leg, member = self.script.leg, self.member
        with leg.guarded(lambda: member.taker is not None):
            await self._wait_loop()
        if member.whisper is not None:
            await self.script.exchange.script(leg, WHISPER, with_fallback=False).follow(member.whisper)
        leg.check()
        if member.taker is None or member.taker_left:
            return "error"
        member.bridge = bridge = Bridge(member.taker, leg)
        try:
            await leg.wait(lambda: bridge.over)
        finally:
            bridge.leave(leg)
        return "bridged"

    async def _wait_loop(self) -> None:
        leg = self.script.leg
        if "waitUrl" not in self.verb.attributes:
            await leg.wait(lambda: False)
        script = self.script.exchange.script(leg, WAITING, with_fallback=False, in_queue=True)
        url = self.document.resolve(self.verb.of("waitUrl"))
        while True:
            before = leg.now()
            await script.follow(Errand(url, self.verb.method("waitUrlMethod"), self._position()))
            if leg.now() == before:  # an empty document must not be asked for without end at one instant
                await leg.rest(1)

    def _position(self) -> tuple[tuple[str, str], ...]:
        waiting = self.queue.members
        position = waiting.index(self.member) + 1 if self.member in waiting else 0
        return (
            ("QueuePosition", str(position)), ("QueueSid", self.queue.sid), ("QueueTime", str(self.member.waited())),
            ("AvgQueueTime", str(self.queue.average_wait())), ("CurrentQueueSize", str(len(waiting))),
            ("MaxQueueSize", str(self.queue.max_size)),
        )  # fmt: skip

    def _tell(self, result: str) -> None:
        """Tell the action although its answer reaches nobody."""
        if "action" in self.verb.attributes:
            self.script.exchange.inform(self.script.leg, self.action(result))

    def action(self, result: str) -> Errand:
        """The errand to the action."""
        told = (("QueueResult", result), ("QueueSid", self.queue.sid), ("QueueTime", str(self.member.waited())))
        return Errand(self.document.resolve(self.verb.of("action")), self.verb.method(), told)


async def dial_queue(script: "Script", document: Document, verb: Verb, noun: Verb) -> Outcome:
    """Take the first caller out of a queue (waiting for one if need be) and talk to them."""
    leg, exchange = script.leg, script.exchange
    leg.answer()
    queue = exchange.queue(noun.text)
    deadline = leg.now().add(seconds=verb.number("timeout", 30))
    while (member := queue.take(leg)) is None:
        leg.check()
        if leg.now() >= deadline:
            return Outcome("no-answer")
        await exchange.queue_bell.until(lambda: leg.over or bool(queue.members), seconds_between(leg.now(), deadline))
    if "url" in noun.attributes:
        told = (
            ("QueueSid", queue.sid), ("QueueTime", str(member.waited())), ("DequeingCallSid", leg.sid),
        )  # fmt: skip
        member.whisper = Errand(document.resolve(noun.of("url")), noun.method(), told)
    member.leg.bell.ring()
    try:
        await leg.wait(lambda: member.gone or member.leg.over, verb.number("timeLimit", 14400))
    finally:
        member.taker_left = True
    if member.bridge is None:
        return Outcome("failed", member.leg.sid)
    seconds = round(seconds_between(member.bridge.since, leg.now()))
    member.bridge.leave(leg)
    return Outcome("completed", member.leg.sid, seconds, bridged=True)
