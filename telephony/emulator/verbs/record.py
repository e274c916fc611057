"""<Record>: take down what the person says.

Source: TwiML reference <Record>, TWILIO.md: the action defaults to the current URL; a hang-up makes a recording too,
with Digits=hangup.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telephony.emulator.errors import Interruption
from telephony.emulator.events import Played, Recorded
from telephony.emulator.recordings import Recording
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb
from telephony.emulator.webhook import Request

if TYPE_CHECKING:
    from telephony.emulator.script import Script

_BEEP = 0.4
_ANY_KEY = "1234567890*#"


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
    """Record, store it, tell the recording callback, and go to the action."""
    leg, exchange = script.leg, script.exchange
    leg.answer()
    leg.keys.clear()
    if verb.flag("playBeep", default=True):
        leg.tell(Played(at=leg.now(), url="beep", seconds=_BEEP))
        await leg.rest(_BEEP)
    take = Take(script, verb)
    begun = leg.now()
    seconds = await take.record()
    if not take.spoken and not take.ended_by:  # silence alone is no recording: the script goes on
        seconds = 0
    recording = Recording(account_sid=leg.account_sid, call_sid=leg.sid, seconds=seconds, words=take.spoken, at=begun)
    if seconds:
        exchange.recordings[recording.sid] = recording
        leg.tell(Recorded(at=leg.now(), sid=recording.sid, seconds=seconds))
    _report(script, document, verb, recording)
    told = (
        ("RecordingSid", recording.sid), ("RecordingUrl", exchange.url_of(recording.path)),
        ("RecordingDuration", str(seconds)), ("Digits", take.ended_by),
    )  # fmt: skip
    errand = Errand(document.resolve(verb.of("action")), verb.method(), told)
    if take.interruption is not None:
        if leg.over:  # the action is told of the recording; what it answers reaches nobody
            exchange.inform(leg, errand)
        raise take.interruption
    return errand if seconds or take.ended_by else None


def _report(script: "Script", document: Document, verb: Verb, recording: Recording) -> None:
    """Post the recordingStatusCallback for the events asked for; by default only ``completed``."""
    if "recordingStatusCallback" not in verb.attributes:
        return
    status = "completed" if recording.seconds else "absent"
    if status not in (verb.words("recordingStatusCallbackEvent") or ("completed",)):
        return
    told = (
        ("AccountSid", script.leg.account_sid), ("CallSid", script.leg.sid), ("RecordingSid", recording.sid),
        ("RecordingUrl", script.exchange.url_of(recording.path)), ("RecordingStatus", status),
        ("RecordingDuration", str(recording.seconds)), ("RecordingChannels", "1"), ("RecordingSource", "RecordVerb"),
        ("RecordingStartTime", recording.at.format_rfc2822().replace("GMT", "+0000")),
        ("RecordingTrack", "both"), ("ErrorCode", "0"),
    )  # fmt: skip
    url = document.resolve(verb.of("recordingStatusCallback"))
    request = Request(url, verb.method("recordingStatusCallbackMethod"), told, "recording")
    script.exchange.callbacks.post(request, recording.sid)
