"""What must hold after every scenario, whatever it was about (DESIGN section 1)."""

from typing import Any

from telephony.emulator import Pressed, Spoke
from telephony.emulator.leg import Leg
from tests.calls.night import Night
from tests.calls.people import STAFF

OUTCOMES = {
    "connected",
    "transferred",
    "message taken",
    "call-back queued",
    "informed",
    "told to dial 911",
    "rejected",
    "abandoned",
}
_LONG_ENTRY = 7
"""Keys: a telephone number or a date of birth."""


async def check(night: Night, logged: list[str]) -> None:
    """End what still goes on, and hold the product to its promises."""
    for leg in list(night.exchange.legs.values()):
        if leg.direction == "inbound":
            leg.end("completed", "the test is over")
    await night.settle()
    await night.replay()
    faults = [fault for exchange in night.exchanges for fault in exchange.faults]
    assert [str(f) for f in faults if not any(w in str(f) for w in night.expected_faults)] == []
    await _no_lost_caller(night)
    await _no_silent_page(night)
    _no_patient_data(night, logged)
    if not night.trouble_is_expected:
        assert night.counted("spoken_fallbacks") == 0, "a webhook failed"
    if not night.failed_jobs_are_expected:
        failed = await night.sql("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'failed'")
        assert failed == []


async def _no_lost_caller(night: Night) -> None:
    """Exactly one outcome for each call that is over."""
    if night.callbacks_are_lost:
        return
    rows = {row.sid: row for row in await night.sql("SELECT * FROM calls")}
    served = set(night.parts.plans.current("maple-pediatrics").numbers)
    for leg in night.exchange.legs.values():
        if leg.direction != "inbound" or leg.to not in served:
            continue
        row = rows.get(leg.sid)
        assert row is not None, f"the call {leg.sid} was never stored"
        assert row.ended_at is not None, f"the call {leg.sid} was never closed"
        assert row.outcome in OUTCOMES, row.outcome


async def _no_silent_page(night: Night) -> None:
    """A page that is not resolved has its next time, or has come to the end of its last resort with an alert."""
    for row in await night.sql("SELECT * FROM pages"):
        if row.state == "resolved":
            continue
        if row.due is not None:
            assert night.worker_is_dead or row.due > night.timeline.now().to_stdlib(), "a page is due and not advanced"
            continue
        assert row.state in {"last resort", "bridged"}, (row.state, row.body)
        if row.state == "last resort":
            assert await night.sql_one("SELECT count(*) FROM alerts WHERE page = :page", page=row.id)


def _no_patient_data(night: Night, logged: list[str]) -> None:
    """No number, name, date of birth or word of a caller in a URL, in a text, or in a log line."""
    secrets = {secret for leg in night.exchange.legs.values() if _is_patient(leg) for secret in _secrets(leg)}
    urls = [delivery.url for exchange in night.exchanges for delivery in exchange.webhooks.deliveries]
    messages = [m for exchange in night.exchanges for m in exchange.messaging.messages.values()]
    texts = [m.body for m in messages if m.direction != "inbound"]
    for where, lines in (("URL", urls), ("text", texts), ("log line", logged)):
        for line in lines:
            found = [secret for secret in secrets if secret in line]
            assert not found, f"{found} in a {where}: {line}"


def _is_patient(leg: Leg) -> bool:
    return leg.direction == "inbound" and leg.from_ not in STAFF


def _secrets(leg: Leg) -> list[str]:
    pressed = "".join(event.digits for event in leg.events if isinstance(event, Pressed))
    entries = [part for part in pressed.split("#") if len(part) >= _LONG_ENTRY]
    number = leg.from_.lstrip("+")
    numbers = [number[-10:]] if len(number) >= _LONG_ENTRY and number.isdigit() else []
    return [
        *numbers,
        *(entry[-_LONG_ENTRY:] for entry in entries),
        *(e.text for e in leg.events if isinstance(e, Spoke)),
    ]


def lines(recorded: list[dict[str, Any]]) -> list[str]:
    """Log events as text."""
    return [repr(event) for event in recorded]
