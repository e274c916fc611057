"""`explain` and `oncall`: who would get a call, and who is on call."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer
from whenever import Instant

from escalation.oncall import on_call
from ivr.taking import callback_number
from nightbell.cli.console import Stop, instant_in, stdout, the_plan, wall, with_parts
from nightbell.composition import Parts
from routing.decide import Incoming, Load
from routing.explain import Call
from routing.explain import explain as explain_call
from routing.plan import Plan

Practice = Annotated[str | None, typer.Option(help="The practice's id; not needed where there is only one.")]
At = Annotated[
    str | None, typer.Option(help="When: '2026-11-22 02:10' on the practice's clock, or with an offset. Now.")
]

_KEYS: Final = frozenset("0123456789*#")
_WITHHELD: Final = (None, "", "anonymous", "withheld")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(explain)
    app.command()(oncall)


def explain(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="What is pressed at each prompt, such as: 1 1, or 2 6175550180. Then silence."),
    ] = None,
    at: At = None,
    caller: Annotated[str | None, typer.Option("--from", help="The caller's number; withheld when not given.")] = None,
    dialled: Annotated[str | None, typer.Option("--to", help="The number dialled; the practice's first.")] = None,
    busy: Annotated[
        list[str] | None, typer.Option(help="DESTINATION=LINES that are taken, such as front_desk=2.")
    ] = None,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="Nobody picks up at a destination.")] = False,
    practice: Practice = None,
) -> None:
    """Say who would get this call, and why, without placing any."""
    load = Load(dict(_busy(item) for item in busy or []))
    wrong = next((pressed for pressed in keys or () if not set(pressed) <= _KEYS), None)
    if wrong is not None:
        raise Stop(f"{wrong!r} cannot be pressed: keys are digits, * and #, with a space between two prompts")

    async def work(parts: Parts) -> None:
        plan = _dialled_plan(parts, practice, dialled)
        unknown = load.busy_lines.keys() - plan.destinations.keys()
        if unknown:
            raise Stop(f"--busy: there is no destination {min(unknown)}; there are: {', '.join(plan.destinations)}")
        number = _number("--from", caller, plan.flow.region) if caller not in _WITHHELD else None
        incoming = Incoming(dialled_number(plan, dialled), number, withheld=number is None)
        call = Call(incoming, tuple(keys or ()), answered=not no_answer)
        for line in explain_call(plan, call, load, instant_in(at, plan.zone, parts.clock.now())).lines:
            stdout.print(line, markup=False)

    with_parts(work)


def _dialled_plan(parts: Parts, practice: str | None, dialled: str | None) -> Plan:
    """The practice that is named, else the one whose number is dialled. Raises Stop."""
    if practice is None and dialled is not None:
        number = _number("--to", dialled, "US")
        plan = parts.plans.by_number(number)
        if plan is None:
            raise Stop(f"--to: {number} belongs to no practice; the caller would be told that it is not in service")
        return plan
    return the_plan(parts, practice)


def dialled_number(plan: Plan, dialled: str | None) -> str:
    """The number of the practice that is dialled; its first one when none is given. Raises Stop."""
    if dialled is None:
        return plan.numbers[0]
    number = _number("--to", dialled, plan.flow.region)
    if number not in plan.numbers:
        raise Stop(f"--to: {number} is not a number of {plan.practice}; it has: {', '.join(plan.numbers)}")
    return number


def _number(option: str, text: str, region: str) -> str:
    """A telephone number as people write it, as E.164. Raises Stop."""
    number = callback_number(text, region)
    if number is None:
        raise Stop(f"{option}: {text!r} is not a whole telephone number, such as +16175550180")
    return number


def _busy(item: str) -> tuple[str, int]:
    name, equals, lines = item.partition("=")
    if not (equals and lines.isascii() and lines.isdigit()):
        raise Stop(f"--busy takes DESTINATION=LINES, such as front_desk=2, not {item!r}")
    return name, int(lines)


def oncall(
    at: At = None,
    schedule: Annotated[str | None, typer.Option(help="Which schedule; all of them.")] = None,
    practice: Practice = None,
) -> None:
    """Say who is on call, for each schedule, and why."""

    async def work(parts: Parts) -> None:
        plan = the_plan(parts, practice)
        names = the_schedules(plan, schedule)
        instant = instant_in(at, plan.zone, parts.clock.now())
        stdout.print(f"{plan.name}, {wall(instant, plan.zone)} {plan.zone}", markup=False)
        for line in _duties(plan, names, instant):
            stdout.print(line, markup=False)

    with_parts(work)


def the_schedules(plan: Plan, schedule: str | None) -> list[str]:
    """The schedule that is named, else all. Raises Stop."""
    known = plan.escalation.roster.schedules
    if schedule is not None and schedule not in known:
        raise Stop(f"--schedule: there is no schedule {schedule!r}; there are: {', '.join(known) or 'none'}")
    return [schedule] if schedule is not None else list(known)


def _duties(plan: Plan, names: list[str], instant: Instant) -> Iterator[str]:
    for name in names:
        duty = on_call(plan.escalation.roster, name, instant)
        if duty is None:
            yield f"  {name}: nobody"
            continue
        until = f"until {wall(duty.until, plan.zone)}" if duty.until < Instant.MAX else "with no end"
        yield f"  {name}: {duty.because}, {until}"
