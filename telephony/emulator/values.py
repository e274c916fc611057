"""Which values the attributes of TwiML take: whole numbers with their range, enumerations, URLs.

Source: the attribute tables of Twilio's TwiML reference (Say, Play, Gather, Dial, Number, Conference, Queue, Enqueue,
Record, Redirect, Reject, Pause), as gathered in TWILIO.md. An attribute named nowhere here takes any text.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

Check = Callable[[str], str | None]
"""Says what is wrong with a value, or None."""


def whole(low: int, high: int | None = None) -> Check:
    """A whole number in a range, ends included."""

    def check(value: str) -> str | None:
        if not re.fullmatch(r"-?[0-9]+", value.strip()):
            return "is not a whole number"
        number = int(value)
        return None if number >= low and (high is None or number <= high) else f"is outside {low} to {high or 'any'}"

    return check


def one_of(*allowed: str) -> Check:
    """Exactly one of these words."""
    return lambda value: None if value in allowed else f"is none of {', '.join(allowed)}"


def some_of(*allowed: str) -> Check:
    """Words from these, separated by blanks."""

    def check(value: str) -> str | None:
        wrong = [word for word in value.split() if word not in allowed]
        return f"has {wrong[0]!r}, which is none of {', '.join(allowed)}" if wrong else None

    return check


def matches(pattern: str, what: str) -> Check:
    """A text of this form."""
    return lambda value: None if re.fullmatch(pattern, value) else f"is not {what}"


def url(value: str) -> str | None:
    """A relative URL, or an absolute one with http or https and a host."""
    if not value.strip() or any(c.isspace() for c in value.strip()):
        return "is not a URL"
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return "is not a URL"
    return None if parts.scheme in {"", "http", "https"} and (parts.netloc or not parts.scheme) else "is not a URL"


METHOD = one_of("GET", "POST")
FLAG = one_of("true", "false")
LANGUAGE = matches(r"[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{2,4}){0,2}", "a language")
_CALL_EVENTS = some_of("initiated", "ringing", "answered", "completed")
_CONFERENCE_EVENTS = some_of("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
_RECORDING_EVENTS = some_of("in-progress", "completed", "absent")
_RECORD = one_of(
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
    "true",
    "false",
)
_TRIM = one_of("trim-silence", "do-not-trim")
_BEEP = one_of("true", "false", "onEnter", "onExit")
_KEYS = matches(r"[0-9*#wW]*", "a row of telephone keys")

_ANYWHERE: dict[str, Check] = {
    "action": url, "method": METHOD, "statusCallback": url, "statusCallbackMethod": METHOD,
    "recordingStatusCallback": url, "recordingStatusCallbackMethod": METHOD,
    "recordingStatusCallbackEvent": _RECORDING_EVENTS, "waitUrlMethod": METHOD, "waitMethod": METHOD,
    "language": LANGUAGE, "trim": _TRIM, "transcribeCallback": url, "referUrl": url, "referMethod": METHOD,
    "amdStatusCallback": url, "amdStatusCallbackMethod": METHOD,
}  # fmt: skip
_VALUES: dict[tuple[str, str], Check] = {
    ("Say", "loop"): whole(0, 1000), ("Play", "loop"): whole(0, 1000), ("Play", "digits"): _KEYS,
    ("Say", "voice"): matches(r"man|woman|alice|Polly\.[A-Za-z-]+|Google\.[A-Za-z0-9-]+|ElevenLabs\..+", "a voice"),
    ("Pause", "length"): whole(0, 600),
    ("Gather", "timeout"): whole(0, 3600), ("Gather", "numDigits"): whole(1),
    ("Gather", "finishOnKey"): matches(r"[0-9*#]?", "one key, or none"),
    ("Gather", "input"): some_of("dtmf", "speech"),
    ("Gather", "speechTimeout"): matches(r"auto|[1-9][0-9]*", "`auto` or seconds"),
    ("Gather", "bargeIn"): FLAG, ("Gather", "actionOnEmptyResult"): FLAG, ("Gather", "partialResultCallback"): url,
    ("Gather", "enhanced"): FLAG, ("Gather", "profanityFilter"): FLAG, ("Gather", "maxSpeechTime"): whole(1, 60),
    ("Dial", "timeout"): whole(5, 600), ("Dial", "timeLimit"): whole(1, 86400), ("Dial", "hangupOnStar"): FLAG,
    ("Dial", "answerOnBridge"): FLAG, ("Dial", "sequential"): FLAG, ("Dial", "record"): _RECORD,
    ("Number", "url"): url, ("Number", "statusCallbackEvent"): _CALL_EVENTS, ("Number", "sendDigits"): _KEYS,
    ("Number", "machineDetection"): one_of("Enable", "DetectMessageEnd"),
    ("Queue", "url"): url,
    ("Conference", "waitUrl"): lambda value: None if not value else url(value),
    ("Conference", "muted"): FLAG, ("Conference", "startConferenceOnEnter"): FLAG,
    ("Conference", "endConferenceOnExit"): FLAG, ("Conference", "beep"): _BEEP,
    ("Conference", "maxParticipants"): whole(2, 250), ("Conference", "statusCallbackEvent"): _CONFERENCE_EVENTS,
    ("Conference", "record"): one_of("do-not-record", "record-from-start", "true", "false"),
    ("Enqueue", "waitUrl"): url, ("Enqueue", "maxQueueSize"): whole(1, 5000),
    ("Record", "maxLength"): whole(1, 14400), ("Record", "timeout"): whole(1, 14400),
    ("Record", "finishOnKey"): matches(r"[0-9*#]*", "a set of keys"), ("Record", "playBeep"): FLAG,
    ("Record", "transcribe"): FLAG,
    ("Reject", "reason"): one_of("rejected", "busy"),
    ("Message", "to"): matches(r"\+[1-9][0-9]{6,14}", "an E.164 number"),
}  # fmt: skip


def fault_of(element: str, attribute: str, value: str) -> str | None:
    """What is wrong with this attribute's value, or None."""
    check = _VALUES.get((element, attribute)) or _ANYWHERE.get(attribute)
    return check(value) if check else None
