"""Status callbacks: what Twilio reports about a call (or message) while it goes on, and in which order it arrives."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Protocol

from telephony.emulator.timeline import Timeline
from telephony.emulator.webhook import Request

if TYPE_CHECKING:
    from telephony.emulator.leg import Leg

_EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}
_FINAL = {"completed", "busy", "no-answer", "failed", "canceled"}


class CallbackOrder(Protocol):
    """How callbacks reach the product. ``delay`` is in timeline seconds, None for in turn; ``copies`` how many."""

    def delay(self) -> float | None:
        """How long the next callback takes, on its own; None: after those before it."""

    @property
    def copies(self) -> int:
        """How often each is delivered."""


@dataclass
class InOrder:
    """One after another, as they happened."""

    copies: int = 1

    def delay(self) -> float | None:
        """In turn."""
        return None


@dataclass
class Duplicated(InOrder):
    """In order, each delivered twice."""

    copies: int = 2


@dataclass
class Withheld(InOrder):
    """Never delivered."""

    copies: int = 0


class Shuffled:
    """Each takes its own time, up to ``longest`` seconds: they overtake each other, the same way for the same seed."""

    copies = 1

    def __init__(self, seed: int, longest: float = 3.0) -> None:
        self._random = Random(seed)  # noqa: S311  (a repeatable shuffle, no secret)
        self._longest = longest

    def delay(self) -> float | None:
        """A time of its own."""
        return self._random.uniform(0, self._longest)


class Callbacks:
    """Delivers callbacks beside the calls: nothing waits for them, and their answers are not performed."""

    def __init__(self, timeline: Timeline, send: Callable[[Request], Awaitable[None]]) -> None:
        self.order: CallbackOrder = InOrder()
        self._timeline = timeline
        self._send = send
        self._turns: dict[str, deque[Request]] = {}

    def post(self, request: Request, about: str) -> None:
        """Have a callback about a call, message or conference delivered."""
        for _ in range(self.order.copies):
            delay = self.order.delay()
            if delay is not None:
                self._timeline.spawn(self._later(request, delay), name=f"callback {request.url}")
            elif about in self._turns:
                self._turns[about].append(request)
            else:
                self._turns[about] = deque([request])
                self._timeline.spawn(self._in_turn(about), name=f"callbacks of {about}")

    async def _later(self, request: Request, delay: float) -> None:
        await self._timeline.sleep(delay)
        await self._send(request)

    async def _in_turn(self, about: str) -> None:
        waiting = self._turns[about]
        while waiting:
            await self._send(waiting.popleft())
        del self._turns[about]


@dataclass
class Progress:
    """Who wants to hear about one call, and of what. Twilio's default is ``completed`` only."""

    callbacks: Callbacks
    url: str
    method: str = "POST"
    wanted: frozenset[str] = frozenset({"completed"})
    sequence: int = field(default=0)

    def report(self, leg: "Leg") -> None:
        """Post a callback if the state that the leg has just entered is wanted."""
        event = "completed" if leg.status in _FINAL else _EVENT_OF.get(leg.status)
        if event is None or event not in self.wanted or not self.url:
            return
        extra = [
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(self.sequence)),
            ("Timestamp", leg.now().format_rfc2822().replace("GMT", "+0000")),
        ]
        if event == "completed":
            extra += [("CallDuration", str(leg.duration)), ("Duration", str(ceil(leg.duration / 60)))]
            extra += [("SipResponseCode", _SIP.get(leg.status, "200"))]
        self.sequence += 1
        self.callbacks.post(Request(self.url, self.method, (*leg.params(), *extra), "status"), leg.sid)


_SIP = {"busy": "486", "no-answer": "480", "failed": "404", "canceled": "487"}
