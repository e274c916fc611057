"""A front for several servers, as a proxy at the edge is one: a connection goes to whichever server takes it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

_CHUNK = 65536


@asynccontextmanager
async def front(port: int, servers: Sequence[int]) -> AsyncIterator[None]:
    """Connections to `port` go to the ports of the servers in turn; they break when their server does."""
    turn = count()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(turn)
        for n in range(len(servers)):
            with suppress(OSError):
                behind = await asyncio.open_connection("127.0.0.1", servers[(first + n) % len(servers)])
                await asyncio.gather(_pipe(reader, behind[1]), _pipe(behind[0], writer))
                return
        writer.transport.abort()

    server = await asyncio.start_server(meet, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes; when it ends or breaks, so does the other side."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
