"""A walk as figures, for the textfile collector of Prometheus' node exporter."""

from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from whenever import Instant

from nightbell.doctor import Finding, is_fit
from nightbell.doctor.outcome import Level

_WORTH: Final = {Level.OK: 1.0, Level.WARNING: 1.0, Level.WRONG: 0.0, Level.UNKNOWN: float("nan")}


def write_figures(path: Path, findings: list[Finding], seconds: dict[str, float], now: Instant) -> None:
    """Write them whole or not at all. Raises OSError."""
    registry = CollectorRegistry()
    Gauge("nightbell_probe_success", "1 when nothing was wrong in the last walk", registry=registry).set(
        float(is_fit(findings))
    )
    at = Gauge("nightbell_probe_timestamp_seconds", "When the last walk ended; old: no probe runs", registry=registry)
    at.set(now.timestamp())
    steps = Gauge("nightbell_probe_check", "1: well, 0: wrong, NaN: not reached", ["check"], registry=registry)
    for finding in findings:
        steps.labels(finding.check).set(_WORTH[finding.outcome.level])
    took = Gauge("nightbell_probe_seconds", "How long parts of the walk took", ["part"], registry=registry)
    for part, value in seconds.items():
        took.labels(part).set(value)
    write_to_textfile(str(path), registry)
