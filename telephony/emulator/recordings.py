"""Recordings, as Twilio keeps them."""

from dataclasses import dataclass, field

from whenever import Instant

from telephony.emulator.sids import new_sid


@dataclass
class Recording:
    """One recording of ``seconds`` length; ``words`` is what was said, for tests to look at."""

    account_sid: str
    call_sid: str
    at: Instant
    seconds: int = 0
    words: str = ""
    sid: str = field(default_factory=lambda: new_sid("RE"))

    @property
    def path(self) -> str:
        """Where its media are, below the API's host; ``.mp3`` and ``.wav`` may be added."""
        return f"/2010-04-01/Accounts/{self.account_sid}/Recordings/{self.sid}"
