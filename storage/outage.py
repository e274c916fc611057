"""Saying once that something fails, and once that it is back: a log that repeats itself hides what else is in it."""

import structlog

_log = structlog.get_logger(__name__)


class Outage:
    """What is known of one piece of work that may fail for a while. `words` go with each of its two lines."""

    def __init__(self, name: str, **words: str) -> None:
        self._name = name
        self._words = words
        self._why = ""
        self._failures = 0

    def failed(self, error: str, **more: str) -> None:
        """It failed; said when it had worked before, or failed for another reason."""
        self._failures += 1
        if error != self._why:
            self._why = error
            _log.error(f"{self._name}_failed", error=error, **self._words, **more)

    def worked(self) -> None:
        """It worked; said when it had failed."""
        if self._failures:
            _log.warning(f"{self._name}_is_back", failures=self._failures, **self._words)
        self._why, self._failures = "", 0
