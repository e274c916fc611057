"""`pin`: what the staff enter when they call the practice about a page."""

import sys
from typing import Annotated, Final

import typer

from escalation.wallclock import shown
from nightbell.cli.changing import COMMAND_LINE, Author, Practice, actor, line
from nightbell.cli.console import Stop, stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from storage import audit, pins

_TITLES: Final = ("who", "set", "by")
Who = Annotated[str, typer.Argument(metavar="MEMBER", help="The id of one of the staff.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="PINs: with one, staff take a page by calling the practice.", no_args_is_help=True)
    group.command("set")(set_)
    group.command()(clear)
    group.command("list")(list_)
    app.add_typer(group, name="pin")


def set_(
    member: Who,
    pin: Annotated[str | None, typer.Option(help="Asked for, if left out.")] = None,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Give one of the staff a PIN, in place of any before. It cannot be read again."""

    async def work(parts: Parts) -> None:
        plan, by, now = the_plan(parts, practice), line("--author", author), parts.clock.now()
        known = plan.escalation.roster.members
        if member not in known:
            raise Stop(f"there is no member {member!r}; there are: {', '.join(known)}")
        given = _asked() if pin is None else pin
        if wrong := pins.faults(given):
            raise Stop(f"the PIN: {wrong}" if pin is None else f"--pin: {wrong}")
        async with parts.database.transaction() as connection:
            await pins.set_pin(connection, parts.ring, plan.practice, member, given, by, now)
            await audit.write(connection, actor(), "set PIN", f"{plan.practice}/{member}", now)
        stdout.print(
            f"{known[member].name} takes pages by calling from a number of theirs, with this PIN.", markup=False
        )

    with_parts(work)


def _asked() -> str:
    if not sys.stdin.isatty():  # nothing is shown there that could be hidden
        given = sys.stdin.readline().strip()
        if not given:
            raise Stop("give the PIN with --pin, type it in a terminal, or send it on the standard input")
        return given
    return str(typer.prompt("PIN, 4 to 8 digits", hide_input=True, confirmation_prompt=True))


def clear(member: Who, practice: Practice = None) -> None:
    """Take somebody's PIN away."""

    async def work(parts: Parts) -> None:
        plan, now = the_plan(parts, practice), parts.clock.now()
        async with parts.database.transaction() as connection:
            if not await pins.clear_pin(connection, plan.practice, member):
                raise Stop(f"{member!r} has no PIN; `nightbell pin list` shows who has")
            await audit.write(connection, actor(), "clear PIN", f"{plan.practice}/{member}", now)
        stdout.print(f"{member} has no PIN any more.", markup=False)

    with_parts(work)


def list_(practice: Practice = None) -> None:
    """List who has a PIN."""

    async def work(parts: Parts) -> None:
        plan = the_plan(parts, practice)
        async with parts.database.statement() as connection:
            found = await pins.listed(connection, plan.practice)
        rows = [(pin.member, shown(pin.at, plan.zone), pin.by) for pin in found]
        print_rows(_TITLES, rows, "Nobody has a PIN yet: nightbell pin set")

    with_parts(work)
