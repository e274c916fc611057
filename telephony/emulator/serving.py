"""Serving an ASGI application on loopback, in the running event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` on 127.0.0.1 at ``port`` (any free one for 0); yields its origin, e.g. ``http://127.0.0.1:4567``."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_level="warning", lifespan="auto", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001  (serve() would catch the signals)
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        try:
            yield "http://127.0.0.1:{}".format(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await task
