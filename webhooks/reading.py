"""Reading a webhook: what the caller did, in the flow's words."""

from collections.abc import Mapping
from typing import Final

from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, QueueEnded, Recorded, Spoken
from ivr.position import Phase
from webhooks.signed import Webhook

_RECORDS: Final = frozenset({Phase.RECORD, Phase.REASON})
_PRIVATE: Final = frozenset({Phase.NUMBER, Phase.FIELD})
_DIAL_RESULTS: Final = {
    "completed": DialResult.ANSWERED,
    "answered": DialResult.ANSWERED,
    "busy": DialResult.BUSY,
    "no-answer": DialResult.NO_ANSWER,
}


def read_input(phase: Phase, webhook: Webhook) -> Input:
    """What came back at a position of this phase."""
    form = webhook.form
    if phase is Phase.ENTER:
        return Entered()
    if phase is Phase.RING:
        return DialEnded(dial_result(form))
    if phase is Phase.QUEUE:
        return QueueEnded(form.get("QueueResult") in {"bridged", "bridging-in-process", "redirected-from-bridged"})
    if phase in _RECORDS or (phase is Phase.FIELD and _is_recording(webhook)):
        return Recorded(_seconds(form.get("RecordingDuration", "")), form.get("Digits") == "hangup")
    if "SpeechResult" in form:
        return Spoken(form["SpeechResult"])
    return Keys(form.get("Digits", ""))


def _is_recording(webhook: Webhook) -> bool:
    """A field was recorded; 0 and star, pressed meanwhile, mean what they mean at every other field."""
    recorded = "RecordingDuration" in webhook.form or "empty" in webhook.query
    return recorded and webhook.form.get("Digits") not in {"0", "*"}


def dial_result(form: Mapping[str, str], *, screened: bool = False) -> DialResult:
    """How a Dial ended. One that was picked up but not bridged (its screening refused) counts as no answer.

    `screened`: then nothing but Twilio's word that it was bridged makes it an answer, since a voicemail picks up too.
    """
    result = _DIAL_RESULTS.get(form.get("DialCallStatus", ""), DialResult.FAILED)
    bridged = form.get("DialBridged", "false" if screened else "true")
    return DialResult.NO_ANSWER if result is DialResult.ANSWERED and bridged == "false" else result


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - a day is 5 digits


def is_private(phase: Phase, given: Input) -> bool:
    """True for what may be about the patient: entries, and spoken words."""
    return phase in _PRIVATE or isinstance(given, Spoken)
