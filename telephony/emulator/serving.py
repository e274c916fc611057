"""Serving an ASGI application on loopback, in the running event loop, quick to start and to stop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

GRACE = 2.0
"""Real seconds that requests under way get when the server stops."""
_LOOK = 0.005


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` on 127.0.0.1 at ``port`` (any free one for 0); yields its origin, e.g. ``http://127.0.0.1:4567``.

    The application's lifespan runs. Raises RuntimeError when the application fails to start.
    """
    # The protocol is named so that asyncio knows it for TCP and sets TCP_NODELAY: without, each answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = await _start(app, listener)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await _stop(server)


async def _start(app: ASGIApp, listener: socket.socket) -> uvicorn.Server:
    """Uvicorn without its main loop, which would catch signals and look at the clock ten times a second."""
    config = uvicorn.Config(app, log_level="warning", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    if server.should_exit:
        raise RuntimeError("the application did not start")
    await server.on_tick(0)  # sets the headers that every answer carries
    return server


async def _stop(server: uvicorn.Server) -> None:
    """Refuse new connections, let requests under way end for a while, and run the lifespan's end."""
    for listening in server.servers:
        listening.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    for _ in range(int(GRACE / _LOOK)):
        await asyncio.sleep(0)
        if not server.server_state.connections and not server.server_state.tasks:
            break
        await asyncio.sleep(_LOOK)
    for task in server.server_state.tasks:
        task.cancel()
    await server.lifespan.shutdown()
