"""<Say>, <Play> and <Pause>."""

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING

from telephony.emulator.events import Played
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script

_TONE = 0.5
_WAITS = {"w": 0.5, "W": 1.0}


def _turns(verb: Verb) -> Iterable[int]:
    """How often: once by default, without end for 0."""
    loop = verb.number("loop", 1)
    return range(loop) if loop else count()


async def say(script: "Script", _document: Document, verb: Verb) -> Errand | None:
    """Speak the text."""
    script.leg.answer()
    for _ in _turns(verb):
        await script.speak(verb.text, verb.of("language"), verb.of("voice"))
        if not verb.text:
            break
    return None


async def play(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Play a sound file fetched from the server, or tones."""
    script.leg.answer()
    if "digits" in verb.attributes:
        digits = verb.of("digits")
        tones = sum(_WAITS.get(each, _TONE) for each in digits)
        script.leg.tell(Played(at=script.leg.now(), digits=digits, seconds=tones))
        await script.sound(tones)
        return None
    url = document.resolve(verb.text)
    seconds = await script.exchange.sounds.length(url)
    if seconds is None:
        return None
    for _ in _turns(verb):
        script.leg.tell(Played(at=script.leg.now(), url=url, seconds=seconds))
        await script.sound(seconds)
    return None


async def pause(script: "Script", _document: Document, verb: Verb) -> Errand | None:
    """Say nothing for a while. As the first verb it delays the answer: it does not answer by itself."""
    await script.leg.rest(verb.number("length", 1))
    return None
