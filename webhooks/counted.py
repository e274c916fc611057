"""What the report counts a call by, known when it ends."""

from typing import Any

from whenever import Instant

from routing.plan import Plan
from routing.served import served


def counted(plan: Plan, call: Any, ended: Instant) -> dict[str, object]:  # noqa: ANN401 - a row
    """Columns of the call: when it began on the practice's clock, in which hours, and how long the caller waited.

    `waited`: seconds until a person answered or, where nobody did, until the end.
    """
    began = Instant(call.started_at)
    local = began.to_tz(plan.zone)
    waited = (Instant(call.answered_at) if call.answered_at else ended) - began
    return {
        "day": local.date().to_stdlib(),
        "hour": local.hour,
        "served": served(plan, call.route, began).value,
        "waited": max(0, round(waited.total("seconds"))),
    }
