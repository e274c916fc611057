"""The operators' API as an ASGI application, to be mounted at /v1."""

import asyncio
from functools import cache
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import (
    alerts,
    burden,
    calendar,
    calendars,
    calls,
    closures,
    explaining,
    feeds,
    on_call,
    overrides,
    pages,
    pins,
    plan,
    practices,
    swaps,
    time_off,
    versions,
)
from api.access import refuse_unknown_parameters
from api.description import completed
from api.desk import Desk
from api.gate import Gate
from api.problems import problem_of

PREFIX: Final = "/v1"
_ROUTERS: Final = (
    practices,
    plan,
    versions,
    explaining,
    on_call,
    calendar,
    burden,
    calendars,
    closures,
    overrides,
    swaps,
    time_off,
    feeds,
    calls,
    pages,
    pins,
    alerts,
)


def create_api(desk: Desk) -> FastAPI:
    """The API with these parts, behind its gate."""
    app = _paths()
    app.state.desk = desk
    app.add_middleware(Gate, desk=desk)
    return app


@cache
def describe() -> dict[str, Any]:
    """The OpenAPI document; made once, since that takes a while."""
    return completed(_paths().openapi(), PREFIX)


def _paths() -> FastAPI:
    app = FastAPI(
        title="Nightbell",
        summary="Set up practices, look into their calls, and act on their pages.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unknown_parameters)],
        exception_handlers={HTTPException: _refused, RequestValidationError: _refused},
    )
    for module in _ROUTERS:
        app.include_router(module.router)
    app.add_api_route("/openapi.json", _openapi, include_in_schema=False)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    return problem_of(error).response(request.url.path, request.state.request_id)


async def _openapi() -> JSONResponse:
    return JSONResponse(await asyncio.to_thread(describe))
