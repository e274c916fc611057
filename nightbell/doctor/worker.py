"""Does a worker live, and does it keep up?"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from nightbell.doctor.installation import Installation
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong

STALE_AFTER: Final = 10.0
"""Real seconds; a worker tells every 2 s that it lives."""
LATE: Final = 10.0
TOO_LATE: Final = 60.0
_START: Final = "start `nightbell worker` (or `nightbell serve --with-worker`): without one nobody is paged"

_STATE: Final = text("""
    SELECT extract(epoch FROM now() - (SELECT max(last_heartbeat) FROM procrastinate_workers))::float AS heartbeat,
        (SELECT count(*) FROM procrastinate_workers
         WHERE last_heartbeat > now() - make_interval(secs => :stale)) AS alive,
        (SELECT coalesce(max(extract(epoch FROM now() - coalesce(j.scheduled_at, e.at))), 0)::float
         FROM procrastinate_jobs j
         LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
         WHERE j.status = 'todo' AND coalesce(j.scheduled_at, e.at) < now()) AS lag
""")


async def check(installation: Installation) -> list[Outcome]:
    """A heartbeat of late, and no job that waits long."""
    if installation.database is None:
        return [unknown("the database does not answer", "see the check 'database'")]
    try:
        async with installation.database.transaction() as connection:
            row = (await connection.execute(_STATE, {"stale": STALE_AFTER})).one()
    except ProgrammingError:
        return [unknown("the database lacks tables", "nightbell migrate")]
    return [_living(row.heartbeat, row.alive), *_lag(row.lag)]


def _living(heartbeat: float | None, alive: int) -> Outcome:
    if heartbeat is None:
        return wrong("no worker runs", _START)
    if not alive:
        return wrong(f"no worker has given a sign of life for {heartbeat:.0f} s", _START)
    return ok(f"{alive} queues are served, the last heartbeat is {max(heartbeat, 0):.0f} s old")


def _lag(seconds: float) -> list[Outcome]:
    says = f"a job has waited for {seconds:.0f} s"
    if seconds > TOO_LATE:
        return [wrong(says, "read the worker's log; is it alive, and does Twilio answer it?")]
    if seconds > LATE:
        return [warning(says, "run another `nightbell worker`; is NIGHTBELL_CALLS_PER_SECOND what your account may?")]
    return []
