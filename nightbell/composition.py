"""Putting the parts together, the same way for the server, the worker, the commands and the tests."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import procrastinate
import structlog
from whenever import TimeDelta

from calendars.copying import Calendars
from calendars.guard import networks_of
from nightbell.gauges import Gauges
from nightbell.providers import Providers, make_providers, second_gateway
from nightbell.settings import Settings
from storage.clock import Clock, read_clock
from storage.database import Database
from storage.embedded import start_embedded
from storage.errors import StorageError, UnavailableError
from storage.group_commit import GroupCommit
from storage.jobs import Jobs, make_app
from storage.journal import Journal
from storage.paging import Paging
from storage.plan_cache import PlanCache
from storage.schema import is_current
from storage.seal import KeyRing
from storage.shift_answering import ShiftAnswers
from telephony.gateway import Gateway
from webhooks.learning import Learning
from webhooks.media import Media
from webhooks.site import Metrics, Site
from webhooks.urls import Urls

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of a process, open."""

    settings: Settings
    clock: Clock
    ring: KeyRing
    database: Database
    plans: PlanCache
    queue: procrastinate.App
    gateway: Gateway
    providers: Providers
    site: Site
    gauges: Gauges
    calendars: Calendars


def database_url(settings: Settings) -> str:
    """The configured database, or the embedded one, which is started when it does not run."""
    if settings.database_url is not None and settings.database_url.get_secret_value():
        return settings.database_url.get_secret_value()
    return start_embedded((settings.data_dir / "postgresql").resolve())


class MigrationsMissingError(StorageError):
    """The configured database is not at the present schema."""


def ready_database(settings: Settings) -> str:
    """The database's URL, at the present schema.

    The embedded one is migrated here; one's own is only looked at, since that step is the operator's. A database that
    cannot be reached is no error: calls are answered without it, from the plans on disk. Raises MigrationsMissingError.
    """
    url = database_url(settings)
    if settings.database_url is None:
        if not is_current(url):
            from storage.migrate import migrate  # noqa: PLC0415 - Alembic takes 10 MB, of which `serve` has no need

            migrate(url)
        return url
    try:
        current = is_current(url)
    except UnavailableError as error:
        _log.error("database_unavailable", why=str(error))
        return url
    if not current:
        raise MigrationsMissingError("the database lacks migrations: run `nightbell migrate`, then this again")
    return url


@asynccontextmanager
async def compose(settings: Settings, *, clock: Clock | None = None, url: str | None = None) -> AsyncIterator[Parts]:
    """Open all parts; closed at the end of the block.

    Plans are loaded from the database or, when that does not answer, from their copies on disk.
    """
    clock = clock or read_clock(settings.clock)
    ring = settings.key_ring()
    async with AsyncExitStack() as stack:
        database = Database(url or database_url(settings))
        stack.push_async_callback(database.close)
        plans = PlanCache(database, clock, settings.data_dir / "plans")
        await load_plans(plans)
        queue = make_app(database.url)
        jobs = Jobs(queue, TimeDelta(minutes=settings.alerts_again_after))
        gateway = Gateway(settings.account_sid or "AC", settings.auth_token.get_secret_value() or "-", settings.api_url)
        stack.push_async_callback(gateway.close)
        second = second_gateway(settings)
        if second is not None:
            stack.push_async_callback(second.close)
        providers = make_providers(gateway, second, settings, clock)
        site = _site(settings, clock, database, ring, plans, jobs)
        stack.push_async_callback(site.media.close)
        stack.push_async_callback(site.events.close)
        gauges = Gauges(site.metrics.registry, database, clock, plans)
        calendars = Calendars(networks_of(settings.calendar_networks))
        yield Parts(settings, clock, ring, database, plans, queue, gateway, providers, site, gauges, calendars)


def _site(  # the parts in the order in which they depend on each other
    settings: Settings, clock: Clock, database: Database, ring: KeyRing, plans: PlanCache, jobs: Jobs
) -> Site:
    auth = (settings.account_sid, settings.auth_token.get_secret_value())
    return Site(
        accounts=frozenset({settings.account_sid, settings.second_account_sid or settings.account_sid}),
        tokens=(*settings.tokens, *settings.second_tokens),
        second_number=settings.second_number,
        clock=clock,
        database=database,
        events=GroupCommit(database, ring),
        ring=ring,
        plans=plans,
        paging=Paging(database, jobs, plans, clock, ring),
        jobs=jobs,
        journal=Journal(settings.data_dir / "journal", ring),
        urls=Urls(settings.public_url),
        media=Media(settings.public_url, [token.encode() for token in settings.tokens or ("",)], auth),
        learning=Learning(database, clock),
        shifts=ShiftAnswers(database, jobs),
        metrics=Metrics(),
    )


async def load_plans(plans: PlanCache) -> None:
    """Fill the cache, from disk first: what is there answers calls while the database is asked."""
    plans.load_from_disk()
    try:
        await plans.refresh()
    except UnavailableError as error:
        _log.error("plans_from_disk", why=str(error), practices=len(plans.all()))
