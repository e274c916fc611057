"""Twilio's side, locally: for demos, rehearsals and tests.

How a test uses it (``served`` is any way to serve an ASGI app on 127.0.0.1; ``serving`` here is one)::

    timeline = VirtualTimeline(Instant.from_utc(2026, 1, 5, 3))
    timeline.settle_hooks.append(run_ready_jobs)   # the product's worker; returns True if it did something
    timeline.due_hooks.append(next_timer)          # the product's next timer, as an Instant or None
    async with Exchange(timeline, auth_token="made-up") as exchange, serving(create_app(exchange)) as api_url:
        exchange.api_url = api_url                 # what the product gets as TWILIO_API_URL
        exchange.own_number("+16175550100", voice_url=f"{product}/twilio/voice")
        chen = exchange.phone("+16175550121")
        chen.behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("1")])
        call = await exchange.phone("+16175550180").dial("+16175550100")
        await call.hears("If this is an emergency")
        await call.press("1")
        await call.talks_to(chen)
        await call.hang_up()
        await timeline.settle()
        assert exchange.faults == []

Time stands still while anybody is busy, so such a test takes as long as its webhooks do, and a wait that cannot come
true fails at once, with the transcript of the phone.
"""

from telephony.emulator.app import create_app
from telephony.emulator.behaviours import (
    Answers,
    Behaviour,
    Busy,
    Delivered,
    Failed,
    HangUp,
    Hears,
    Manual,
    NoAnswer,
    Press,
    Replies,
    Silent,
    Speak,
    Step,
    Undelivered,
    Unreachable,
    Voicemail,
    Wait,
    hangs_up_at_once,
)
from telephony.emulator.events import (
    Answered,
    Bridged,
    CallEvent,
    CutOff,
    Dialled,
    Ended,
    Heard,
    Played,
    Pressed,
    Rang,
    Recorded,
    Spoke,
    Unbridged,
)
from telephony.emulator.exchange import Exchange
from telephony.emulator.faults import Fault
from telephony.emulator.leg import Leg
from telephony.emulator.phone import Phone, PhoneCall, Text
from telephony.emulator.progress import CallbackOrder, Duplicated, InOrder, Shuffled, Withheld
from telephony.emulator.rest.faults import RestFault, RestFaults
from telephony.emulator.serving import serving
from telephony.emulator.timeline import RealTimeline, Timeline, TimelineStuckError
from telephony.emulator.virtual import VirtualTimeline
from telephony.emulator.webhook import Delivery, Policy

__all__ = [
    "Answered",
    "Answers",
    "Behaviour",
    "Bridged",
    "Busy",
    "CallEvent",
    "CallbackOrder",
    "CutOff",
    "Delivered",
    "Delivery",
    "Dialled",
    "Duplicated",
    "Ended",
    "Exchange",
    "Failed",
    "Fault",
    "HangUp",
    "Heard",
    "Hears",
    "InOrder",
    "Leg",
    "Manual",
    "NoAnswer",
    "Phone",
    "PhoneCall",
    "Played",
    "Policy",
    "Press",
    "Pressed",
    "Rang",
    "RealTimeline",
    "Recorded",
    "Replies",
    "RestFault",
    "RestFaults",
    "Shuffled",
    "Silent",
    "Speak",
    "Spoke",
    "Step",
    "Text",
    "Timeline",
    "TimelineStuckError",
    "Unbridged",
    "Undelivered",
    "Unreachable",
    "VirtualTimeline",
    "Voicemail",
    "Wait",
    "Withheld",
    "create_app",
    "hangs_up_at_once",
    "serving",
]
