"""TwiML documents, as text. Built with the SDK's classes, which know the elements and attributes.

Durations are `TimeDelta`, rounded to TwiML's whole seconds. URLs are given whole.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from twilio.twiml.voice_response import Conference, Dial, Gather, VoiceResponse
from whenever import TimeDelta

from ivr.prompts import Utterance

Voices = Mapping[str, str]
"""Language tag to Twilio's voice name."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What a `<Gather>` takes; `url` gets the answer, silence too."""

    url: str
    most: int
    wait: TimeDelta
    finish: str = ""
    hints: tuple[str, ...] = ()
    language: str | None = None


_UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to hold (https://www.w3.org/TR/xml/#charsets): one such character would cost the document."""


class Document:
    """A TwiML document in the making; `str()` is what Twilio gets.

    The order of the calls is the order of the verbs. Every method returns the document itself.
    """

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        self._response = VoiceResponse()

    def __str__(self) -> str:
        return str(self._response)

    def say(self, utterances: Iterable[Utterance]) -> "Document":
        """Speak, with each language's voice."""
        self._say(self._response, utterances)
        return self

    def _say(self, parent: VoiceResponse | Gather, utterances: Iterable[Utterance]) -> None:
        for u in utterances:
            words = _UNSPEAKABLE.sub("", u.text)
            parent.say(words, voice=self._voices.get(u.language), language=u.language)  # type: ignore[no-untyped-call] # the SDK

    def gather(
        self,
        utterances: Iterable[Utterance],
        listening: Listening,
        *,
        pause: TimeDelta | None = None,
        silent: bool = True,
    ) -> "Document":
        """Speak and take keys meanwhile and after; `silent`: silence is sent to the URL too."""
        gather = self._response.gather(
            input="dtmf speech" if listening.hints else "dtmf",
            num_digits=listening.most,
            timeout=_seconds(listening.wait),
            finish_on_key=listening.finish,
            action=listening.url,
            method="POST",
            action_on_empty_result=silent,
            hints=", ".join(listening.hints) or None,
            language=listening.language if listening.hints else None,
            speech_timeout="auto" if listening.hints else None,
        )
        self._say(gather, utterances)
        if pause is not None:
            gather.pause(length=_seconds(pause))
        return self

    def pause(self, length: TimeDelta) -> "Document":
        """Be quiet for a while."""
        self._response.pause(length=_seconds(length))
        return self

    def record(self, url: str, status_url: str, at_most: TimeDelta, finish: str) -> "Document":
        """Record after a tone. Where nothing was said, Twilio goes on to the next verb."""
        self._response.record(
            action=url,
            method="POST",
            max_length=_seconds(at_most),
            timeout=5,
            finish_on_key=finish,
            play_beep=True,
            recording_status_callback=status_url,
            recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )
        return self

    def redirect(self, url: str) -> "Document":
        """Go on at the URL."""
        self._response.redirect(url, method="POST")
        return self

    def hang_up(self) -> "Document":
        """End the call."""
        self._response.hangup()
        return self

    def reject(self, reason: str) -> "Document":
        """Do not answer at all: `busy` or `rejected`."""
        self._response.reject(reason=reason)
        return self

    def leave(self) -> "Document":
        """Leave the queue."""
        self._response.leave()
        return self

    def play(self, url: str) -> "Document":
        """Play a sound."""
        self._response.play(url)
        return self

    def dial(
        self,
        numbers: Iterable[str],
        url: str | None,
        caller_id: str | None,
        ring_for: TimeDelta,
        *,
        screen: str | None = None,
        answered: str | None = None,
        in_turn: bool = False,
    ) -> "Document":
        """Ring the numbers, all at once or in turn, and bridge the first that picks up.

        `url`: what says how the call goes on; None: the next verb does.
        `screen`: what it hears before the bridge. `answered`: the URL that is told when one picks up. `caller_id`: None
        passes the caller's own number on.
        """
        dial: Dial = self._response.dial(
            action=url,
            method="POST" if url else None,
            caller_id=caller_id,
            timeout=_seconds(ring_for),
            sequential=in_turn or None,
        )
        for number in numbers:
            dial.number(
                number,
                url=screen,
                method="POST" if screen else None,
                status_callback=answered,
                status_callback_method="POST" if answered else None,
                status_callback_event="answered" if answered else None,
            )
        return self

    def conference(self, name: str, url: str, status_url: str, wait_url: str) -> "Document":
        """Join the room; who leaves ends it for the other."""
        dial: Dial = self._response.dial(action=url, method="POST")
        room: Conference = dial.conference(
            name,
            start_conference_on_enter=True,
            end_conference_on_exit=True,
            beep="false",
            wait_url=wait_url,
            wait_method="POST",
            status_callback=status_url,
            status_callback_event="start join leave end",
            status_callback_method="POST",
        )
        assert room is not None  # noqa: S101 - only for the reader: the SDK returns what it appended
        return self

    def enqueue(self, name: str, url: str, wait_url: str) -> "Document":
        """Hold in the queue."""
        self._response.enqueue(name, action=url, method="POST", wait_url=wait_url, wait_url_method="POST")
        return self

    def dial_queue(self, name: str, url: str, whisper: str) -> "Document":
        """Take whoever is first in the queue; they hear `whisper` before the bridge."""
        self._response.dial(action=url, method="POST").queue(name, url=whisper, method="POST")
        return self


def gathering(
    voices: Voices, utterances: tuple[Utterance, ...], listening: Listening, *, pause: TimeDelta | None = None
) -> str:
    """The document with one `<Gather>` alone, as most of a call's are.

    What it says and takes is rendered once; only the URL is new for each call and turn.
    """
    rendered = _gathering(tuple(voices.items()), utterances, replace(listening, url=_PLACE), pause)
    return rendered.replace(_PLACE, escape(listening.url, {'"': "&quot;"}))


_PLACE: Final = "url:here"


@lru_cache(maxsize=8192)
def _gathering(
    voices: tuple[tuple[str, str], ...],
    utterances: tuple[Utterance, ...],
    listening: Listening,
    pause: TimeDelta | None,
) -> str:
    return str(Document(dict(voices)).gather(utterances, listening, pause=pause))


def _seconds(length: TimeDelta) -> int:
    return max(1, round(length.total("seconds")))
