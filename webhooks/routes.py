"""Every URL that Twilio is given, and what answers it."""

from typing import Final

from starlette.routing import BaseRoute, Route

from webhooks import (
    alerted,
    calling_back,
    closing,
    dialling,
    fallback,
    hold,
    leg,
    line,
    ping,
    progress,
    recording,
    screening,
    second_number,
    shift,
    sms,
    turns,
    voice,
)
from webhooks.call import plan_of
from webhooks.signed import Endpoint, Handler, Rescue, Webhook, endpoint
from webhooks.site import Site


async def _hold(site: Site, webhook: Webhook) -> str:
    return await hold.hold_webhook(site, await plan_of(site, webhook), webhook)


async def _taker(site: Site, webhook: Webhook) -> str:
    return await hold.taker(site, await plan_of(site, webhook), webhook)


async def _left(site: Site, webhook: Webhook) -> str:
    return await hold.left(site, await plan_of(site, webhook), webhook)


_CALLER: Final[dict[str, Handler]] = {
    "voice": voice.first,
    "voice/staff": voice.staff,
    "voice/turn": turns.turn,
    "voice/hold": _hold,
    "voice/left": _left,
    "voice/taker": _taker,
    "voice/desk/dequeued": line.dequeued,
    "voice/second/dialled": second_number.dialled,
    "voice/fallback": fallback.fallback,
}
"""On the caller's leg: an error is spoken, and keeps the caller on the way to a person."""

_STAFF: Final[dict[str, Handler]] = {
    "voice/screen": screening.screen,
    "voice/screened": screening.screened,
    "voice/callback": calling_back.call_back,
    "voice/callback/offer": calling_back.offer_callback,
    "voice/called_back": calling_back.called_back,
    "voice/noted": calling_back.noted,
    "voice/clinician/left": calling_back.clinician_left,
    "voice/dialled/screen": dialling.screen,
    "voice/dialled/screened": dialling.screened,
    "voice/desk/call": line.desk,
    "voice/desk/take": line.take,
    "voice/desk/done": line.done,
    "voice/desk/screen": line.screen,
    "voice/desk/screened": line.screened,
}
"""On the leg of a clinician or the desk: an error ends the leg with words, and accepts nothing."""

_CALLBACKS: Final[dict[str, Handler]] = {
    "voice/status": closing.status,
    "voice/leg": progress.leg_status,
    "voice/desk/status": line.desk_status,
    "conference": progress.conference,
    "voice/dialled/answered": dialling.answered,
    "recording": recording.status,
    "sms/status": sms.status,
    "voice/desk/progress": line.progress,
    "voice/shift/status": shift.status,
    "voice/alert/status": alerted.status,
    "sms/alert/status": alerted.texted,
    "ping": ping.ping,
}
"""Nobody listens: an error is HTTP 500, so that Twilio sends it again."""

_OTHERS: Final[list[tuple[str, Handler, Rescue]]] = [
    ("voice/dialled", dialling.dialled, fallback.rescue_dialled),
    ("voice/line", line.wait, fallback.rescue_line),
    ("voice/waiting", calling_back.waiting, fallback.rescue_room),
    ("voice/callback/screen", calling_back.patient_screen, calling_back.rescue_patient),
    ("voice/callback/screened", calling_back.patient_screened, calling_back.rescue_patient),
    ("voice/shift", shift.ask, shift.rescue),
    ("voice/shift/key", shift.key, shift.rescue),
    ("voice/alert", alerted.tell, alerted.rescue),
    ("voice/alert/key", alerted.key, alerted.rescue),
    ("sms", sms.received, sms.rescue),
]
"""With an answer of their own to an error."""


def routes() -> list[BaseRoute]:
    """All of them, below `/twilio/`, and the recordings' links."""
    found: list[BaseRoute] = [_post(path, endpoint(handler, fallback.rescue)) for path, handler in _CALLER.items()]
    found += [_post(path, endpoint(handler, leg.rescue)) for path, handler in _STAFF.items()]
    found += [_post(path, endpoint(handler)) for path, handler in _CALLBACKS.items()]
    found += [_post(path, endpoint(handler, rescue)) for path, handler, rescue in _OTHERS]
    found.append(Route("/media/{sid}", recording.play, methods=["GET"]))
    return found


def _post(path: str, answer: Endpoint) -> Route:
    return Route(f"/twilio/{path}", answer, methods=["POST"])
