"""What the commands share: the consoles, and running something with the parts open."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from whenever import Instant, PlainDateTime

from nightbell.composition import Parts, compose, ready_database
from nightbell.logs import set_up_logs
from nightbell.settings import load_settings
from routing.plan import Plan
from storage.clock import read_clock

Result = TypeVar("Result")

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)

_WALL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")


class Stop(Exception):  # noqa: N818 - it is not an error of the program's
    """The command cannot go on. The message says why, and what mends it."""


def with_parts(work: Callable[[Parts], Awaitable[Result]]) -> Result:
    """Open the parts as the settings say, do the work, close them."""
    settings = load_settings()
    set_up_logs("error", settings.log_format)
    url = ready_database(settings)

    async def run() -> Result:
        async with compose(settings, url=url) as parts:
            return await work(parts)

    return asyncio.run(run())


def the_plan(parts: Parts, practice: str | None) -> Plan:
    """The practice's current plan; the only one, when none is named. Raises Stop."""
    named = parts.plans.current(practice) if practice is not None else None
    if named is not None:
        return named
    plans = {plan.practice: plan for plan in parts.plans.all()}
    if practice is None:
        if len(plans) == 1:
            return next(iter(plans.values()))
        raise Stop(
            "no practice is published yet: nightbell apply PLAN"
            if not plans
            else f"say which: --practice {'|'.join(plans)}"
        )
    raise Stop(f"there is no practice {practice!r}; there are: {', '.join(plans) or 'none'}")


def read_text(path: Path) -> str:
    """The file's text; `-` is standard input. Raises Stop."""
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Stop(f"{path}: it is not UTF-8 text (byte {error.start})") from error


def instant_in(text: str | None, zone: str, now: Instant) -> Instant:
    """An instant as people write it: with an offset, or as wall-clock time in the zone. Raises Stop."""
    if text is None:
        return now
    try:
        if _WALL.fullmatch(text):
            plain = PlainDateTime.parse_iso(text.replace(" ", "T"))
            return plain.assume_tz(zone, disambiguation="compatible").to_instant()
        return read_clock(text).now()
    except ValueError as error:
        raise Stop(f"--at: {text!r} is not a time such as '2026-11-22 02:10' or 2026-11-22T02:10:00-05:00") from error


def wall(at: Instant, zone: str) -> str:
    """An instant as the practice's wall clock shows it."""
    return at.to_tz(zone).format("YYYY-MM-DD HH:mm:ss")
