"""`nightbell probe` walks through a live server, and tells what is broken in it; nobody hears of a walk."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from whenever import Instant

from nightbell.doctor import Finding, Level, is_fit
from nightbell.probe import PROBE_PLAN, probing
from nightbell.probe.probing import Prober, open_prober
from nightbell.settings import Settings
from routing.synthetic import PROBE
from storage import api_keys
from storage.api_keys import ApiKey
from tests.calls.night import Night, open_night
from tests.calls.people import OPERATOR, PRACTICE, SUNDAY_NIGHT
from tests.calls.proxy import Wire

FROM = PRACTICE


class NightWatch:
    """The probe's seconds are those of the night."""

    def __init__(self, night: Night) -> None:
        self._night = night

    def now(self) -> float:
        return self._night.clock.now().timestamp()

    async def wait(self, seconds: float) -> None:
        await self._night.passes(seconds)


class Outside:
    """Another machine, with a probe."""

    def __init__(self, night: Night, key: str) -> None:
        self.night = night
        self.settings = night.parts.settings.model_copy(
            update={"probe_key": SecretStr(key), "operators": OPERATOR, "probe_from": FROM}
        )

    @asynccontextmanager
    async def prober(self, **changed: object) -> AsyncIterator[Prober]:
        settings: Settings = self.settings.model_copy(update=changed)
        async with open_prober(settings, "", NightWatch(self.night)) as prober:
            yield prober

    async def probes(self, **changed: object) -> list[Finding]:
        async with self.prober(**changed) as prober:
            return (await prober.probe())[0]


@pytest.fixture
async def outside(database_url: str, tmp_path: Path) -> AsyncIterator[Outside]:
    async with open_night(SUNDAY_NIGHT, database_url, tmp_path / "data", wired=True) as night:
        await night.publish(PROBE_PLAN.read_text())
        wanted = ApiKey("", "probe", PROBE, read_only=False, created_at=night.clock.now())
        async with night.parts.database.transaction() as connection:
            key = await api_keys.create(connection, wanted, "a test")
        yield Outside(night, key)


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.check: finding.outcome.level for finding in findings}


def said(findings: list[Finding], check: str) -> str:
    return next(f"{f.outcome.level}: {f.outcome.says}" for f in findings if f.check == check)


async def test_all_is_well_and_nobody_hears_of_it(outside: Outside) -> None:
    findings = await outside.probes()
    assert set(levels(findings).values()) == {Level.OK}, findings
