"""Calls whose end may never have been told: nothing was heard of them for a while."""

from dataclasses import dataclass
from typing import Any

from whenever import Instant, TimeDelta

from storage.calls import calls_without_news
from webhooks.site import Site


@dataclass(frozen=True, slots=True)
class QuietCall:
    """A call that goes on, but of which nothing was heard for a while."""

    sid: str
    practice: str
    version: int
    dialled: str
    started_at: Instant
    heard_at: Instant

    def ended(self, seconds: int | None) -> dict[str, Any]:
        """What `webhooks.closing.close_call` needs to know: Twilio says that it is over and lasted so many seconds.

        Where it does not know any more how long, the call ended when something was last heard of it.
        """
        at = self.heard_at if seconds is None else self.started_at + TimeDelta(seconds=seconds)
        head = {"sid": self.sid, "practice": self.practice, "version": self.version, "dialled": self.dialled}
        return {**head, "caller": None, "at": max(at, self.heard_at).format_iso(), "seconds": seconds}


async def quiet_calls(site: Site, since: Instant) -> list[QuietCall]:
    """Calls that go on, but of which nothing was heard since then."""
    async with site.database.transaction() as connection:
        rows = await calls_without_news(connection, since)
    return [
        QuietCall(**{**row, "started_at": Instant(row["started_at"]), "heard_at": Instant(row["heard_at"])})
        for row in rows
    ]
