"""A server that is told to stop leaves first: it says so to the proxy, and lets go of its connections one by one.

A proxy keeps connections for its next requests. Closed without a word, one of them would fail just when it is used, and
a proxy does not send a POST again by itself.
"""

import signal
import time
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

LEAVES_FOR: Final = 2.0
"""Real seconds in which it still takes requests, but says at `/readyz` that it should get none."""
_CLOSE: Final = (b"connection", b"close")


class LeavingServer(uvicorn.Server):
    """SIGTERM: it leaves, then ends as uvicorn does. SIGINT, or a second SIGTERM: it ends."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._leaves_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal has come."""
        if sig != signal.SIGTERM or self._leaves_at is not None:
            super().handle_exit(sig, frame)
            return
        self._leaves_at = time.monotonic() + LEAVES_FOR
        self._app.state.leaving = True
        self.config.encoded_headers.append(_CLOSE)  # of which uvicorn takes its headers anew each second
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: True ends it."""
        if self._leaves_at is not None and time.monotonic() >= self._leaves_at:
            return True
        return await super().on_tick(counter)
