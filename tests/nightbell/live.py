"""An installation that is about to go live: the product and the emulator of a night, and the commands beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nightbell.doctor import Finding, examine
from nightbell.doctor.installation import Installation, open_installation
from nightbell.doctor.outcome import Level
from telephony.emulator import Exchange, create_app, serving
from tests.calls.night import Night
from tests.calls.people import PRACTICE, SECOND_ACCOUNT, SECOND_NUMBER, SECOND_TOKEN, TOKEN
from tests.nightbell.conftest import Ran, Run


class Live:
    """`night` runs; commands run beside it, in a thread of their own, on the same settings."""

    def __init__(self, night: Night, url: str, run: Run, environment: pytest.MonkeyPatch) -> None:
        self.night = night
        self.url = url
        self.environment = environment
        self._run = run
        settings = {
            "TWILIO_ACCOUNT_SID": night.exchange.account_sid,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": night.exchange.api_url,
            "NIGHTBELL_PUBLIC_URL": night.product.origin,
            "NIGHTBELL_DATABASE_URL": url,
            "NIGHTBELL_DATA_DIR": str(night.folder),
            "NIGHTBELL_ENCRYPTION_KEYS": (night.folder / "encryption.key").read_text().strip(),
            "NIGHTBELL_OPERATORS": "+16175550190",
        }
        for name, value in settings.items():
            environment.setenv(name, value)

    @property
    def kept(self) -> Path:
        return self.night.folder / "twilio-before.json"

    @property
    def number(self):
        return self.night.exchange.numbers[PRACTICE]

    async def command(self, *arguments: str) -> Ran:
        return await asyncio.to_thread(self._run, *arguments)

    @asynccontextmanager
    async def second(self) -> AsyncIterator[Exchange]:
        """A second provider, with the same telephones; commands have its settings from now on."""
        other = Exchange(self.night.timeline, SECOND_ACCOUNT, SECOND_TOKEN)
        other.phones = self.night.exchange.phones
        async with serving(create_app(other)) as url:
            other.api_url = url
            settings = {
                "ACCOUNT_SID": SECOND_ACCOUNT,
                "AUTH_TOKEN": SECOND_TOKEN,
                "API_URL": url,
                "NUMBER": SECOND_NUMBER,
            }
            for name, value in settings.items():
                self.environment.setenv(f"NIGHTBELL_SECOND_{name}", value)
            try:
                yield other
            finally:
                await other.webhooks.close()

    @asynccontextmanager
    async def installation(self, **changed: object) -> AsyncIterator[Installation]:
        settings = self.night.parts.settings.model_copy(update={"operators": "+16175550190", "clock": "", **changed})
        async with open_installation(settings, clock=self.night.clock, url=self.url) as installation:
            yield installation

    async def findings(self, check: str, **changed: object) -> list[Finding]:
        """What the doctor says about one subject."""
        async with self.installation(**changed) as installation:
            return [finding for finding in await examine(installation) if finding.check == check]

    async def tells(self, check: str, level: Level, says: str, **changed: object) -> str:
        """The doctor says this; the mend that it names."""
        found = await self.findings(check, **changed)
        said = [finding.outcome for finding in found if says in finding.outcome.says]
        assert said, found
        assert said[0].level is level, said
        assert said[0].mend or level in {Level.OK, Level.UNKNOWN}
        return said[0].mend

    async def worker_lives(self, seconds_ago: float = 0.0) -> None:
        await self.night.sql("DELETE FROM procrastinate_workers")
        await self.night.sql(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :ago))",
            ago=seconds_ago,
        )
