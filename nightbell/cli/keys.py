"""`key`: keys of the operators' API; and `openapi`, its description."""

import getpass
import json
import re
from typing import Annotated, Final

import typer
from whenever import Instant, TimeDelta

from api.app import describe
from nightbell.cli.console import Stop, instant_in, stdout, the_plan, with_parts
from nightbell.cli.listing import print_rows
from nightbell.composition import Parts
from nightbell.probe import PROBE_PLAN
from nightbell.publishing import publish_text
from routing.synthetic import is_synthetic
from storage import api_keys
from storage.api_keys import ApiKey

_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d")
_MOST_NAME: Final = 60
_TITLES: Final = ("key", "name", "practice", "may", "created", "last used", "")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Keys of the operators' API.", no_args_is_help=True)
    group.command()(create)
    group.command("list")(list_)
    group.command()(revoke)
    app.add_typer(group, name="key")
    app.command()(openapi)


def create(
    practice: Annotated[str | None, typer.Option(help="The only practice that it opens.")] = None,
    every: Annotated[bool, typer.Option("--all", help="It opens all practices, and may set up new ones.")] = False,
    name: Annotated[str, typer.Option(help="Who uses it; shown wherever it changes something.")] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="It changes nothing.")] = False,
    expires: Annotated[
        str | None, typer.Option(help="When it stops to work: 90d, '2027-01-31 00:00' (UTC) or RFC 3339. Never.")
    ] = None,
) -> None:
    """Make a key and print it, once: it cannot be shown again."""
    if every == (practice is not None):
        raise Stop("say what the key opens: either --practice ID or --all")
    called = name.strip() or getpass.getuser()
    if len(called) > _MOST_NAME or not called.isprintable():
        raise Stop(f"--name: at most {_MOST_NAME} printable characters")

    async def work(parts: Parts) -> str:
        if practice is not None and is_synthetic(practice):  # the watchdog's practice comes with its key
            await publish_text(parts, PROBE_PLAN.read_text(encoding="utf-8"), getpass.getuser())
        elif practice is not None:
            the_plan(parts, practice)
        now = parts.clock.now()
        wanted = ApiKey("", called, practice, read_only, now, _expiry(expires, now))
        async with parts.database.transaction() as connection:
            return await api_keys.create(connection, wanted, getpass.getuser())

    typer.echo(with_parts(work))


def _expiry(text: str | None, now: Instant) -> Instant | None:
    if text is None:
        return None
    days = _DAYS.fullmatch(text)
    at = now + TimeDelta(hours=24 * int(days[1])) if days else _instant(text, now)
    if at <= now:
        raise Stop(f"--expires: {text} is over")
    return at


def _instant(text: str, now: Instant) -> Instant:
    try:
        return instant_in(text, "UTC", now)
    except Stop as error:
        raise Stop(
            f"--expires: {text!r} is neither days, such as 90d, nor a time such as '2027-01-31 00:00'"
        ) from error


def list_() -> None:
    """List the keys, without their secrets."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as connection:
            found = await api_keys.listed(connection)
        rows = [_row(key, parts.clock.now()) for key in found]
        print_rows(_TITLES, rows, "No keys yet: nightbell key create --all")

    with_parts(work)


def _row(key: ApiKey, now: Instant) -> tuple[str, ...]:
    may = "read" if key.read_only else "read, change"
    used = _day(key.created_at), _day(key.last_used_at)
    return key.id, key.name, key.practice or "(all)", may, *used, _ends(key, now)


def _ends(key: ApiKey, now: Instant) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return ""
    return f"{'expires' if key.works(now) else 'expired'} {_day(key.expires_at)}"


def _day(at: Instant | None) -> str:
    return at.to_tz("UTC").format("YYYY-MM-DD HH:mm") if at else ""


def revoke(number: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` shows it.")]) -> None:
    """Revoke a key: its next request is refused."""

    async def work(parts: Parts) -> ApiKey:
        async with parts.database.transaction() as connection:
            return await api_keys.revoke(connection, number, getpass.getuser(), parts.clock.now())

    key = with_parts(work)
    stdout.print(f"The key {key.id} ({key.name}) opens nothing any more.", markup=False)


def openapi() -> None:
    """Print the API's description (OpenAPI 3.1)."""
    typer.echo(json.dumps(describe(), indent=2))
