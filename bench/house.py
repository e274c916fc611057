"""A real installation for the bench: an embedded PostgreSQL, and `nightbell` processes as an operator runs them."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.load import connect
from bench.traffic import ACCOUNT, PUBLIC_URL, TOKEN
from storage.embedded import start_embedded

SAMPLE: Final = Path(__file__).parents[1] / "nightbell/samples/maple-pediatrics.yaml"
NIGHT: Final = "2026-11-22T02:10:00-05:00"
KEYS: Final = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
DEADLINE: Final = 60.0
"""Real seconds after which something that should have come is a fault."""


class BenchError(Exception):
    """What was to be measured did not work; there is no figure then."""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class House:
    """An installation in a folder. `api_url`: where its worker finds Twilio's side."""

    folder: Path
    database: str
    api_url: str

    @classmethod
    def build(cls, folder: Path, api_url: str = "http://127.0.0.1:9") -> "House":
        """A fresh database in the folder, at the present schema."""
        house = cls(folder, start_embedded(folder / "postgresql"), api_url)
        house.command("migrate")
        return house

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of its processes."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTBELL_", "TWILIO_"))}
        return ours | {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": self.api_url,
            "NIGHTBELL_PUBLIC_URL": PUBLIC_URL,
            "NIGHTBELL_DATABASE_URL": self.database,
            "NIGHTBELL_ENCRYPTION_KEYS": KEYS,
            "NIGHTBELL_DATA_DIR": str(self.folder / "data"),
            "NIGHTBELL_CLOCK": NIGHT,
            **more,
        }

    def command(self, *arguments: str) -> None:
        """Run a `nightbell` command to its end. Raises BenchError."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "nightbell", *arguments],
            env=self.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BenchError(f"nightbell {' '.join(arguments)}: {done.stdout}{done.stderr}")

    @contextmanager
    def process(self, *command: str, **settings: str) -> Iterator[psutil.Process]:
        """A `nightbell` process while the block runs."""
        with running([sys.executable, "-m", "nightbell", *command], self.environment(**settings), self.log) as process:
            yield process

    @property
    def log(self) -> Path:
        """Where its processes log to."""
        return self.folder / "log"


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """A process while the block runs."""
    with (
        log.open("ab") as errors,
        psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


async def listens(port: int) -> None:
    """Wait until somebody listens on the port. Raises BenchError."""
    until = time.perf_counter() + DEADLINE
    while time.perf_counter() < until:
        try:
            (await connect(port)).close()
        except OSError:
            await asyncio.sleep(0.01)
        else:
            return
    raise BenchError(f"nobody listens on port {port}")
