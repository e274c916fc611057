"""A stage: the server, the worker and the emulator, running on loopback, with a clock of the play's own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from whenever import Instant

from nightbell.app import create_app
from nightbell.composition import Parts, compose
from nightbell.publishing import publish_text
from nightbell.settings import Settings
from storage.clock import MovedClock
from telephony.emulator import Exchange, RealTimeline, serving
from telephony.emulator import create_app as create_emulator
from webhooks.urls import RETRIES

RATE: Final = 15.0
"""How many times faster than real time the play goes."""
ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "made-up-token-of-the-demo"  # noqa: S105 - signs on loopback only


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, and where."""

    parts: Parts
    exchange: Exchange
    server: str
    emulator: str


def sample() -> str:
    """The sample practice's plan."""
    return (files("nightbell") / "samples" / "maple-pediatrics.yaml").read_text(encoding="utf-8")


@asynccontextmanager
async def set_stage(
    start: Instant, data_dir: Path, url: str, *, rate: float = RATE, ports: tuple[int, int] = (0, 0)
) -> AsyncIterator[Stage]:
    """Run everything, with the clocks of both sides showing `start`. `ports`: server and emulator; 0 is any."""
    async with AsyncExitStack() as stack:
        timeline = RealTimeline(start, rate)
        exchange = await stack.enter_async_context(Exchange(timeline, account_sid=ACCOUNT, auth_token=TOKEN))
        exchange.api_url = await stack.enter_async_context(serving(create_emulator(exchange), ports[1]))
        settings = Settings(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            api_url=exchange.api_url,
            public_url=f"http://127.0.0.1:{ports[0]}",
            data_dir=data_dir,
        )
        parts = await stack.enter_async_context(compose(settings, clock=MovedClock(start, rate), url=url))
        await publish_text(parts, sample(), "demo")
        await parts.plans.refresh()
        server = await stack.enter_async_context(serving(create_app(parts, with_worker=True), ports[0]))
        parts.site.urls.origin = parts.site.media.origin = server
        for plan in parts.plans.all():
            for number in plan.numbers:
                own_number(exchange, number, server)
        yield Stage(parts, exchange, server, exchange.api_url)


def own_number(exchange: Exchange, number: str, server: str) -> None:
    """Point a number of the emulator's at the server, as one would in Twilio's console."""
    exchange.own_number(
        number,
        voice_url=f"{server}/twilio/voice{RETRIES}",
        fallback_url=f"{server}/twilio/voice/fallback{RETRIES}",
        status_url=f"{server}/twilio/voice/status{RETRIES}",
        sms_url=f"{server}/twilio/sms{RETRIES}",
    )
