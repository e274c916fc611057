"""Handing work to the worker: Procrastinate jobs, deferred in the transaction that makes them necessary.

Names and arguments only; what a job does is the worker's (`nightbell.worker`). A job is a hint: it names a record, and
does nothing when that record has moved on.
"""

from collections.abc import Mapping
from typing import Final

import procrastinate
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import TimeDelta

from escalation.alerting import AGAIN_AFTER
from storage.database import libpq_url

URGENT: Final = 10
ROUTINE: Final = 0

PLACE_CALL: Final = "nightbell.place_call"
SEND_SMS: Final = "nightbell.send_sms"
CANCEL_CALL: Final = "nightbell.cancel_call"
MOVE_CALLER: Final = "nightbell.move_caller"
OFFER_CALLBACK: Final = "nightbell.offer_callback"
ALERT: Final = "nightbell.alert"
"""Tell the operators of a stored alert: `alert`, its number."""
RING_OPERATOR: Final = "nightbell.ring_operator"
"""Ring an operator's next number: `alert`, `practice`, `whose` (a number of theirs), `tried` ("": none yet)."""
FREED: Final = "nightbell.freed"
"""Ring one of the staff, who was on the telephone, about the page that waited longest: `practice`, `member`."""
RING_DESK: Final = "nightbell.ring_desk"
TELL_MEMBER: Final = "nightbell.tell_member"
"""Text one of the staff: `practice`, `member`, `words`, and by when at the `latest` (Unix seconds; none: at once)."""

TELL_START: Final = "nightbell.tell_start"
"""Text one of the staff about a start of theirs: `practice`, `notice`."""
ASK_START: Final = "nightbell.ask_start"
"""Send them the test page: the same."""

DEFAULT_QUEUE: Final = "default"
CALLS_QUEUE: Final = "calls"
"""Of the jobs that wait for a slot to place a call in; apart, so that nothing else waits behind them."""
_QUEUES: Final = {PLACE_CALL: CALLS_QUEUE, RING_OPERATOR: CALLS_QUEUE, RING_DESK: CALLS_QUEUE, ASK_START: CALLS_QUEUE}


def make_app(url: str) -> procrastinate.App:
    """The Procrastinate application on this database; open it (`open_async`) before running a worker."""
    connector = procrastinate.PsycopgConnector(
        conninfo=libpq_url(url), min_size=1, max_size=4, kwargs={"options": "-c timezone=UTC"}
    )
    return procrastinate.App(connector=connector)


class Jobs:
    """Defers on the caller's connection, and so in its transaction.

    `alerts_again`: how long the operators are not told the same again.
    """

    def __init__(self, app: procrastinate.App, alerts_again: TimeDelta = AGAIN_AFTER) -> None:
        self._app = app
        self.alerts_again: Final = alerts_again

    async def defer(
        self,
        connection: AsyncConnection,
        name: str,
        arguments: Mapping[str, str | int],
        *,
        priority: int = ROUTINE,
        delay: float = 0.0,
    ) -> None:
        """Let the worker do `name` with the arguments, `delay` real seconds from now; higher priorities first."""
        raw = await connection.get_raw_connection()
        # Procrastinate reads it as a timedelta's arguments, of which it declares the whole numbers only.
        later = procrastinate.types.TimeDeltaParams(milliseconds=round(delay * 1000)) if delay else None
        deferrer = self._app.configure_task(
            name,
            queue=_QUEUES.get(name, DEFAULT_QUEUE),
            priority=priority,
            schedule_in=later,
            connection=raw.driver_connection,
        )
        await deferrer.defer_async(**arguments)

    async def defer_once(
        self, connection: AsyncConnection, name: str, arguments: Mapping[str, str | int], *, lock: str
    ) -> bool:
        """Defer, unless a job with this lock waits already; True when it was deferred."""
        raw = await connection.get_raw_connection()
        queue = _QUEUES.get(name, DEFAULT_QUEUE)
        deferrer = self._app.configure_task(name, queue=queue, queueing_lock=lock, connection=raw.driver_connection)
        savepoint = await connection.begin_nested()
        try:
            await deferrer.defer_async(**arguments)
        except procrastinate.exceptions.AlreadyEnqueued:
            await savepoint.rollback()
            return False
        await savepoint.commit()
        return True
