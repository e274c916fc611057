"""`alerts`: what the operators were told."""

from typing import Annotated, Final

import typer

from escalation.page import code_of
from escalation.wallclock import shown
from nightbell.cli.changing import Practice
from nightbell.cli.console import stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from routing.plan import Plan
from storage import alerts
from storage.alerts import Raised

MOST_LISTED: Final = 100
_TITLES: Final = ("when", "what", "times", "why", "")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("alerts")(list_)


def list_(
    practice: Practice = None,
    server: Annotated[bool, typer.Option("--server", help="The server's own, which are no practice's.")] = False,
) -> None:
    """List what the operators were told, the newest first."""

    async def work(parts: Parts) -> None:
        plan = the_plan(parts, practice)
        async with parts.database.statement() as connection:
            found = await alerts.listed(connection, None if server else plan.practice, None, MOST_LISTED)
            own = [] if server else await alerts.listed(connection, None, None, MOST_LISTED)
        rows = [_row(plan, each) for each in found]
        print_rows(_TITLES, rows, "There were no alerts.")
        if own:
            last = shown(own[0].at, plan.zone)
            stdout.print(
                f"The server has alerts of its own, the last at {last}: nightbell alerts --server", markup=False
            )

    with_parts(work)


def _row(plan: Plan, raised: Raised) -> tuple[str, ...]:
    alert = raised.alert
    why = f"page {code_of(alert.page)}: {alert.why}" if alert.page else alert.why
    return shown(raised.at, plan.zone), alert.kind.value, str(raised.times), why, _standing(raised, plan.zone)


def _standing(raised: Raised, zone: str) -> str:
    told = f"told {shown(raised.told_at, zone)}" if raised.told_at else "not told yet"
    heard = f"heard by {raised.confirmed_by}" if raised.confirmed_by else told
    return ", ".join(part for part in (heard, "over" if raised.over_at else "") if part)
