"""`messages`: what callers left, to be answered by a deadline; and `audit`: who read it."""

import getpass
from typing import Annotated, Final

import typer

from nightbell.cli.console import Stop, stdout, wall, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from storage import audit as trail
from storage import messages
from storage.messages import Contents, Message

_TITLES: Final = ("message", "practice", "category", "language", "taken", "due", "")

Practice = Annotated[str | None, typer.Option(help="The practice's id; all of them when not given.")]
Number = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's number, as `list` shows it.")]
By = Annotated[str | None, typer.Option("--by", help="Who you are, for the audit trail; your login by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Messages and call-back requests, and answering them.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(done)
    app.add_typer(group, name="messages")
    app.command()(audit)


def list_(
    practice: Practice = None,
    answered: Annotated[bool, typer.Option("--done", help="Those that were answered, instead.")] = False,
) -> None:
    """List what waits for an answer, the most urgent first. Says nothing about patients."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as connection:
            found = await messages.listed(connection, practice, done=answered)
        print_rows(_TITLES, [_row(parts, message) for message in found], "No messages.")

    with_parts(work)


def _row(parts: Parts, message: Message) -> tuple[str, ...]:
    zone, now = _zone(parts, message), parts.clock.now()
    late = message.done_at is None and message.due_at is not None and message.due_at < now
    answered = f"done {wall(message.done_at, zone)} by {message.done_by}" if message.done_at else ""
    taken, due = wall(message.taken_at, zone), wall(message.due_at, zone) if message.due_at else ""
    named = message.number, message.practice, message.category, message.language
    return *named, taken, due, "OVERDUE" if late else answered


def _zone(parts: Parts, message: Message) -> str:
    plan = parts.plans.current(message.practice)
    return plan.zone if plan else "UTC"


def show(number: Number, by: By = None) -> None:
    """Show what a message says. That it was read goes into the audit trail."""

    async def work(parts: Parts) -> None:
        now = parts.clock.now()
        async with parts.database.transaction() as connection:
            message = await messages.find(connection, number)
            contents = await messages.read(connection, parts.ring, message, by or getpass.getuser(), now)
        for line in _lines(parts, message, contents):
            stdout.print(line, markup=False)

    with_parts(work)


def _lines(parts: Parts, message: Message, contents: Contents) -> list[str]:
    zone = _zone(parts, message)
    lines = [f"{message.category}, {message.language}, taken {wall(message.taken_at, zone)} {zone}"]
    lines.append(f"  call back  {contents.callback or 'no number is known'}")
    lines += [f"  {name.replace('_', ' ')}  {value}" for name, value in contents.fields.items()]
    for sid, purpose, seconds in contents.recordings:
        link = parts.site.media.link(sid, parts.clock.now())
        lines.append(f"  recording of the {purpose}, {seconds} s (this link works for 15 minutes): {link}")
    return lines


def done(number: Number, by: By = None) -> None:
    """Say that a message was answered."""

    async def work(parts: Parts) -> Message:
        async with parts.database.transaction() as connection:
            message = await messages.find(connection, number)
            await messages.finish(connection, message, by or getpass.getuser(), parts.clock.now())
            return message

    message = with_parts(work)
    stdout.print(f"The {message.category} message {message.number} is done.", markup=False)


def audit() -> None:
    """Verify the audit trail: that no entry was changed or taken out."""

    async def work(parts: Parts) -> tuple[int, int | None]:
        async with parts.database.transaction() as connection:
            return await trail.verify(connection)

    count, broken = with_parts(work)
    if broken is not None:
        raise Stop(f"the audit trail is broken at entry {broken}: it, or what stood before it, was changed")
    stdout.print(f"The audit trail holds: {count} entries.")
