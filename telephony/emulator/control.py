"""The control interface under ``/emulator/``: a telephone for whoever sits at a terminal.

Loopback only: it knows no password. Bodies and answers are JSON; a wrong body is answered with 400 and ``{"error"}``.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telephony.emulator.behaviours import (
    Answers,
    Behaviour,
    Busy,
    Delivered,
    Failed,
    Hears,
    Manual,
    NoAnswer,
    Press,
    Replies,
    Silent,
    Step,
    Undelivered,
    Unreachable,
    Voicemail,
)
from telephony.emulator.exchange import Exchange
from telephony.emulator.numbers import is_e164
from telephony.emulator.phone import PhoneCall

LONGEST_POLL = 30.0
_NUMBER_FIELDS = {"voice_url", "fallback_url", "status_url", "sms_url", "sms_fallback_url", "method"}
_BEHAVIOURS: dict[str, Callable[..., Behaviour]] = {
    "answers": Answers, "voicemail": Voicemail, "busy": Busy, "no-answer": NoAnswer, "unreachable": Unreachable,
    "manual": Manual,
}  # fmt: skip
_SMS_BEHAVIOURS: dict[str, Callable[..., Delivered]] = {
    "delivered": Delivered, "undelivered": Undelivered, "failed": Failed, "silent": Silent, "replies": Replies,
}  # fmt: skip


class ControlError(Exception):
    """A request that cannot be carried out: an HTTP status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


_Action = Callable[[Request], Awaitable[Any]]


def control_routes(exchange: Exchange) -> list[BaseRoute]:
    """The routes of the control interface."""
    control = _Control(exchange)
    return [
        _route("POST", "/numbers", control.own_number),
        _route("POST", "/phones/{number}", control.set_behaviour),
        _route("GET", "/phones/{number}/ringing", control.ringing),
        _route("POST", "/calls", control.dial),
        _route("GET", "/calls/{sid}/events", control.events),
        _route("POST", "/calls/{sid}/keys", control.keys),
        _route("POST", "/calls/{sid}/speak", control.speak),
        _route("POST", "/calls/{sid}/answer", control.answer),
        _route("POST", "/calls/{sid}/decline", control.decline),
        _route("POST", "/calls/{sid}/hang_up", control.hang_up),
        _route("POST", "/phones/{number}/answer", control.answer_phone),
        _route("GET", "/texts/{number}", control.texts),
        _route("POST", "/texts", control.text),
        _route("GET", "/faults", control.faults),
    ]


