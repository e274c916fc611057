"""Twilio's REST side for the bench: it takes calls and texts, and rings nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.house import free_port
from telephony.emulator import serving


@asynccontextmanager
async def exchange() -> AsyncIterator[str]:
    """Its URL."""
    numbers = count(1)

    async def take(request: Request) -> Response:
        kind = "CA" if request.path_params["resource"] == "Calls" else "SM"
        return JSONResponse({"sid": f"{kind}e{next(numbers):031x}", "status": "queued"}, 201)

    async def change(request: Request) -> Response:
        return JSONResponse({"sid": request.path_params["sid"], "status": "completed"})

    account = "/2010-04-01/Accounts/{account}"
    app = Starlette(
        routes=[
            Route(account + "/{resource}.json", take, methods=["POST"]),
            Route(account + "/Calls/{sid}.json", change, methods=["POST", "GET"]),
        ]
    )
    async with serving(app, free_port()) as url:
        yield url
