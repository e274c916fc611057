"""<Gather>: keys or speech, with prompts that a key may cut short.

Source: TwiML reference <Gather>, TWILIO.md: the timeout starts after the nested prompts, a lone finish key counts as
no input, no input falls through unless actionOnEmptyResult.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script

_PAUSE_AFTER_SPEECH = 1.0


@dataclass
class Gathering:
    """What one <Gather> has got so far."""

    script: "Script"
    verb: Verb
    digits: str = ""
    finish_key: str = ""
    speech: str = ""
    done: bool = False
    inputs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.inputs = self.verb.words("input") or ("dtmf",)

    @property
    def heard_from(self) -> bool:
        """Whether there is input that was not taken yet."""
        leg = self.script.leg
        return bool(leg.keys and "dtmf" in self.inputs) or bool(leg.speech and "speech" in self.inputs)

    async def collect(self) -> None:
        """Take keys and speech until the input is complete or nothing comes for ``timeout`` seconds."""
        leg, timeout = self.script.leg, self.verb.number("timeout", 5)
        while not self.done and await leg.wait(lambda: self.heard_from, timeout):
            if "speech" in self.inputs and leg.speech:
                await self._listen()
            else:
                self._take(leg.keys.popleft())

    def _take(self, key: str) -> None:
        if key in self.verb.of("finishOnKey", "#") and key:
            self.finish_key, self.done = key, True
            return
        self.digits += key
        self.done = len(self.digits) == self.verb.number("numDigits", 0)

    async def _listen(self) -> None:
        leg = self.script.leg
        speech = leg.speech.popleft()
        silence = self.verb.of("speechTimeout", "auto")
        pause = _PAUSE_AFTER_SPEECH if silence == "auto" else float(silence)
        await leg.rest(max(0.0, seconds_between(leg.now(), speech.until)) + pause)
        self.speech, self.done = speech.text, True

    def result(self) -> tuple[tuple[str, str], ...] | None:
        """What the action is told; None when there was no input."""
        if self.speech:
            return ("SpeechResult", self.speech), ("Confidence", "0.9")
        if self.digits or self.verb.flag("actionOnEmptyResult", default=False):
            return ("Digits", self.digits), ("FinishedOnKey", self.finish_key), ("msg", "Gather End")
        return None


async def gather(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Prompt, collect, and go to the action; fall through when nothing came."""
    leg = script.leg
    leg.answer()
    gathering = Gathering(script, verb)
    leg.listening = "speech" in gathering.inputs
    leg.bell.ring()
    try:
        with leg.guarded(lambda: verb.flag("bargeIn", default=True) and gathering.heard_from):
            leg.check()
            for child in verb.children:
                await script.exchange.performers[child.name](script, document, child)
        await gathering.collect()
    finally:
        leg.listening = False
        leg.speech.clear()
    result = gathering.result()
    return None if result is None else Errand(document.resolve(verb.of("action")), verb.method(), result)
