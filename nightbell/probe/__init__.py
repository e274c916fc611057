"""`nightbell probe`: a watchdog that walks a call and a page through the whole system, from outside.

It is Twilio, an API client and a stopwatch: it signs webhooks and sends them to the public URL, reads back through the
REST API what became of them, and needs no database. The practice that it calls is its own, `nightbell-probe`, in which
workers note what they would place and tell (`routing.synthetic`): nobody is ever rung or told, and no report counts it.
"""

from importlib.resources import files
from typing import Final

PROBE_PLAN: Final = files("nightbell").joinpath("probe/plan.yaml")
"""The practice's plan, which `nightbell key create --practice nightbell-probe` publishes."""
