"""`calendar`, `coverage` and `preview`: a month of those on call, the proof of it, and what a draft would change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import typer
from rich.text import Text
from whenever import Date, Instant, TimeDelta, YearMonth

from escalation.duties import render
from escalation.oncall import name_of
from escalation.policy import Escalation, TargetKind
from escalation.proof import Coverage
from escalation.thin import ThinSpot
from escalation.wallclock import month_span, shown
from nightbell.cli.changing import From, Practice, effect_lines, moment
from nightbell.cli.console import Stop, read_text, stdout, the_plan, with_parts
from nightbell.cli.looking import the_schedules
from nightbell.cli.month import HOLE, NOBODY, QUIET, colours, month_table
from nightbell.cli.plans import PlanFile, show_faults
from nightbell.composition import Parts
from routing.effect import Effect
from routing.plan import Plan, PlanFaults, read
from routing.proving import PROVED, preview, prove
from storage.publishing import checked, news_of

MOST: Final = TimeDelta(hours=24 * 400)
_EARLIEST: Final = 2000
_LATEST: Final = 2100
MOST_WINDOWS: Final = 5
"""Of one kind of thin spot that are told one by one."""

Month = Annotated[str | None, typer.Argument(metavar="[MONTH]", help="Which month, such as 2026-12; this one.")]
Schedule = Annotated[str | None, typer.Option(help="Which schedule; all of them.")]
To = Annotated[
    str | None, typer.Option("--to", help="Until before when, written in the same way; 90 days later if left out.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(calendar)
    app.command()(coverage)
    app.command("preview")(preview_)


def calendar(month: Month = None, schedule: Schedule = None, practice: Practice = None) -> None:
    """Show who is on call in a month, week by week, with the holes in red. Exit status 1 where there is a hole."""

    async def work(parts: Parts) -> bool:
        plan, now = the_plan(parts, practice), parts.clock.now()
        first, today = _first(month, now, plan.zone), now.to_tz(plan.zone).date()
        proof = prove(plan, *month_span(first, plan.zone))
        for name in the_schedules(plan, schedule):
            stdout.print(Text(f"{plan.name}, {name}, {first.format('MMMM YYYY')}, {plan.zone}", "bold"))
            stdout.print(month_table(plan, name, first, _holes_of(plan.escalation, proof, name), today))
        _print_legend(plan, first)
        _print_holes(proof, plan.zone)
        return proof.is_proved

    if not with_parts(work):
        raise typer.Exit(1)


def _first(month: str | None, now: Instant, zone: str) -> Date:
    """The first day of the month that is named. Raises Stop."""
    if month is None:
        return now.to_tz(zone).date().replace(day=1)
    try:
        first = YearMonth.parse_iso(month).on_day(1)
    except ValueError:
        raise Stop(f"{month!r} is not a month such as 2026-12") from None
    if not _EARLIEST <= first.year <= _LATEST:
        raise Stop(f"{month} is too far away: ask for a month from {_EARLIEST} to {_LATEST}")
    return first


def _holes_of(escalation: Escalation, proof: Coverage, schedule: str) -> list[tuple[Instant, Instant]]:
    """When a policy that pages the schedule reaches nobody."""
    found = {
        (hole.start, hole.end)
        for name, holes in proof.holes.items()
        for hole in holes
        if any(
            (target.kind, target.name) == (TargetKind.SCHEDULE, schedule)
            for step in escalation.policies[name].steps
            for target in step.targets
        )
    }
    return sorted(found)


def _print_legend(plan: Plan, first: Date) -> None:
    roster, shades = plan.escalation.roster, colours(plan.escalation.roster)
    members = sorted(_on_call(plan, first), key=lambda id_: name_of(roster, id_))
    width = max(map(len, members), default=0)
    for member in members:
        stdout.print(
            Text(f"  {member:{width}}", shades.get(member, "")).append(f"  {name_of(roster, member)}", "default")
        )
    told = Text("  A time is when it changes; no time: since the day before.", QUIET)
    days = [first.add(days=day) for day in range(first.days_in_month())]
    if any(day in roster.holidays for day in days):
        told.append(" *: a holiday.")
    stdout.print(told)


def _on_call(plan: Plan, first: Date) -> set[str]:
    roster, span = plan.escalation.roster, month_span(first, plan.zone)
    return {member for name in roster.schedules for duty in render(roster, name, *span) for member in duty.members}


def coverage(start: From = None, to: To = None, practice: Practice = None) -> None:
    """Prove that every minute reaches somebody, and list holes and thin spots. Exit status 1 where there is a hole."""

    async def work(parts: Parts) -> bool:
        plan, now = the_plan(parts, practice), parts.clock.now()
        begins = moment("--from", start, plan.zone, now)
        ends = moment("--to", to, plan.zone, begins + PROVED)
        if not begins < ends <= begins + MOST:
            raise Stop("--to: choose an end after the begin, and at most 400 days later")
        proof = prove(plan, begins, ends)
        stdout.print(f"{plan.name}, {shown(begins, plan.zone)} to {shown(ends, plan.zone)} {plan.zone}", markup=False)
        if proof.is_proved:
            stdout.print(
                f"  proved: at every minute, {_policies(plan)} somebody who can be called or texted", style="green"
            )
        _print_holes(proof, plan.zone)
        _print_thin(proof.thin, plan.zone)
        return proof.is_proved

    if not with_parts(work):
        raise typer.Exit(1)


def _policies(plan: Plan) -> str:
    names = list(plan.escalation.policies)
    return f"the policy {names[0]} reaches" if len(names) == 1 else f"each of {len(names)} policies reaches"


def _print_holes(proof: Coverage, zone: str) -> None:
    for name, holes in proof.holes.items():
        for hole in holes:
            window = f"{shown(hole.start, zone)} to {shown(hole.end, zone)}"
            stdout.print(Text("  ").append(f"hole: {name} reaches nobody from {window}", HOLE))
            for why in dict.fromkeys(hole.because):
                stdout.print(f"        {why}", markup=False)


def _print_thin(spots: Iterable[ThinSpot], zone: str) -> None:
    """Each sentence once, with its windows: a backup that is the primary may be so every week."""
    found: dict[tuple[str, str], list[ThinSpot]] = defaultdict(list)
    for spot in spots:
        found[spot.kind, spot.because].append(spot)
    for (kind, because), alike in found.items():
        stdout.print(Text("  ").append(f"thin, {kind}: ", NOBODY).append(because, "default"))
        for line in _windows(alike, zone):
            stdout.print(f"        {line}", markup=False)


def _windows(spots: list[ThinSpot], zone: str) -> Iterator[str]:
    for spot in spots[:MOST_WINDOWS]:
        yield f"{shown(spot.start, zone)} to {shown(spot.end, zone)}"
    if len(spots) > MOST_WINDOWS:
        yield f"and {len(spots) - MOST_WINDOWS} more windows, the last until {shown(spots[-1].end, zone)}"


def preview_(plan: PlanFile) -> None:
    """Say who would be called instead of whom in the next 90 days if PLAN were published. Publishes nothing."""
    text = read_text(plan)

    async def work(parts: Parts) -> None:
        now = parts.clock.now()
        practice = read(text).practice
        present = parts.plans.current(practice)
        if present is None:
            raise Stop(f"{practice} has no plan yet: there is nothing that would change. nightbell check {plan}")
        news = await news_of(parts.database, text, now, parts.calendars.news)
        draft = (await checked(text, now, news.joined(parts.plans.beside(practice)))).plan
        stdout.print(f"{draft.name}, in place of version {present.version}", markup=False)
        for line in effect_lines(Effect(present, draft, preview(present, draft, now), ())):
            stdout.print(line, markup=False)

    try:
        with_parts(work)
    except PlanFaults as faults:
        show_faults(plan, faults)
        raise typer.Exit(1) from None
