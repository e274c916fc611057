"""What is known of the staff's numbers, as it is learnt."""

from typing import Any

from sqlalchemy import case, func, null
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.learnt import Learnt
from storage.plans import tell
from storage.tables_calendar import number_facts


async def keep(connection: AsyncConnection, practice: str, number: str, learnt: Learnt, at: Instant) -> None:
    """Store what was learnt at the instant, and let every process know.

    What has been known since then or longer is not known better by it; what came to be known later stays.
    """
    since = at.to_stdlib()
    new: dict[str, Any] = {f"{fact}_at": since if holds else None for fact, holds in learnt.items()}
    changed: dict[str, Any] = {}
    for fact, holds in learnt.items():
        column = number_facts.c[f"{fact}_at"]
        changed[column.name] = func.coalesce(column, since) if holds else case((column > since, column), else_=null())
    statement = upsert(number_facts).values(practice=practice, number=number, **new)
    await connection.execute(statement.on_conflict_do_update(index_elements=["practice", "number"], set_=changed))
    await tell(connection, practice)
