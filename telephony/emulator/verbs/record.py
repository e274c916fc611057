"""<Record>: take down what the person says.

Source: TwiML reference <Record>, TWILIO.md: the action defaults to the current URL; a hang-up makes a recording too,
with Digits=hangup.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telephony.emulator.errors import Interruption
from telephony.emulator.events import Played, Recorded
from telephony.emulator.recordings import Recording
from telephony.emulator.sids import new_sid
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb
from telephony.emulator.webhook import Request

if TYPE_CHECKING:
    from telephony.emulator.script import Script

_BEEP = 0.4
_ANY_KEY = "1234567890*#"
_SHORTEST, _LONGEST = 2, 120


@dataclass
class Take:
    """One recording being made."""

    script: "Script"
    verb: Verb
    ended_by: str = ""
    spoken: str = ""
    interruption: Interruption | None = None

    async def record(self) -> int:
        """Record until a key, silence, the longest length, or the end of the call; returns whole seconds."""
        leg = self.script.leg
        begun = leg.now()
        leg.listening = True
        leg.bell.ring()
        try:
            with leg.guarded(self._key):
                await self._listen(float(self.verb.number("maxLength", 3600)))
        except Interruption as interruption:
            self.ended_by, self.interruption = "hangup", interruption
        finally:
            leg.listening = False
            leg.speech.clear()
        return round(seconds_between(begun, leg.ended_at or leg.now()))

    async def _listen(self, longest: float) -> None:
        leg = self.script.leg
        end = leg.now().add(seconds=longest)
        silence = float(self.verb.number("timeout", 5))
        while True:
            left = seconds_between(leg.now(), end)
            if not await leg.wait(lambda: bool(leg.speech), min(silence, left)):
                return
            speech = leg.speech.popleft()
            self.spoken = f"{self.spoken} {speech.text}".strip()
            await leg.rest(min(seconds_between(leg.now(), speech.until), seconds_between(leg.now(), end)))

    def _key(self) -> bool:
        leg = self.script.leg
        wanted = self.verb.of("finishOnKey", _ANY_KEY)
        while leg.keys:
            key = leg.keys.popleft()
            if key in wanted:
                self.ended_by = key
                return True
        return bool(self.ended_by)


async def record(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Record, store it, tell the callbacks, and go to the action; silence alone goes on to the next verb."""
    leg = script.leg
    leg.answer()
    leg.keys.clear()
    if verb.flag("playBeep", default=True):
        leg.tell(Played(at=leg.now(), url="beep", seconds=_BEEP))
        await leg.rest(_BEEP)
    take = Take(script, verb)
    recording = Recording(account_sid=leg.account_sid, call_sid=leg.sid, at=leg.now())
    paperwork = _Paperwork(script, document, verb, recording)
    paperwork.report("in-progress")
    seconds = await take.record()
    if take.spoken or take.ended_by:
        recording.seconds, recording.words = seconds, take.spoken
    paperwork.file()
    errand = paperwork.action(take.ended_by)
    if take.interruption is not None:
        if leg.over:  # the action is told of the recording; what it answers reaches nobody
            script.exchange.inform(leg, errand)
        raise take.interruption
    return errand if recording.seconds or take.ended_by else None


@dataclass
class _Paperwork:
    """What is stored and told of one recording."""

    script: "Script"
    document: Document
    verb: Verb
    recording: Recording

    def file(self) -> None:
        """Store the recording if there is any, and tell the callbacks."""
        leg, recording = self.script.leg, self.recording
        if not recording.seconds:
            self.report("absent")
            return
        self.script.exchange.recordings[recording.sid] = recording
        leg.tell(Recorded(at=leg.now(), sid=recording.sid, seconds=recording.seconds))
        self.report("completed")
        if self.verb.flag("transcribe", default=False) or "transcribeCallback" in self.verb.attributes:
            self._transcribe()

    def action(self, ended_by: str) -> Errand:
        """The errand to the action; without one, to the document itself."""
        told = (
            ("RecordingSid", self.recording.sid), ("RecordingUrl", self._url()),
            ("RecordingDuration", str(self.recording.seconds)), *([("Digits", ended_by)] if ended_by else []),
        )  # fmt: skip
        return Errand(self.document.resolve(self.verb.of("action")), self.verb.method(), told)

    def report(self, status: str) -> None:
        """Post the recordingStatusCallback for the events asked for; by default only ``completed``."""
        wanted = self.verb.words("recordingStatusCallbackEvent") or ("completed",)
        if "recordingStatusCallback" not in self.verb.attributes or status not in wanted:
            return
        told = (
            ("RecordingStatus", status), ("RecordingDuration", str(self.recording.seconds)),
            ("RecordingChannels", "1"), ("RecordingSource", "RecordVerb"), ("RecordingTrack", "both"),
            ("RecordingStartTime", self.recording.at.format_rfc2822().replace("GMT", "+0000")), ("ErrorCode", "0"),
        )  # fmt: skip
        self._post("recordingStatusCallback", self.verb.method("recordingStatusCallbackMethod"), told)

    def _transcribe(self) -> None:
        """Twilio transcribes 2 to 120 seconds, and tells of its failure otherwise."""
        done = _SHORTEST <= self.recording.seconds <= _LONGEST
        told = (
            ("TranscriptionSid", new_sid("TR")), ("TranscriptionStatus", "completed" if done else "failed"),
            ("TranscriptionText", self.recording.words if done else ""), ("TranscriptionType", "fast"),
        )  # fmt: skip
        self._post("transcribeCallback", "POST", told)

    def _post(self, attribute: str, method: str, told: tuple[tuple[str, str], ...]) -> None:
        if attribute not in self.verb.attributes:
            return
        about = (
            ("AccountSid", self.script.leg.account_sid), ("CallSid", self.script.leg.sid),
            ("RecordingSid", self.recording.sid), ("RecordingUrl", self._url()),
        )  # fmt: skip
        request = Request(self.document.resolve(self.verb.of(attribute)), method, (*about, *told), "recording")
        self.script.exchange.callbacks.post(request, self.recording.sid)

    def _url(self) -> str:
        return self.script.exchange.url_of(self.recording.path)
