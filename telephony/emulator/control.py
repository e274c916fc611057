"""The control interface: a telephone for whoever sits at a terminal. Loopback only; it knows no password."""

from starlette.routing import BaseRoute

from telephony.emulator.exchange import Exchange


def control_routes(_exchange: Exchange) -> list[BaseRoute]:
    """The routes under ``/emulator/``."""
    return []
