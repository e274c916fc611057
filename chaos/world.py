"""What the chaos happens to: the processes, PostgreSQL, Twilio's side and the time that they share."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from whenever import Instant, ZonedDateTime

from bench.house import NIGHT, SAMPLE, House, free_port
from bench.traffic import PRACTICE, TOKEN
from chaos.commit_points import CommitPoints
from chaos.front import front
from chaos.postgres import Postgres
from chaos.process import Process, start_all
from telephony.emulator import Exchange, RealTimeline, create_app, serving
from webhooks.urls import RETRIES

RATE: Final = 10.0
"""How much faster than real time the night goes by, for the product's clock and for Twilio's side alike."""
SECOND_ACCOUNT: Final = "AC" + "2" * 32
SECOND_TOKEN: Final = "another-made-up-token"  # noqa: S105 - signs on loopback only
SECOND_NUMBER: Final = "+16175550170"
START: Final = ZonedDateTime.parse_iso(f"{NIGHT}[America/New_York]").to_instant()


@dataclass(slots=True)
class World:
    """`began`: the Unix seconds at which it was 02:10 on a Sunday. `last`: the servers behind the fallback URL.

    `second`: the second provider's account, where there is one. Nothing but its callbacks ever fails there.
    """

    exchange: Exchange
    second: Exchange | None
    postgres: Postgres
    serves: list[Process]
    workers: list[Process]
    last: list[Process]
    points: CommitPoints
    folder: Path
    began: float
    says: Callable[[str], None] = print
    curtain: float = 0.0
    """The Unix seconds at which the script began."""
    rest: str = ""
    """In which way Twilio's REST API failed last."""

    def note(self, what: str) -> None:
        """Say what happens, with the real seconds since the beginning."""
        self.says(f"{self.seconds(time.time()):6.1f} s  {what}")

    def seconds(self, at: float) -> float:
        """How long after the beginning of the script that was; `at` in Unix seconds."""
        return at - self.curtain

    @property
    def processes(self) -> list[Process]:
        """The product's."""
        return [*self.serves, *self.workers]

    def process(self, name: str) -> Process:
        """The process of this name."""
        return next(process for process in self.processes if process.name == name)

    def real(self, instant: Instant) -> float:
        """When that was, in Unix seconds."""
        return self.began + (instant - START).total("seconds") / RATE

    def now(self) -> Instant:
        """What time it is in the night."""
        return START.add(seconds=(time.time() - self.began) * RATE)

    @property
    def exchanges(self) -> list[Exchange]:
        """Twilio's side, and the second provider's."""
        return [self.exchange, *([self.second] if self.second is not None else [])]

    @property
    def data(self) -> Path:
        """The data folder of the product's processes."""
        return self.folder / "data"


@asynccontextmanager
async def world(folder: Path, *, fronted: bool, seconded: bool) -> AsyncIterator[World]:
    """Everything runs, the sample's plan is published; all of it ends with the block.

    `fronted`: the servers are behind a front that has one address. Else each has its own: the practice's number leads
    to the first, and where that fails to the second, on which a call then stays. `seconded`: with a second provider.
    """
    postgres = Postgres(folder / "postgresql")
    house = House(folder, postgres.url, "http://127.0.0.1:9")
    house.command("migrate")
    house.command("apply", str(SAMPLE))
    began, points = time.time(), CommitPoints()
    ports = [free_port(), free_port()]
    public = [free_port()] * 2 if fronted else ports
    async with (
        Exchange(RealTimeline(START, RATE), auth_token=TOKEN, calls_per_second=0) as exchange,
        serving(points.watched(create_app(exchange))) as api_url,
        _second(exchange) if seconded else nullcontext() as second,
        front(public[0], ports) if fronted else nullcontext(),
        points.listening(postgres),
    ):
        exchange.api_url = api_url
        serves, workers = _processes(replace(house, api_url=api_url), ports, public, began, _settings(second))
        last = serves if fronted else serves[1:]
        made = World(exchange, second, postgres, serves, workers, last, points, folder, began)
        _own(exchange, PRACTICE, *map(_origin, public))
        if second is not None:
            _own(second, SECOND_NUMBER, *map(_origin, public))
        points.knows(made.processes)
        try:
            await start_all(made.processes)
            yield made
        finally:
            for process in made.processes:
                process.kill()


@asynccontextmanager
async def _second(first: Exchange) -> AsyncIterator[Exchange]:
    """Another account in the same night; the telephones are the same, whoever rings them."""
    second = Exchange(first.timeline, SECOND_ACCOUNT, SECOND_TOKEN, calls_per_second=0)
    second.phones = first.phones
    async with serving(create_app(second)) as url:
        second.api_url = url
        try:
            yield second
        finally:
            await second.webhooks.close()


def _settings(second: Exchange | None) -> dict[str, str]:
    if second is None:
        return {}
    return {
        "NIGHTBELL_SECOND_ACCOUNT_SID": SECOND_ACCOUNT,
        "NIGHTBELL_SECOND_AUTH_TOKEN": SECOND_TOKEN,
        "NIGHTBELL_SECOND_API_URL": second.api_url,
        "NIGHTBELL_SECOND_NUMBER": SECOND_NUMBER,
    }


def _processes(
    house: House, ports: list[int], public: list[int], began: float, more: dict[str, str]
) -> tuple[list[Process], list[Process]]:
    """Two servers, and two workers; each worker gives Twilio the URLs of one server's public port."""
    serves, workers = [], []
    for number, (port, seen) in enumerate(zip(ports, public, strict=True), 1):
        settings = house.environment(
            NIGHTBELL_PUBLIC_URL=_origin(seen),
            NIGHTBELL_CLOCK=f"{NIGHT}*{RATE:g}@{began:.6f}",
            NIGHTBELL_CALLS_PER_SECOND="100",
            **more,
        )
        command, log = ["serve", "--port", str(port)], house.folder / f"serve-{number}.log"
        serves.append(Process(f"serve-{number}", command, settings, log, port))
        workers.append(Process(f"worker-{number}", ["worker"], settings, house.folder / f"worker-{number}.log"))
    return serves, workers


def _origin(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _own(exchange: Exchange, number: str, first: str, second: str) -> None:
    """The number leads to the first origin, and where that fails to the second."""
    exchange.own_number(
        number,
        voice_url=f"{first}/twilio/voice{RETRIES}",
        fallback_url=f"{second}/twilio/voice/fallback{RETRIES}",
        status_url=f"{first}/twilio/voice/status{RETRIES}",
        sms_url=f"{first}/twilio/sms{RETRIES}",
        sms_fallback_url=f"{second}/twilio/sms",
    )
