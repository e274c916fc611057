"""An installation of its own: a data folder with the embedded database, and the command line on it."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import structlog

from nightbell import cli
from nightbell.cli.console import stderr, stdout
from nightbell.settings import Settings
from storage.embedded import start_embedded
from tests.calls.night import open_night
from tests.calls.people import PRACTICE, SUNDAY_NIGHT

if TYPE_CHECKING:
    from tests.nightbell.live import Live

NIGHT = "2026-11-22T02:10:00-05:00"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]
Willow = Callable[..., Ran]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database runs until the tests end."""
    folder: Path = tmp_path_factory.mktemp("nightbell")
    start_embedded(folder / "postgresql")
    return folder


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting but those of the test, in a folder without a file of settings."""
    for field in Settings.model_fields.values():
        for name in field.validation_alias.choices:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("NIGHTBELL_SETTINGS", raising=False)
    for console in (stdout, stderr):  # as wide as a table needs, wherever the tests run
        monkeypatch.setattr(console, "width", 200)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def run(environment: pytest.MonkeyPatch, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`nightbell ...` at 02:10 on a Sunday."""
    environment.setenv("NIGHTBELL_DATA_DIR", str(data_dir))
    environment.setenv("NIGHTBELL_CLOCK", NIGHT)
    environment.setenv("TWILIO_API_URL", "http://127.0.0.1:1")

    def nightbell(*arguments: str) -> Ran:
        environment.setattr(sys, "argv", ["nightbell", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    yield nightbell
    structlog.reset_defaults()  # the commands log to the standard error of this test


@pytest.fixture(scope="session")
def sample() -> str:
    return files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")


@pytest.fixture
def plan_file(tmp_path: Path, sample: str) -> Path:
    path = tmp_path / "maple.yaml"
    path.write_text(sample, encoding="utf-8")
    return path


@pytest.fixture
def maple(run: Run, plan_file: Path) -> Run:
    """The command line, with Maple Pediatrics published."""
    assert run("apply", str(plan_file)).code == 0
    return run


@pytest.fixture
def willow(run: Run, plan_file: Path, sample: str, data_dir: Path) -> Willow:
    """The command line for Willow, where nothing stands beside the plan; it is 02:10 on a Sunday."""
    document = sample.replace("maple-pediatrics", "willow").replace("+16175550100", "+16175550148")
    plan_file.write_text(document)
    assert run("apply", str(plan_file)).code == 0
    with psycopg.connect(start_embedded(data_dir / "postgresql"), autocommit=True) as connection:
        connection.execute("DELETE FROM swaps WHERE practice = 'willow'")
        connection.execute("DELETE FROM time_off WHERE practice = 'willow'")
        connection.execute("DELETE FROM overrides WHERE practice = 'willow'")

    def nightbell(*arguments: str) -> Ran:
        return run(*arguments, "--practice", "willow")

    return nightbell


@pytest.fixture
async def live(database_url: str, tmp_path: Path, run: Run, environment: pytest.MonkeyPatch) -> AsyncIterator["Live"]:
    """02:10 on a Sunday, everything running; the practice's number leads nowhere yet."""
    from tests.nightbell.live import Live

    async with open_night(SUNDAY_NIGHT, database_url, tmp_path / "data") as night:
        night.exchange.own_number(PRACTICE)
        yield Live(night, database_url, run, environment)
