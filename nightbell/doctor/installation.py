"""The installation that `nightbell doctor` looks at: as much of it as can be opened."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from nightbell.composition import database_url
from nightbell.providers import second_gateway
from nightbell.settings import Settings, SettingsError
from routing.plan import Plan
from storage.clock import Clock, read_clock
from storage.database import Database
from storage.plan_cache import PlanCache
from storage.seal import KeyRing
from telephony.gateway import Gateway
from telephony.trust import certificates

PATIENCE: Final = httpx.Timeout(5.0, connect=3.0)
"""Real seconds for each request of a check."""
LOADING: Final = 5.0


@dataclass(frozen=True, slots=True)
class Installation:
    """`database`: None when it has no URL. `ring`: None when the keys cannot be read. `plans`: of the disk, if need be.

    `second`: the second provider's API, None without one. `http` has no credentials; what must have some takes the
    gateway.
    """

    settings: Settings
    clock: Clock
    database: Database | None
    ring: KeyRing | None
    plans: tuple[Plan, ...]
    gateway: Gateway
    http: httpx.AsyncClient
    second: Gateway | None = None


@asynccontextmanager
async def open_installation(
    settings: Settings, *, clock: Clock | None = None, url: str | None = None
) -> AsyncIterator[Installation]:
    """Open what can be opened; no part that fails keeps the others from being looked at."""
    clock = clock or read_clock(settings.clock)
    async with AsyncExitStack() as stack:
        database = _database(settings, url)
        plans: tuple[Plan, ...] = ()
        if database is not None:
            stack.push_async_callback(database.close)
            plans = await _plans(database, clock, settings)
        token = settings.auth_token.get_secret_value()
        gateway = Gateway(settings.account_sid or "AC", token or "-", settings.api_url, PATIENCE)
        stack.push_async_callback(gateway.close)
        second = second_gateway(settings, PATIENCE)
        if second is not None:
            stack.push_async_callback(second.close)
        client = httpx.AsyncClient(verify=certificates(), timeout=PATIENCE, follow_redirects=False)
        http = await stack.enter_async_context(client)
        yield Installation(settings, clock, database, _ring(settings), plans, gateway, http, second)


def _database(settings: Settings, url: str | None) -> Database | None:
    try:
        return Database(url or database_url(settings), pool_size=2)
    except (OSError, subprocess.SubprocessError):  # the embedded one does not start
        return None


def _ring(settings: Settings) -> KeyRing | None:
    try:
        return settings.key_ring()
    except (SettingsError, OSError):
        return None


async def _plans(database: Database, clock: Clock, settings: Settings) -> tuple[Plan, ...]:
    cache = PlanCache(database, clock, settings.data_dir / "plans")
    cache.load_from_disk()
    try:
        await asyncio.wait_for(cache.refresh(), LOADING)
    except Exception:  # noqa: BLE001 - a database without tables, or none: its own check tells, and the disk has copies
        return cache.all()
    return cache.all()
