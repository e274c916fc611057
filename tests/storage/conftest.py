from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from storage.seal import KeyRing, new_key_setting


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def ring() -> KeyRing:
    return KeyRing.from_setting(new_key_setting())
