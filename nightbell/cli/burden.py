"""`burden`: what being on call asks of each person, and the pay sheet."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Final

import typer
from whenever import Instant

from escalation.burden import Burden
from escalation.oncall import name_of
from escalation.wallclock import month_of, shown
from nightbell.cli.calendar import MOST
from nightbell.cli.changing import Practice, moment
from nightbell.cli.console import Stop, stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from routing.plan import Plan
from storage.burdens import Held, held

TITLES = ("", "nights", "weekend", "holidays", "pages", "taken", "wake-ups", "longest", "rest")
"""After the first, the hours: in all, and on each schedule."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
From = Annotated[
    str | None,
    typer.Option("--from", help="From when: 2026-11-01, or '2026-11-01 08:00', on the practice's clock; this month."),
]
To = Annotated[
    str | None, typer.Option("--to", help="Until before when, written in the same way; the month's end if left out.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(burden)


def burden(
    start: From = None,
    to: To = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, lengths in seconds.")] = False,
    pay: Annotated[bool, typer.Option("--pay", help="The pay sheet, as CSV, by the plan's rates.")] = False,
    practice: Practice = None,
) -> None:
    """Say what being on call asks of each person; this month, until now as it was and then as the calendar says."""
    if as_json and pay:
        raise Stop("--json and --pay: one of them at a time")

    async def work(parts: Parts) -> Held:
        plan, now = the_plan(parts, practice), parts.clock.now()
        return await held(parts.database, parts.plans, plan, _span(plan, start, to, now), now)

    found = with_parts(work)
    if pay:
        rates = found.plan.calendar.pay
        if rates is None:
            raise Stop("the plan has no rates: give it `pay: {hour: ...}`, and publish it")
        stdout.print(found.pay_sheet(rates), end="", markup=False)
    elif as_json:
        stdout.print(json.dumps(_as_json(found), indent=2), markup=False)
    else:
        _print(found)


def _span(plan: Plan, start: str | None, to: str | None, now: Instant) -> tuple[Instant, Instant]:
    """The span that is asked for; of a month, where an end is left out. Raises Stop."""
    begins = _day_or_moment("--from", start, plan.zone, month_of(now, plan.zone)[0])
    ends = _day_or_moment("--to", to, plan.zone, month_of(begins, plan.zone)[1])
    if not begins < ends <= begins + MOST:
        raise Stop("--to: choose an end after the begin, and at most 400 days later")
    return begins, ends


def _day_or_moment(option: str, text: str | None, zone: str, usual: Instant) -> Instant:
    """The instant that an option gives: of a date, its first. Raises Stop."""
    if text is not None and _DATE.fullmatch(text):
        text = f"{text} 00:00"
    return moment(option, text, zone, usual)


def _print(found: Held) -> None:
    plan, roster = found.plan, found.plan.escalation.roster
    start, end = (shown(instant, plan.zone) for instant in found.span)
    stdout.print(f"{plan.name}, {start} to {end} {plan.zone}", markup=False)
    titles = (TITLES[0], "hours", *found.calendars, *TITLES[1:])
    rows = [_row(name_of(roster, member), one, found.calendars) for member, one in found.burdens().items()]
    print_rows(titles, rows)
    stdout.print(f"Balance {float(found.balance):.3f} (1: shared out evenly among those who take turns).", markup=False)


def _row(name: str, one: Burden, schedules: Iterable[str]) -> tuple[str, ...]:
    each = (_hours(one.by_schedule.get(schedule, 0)) for schedule in schedules)
    counts = (one.nights, one.weekend_days, one.holidays, one.pages, one.taken, one.wake_ups)
    rest = "" if one.shortest_rest is None else _hours(one.shortest_rest)
    return name, _hours(one.seconds), *each, *(str(count) for count in counts), _hours(one.longest_run), rest


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:.2f}"


def _as_json(found: Held) -> dict[str, object]:
    return {
        "from": found.span[0].format_iso(),
        "to": found.span[1].format_iso(),
        "balance": float(found.balance),
        "people": [
            {
                "member": member,
                "seconds": one.seconds,
                "by_schedule": dict(one.by_schedule),
                "nights": one.nights,
                "weekend_days": one.weekend_days,
                "holidays": one.holidays,
                "pages": one.pages,
                "taken": one.taken,
                "wake_ups": one.wake_ups,
                "longest_run": one.longest_run,
                "shortest_rest": one.shortest_rest,
            }
            for member, one in found.burdens().items()
        ],
    }
