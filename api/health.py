"""Is the process alive, can it answer calls, and its counters."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel


class Health(BaseModel):
    """The process is alive."""

    status: str = "alive"


class Readiness(BaseModel):
    """`ready`: calls are answered, and it is not about to stop. `database`: they are also recorded as they happen."""

    ready: bool
    practices: int
    database: bool
    plans_from_disk: bool
    journal_empty: bool


def health_routes(
    readiness: Callable[[Request], Readiness], registry: CollectorRegistry, look: Callable[[], Awaitable[None]]
) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. `look`: brings the gauges up to date before they are told."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get("/readyz")
    async def readyz(request: Request, response: Response) -> Readiness:
        found = readiness(request)
        # Without the database calls are still answered, so that a balancer must not take this process out.
        response.status_code = 200 if found.ready else 503
        return found

    @router.get("/metrics")
    async def metrics() -> Response:
        await look()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
