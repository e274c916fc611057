"""Is the database there, with the present schema?"""

import asyncio

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, wrong
from storage.errors import UnavailableError
from storage.schema import UnknownSchemaError, is_current


async def check(installation: Installation) -> list[Outcome]:
    """Reachable, and no migration missing."""
    database = installation.database
    if database is None:
        folder = installation.settings.data_dir / "postgresql"
        return [wrong("the embedded database does not start", f"its log is {folder / 'log'}; is the disk full?")]
    try:
        current = await asyncio.to_thread(is_current, database.url)
    except UnavailableError:
        mend = "is it running, and is NIGHTBELL_DATABASE_URL right? Calls are answered without it, but nobody is paged"
        return [wrong("the database does not answer", mend)]
    except UnknownSchemaError as error:
        return [wrong(str(error), "NIGHTBELL_DATABASE_URL must name a database of its own")]
    if not current:
        return [wrong("the database lacks migrations", "nightbell migrate")]
    return [ok("answers, at the present schema")]
