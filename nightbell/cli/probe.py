"""`probe`: the watchdog from outside."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from whenever import Instant, TimeDelta

from nightbell.cli.console import Stop, stderr
from nightbell.cli.doctor import show_finding
from nightbell.doctor import Finding, is_fit
from nightbell.logs import set_up_logs
from nightbell.probe.figures import write_figures
from nightbell.probe.probing import Prober, open_prober, require
from nightbell.probe.telling import Memory, tell_news
from nightbell.settings import load_settings

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LEAST: Final = TimeDelta(seconds=30)
_MOST: Final = TimeDelta(hours=24)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(probe)


def probe(
    every: Annotated[str, typer.Option(help="How long from one walk to the next: 90s, 5m, 1h.")] = "5m",
    once: Annotated[
        bool, typer.Option("--once", help="Walk once; the exit status is 1 when something is wrong.")
    ] = False,
    api: Annotated[str, typer.Option(help="The origin of the REST API, where it is not NIGHTBELL_PUBLIC_URL.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="A JSON document for each walk, on one line.")] = False,
    metrics: Annotated[
        Path | None, typer.Option(help="A file for the node exporter's textfile collector, such as probe.prom.")
    ] = None,
) -> None:
    """Walk a synthetic call and page through the whole system, and tell the operators when that fails.

    Best on another machine: it needs no database, and tells by itself. Nobody is ever rung or paged by it, and nothing
    of it is in a report.
    """
    settings = load_settings()
    require(settings)
    pause = _length(every)
    set_up_logs("error", settings.log_format)
    memory = Memory(settings.data_dir / "probe.json")

    async def walk(prober: Prober) -> bool:
        findings, seconds = await prober.probe()
        _show(findings, seconds, as_json=as_json)
        await tell_news(settings, prober.gateway, memory, findings, Instant.now())
        if metrics is not None:
            _write(metrics, findings, seconds)
        return is_fit(findings)

    async def run() -> bool:
        async with open_prober(settings, api) as prober:
            while True:
                fit = await walk(prober)
                if once:
                    return fit
                await asyncio.sleep(pause.total("seconds"))

    if not asyncio.run(run()):
        raise typer.Exit(1)


def _write(path: Path, findings: list[Finding], seconds: dict[str, float]) -> None:
    """Without its figures a walk is a walk all the same, and whoever watches the file sees that it is old."""
    try:
        write_figures(path, findings, seconds, Instant.now())
    except OSError as error:
        stderr.print(f"nightbell: --metrics: {path}: {error.strerror}", style="red", highlight=False, markup=False)


def _length(text: str) -> TimeDelta:
    """A span as people write it. Raises Stop."""
    number, unit = text[:-1], text[-1:]
    known = number.isascii() and number.isdigit() and unit in _UNITS
    length = TimeDelta(seconds=int(number[:6]) * _UNITS[unit]) if known else TimeDelta.ZERO
    if not _LEAST <= length <= _MOST:
        raise Stop(f"--every: {text!r} is not a time from 30s to 24h, such as 5m")
    return length


def _show(findings: list[Finding], seconds: dict[str, float], *, as_json: bool) -> None:
    if not as_json:
        for finding in findings:
            show_finding(finding)
        return
    shown = [{"check": finding.check, **asdict(finding.outcome)} for finding in findings]
    told = {"at": Instant.now().format_iso(), "fit": is_fit(findings), "seconds": seconds, "findings": shown}
    typer.echo(json.dumps(told))
