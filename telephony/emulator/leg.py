"""One phone's connection to Twilio: Twilio's Call resource, and the line between the phone and the script.

The phone's end changes it (keys, speech, hanging up), the script waits on it; each change rings its bell.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from whenever import Instant

from telephony.emulator.bell import Bell
from telephony.emulator.errors import CallMoved, CallOver, Released
from telephony.emulator.events import Answered, CallEvent, Ended
from telephony.emulator.sids import new_sid
from telephony.emulator.timeline import Timeline, seconds_between
from telephony.emulator.verb import Errand

if TYPE_CHECKING:
    from telephony.emulator.progress import Progress
    from telephony.emulator.rooms import Room

FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_GEO = ("City", "State", "Zip", "Country")


@dataclass(frozen=True, slots=True)
class Speech:
    """Something the person says; it ends at ``until``."""

    text: str
    until: Instant


@dataclass(eq=False)
class Guard:
    """While it stands, every wait of the script is cut short once the condition holds."""

    condition: Callable[[], bool]


@dataclass(eq=False)
class Leg:
    """One leg. ``direction`` is inbound, outbound-api or outbound-dial; ``status`` is Twilio's CallStatus."""

    timeline: Timeline
    account_sid: str
    direction: str
    from_: str
    to: str
    listener: Callable[["Leg", CallEvent], None] = lambda _leg, _event: None
    parent: "Leg | None" = None
    forwarded_from: str | None = None
    sid: str = field(default_factory=lambda: new_sid("CA"))
    status: str = "queued"
    answered_by: str | None = None
    progress: "Progress | None" = None
    fallback_url: str = ""
    fallback_method: str = "POST"
    created_at: Instant = field(init=False)
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str = ""
    events: list[CallEvent] = field(default_factory=list)
    keys: deque[str] = field(default_factory=deque)
    speech: deque[Speech] = field(default_factory=deque)
    listening: bool = False
    """Whether the script takes speech now: in Record, or in a Gather for speech."""
    room: "Room | None" = None
    moved_away: bool = False
    """Whether REST gave it a document of its own: it then outlives the <Dial> that called it."""
    time_limit: float | None = None
    """Seconds from the answer after which Twilio ends it, if REST set any."""
    digits_to_send: str = ""
    label: str | None = None
    """What REST called this participant of a conference."""
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    _moved: Errand | None = None
    _guards: list[Guard] = field(default_factory=list)
    _on_end: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.created_at = self.timeline.now()
        self.bell = Bell(self.timeline)

    # ---- what it is ----

    @property
    def phone_number(self) -> str:
        """The number of the phone at the far end."""
        return self.from_ if self.direction == "inbound" else self.to

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.status in FINAL

    @property
    def duration(self) -> int:
        """Whole seconds from the answer to the end (or to now); 0 when never answered."""
        if self.answered_at is None:
            return 0
        return round(seconds_between(self.answered_at, self.ended_at or self.timeline.now()))

    def params(self) -> tuple[tuple[str, str], ...]:
        """What every webhook about this call says; blanks included, as Twilio sends them."""
        pairs = [
            ("AccountSid", self.account_sid), ("ApiVersion", "2010-04-01"), ("CallSid", self.sid),
            ("CallStatus", self.status), ("Direction", self.direction), ("From", self.from_), ("To", self.to),
            ("Caller", self.from_), ("Called", self.to),
        ]  # fmt: skip
        for who in ("From", "To", "Caller", "Called"):
            pairs += [(f"{who}{what}", "US" if what == "Country" else "") for what in _GEO]
        if self.direction == "inbound":
            pairs += [("StirVerstat", "TN-Validation-Passed-A"), ("CallToken", '{"parentCallInfoToken":""}')]
        if self.parent is not None:
            pairs.append(("ParentCallSid", self.parent.sid))
        if self.forwarded_from is not None:
            pairs.append(("ForwardedFrom", self.forwarded_from))
        if self.answered_by is not None:
            pairs.append(("AnsweredBy", self.answered_by))
        return tuple(pairs)

    # ---- what happens to it ----

    def tell(self, event: CallEvent) -> None:
        """Write down what the person at the phone notices, and let everybody look again."""
        self.events.append(event)
        self.listener(self, event)
        self.bell.ring()

    def set_status(self, status: str) -> None:
        """Enter a state and report it to the status callback."""
        self.status = status
        if self.progress is not None:
            self.progress.report(self)
        self.bell.ring()

    def answer(self) -> None:
        """Twilio or the phone picks up; nothing when it is answered or over already."""
        if self.answered_at is None and not self.over:
            self.answered_at = self.timeline.now()
            self.tell(Answered(at=self.answered_at))
            self.set_status("in-progress")

    def end(self, status: str, reason: str) -> None:
        """The call is over, whatever its script is doing; the first end counts."""
        if self.over:
            return
        self.ended_at = self.timeline.now()
        self.end_reason = reason
        self.status = status  # first: whoever is woken or called back must see that it is over
        self.tell(Ended(at=self.ended_at, reason=reason))
        callbacks, self._on_end = self._on_end, []
        for callback in callbacks:
            callback()
        self.set_status(status)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Have something done at the end of the call."""
        self._on_end.append(callback)

    def move(self, errand: Errand) -> None:
        """Give the call another document (REST): its script drops what it does."""
        self._moved = errand
        self.moved_away = True
        if self.parent is not None:
            self.parent.bell.ring()
        self.bell.ring()

    # ---- what the script does ----

    def check(self) -> None:
        """Raise the interruption that is due, if any."""
        if self.over:
            raise CallOver
        if self._moved is not None:
            errand, self._moved = self._moved, None
            raise CallMoved(errand)
        for guard in self._guards:
            if guard.condition():
                raise Released(guard)

    async def wait(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Park until ``condition`` holds (True) or the time is over (False). Raises Interruption."""

        def holds() -> bool:
            self.check()
            return condition()

        return await self.bell.until(holds, timeout)

    async def rest(self, seconds: float) -> None:
        """Let time pass on the call. Raises Interruption."""
        await self.wait(lambda: False, seconds)

    @contextmanager
    def guarded(self, condition: Callable[[], bool]) -> Iterator[None]:
        """Run a stretch of script that is dropped, quietly, as soon as ``condition`` holds."""
        guard = Guard(condition)
        self._guards.append(guard)
        try:
            yield
        except Released as released:
            if released.guard is not guard:
                raise
        finally:
            self._guards.remove(guard)

    def now(self) -> Instant:
        """The timeline's time."""
        return self.timeline.now()
