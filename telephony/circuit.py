"""Whether the first provider is asked, or passed by for a while because it has failed a moment ago. Pure."""

from typing import Final

from whenever import Instant, TimeDelta

REST: Final = TimeDelta(minutes=1)
"""How long a provider that failed is not asked: the next clinician is not to wait for it, too."""


class Circuit:
    """What one process knows of one provider, for calls or for texts. It reads no clock."""

    def __init__(self, rest: TimeDelta = REST) -> None:
        self._rest = rest
        self._failed_at: Instant | None = None

    def lets(self, now: Instant) -> bool:
        """Whether to ask it. After the rest one does, and the others still pass it by until it is known how that went.

        A clock that was set back ends the rest.
        """
        if self._failed_at is None:
            return True
        if self._failed_at <= now < self._failed_at + self._rest:
            return False
        self._failed_at = now
        return True

    def failed(self, now: Instant) -> None:
        """It failed, and not for one number's sake."""
        self._failed_at = now

    def worked(self) -> None:
        """It took a request."""
        self._failed_at = None
