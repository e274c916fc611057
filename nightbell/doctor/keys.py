"""Can all stored patient data be opened? Looks at the names of the keys alone, and opens nothing."""

from typing import Final

from sqlalchemy import LargeBinary, text
from sqlalchemy.exc import ProgrammingError

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, wrong
from storage.database import Database
from storage.tables import metadata

_NEW: Final = "put a key back that NIGHTBELL_ENCRYPTION_KEYS had (behind the first): without it this data is lost"


async def check(installation: Installation) -> list[Outcome]:
    """Every key that sealed something is in the ring."""
    if installation.ring is None:
        return [wrong("the keys cannot be read", "set NIGHTBELL_ENCRYPTION_KEYS; `nightbell new-key` makes one")]
    if installation.database is None:
        return [unknown("the database does not answer", "see the check 'database'")]
    try:
        used = await _used(installation.database)
    except ProgrammingError:
        return [unknown("the database lacks tables", "nightbell migrate")]
    missing = {key: places for key, places in used.items() if key not in installation.ring.ids}
    if missing:
        return [
            wrong(f"stored data is sealed with the key {key!r}, which is not in the ring: {', '.join(places)}", _NEW)
            for key, places in sorted(missing.items())
        ]
    return [ok(f"{len(installation.ring.ids)} in the ring, {len(used)} in use")]


async def _used(database: Database) -> dict[str, list[str]]:
    """Key ids, and the columns in which each has sealed something. The id is a sealed value's beginning."""
    found: dict[str, list[str]] = {}
    async with database.transaction() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if not (isinstance(column.type, LargeBinary) and column.name.endswith("_sealed")):
                    continue
                query = (
                    f"SELECT DISTINCT substring({column.name} from 2 for get_byte({column.name}, 0)) "  # noqa: S608 - the names are our own tables'
                    f"FROM {table.name} WHERE length({column.name}) > 0"
                )
                for (key,) in await connection.execute(text(query)):
                    found.setdefault(bytes(key).decode(errors="replace"), []).append(f"{table.name}.{column.name}")
    return found
