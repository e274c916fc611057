"""How the pages, the queue and the workers are, in one query: for monitors."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

_PULSE: Final = text(
    """
    SELECT (SELECT count(*) FROM pages WHERE due IS NOT NULL) AS waiting,
        (SELECT extract(epoch FROM CAST(:now AS timestamptz) - min(due)) FROM pages WHERE due IS NOT NULL) AS late,
        (SELECT count(*) FROM procrastinate_jobs
            WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()) AS jobs,
        (SELECT extract(epoch FROM now() - min(coalesce(job.scheduled_at, event.at))) FROM procrastinate_jobs AS job
            LEFT JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
            WHERE job.status = 'todo' AND coalesce(job.scheduled_at, now()) <= now()) AS waited,
        (SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers) AS silent
    """
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """`pages`: those that wait for a next step. `late`: seconds that the most overdue of them is late, 0 for none.

    `jobs`: those that are ready and not begun. `waited`: seconds that the oldest of them waits, 0 for none.
    `silent`: seconds since any worker's sign of life; None: there was none.
    """

    pages: int
    late: float
    jobs: int
    waited: float
    silent: float | None


async def pulse(connection: AsyncConnection, now: Instant) -> Pulse:
    """The pulse at `now` on the pages' clock; one round trip."""
    row = (await connection.execute(_PULSE, {"now": now.to_stdlib()})).one()
    silent = float(row.silent) if row.silent is not None else None
    return Pulse(row.waiting, max(0.0, float(row.late or 0)), row.jobs, max(0.0, float(row.waited or 0)), silent)
