"""`doctor`: is this installation fit to answer calls?"""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from nightbell.cli.console import stdout
from nightbell.doctor import Finding, examine, is_fit
from nightbell.doctor.installation import open_installation
from nightbell.doctor.outcome import Level
from nightbell.doctor.settings import faulty
from nightbell.logs import set_up_logs
from nightbell.settings import SettingsError, load_settings

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.WRONG: "red", Level.UNKNOWN: "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")] = False) -> None:
    """Look at everything that a night depends on, and say what is wrong and what mends it.

    The exit status is 1 when something is wrong; 0 otherwise, also with warnings and with what could not be checked.
    """
    set_up_logs("error", "text")
    findings = asyncio.run(_examined())
    if as_json:
        shown = [{"check": finding.check, **asdict(finding.outcome)} for finding in findings]
        typer.echo(json.dumps({"fit": is_fit(findings), "findings": shown}, indent=2))
    else:
        for finding in findings:
            show_finding(finding)
    if not is_fit(findings):
        raise typer.Exit(1)


async def _examined() -> list[Finding]:
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Finding("settings", outcome) for outcome in faulty(error)]
    async with open_installation(settings) as installation:
        return await examine(installation)


def show_finding(finding: Finding) -> None:
    """A line, and what mends it."""
    outcome = finding.outcome
    stdout.print(f"{finding.check}: {outcome.level}: {outcome.says}", style=_STYLES[outcome.level], markup=False)
    if outcome.mend:
        stdout.print(f"    mend: {outcome.mend}", markup=False)
