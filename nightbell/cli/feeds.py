"""`feed` and `calendars`: calendars that people subscribe to, and those from elsewhere that a practice goes by."""

from typing import Annotated, Final

import typer

from api.calendars import CalendarCopy, told
from api.feed_files import address
from escalation.wallclock import shown
from nightbell.cli.changing import COMMAND_LINE, Author, Practice, actor, line
from nightbell.cli.console import Stop, stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from routing.plan import Plan
from storage import calendar_copies, feeds
from storage.feeds import Feed

MOST_LISTED: Final = 200
_FEED_TITLES: Final = ("id", "of", "by", "created", "last fetched", "")
_COPY_TITLES: Final = ("calendar", "copy of", "age", "events", "unknown names", "")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Secret links to calendars of those on call, for calendar programs.", no_args_is_help=True)
    group.command()(create)
    group.command("list")(list_)
    group.command()(revoke)
    app.add_typer(group, name="feed")
    app.command()(calendars)


def create(
    member: Annotated[
        str | None, typer.Option(help="The id of one of the staff: all that they are on call for.")
    ] = None,
    schedule: Annotated[str | None, typer.Option(help="A schedule: everybody who is on it.")] = None,
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Make a secret link and print it, once: it cannot be shown again. Whoever has it can read that calendar."""
    if (member is None) == (schedule is None):
        raise Stop("say whose calendar: either --member ID or --schedule NAME")

    async def work(parts: Parts) -> str:
        plan, by = the_plan(parts, practice), line("--author", author)
        _check(plan, member, schedule)
        if not parts.settings.public_url:
            raise Stop("NIGHTBELL_PUBLIC_URL must be set: the link begins with it")
        wanted = Feed("", plan.practice, member, schedule, parts.clock.now(), by)
        async with parts.database.transaction() as connection:
            _, token = await feeds.create(connection, wanted, actor())
        return address(parts.settings.public_url, token)

    typer.echo(with_parts(work))


def _check(plan: Plan, member: str | None, schedule: str | None) -> None:
    roster = plan.escalation.roster
    if member is not None and member not in roster.members:
        raise Stop(f"--member: there is no member {member!r}; there are: {', '.join(roster.members)}")
    if schedule is not None and schedule not in roster.schedules:
        raise Stop(f"--schedule: there is no schedule {schedule!r}; there are: {', '.join(roster.schedules) or 'none'}")


def list_(practice: Practice = None) -> None:
    """List the links, without their secrets, the newest first."""

    async def work(parts: Parts) -> None:
        plan = the_plan(parts, practice)
        async with parts.database.transaction() as connection:
            found = await feeds.listed(connection, plan.practice, None, MOST_LISTED)
        rows = [_feed_row(plan, feed) for feed in found]
        print_rows(_FEED_TITLES, rows, "There are no links yet: nightbell feed create")

    with_parts(work)


def _feed_row(plan: Plan, feed: Feed) -> tuple[str, ...]:
    used = shown(feed.last_used_at, plan.zone) if feed.last_used_at else ""
    over = f"revoked by {feed.revoked_by} {shown(feed.revoked_at, plan.zone)}" if feed.revoked_at else ""
    of = f"member {feed.member}" if feed.member else f"schedule {feed.schedule}"
    return feed.id, of, feed.created_by, shown(feed.created_at, plan.zone), used, over


def revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="The link's id, as `list` shows it.")],
    author: Author = COMMAND_LINE,
    practice: Practice = None,
) -> None:
    """Revoke a link: it leads nowhere from now on."""

    async def work(parts: Parts) -> None:
        plan, by = the_plan(parts, practice), line("--author", author)
        async with parts.database.transaction() as connection:
            found = await feeds.revoke(connection, plan.practice, number, by, actor(), parts.clock.now())
        if found is None:
            raise Stop(f"there is no link {number!r}; `nightbell feed list` shows them")
        stdout.print(f"The link {found.id} leads nowhere any more.", markup=False)

    with_parts(work)


def calendars(practice: Practice = None) -> None:
    """Say how it stands with the calendars from elsewhere that the practice goes by."""

    async def work(parts: Parts) -> None:
        plan, now = the_plan(parts, practice), parts.clock.now()
        async with parts.database.statement() as connection:
            states = await calendar_copies.states(connection, plan.practice)
        found = told(plan, parts.plans.beside(plan.practice), states, now)
        if not found:
            stdout.print("The plan names no calendars from elsewhere.")
            return
        print_rows(_COPY_TITLES, [_copy_row(plan, one) for one in found])
        for one in found:
            for line_ in _below(plan, one):
                stdout.print(line_, markup=False)

    with_parts(work)


def _copy_row(plan: Plan, one: CalendarCopy) -> tuple[str, ...]:
    since = shown(one.fetched_at, plan.zone) if one.fetched_at else "none yet"
    condition = "stale" if one.is_stale else "failing" if one.failure else ""
    return one.name, since, _age(one.age_seconds), str(one.events), str(len(one.unknown)), condition


def _age(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - from two hours on


def _below(plan: Plan, one: CalendarCopy) -> list[str]:
    lines = []
    if one.failure and one.failing_since:
        lines.append(f"{one.name}, since {shown(one.failing_since, plan.zone)}: {one.failure}")
    for name in one.unknown:
        more = f", {name.events} events" if name.events > 1 else ""
        lines.append(f"{one.name}: `{name.words}` means nobody (first {shown(name.starts_at, plan.zone)}{more})")
    return lines
