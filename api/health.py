"""Is the process alive, can it answer calls, and its counters."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel


class Health(BaseModel):
    """The process is alive."""

    status: str = "alive"


class Readiness(BaseModel):
    """`ready`: calls are answered, and it is not about to stop. `database`: they are also recorded as they happen.

    `worker`: one has given a sign of life of late, so that pages go on. `twilio`: its REST API takes our requests, so
    that the staff are rung. Both are as at the last look, and null while nothing is known.
    """

    ready: bool
    practices: int
    database: bool
    plans_from_disk: bool
    journal_empty: bool
    worker: bool | None = None
    twilio: bool | None = None


def health_routes(
    readiness: Callable[[], Readiness], registry: CollectorRegistry, look: Callable[[], Awaitable[None]]
) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. `look`: brings the gauges up to date before they are told."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get("/readyz")
    async def readyz(response: Response) -> Readiness:
        found = readiness()
        # Without database, worker or Twilio's REST API calls are still answered, and by a last resort a person is
        # reached: a balancer that took this process out for one of them would let the telephone ring on.
        response.status_code = 200 if found.ready else 503
        return found

    @router.get("/metrics")
    async def metrics() -> Response:
        await look()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
