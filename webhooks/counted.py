"""What the report counts a call by, known when it ends."""

from typing import Any

from whenever import Instant

from ivr.outcome import Outcome
from routing.counted import Counted
from routing.plan import Plan
from routing.served import served
from routing.synthetic import is_synthetic


def counted(
    plan: Plan,
    call: Any,  # noqa: ANN401 - a row
    outcome: Outcome,
    ended: Instant,
) -> dict[str, object]:
    """Columns of the call: the day on the practice's clock, how long the caller waited, and how it is counted.

    `waited`: seconds until a person answered or, where nobody did, until the end. Nothing for the watchdog's calls.
    """
    if is_synthetic(plan.practice):
        return {}  # without a day it is in no report
    began = Instant(call.started_at)
    local = began.to_tz(plan.zone)
    waited = (Instant(call.answered_at) if call.answered_at else ended) - began
    return {
        "day": local.date().to_stdlib(),
        "waited": max(0, round(waited.total("seconds"))),
        "counted": Counted(local.hour, outcome, served(plan, call.route, began)).code,
    }
