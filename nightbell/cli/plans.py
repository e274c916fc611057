"""`apply`, `check` and `schema`: the plan, from a file."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from calendars.copying import Calendars
from calendars.guard import networks_of
from nightbell.cli.console import read_text, stderr, stdout, with_parts
from nightbell.composition import Parts
from nightbell.publishing import Published, publish_text
from nightbell.settings import load_settings
from routing.plan import Beside, Document, PlanFaults, Publishable, json_schema, publishable, read
from routing.plan.elsewhere import News
from storage.clock import read_clock

PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", help="The plan's file, in YAML or JSON; - for standard input.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(apply)
    app.command()(check)
    app.command()(schema)


def check(plan: PlanFile) -> None:
    """Check a plan, and say every fault with its place and what mends it. Needs no database.

    Calendars from elsewhere that it names are fetched, and kept nowhere.
    """
    text = read_text(plan)
    try:
        found = _checked(text)
    except PlanFaults as faults:
        show_faults(plan, faults)
        raise typer.Exit(1) from None
    stdout.print(f"{plan}: fit to be published ({found.plan.name}, {len(found.plan.flow.nodes)} nodes).", markup=False)
    for waived in found.waived:
        stdout.print(f"  waived: {waived.fault.path}: {waived.fault.fault} ({waived.because})", markup=False)


def apply(
    plan: PlanFile, author: Annotated[str, typer.Option(help="Who publishes it, for the record.")] = "command line"
) -> None:
    """Publish a plan. One with faults is refused whole, and the old one stays."""
    text = read_text(plan)

    async def publish(parts: Parts) -> Published:
        return await publish_text(parts, text, author)

    try:
        published = with_parts(publish)
    except PlanFaults as faults:
        show_faults(plan, faults)
        stderr.print("Nothing was published; the practice keeps the plan that it had.")
        raise typer.Exit(1) from None
    name, version = published.plan.practice, published.version
    said = (
        f"{name}: version {version} is published."
        if published.is_new
        else f"{name}: that is version {version} already."
    )
    stdout.print(said, markup=False)
    for waived in published.waived:
        stdout.print(f"  waived: {waived}", markup=False)


def schema() -> None:
    """Print the plan's JSON Schema, for editors."""
    typer.echo(json.dumps(json_schema(), indent=2))


def _checked(text: str) -> Publishable:
    settings = load_settings()
    now, written = read_clock(settings.clock).now(), _read(text)
    news, urls = News(), {name: doc.url for name, doc in written.calendars.items()} if written else {}
    if written is not None and urls:
        calendars = Calendars(networks_of(settings.calendar_networks))
        news = asyncio.run(calendars.news(urls, written.timezone, now))
    return publishable(text, now, beside=news.joined(Beside()))


def _read(text: str) -> Document | None:
    try:
        return read(text)
    except PlanFaults:
        return None  # `publishable` tells of the faults, all of them


def show_faults(file: Path, faults: PlanFaults) -> None:
    """Print every fault with its place and what mends it."""
    for fault in faults.faults:
        line = f":{fault.line}" if fault.line else ""
        stderr.print(f"{file}{line}: {fault.path}", style="bold", markup=False)
        stderr.print(f"    {fault.fault} [{fault.check}]", markup=False)
        stderr.print(f"    mend: {fault.mend}", style="green", markup=False)
    count = len(faults.faults)
    stderr.print("Some checks can only be made once these are mended. In brackets: the check, as a waiver names it.")
    stderr.print(f"{file}: {count} fault{'s' if count != 1 else ''}.", style="red", markup=False)
