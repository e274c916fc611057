"""The server: an ASGI application made of the parts."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import structlog
from fastapi import FastAPI
from starlette.routing import Mount

from api.app import PREFIX, create_api
from api.desk import Desk
from api.feed_files import feed_route
from api.health import Readiness, health_routes
from api.page_link import page_link_route
from nightbell.composition import Parts
from nightbell.supervise import end, for_ever
from nightbell.twilio_watch import LOOK_EVERY, TwilioWatch
from nightbell.vigil import VIGIL_EVERY, Vigil
from nightbell.worker import Worker
from storage.errors import UnavailableError
from webhooks.keeping import replay
from webhooks.routes import routes
from webhooks.site import Site

_log = structlog.get_logger(__name__)

REPLAY_EVERY: Final = 5.0
"""Real seconds between two looks whether the journal can be written to the database."""


def create_app(parts: Parts, *, with_worker: bool = False) -> FastAPI:
    """The application. `with_worker`: this process also does the worker's jobs, for a small site."""
    vigil, twilio = Vigil(parts), TwilioWatch(parts)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        background: list[Coroutine[Any, Any, None]] = [
            for_ever("plans", parts.plans.run),
            for_ever("journal", lambda: replay_journal(parts.site), REPLAY_EVERY),
            for_ever("vigil", vigil.look, VIGIL_EVERY),
            for_ever("twilio", twilio.look, LOOK_EVERY),
        ]
        if with_worker:
            background.append(Worker(parts).run())
        tasks = [asyncio.create_task(work) for work in background]
        try:
            yield
        finally:
            await end(tasks)

    app = FastAPI(title="Nightbell", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = parts.site
    app.state.leaving = False
    app.state.vigil, app.state.twilio = vigil, twilio
    app.router.routes.extend(routes())
    app.include_router(
        health_routes(
            lambda: readiness(parts, vigil, twilio, leaving=app.state.leaving),
            parts.site.metrics.registry,
            parts.gauges.look,
        )
    )
    desk = Desk(
        parts.clock,
        parts.ring,
        parts.database,
        parts.plans,
        parts.site.paging,
        parts.site.jobs,
        parts.calendars,
        parts.settings.public_url,
    )
    app.router.routes.append(feed_route(desk))
    app.router.routes.append(page_link_route(desk))
    app.router.routes.append(_mounted(create_api(desk)))
    return app


def _mounted(api: FastAPI) -> Mount:
    """The API as an application of its own: none of what it does to requests is done to calls."""
    mount = Mount(PREFIX, app=api)
    # Starlette's pattern stops at an encoded line break, and the API could not answer such a path in its own words.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def readiness(parts: Parts, vigil: Vigil, twilio: TwilioWatch, *, leaving: bool) -> Readiness:
    """What this process can do now. Nothing is asked for it, however often somebody asks."""
    practices = len(parts.plans.all())
    return Readiness(
        ready=practices > 0 and not leaving,
        practices=practices,
        database=parts.database.answers and not parts.database.is_away,
        plans_from_disk=parts.plans.loaded_from_disk,
        journal_empty=parts.site.journal.is_empty(),
        worker=vigil.worker_lives,
        twilio=twilio.answers,
    )


async def replay_journal(site: Site) -> int:
    """Write what the journal keeps; how many entries. Nothing is lost when the database fails again."""
    if site.journal.is_empty():
        return 0
    try:
        done = await site.journal.replay(lambda entry: _replay_one(site, entry))
    except (UnavailableError, OSError) as error:
        _log.debug("journal_waits", why=type(error).__name__)  # that the database is away is said elsewhere, once
        return 0
    _log.info("journal_replayed", entries=done)
    return done


async def _replay_one(site: Site, entry: dict[str, Any]) -> None:
    """Write an entry; what is logged meanwhile names its call."""
    with structlog.contextvars.bound_contextvars(call=call_of(entry)):
        await replay(site, entry)


def call_of(entry: dict[str, Any]) -> str | None:
    """The SID of the call that a journal's entry is about; None where it says none."""
    for part, name in (("ended", "sid"), ("recording", "call"), ("record", "head")):
        found = entry.get(part)
        value = found.get(name) if isinstance(found, dict) else None
        value = value.get("sid") if isinstance(value, dict) else value
        if value:
            return str(value)
    return None
