"""What every webhook needs: made once by the composition."""

import math
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from whenever import Instant, TimeDelta

from storage.clock import Clock
from storage.database import Database
from storage.deliveries import FIRST
from storage.group_commit import GroupCommit
from storage.jobs import Jobs
from storage.journal import Journal
from storage.paging import Paging
from storage.plan_cache import PlanCache
from storage.seal import KeyRing
from storage.shift_answering import ShiftAnswers
from webhooks.learning import Learning
from webhooks.media import Media
from webhooks.urls import Urls

ANSWER_BOUND: Final = 9.0
"""Real seconds in which a webhook must have answered, whatever hangs: Twilio gives 15 in all, and may retry."""


GOES_ROUND_WITHIN: Final = TimeDelta(seconds=8)
"""Longer than a circle of two forwarded numbers takes; few hang up and call again so soon."""


class Metrics:
    """Counters, on a registry of their own. No label is about a person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = self._counter("webhooks", "Webhooks answered", "path")
        self.seconds = Histogram(
            "nightbell_webhook_seconds", "Until a webhook was answered", ["path"], registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
        )  # fmt: skip
        self.refused = self._counter("webhooks_refused", "Webhooks refused for their signature", "path")
        self.fallbacks = self._counter("spoken_fallbacks", "Webhooks answered with the spoken fallback", "why")
        self.unknown = self._counter("unknown_numbers", "Calls to numbers of no practice")
        self.repeats = self._counter("webhook_repeats", "Webhooks that came again")
        self.alerts = self._counter("alerts", "Alerts told to operators", "kind")
        self.told = self._counter("alert_deliveries", "Ways by which operators were told", "way", "outcome")
        self.twilio = Gauge(
            "nightbell_twilio_up", "1 while Twilio's REST API takes our requests, else 0", ["provider"],
            registry=self.registry,
        )  # fmt: skip
        self.twilio.labels(FIRST).set(math.nan)
        self.journaled = self._counter("journaled", "Events kept on disk because the database failed")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"nightbell_{name}", help_text, labels, registry=self.registry)


class Recently:
    """Who was passed on by this process within the last moments: a call that goes round in a circle comes again."""

    def __init__(self, within: TimeDelta = GOES_ROUND_WITHIN) -> None:
        self._within = within
        self._at: dict[str, Instant] = {}

    def again(self, who: str, now: Instant) -> bool:
        """Whether they were there a moment ago; from now on they were."""
        self._at = {each: at for each, at in self._at.items() if now - at < self._within}
        known = who in self._at
        self._at[who] = now
        return known


@dataclass(frozen=True, slots=True)
class Site:
    """The shells and settings that webhooks work with.

    `accounts`, `tokens`: of both providers, any of which may send and sign. `second_number`: from which the second one
    calls and texts; "" without one.
    """

    accounts: frozenset[str]
    tokens: tuple[str, ...]
    second_number: str
    clock: Clock
    database: Database
    events: GroupCommit
    ring: KeyRing
    plans: PlanCache
    paging: Paging
    jobs: Jobs
    journal: Journal
    urls: Urls
    media: Media
    learning: Learning
    shifts: ShiftAnswers
    metrics: Metrics
    passed_on: Recently = field(default_factory=Recently)
