"""Recordings for Twilio to play to a clinician: a link that works for minutes, and says nothing.

The recording stays at Twilio behind its HTTP authentication; this server fetches it with the account's credentials
and passes it on to whoever holds the link, which is the clinician's leg.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import httpx
from whenever import Instant, TimeDelta

from telephony.errors import UncertainError
from telephony.trust import certificates

VALID_FOR: Final = TimeDelta(minutes=15)


class Media:
    """Makes links, checks them, and fetches what they stand for.

    `secrets`: the first makes links, any is taken for one, so that a link holds while servers exchange a token.
    """

    def __init__(self, origin: str, secrets: Sequence[bytes], auth: tuple[str, str]) -> None:
        self.origin = origin.rstrip("/")
        self._secrets = [hmac.new(secret, b"nightbell media", sha256).digest() for secret in secrets]
        timeout = httpx.Timeout(8.0, connect=3.0)
        self._http = httpx.AsyncClient(verify=certificates(), auth=auth, timeout=timeout, follow_redirects=True)

    def link(self, recording: str, now: Instant) -> str:
        """A URL under which the recording is played until 15 minutes from now."""
        until = (now + VALID_FOR).timestamp()
        return f"{self.origin}/media/{recording}?until={until}&mark={_mark(self._secrets[0], recording, until)}"

    def allows(self, recording: str, until: str, mark: str, now: Instant) -> bool:
        """True for a link that this server made and that has not run out."""
        if not (until.isascii() and until.isdigit() and len(until) <= 12 and mark.isascii()):  # noqa: PLR2004 - seconds
            return False
        marks = [_mark(secret, recording, int(until)) for secret in self._secrets]
        genuine = any(hmac.compare_digest(own, mark) for own in marks)
        return genuine and now.timestamp() <= int(until)

    async def fetch(self, url: str) -> tuple[bytes, str]:
        """The recording and its content type. Raises UncertainError."""
        try:
            answer = await self._http.get(url)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UncertainError(f"the recording could not be fetched: {type(error).__name__}") from error
        return answer.content, answer.headers.get("content-type", "audio/x-wav")

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()


def _mark(secret: bytes, recording: str, until: int) -> str:
    return hmac.new(secret, f"{recording} {until}".encode(), sha256).hexdigest()
