from collections.abc import AsyncIterator

import pytest

from tests.calendars.server import Elsewhere


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """Another calendar's server."""
    async with Elsewhere().serving() as server:
        yield server
