"""`fallback`: the last resort as static files."""

from pathlib import Path
from typing import Annotated

import typer

from nightbell.cli.console import Stop, stdout, wall, with_parts
from nightbell.composition import Parts
from nightbell.fallback import static_files, write


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fallback)


def fallback(
    out: Annotated[Path | None, typer.Option(help="The folder to write to; NIGHTBELL_FALLBACK_DIR's.")] = None,
) -> None:
    """Write the last resort as static TwiML files, one for each practice number, for a host of its own.

    One more is for the second provider's number, where there is one.

    With NIGHTBELL_FALLBACK_DIR set, the worker keeps them up to date by itself.
    """

    async def work(parts: Parts) -> None:
        folder = out or parts.settings.fallback_dir
        if folder is None:
            raise Stop("say where: --out DIR, or set NIGHTBELL_FALLBACK_DIR")
        now = parts.clock.now()
        files = static_files(parts.plans.all(), parts.ring, now, parts.settings.second_number)
        changed = write(folder, files, now)
        for file in files:
            until = "the same at all times"
            if file.plan is not None and file.valid_until is not None:
                until = f"valid until {wall(file.valid_until, file.plan.zone)}"
            stdout.print(f"{file.number}  {folder / file.names[0]}  {until}", markup=False)
        stdout.print(f"{changed} of the files changed." if files else "No practice is published yet: no files.")

    with_parts(work)
