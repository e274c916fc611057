"""How the pages, the queue and the workers are, in one query: for monitors. And what became of attempts of late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from routing.synthetic import PROBE

OF_LATE: Final = TimeDelta(hours=1)
_PULSE: Final = text(
    f"""
    SELECT (SELECT count(*) FROM pages WHERE due IS NOT NULL) AS waiting,
        (SELECT count(*) FROM pages WHERE state <> 'resolved' AND practice <> '{PROBE}') AS open,
        (SELECT extract(epoch FROM CAST(:now AS timestamptz) - min(due)) FROM pages WHERE due IS NOT NULL) AS late,
        (SELECT count(*) FROM procrastinate_jobs
            WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()) AS jobs,
        (SELECT extract(epoch FROM now() - min(coalesce(job.scheduled_at, event.at))) FROM procrastinate_jobs AS job
            LEFT JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
            WHERE job.status = 'todo' AND coalesce(job.scheduled_at, now()) <= now()) AS waited,
        (SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers) AS silent
    """  # noqa: S608 - a constant
)
_DELIVERIES: Final = text(
    """
    SELECT d.means, d.state, d.provider, count(*) AS n FROM pages p JOIN deliveries d ON d.page = p.id
    WHERE p.practice = ANY(:practices) AND p.opened_at > :since GROUP BY d.means, d.state, d.provider
    """
)
"""By the report's index, for each practice; over all of them there is none."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`pages`: those that wait for a next step. `late`: seconds that the most overdue of them is late, 0 for none.

    `open`: those that are not resolved, whether they wait or not; without the watchdog's. `jobs`: those that are ready
    and not begun. `waited`: seconds that the oldest of them waits, 0 for none. `silent`: seconds since any worker's
    sign of life; None: there was none.
    """

    pages: int
    open: int
    late: float
    jobs: int
    waited: float
    silent: float | None


async def pulse(connection: AsyncConnection, now: Instant) -> Pulse:
    """The pulse at `now` on the pages' clock; one round trip."""
    row = (await connection.execute(_PULSE, {"now": now.to_stdlib()})).one()
    silent = float(row.silent) if row.silent is not None else None
    late, waited = (max(0.0, float(each or 0)) for each in (row.late, row.waited))
    return Pulse(row.waiting, row.open, late, row.jobs, waited, silent)


Delivered = dict[tuple[str, str, str], int]
"""How many attempts there are, by means, state and provider."""


async def delivered(connection: AsyncConnection, practices: Sequence[str], now: Instant) -> Delivered:
    """Where the attempts of the pages opened OF_LATE stand."""
    values = {"practices": list(practices), "since": (now - OF_LATE).to_stdlib()}
    return {(row.means, row.state, row.provider): row.n for row in await connection.execute(_DELIVERIES, values)}
