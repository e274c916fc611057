"""The processes as an operator runs them: `serve` and `worker`, started from the command line, and killed.

Real time and real processes; every wait is for something to happen, bounded by a deadline that only a fault reaches.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from telephony.emulator import Answers, Exchange, Hears, NoAnswer, Press, RealTimeline, create_app, serving
from telephony.emulator.events import Bridged

SAMPLE = Path(__file__).parents[2] / "nightbell/samples/maple-pediatrics.yaml"
PRACTICE, PARENT = "+16175550100", "+16175550180"
STAFF = ("+16175550121", "+16175550122", "+16175550132", "+16175550123", "+16175550124")
NIGHT = "2026-11-22T02:10:00-05:00"
KEYS = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
DEADLINE = 60.0
RATE = 10.0


@dataclass
class House:
    """The settings of one installation, and its emulator."""

    environment: dict[str, str]
    exchange: Exchange
    port: int
    database: str
    folder: Path

    def log(self, command: str) -> Path:
        """What the processes of a command print. A file, since a pipe that nobody reads stops them when it is full."""
        return self.folder / f"{command}.log"

    @contextmanager
    def process(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        with self.log(command[0]).open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "nightbell", *command], env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(DEADLINE)
            # pytest shows it where the test fails
            sys.stdout.write(f"---- {command[0]} ({process.returncode}) ----\n{self.log(command[0]).read_text()}\n")

    def run(self, *command: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "nightbell", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def is_ready(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as client:

            async def ready() -> bool:
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await comes_true(ready)

    async def value(self, query: str) -> Any:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            row = await (await connection.execute(query)).fetchone()
            return row[0] if row else None


async def comes_true(condition) -> None:
    end = time.monotonic() + DEADLINE
    while not await condition():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    port = free_port()
    async with (
        Exchange(RealTimeline(rate=RATE), auth_token="made-up", calls_per_second=0) as exchange,
        serving(create_app(exchange)) as api_url,
    ):
        exchange.api_url = api_url
        origin = f"http://127.0.0.1:{port}"
        settings = {
            "TWILIO_ACCOUNT_SID": exchange.account_sid,
            "TWILIO_AUTH_TOKEN": "made-up",
            "TWILIO_API_URL": api_url,
            "NIGHTBELL_PUBLIC_URL": origin,
            "NIGHTBELL_DATABASE_URL": database_url,
            "NIGHTBELL_ENCRYPTION_KEYS": KEYS,
            "NIGHTBELL_DATA_DIR": str(tmp_path),
            "NIGHTBELL_CLOCK": f"{NIGHT}*{RATE}@{time.time()}",
            "NIGHTBELL_CALLS_PER_SECOND": "1000",
        }
        exchange.own_number(
            PRACTICE,
            voice_url=f"{origin}/twilio/voice",
            status_url=f"{origin}/twilio/voice/status",
            sms_url=f"{origin}/twilio/sms",
        )
        yield House({**os.environ, **settings}, exchange, port, database_url, tmp_path)


async def until_holding(house: House):
    """A parent presses 1, confirms the number, and says nothing."""
    call = await house.exchange.phone(PARENT).dial(PRACTICE)
    await call.hears("dial 9 1 1")
    await call.press("1")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hears("say in a few words")
    await call.press("#")
    return call


async def talks(call) -> None:
    """The caller is with a clinician, and says so."""
    await call.hears("You are connected", within=DEADLINE * RATE)

    async def together() -> bool:
        return any(isinstance(event, Bridged) for event in call.events)

    await comes_true(together)
    await call.speak("It is my son, he is two", seconds=2)


async def test_a_page_outlives_its_worker_killed_in_the_middle(house: House):
    for number in STAFF:
        house.exchange.phone(number).behaviour = NoAnswer()
    await asyncio.to_thread(house.run, "apply", str(SAMPLE))
    with house.process("serve", "--port", str(house.port)):
        await house.is_ready()
        with house.process("worker") as worker:
            call = await until_holding(house)

            async def rung() -> bool:
                return bool(await house.value("SELECT count(*) FROM deliveries WHERE sid IS NOT NULL"))

            await comes_true(rung)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        for number in STAFF:
            house.exchange.phone(number).behaviour = Answers(after=1, script=[Hears("Press 1") >> Press("1")])
        with house.process("worker"):
            await talks(call)
            await call.hang_up()

            async def closed() -> bool:
                return await house.value("SELECT outcome FROM calls") == "connected"

            await comes_true(closed)
    assert await house.value("SELECT state FROM pages") == "resolved"


async def test_a_call_outlives_its_server_killed_while_the_caller_holds(house: House):
    for number in STAFF:
        house.exchange.phone(number).behaviour = NoAnswer()
    await asyncio.to_thread(house.run, "apply", str(SAMPLE))
    with house.process("worker"):
        with house.process("serve", "--port", str(house.port)) as server:
            await house.is_ready()
            call = await until_holding(house)
            await call.hears("To hang up and be called back")
            server.send_signal(signal.SIGKILL)
            server.wait()
            for number in STAFF:
                house.exchange.phone(number).behaviour = Answers(after=1, script=[Hears("Press 1") >> Press("1")])
        with house.process("serve", "--port", str(house.port)):
            # The caller's leg may have died with the server's silence; the page must not.
            async def accepted() -> bool:
                return await house.value("SELECT state FROM pages") in {"accepted", "bridged", "resolved"}

            await comes_true(accepted)
    if not call.ended:
        await call.hang_up()


async def test_serve_with_worker_is_all_that_a_small_site_needs(house: House):
    for number in STAFF:
        house.exchange.phone(number).behaviour = Answers(after=1, script=[Hears("Press 1") >> Press("1")])
    await asyncio.to_thread(house.run, "apply", str(SAMPLE))
    with house.process("serve", "--with-worker", "--port", str(house.port)):
        await house.is_ready()
        call = await until_holding(house)
        await talks(call)
        await call.hang_up()

        async def closed() -> bool:
            return await house.value("SELECT outcome FROM calls") == "connected"

        await comes_true(closed)
    assert house.exchange.faults == []


async def test_a_worker_that_is_told_to_stop_stops_in_order(house: House):
    with house.process("worker") as worker:

        async def runs() -> bool:
            return "The worker runs." in house.log("worker").read_text()

        await comes_true(runs)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, DEADLINE) == 0
