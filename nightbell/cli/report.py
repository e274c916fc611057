"""`report`: how the calls of some days went, for a manager."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from whenever import Date

from ivr.outcome import Outcome
from nightbell.cli.calls import First, Last, days_of, zone_of
from nightbell.cli.console import stdout, the_plan, with_parts
from nightbell.composition import Parts
from routing.opening import After
from routing.plan import Plan
from storage.figures import Pages, Report, Spread
from storage.report import Span, report

_SHORT: Final = {
    Outcome.CONNECTED: "conn.", Outcome.TRANSFERRED: "transf.", Outcome.MESSAGE_TAKEN: "message",
    Outcome.CALLBACK_QUEUED: "call-bk", Outcome.INFORMED: "inform.", Outcome.TOLD_911: "911",
    Outcome.REJECTED: "reject.", Outcome.ABANDONED: "aband.",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report_command)


def report_command(
    practice: Annotated[
        str | None, typer.Option(help="The practice's id; all of them together when not given.")
    ] = None,
    first: First = None,
    last: Last = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Summarise the calls of some days, on the practice's clock: outcomes, speed of answer, time to a clinician."""
    span = Span(practice, *days_of(first, last))

    async def work(parts: Parts) -> None:
        plans = [the_plan(parts, practice)] if practice is not None else list(parts.plans.all())
        zone = zone_of(parts, practice)
        async with parts.database.transaction() as connection:
            found = await report(connection, dataclasses.replace(span, zone=zone), _targets(plans))
        if as_json:
            print(json.dumps(_plain(found), indent=2))  # noqa: T201 - for machines, without the console's wrapping
            return
        for line in _told(found, plans):
            stdout.print(line, markup=False)

    with_parts(work)


def _targets(plans: list[Plan]) -> dict[str, int]:
    """Seconds in which pages of a category should be taken, where the plans say one span of real time."""
    found: dict[str, set[int | None]] = {}
    for plan in plans:
        for name, category in plan.categories.items():
            deadline = category.deadline
            found.setdefault(name, set()).add(int(deadline.seconds) if isinstance(deadline, After) else None)
    single = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    return {name: seconds for name, seconds in single.items() if seconds is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Date) else value


def _told(found: Report, plans: list[Plan]) -> Iterator[str | Table]:
    name = plans[0].name if len(plans) == 1 else "All practices"
    days = f"{found.first or 'the beginning'} to {found.last or 'today'}"
    yield f"{name}, {days}: calls that have ended: {found.calls}; under way: {found.under_way}"
    if not found.calls:
        yield "No calls ended in these days."
        return
    yield ""
    yield "Calls by the hour in which they began (the practice's clock), and what they ended in"
    yield _table("hour", {f"{hour:02}:00": found.by_hour[hour] for hour in sorted(found.by_hour)}, found.by_outcome)
    yield ""
    yield "By category"
    categories = {name or "(none)": found.by_category[name] for name in sorted(found.by_category)}
    yield _table("category", categories, found.by_outcome)
    yield ""
    served = ", ".join(
        f"{kind} {count} ({_share(count, found.calls)})" for kind, count in sorted(found.by_served.items())
    )
    yield f"When they came: {served}"
    yield f"Answered by a person: {_of(found.speed_of_answer.count, found.calls)}"
    yield f"  speed of answer, from the beginning of the call: {_spread(found.speed_of_answer)}"
    yield f"Abandoned, with nothing done for the caller: {_of(found.abandoned_after.count, found.calls)}"
    if found.abandoned_after.count:
        yield f"  they hung up after: {_spread(found.abandoned_after)}"
    yield from _pages(found.pages, plans)


def _pages(pages: Pages, plans: list[Plan]) -> Iterator[str]:
    if not pages.opened:
        yield "Pages: none"
        return
    left = (("still open", pages.open), ("exhausted", pages.exhausted), ("closed by hand", pages.closed_by_hand))
    rest = "".join(f", {count} {what}" for what, count in left if count)
    yield f"Pages: {pages.opened} opened, {_of(pages.taken, pages.opened)} taken{rest}"
    steps = ", ".join(f"{_step(step)} {count}" for step, count in sorted(pages.by_step.items()))
    if steps:
        yield f"  taken at: {steps}"
        people = sorted(pages.by_member.items(), key=lambda item: -item[1])
        yield f"  taken by: {', '.join(f'{_name(member, plans)} {count}' for member, count in people[:10])}"
    for reach in pages.reach:
        target = f"; within {_seconds(reach.target)}: {_of(reach.in_time, reach.opened)}" if reach.target else ""
        yield f"  {reach.category}, until a clinician took it: {_spread(reach.took)}{target}"


def _step(step: int) -> str:
    return f"step {step}:" if step else "the last resort:"


def _name(member: str, plans: list[Plan]) -> str:
    found = next((m for plan in plans if (m := plan.escalation.roster.members.get(member))), None)
    return found.name if found else member or "the last resort"


def _table(title: str, rows: Mapping[str, Mapping[str, int]], total: Mapping[str, int]) -> Table:
    shown = [outcome for outcome in Outcome if total.get(outcome.value)]
    table = Table(box=None, pad_edge=False)
    table.add_column(title, max_width=16)
    for heading in (*(_SHORT[outcome] for outcome in shown), "all"):
        table.add_column(heading, justify="right")
    for name, counts in [*rows.items(), ("all", total)]:
        cells = (str(counts.get(outcome.value) or "") for outcome in shown)
        table.add_row(name, *cells, str(sum(counts.values())))
    return table


def _spread(spread: Spread) -> str:
    if spread.mean is None:
        return "no figure, for want of any"
    return f"mean {_seconds(spread.mean)}, median {_seconds(spread.median)}, 9 of 10 in {_seconds(spread.p90)}"


def _seconds(value: float | None) -> str:
    minutes, seconds = divmod(round(value or 0), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _of(part: int | None, whole: int) -> str:
    return f"{part or 0} ({_share(part or 0, whole)})"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"
