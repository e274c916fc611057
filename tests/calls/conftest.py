"""The stages of the scenarios. Each ends with the promises that hold for every call (`tests.calls.promises`)."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog
from whenever import Instant

from tests.calls import promises
from tests.calls.night import Night, open_night
from tests.calls.people import MONDAY_MORNING, SUNDAY_NIGHT

Stage = Callable[..., Awaitable[Night]]
_LIBRARIES = ("procrastinate", "sqlalchemy", "nightbell", "psycopg")


class _Heard(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every log line of the product and of the libraries that see what it stores."""
    lines: list[str] = []

    def keep(_logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        lines.append(f"{name} {dict(event)!r}")
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, keep]
    )
    heard = _Heard(lines)
    for name in _LIBRARIES:
        logging.getLogger(name).addHandler(heard)
    yield lines
    for name in _LIBRARIES:
        logging.getLogger(name).removeHandler(heard)
    structlog.reset_defaults()


@pytest.fixture
async def stage(
    database_url: str, tmp_path: Path, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """Opens a night at a time of one's own; the promises are checked at its end."""
    # Real seconds, of which hardly any pass in virtual time: a night's next turn would count as the same moment.
    monkeypatch.setattr("storage.database.REST_AFTER_FAILURE", 0.0)
    async with AsyncExitStack() as stack:

        async def opened(start: Instant = SUNDAY_NIGHT, **how: Any) -> Night:
            night = await stack.enter_async_context(open_night(start, database_url, tmp_path, **how))
            # Real seconds: a machine that is busy with other tests is no fault to be played. Late answers are, in
            # tests/calls/test_own_faults.py, which sets its own.
            night.parts.database._bound = 10.0
            stack.push_async_callback(promises.check, night, logged)
            return night

        yield opened


@pytest.fixture
async def night(stage: Stage) -> Night:
    """02:10 on a Sunday."""
    return await stage()


@pytest.fixture
async def day(stage: Stage) -> Night:
    """10:00 on a Monday."""
    return await stage(MONDAY_MORNING)


@pytest.fixture
async def wired(stage: Stage) -> Night:
    """02:10 on a Sunday; the database is behind a wire that can be cut."""
    return await stage(wired=True)
