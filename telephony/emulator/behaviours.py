"""What the person (or machine) at a phone does when it rings.

``Answers(after=3, script=[Hears("Press 1") >> Press("1")], talk_for=20)`` picks up after 3 s, presses 1 once it hears
"Press 1", and hangs up 20 s after the script is done (never, when ``talk_for`` is None: the other side must).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from telephony.emulator.line import Line


class Behaviour(Protocol):
    """How a phone meets a call."""

    @property
    def nature(self) -> str:
        """What answers: ``human``, ``machine`` or ``fax``; for answering machine detection."""

    @property
    def reachable(self) -> bool:
        """Whether the network finds the phone at all."""

    async def meet(self, line: "Line") -> None:
        """Do what is done with a ringing call."""


@dataclass(frozen=True, kw_only=True)
class Manual:
    """Rings until the test answers or declines."""

    nature: str = "human"
    reachable: bool = True

    async def meet(self, line: "Line") -> None:
        """Nothing: the test decides."""


@dataclass(frozen=True, kw_only=True)
class NoAnswer(Manual):
    """Rings on and on."""


@dataclass(frozen=True, kw_only=True)
class Unreachable(Manual):
    """The network does not find it: the call fails."""

    reachable: bool = False


@dataclass(frozen=True)
class Busy(Manual):
    """Declines, or is engaged: busy ``after`` so many seconds."""

    after: float = 0.0

    async def meet(self, line: "Line") -> None:
        """Be engaged."""
        await line.pause(self.after)
        line.decline_now()


# ---- what a person does during a call ----


class Step:
    """One thing done in a call; ``a >> b`` does one after the other."""

    def __rshift__(self, other: "Step") -> "Steps":
        return Steps((*self.parts(), *other.parts()))

    def parts(self) -> tuple["Step", ...]:
        """The single steps."""
        return (self,)

    async def take(self, line: "Line") -> None:
        """Do it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Steps(Step):
    """Several, in order."""

    steps: tuple[Step, ...]

    def parts(self) -> tuple[Step, ...]:
        """The single steps."""
        return self.steps

    async def take(self, line: "Line") -> None:
        """Do one after the other."""
        for step in self.steps:
            await step.take(line)


@dataclass(frozen=True)
class Hears(Step):
    """Wait until something containing ``text`` is said; gives up with the call, or after ``within`` seconds."""

    text: str
    within: float | None = None

    async def take(self, line: "Line") -> None:
        """Wait for it."""
        await line.catches(self.text, self.within)


@dataclass(frozen=True)
class Press(Step):
    """Press keys, ``after`` so many seconds."""

    digits: str
    after: float = 0.0

    async def take(self, line: "Line") -> None:
        """Press them."""
        await line.pause(self.after)
        line.press_now(self.digits)


@dataclass(frozen=True)
class Speak(Step):
    """Say something for ``seconds``."""

    text: str
    seconds: float = 3.0

    async def take(self, line: "Line") -> None:
        """Say it."""
        line.say_now(self.text, self.seconds)
        await line.pause(self.seconds)


@dataclass(frozen=True)
class Wait(Step):
    """Do nothing for ``seconds``."""

    seconds: float

    async def take(self, line: "Line") -> None:
        """Wait."""
        await line.pause(self.seconds)


@dataclass(frozen=True)
class HangUp(Step):
    """Hang up."""

    async def take(self, line: "Line") -> None:
        """Hang up."""
        line.hang_up_now()


@dataclass(frozen=True)
class Answers:
    """Picks up ``after`` seconds, presses ``keys`` (if any) after each first prompt, and does the ``script``."""

    after: float = 3.0
    script: Sequence[Step] = ()
    keys: str = ""
    talk_for: float | None = None
    nature: str = "human"
    reachable: bool = True

    async def meet(self, line: "Line") -> None:
        """Pick up and follow the script."""
        await line.pause(self.after)
        line.answer_now()
        if self.keys:
            await line.catches("")
            line.press_now(self.keys)
        for step in self.script:
            await step.take(line)
        if self.talk_for is not None:
            await line.pause(self.talk_for)
            line.hang_up_now()


def hangs_up_at_once(after: float = 3.0) -> Answers:
    """A phone that is picked up and put down again."""
    return Answers(after=after, talk_for=0.0)


@dataclass(frozen=True)
class Voicemail:
    """A machine: answers ``after`` seconds, speaks a greeting, records for a while, hangs up."""

    after: float = 20.0
    greeting: float = 4.0
    record_for: float = 30.0
    nature: str = "machine"
    reachable: bool = True

    async def meet(self, line: "Line") -> None:
        """Greet, record, hang up."""
        await line.pause(self.after)
        line.answer_now()
        line.say_now("You have reached my voicemail. Please leave a message after the tone.", self.greeting)
        await line.pause(self.greeting + self.record_for)
        line.hang_up_now()


# ---- text messages ----


@dataclass(frozen=True)
class Delivered:
    """The text arrives ``after`` seconds."""

    status: str = "delivered"
    error_code: int | None = None
    after: float = 1.0
    reply: str = ""
    reply_after: float = 0.0


def Undelivered(error_code: int = 30003) -> Delivered:  # noqa: N802  (reads as the kind of phone it makes)
    """The carrier could not deliver it: 30003 unreachable, 30005 unknown, 30006 landline, 30007 filtered."""
    return Delivered("undelivered", error_code)


def Failed(error_code: int = 30005) -> Delivered:  # noqa: N802
    """It could not even be sent."""
    return Delivered("failed", error_code)


def Silent() -> Delivered:  # noqa: N802
    """Sent, and nothing more is ever heard of it."""
    return Delivered("sent")


def Replies(body: str, after: float = 5.0) -> Delivered:  # noqa: N802
    """It arrives, and the person answers."""
    return replace(Delivered(), reply=body, reply_after=after)
