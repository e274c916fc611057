"""Sound files: how long they play, and a small one of our own."""

import io
import wave
from collections.abc import Callable

import httpx

from telephony.emulator.webhook import Webhooks

_BYTES_PER_SECOND = 8000
_RATE = 8000


class Sounds:
    """Fetches what <Play> names. Each URL is asked once, as Twilio's cache would."""

    def __init__(self, webhooks: Webhooks, note: Callable[[int, str, str], None]) -> None:
        self._webhooks = webhooks
        self._note = note
        self._known: dict[str, float | None] = {}

    async def length(self, url: str) -> float | None:
        """Seconds that the file plays; None when it cannot be had (Twilio's 11200 or 12300, noted)."""
        if url not in self._known:
            self._known[url] = await self._fetch(url)
        return self._known[url]

    async def _fetch(self, url: str) -> float | None:
        try:
            response = await self._webhooks.plain_get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._note(11200, url, f"<Play>: {type(error).__name__}")
            return None
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not response.is_success:
            self._note(11200, url, f"<Play>: status {response.status_code}")
            return None
        if not kind.startswith("audio/"):
            self._note(12300, url, f"<Play>: content type {kind!r} is no sound")
            return None
        return _seconds(response.content)


def _seconds(content: bytes) -> float:
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return max(0.1, float(sound.getnframes()) / float(sound.getframerate()))
    except (wave.Error, EOFError):
        return max(1.0, len(content) / _BYTES_PER_SECOND)


def silence(seconds: int) -> bytes:
    """A valid WAV file of silence: 8 kHz, 8 bit, mono."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_RATE)
        sound.writeframes(b"\x80" * (_RATE * min(seconds, 60)))
    return buffer.getvalue()