def _route(method: str, path: str, action: _Action) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            result = await action(request)
        except ControlError as error:
            return JSONResponse({"error": error.why}, error.status)
        except (KeyError, TypeError, ValueError, LookupError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return result if isinstance(result, Response) else JSONResponse(result)

    return Route(f"/emulator{path}", endpoint, methods=[method])


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise ControlError(400, f"no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlError(400, "the body must be an object")
    return body


class _Control:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    # ---- numbers and phones ----

    async def own_number(self, request: Request) -> dict[str, Any]:
        body = await _body(request)
        number = str(body.pop("number"))
        if unknown := set(body) - _NUMBER_FIELDS:
            raise ControlError(400, f"unknown fields: {sorted(unknown)}")
        owned = self._exchange.own_number(number, **{name: str(value) for name, value in body.items()})
        return {"sid": owned.sid, "number": owned.phone_number}

    async def set_behaviour(self, request: Request) -> dict[str, Any]:
        """``{"behaviour": "answers", "after": 3, "script": [{"hears": "Press 1", "press": "1"}], "sms": {...}}``."""
        body = await _body(request)
        phone = self._exchange.phone(_number(request))
        sms = body.pop("sms", None)
        if "behaviour" in body:
            phone.behaviour = _behaviour(body)
        if sms is not None:
            phone.sms_behaviour = _SMS_BEHAVIOURS[sms.pop("behaviour")](**sms)
        return {"number": phone.number, "behaviour": repr(phone.behaviour), "sms": repr(phone.sms_behaviour)}

    async def ringing(self, request: Request) -> dict[str, Any]:
        """The calls that ring at a phone now; ``?wait=10`` waits for one, in real seconds at most."""
        phone = self._exchange.phone(_number(request))

        def now_ringing() -> list[PhoneCall]:
            return [call for call in phone.calls if call.leg.status == "ringing" and call.leg.direction != "inbound"]

        await self._wait(request, lambda: bool(now_ringing()))
        return {"calls": [{"sid": call.sid, "from": call.leg.from_} for call in now_ringing()]}

    async def answer_phone(self, request: Request) -> dict[str, Any]:
        """Pick up the first call that rings at a phone."""
        for call in self._exchange.phone(_number(request)).calls:
            if call.leg.status == "ringing" and call.leg.direction != "inbound":
                call.answer_now()
                return {"sid": call.sid}
        raise ControlError(409, "nothing rings")

    # ---- calls ----

    async def dial(self, request: Request) -> dict[str, Any]:
        body = await _body(request)
        phone = self._exchange.phone(str(body["from"]))
        return {"sid": phone.dial_now(str(body["to"]), body.get("caller_id")).sid}

    def _call(self, request: Request) -> PhoneCall:
        sid = request.path_params["sid"]
        for phone in self._exchange.phones.values():
            for call in phone.calls:
                if call.sid == sid:
                    return call
        raise ControlError(404, f"no call {sid}")

    async def events(self, request: Request) -> Response:
        """Events from number ``after`` on, as JSON lines; waits ``wait`` real seconds for one (default 20)."""
        call = self._call(request)
        after = int(request.query_params.get("after", "0"))
        await self._wait(request, lambda: len(call.leg.events) > after or call.ended, default=20.0)
        lines = [
            json.dumps({"number": number, **event.as_json()})
            for number, event in enumerate(call.leg.events[after:], start=after + 1)
        ]
        return Response("".join(f"{line}\n" for line in lines), media_type="application/x-ndjson")

    async def keys(self, request: Request) -> dict[str, Any]:
        return await self._act(request, lambda call, body: call.press_now(str(body["digits"])))

    async def speak(self, request: Request) -> dict[str, Any]:
        return await self._act(
            request, lambda call, body: call.say_now(str(body["text"]), float(body.get("seconds", 3)))
        )

    async def answer(self, request: Request) -> dict[str, Any]:
        return await self._act(request, lambda call, _: call.answer_now())

    async def decline(self, request: Request) -> dict[str, Any]:
        return await self._act(request, lambda call, _: call.decline_now())

    async def hang_up(self, request: Request) -> dict[str, Any]:
        return await self._act(request, lambda call, _: call.hang_up_now())

    async def _act(self, request: Request, deed: Callable[[PhoneCall, dict[str, Any]], None]) -> dict[str, Any]:
        call = self._call(request)
        body = await _body(request) if await request.body() else {}
        if call.ended:
            raise ControlError(409, "the call is over")
        deed(call, body)
        return {"sid": call.sid, "status": call.status}

    # ---- texts, faults ----

    async def texts(self, request: Request) -> dict[str, Any]:
        texts = self._exchange.phone(_number(request)).texts
        return {"texts": [{"from": t.from_, "body": t.body, "at": t.at.format_iso(), "sid": t.sid} for t in texts]}

    async def text(self, request: Request) -> dict[str, Any]:
        body = await _body(request)
        self._exchange.text_in(str(body["from"]), str(body["to"]), str(body["body"]))
        return {"sent": True}

    async def faults(self, _request: Request) -> dict[str, Any]:
        """What the product did wrong so far."""
        return {"faults": [str(fault) for fault in self._exchange.faults]}

    async def _wait(self, request: Request, condition: Callable[[], bool], default: float = 0.0) -> None:
        wait = min(LONGEST_POLL, float(request.query_params.get("wait", str(default))))
        if wait > 0:
            await self._exchange.timeline.happens(condition, wait)


def _number(request: Request) -> str:
    number = str(request.path_params["number"])
    if not is_e164(number):
        raise ControlError(400, f"{number!r} is no E.164 number")
    return number


def _behaviour(body: dict[str, Any]) -> Behaviour:
    fields = dict(body)
    kind = str(fields.pop("behaviour"))
    if "script" in fields:
        fields["script"] = [_step(each) for each in fields["script"]]
    return _BEHAVIOURS[kind](**fields)


def _step(step: dict[str, str]) -> Step:
    """``{"hears": text, "press": keys}``: press the keys once the text is heard."""
    return Hears(step.get("hears", "")) >> Press(step["press"])
