"""Calls: create, fetch, list, update, delete."""

from starlette.responses import JSONResponse, Response
from whenever import Instant

from telephony.emulator.leg import FINAL, Leg
from telephony.emulator.placing import Detection
from telephony.emulator.progress import Progress
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.errors import RestError, invalid, not_found
from telephony.emulator.rest.form import Form
from telephony.emulator.rest.paging import page
from telephony.emulator.verb import Errand

CREATE = (
    "To From Url Twiml Method FallbackUrl FallbackMethod StatusCallback StatusCallbackEvent StatusCallbackMethod "
    "Timeout TimeLimit SendDigits MachineDetection MachineDetectionTimeout MachineDetectionSpeechThreshold "
    "MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout AsyncAmd AsyncAmdStatusCallback "
    "AsyncAmdStatusCallbackMethod CallReason"
)
MAX_TWIML = 4000
_EVENTS = {"initiated", "ringing", "answered", "completed"}


def render(leg: Leg) -> Json:
    """A call as JSON."""
    uri = f"/{VERSION}/Accounts/{leg.account_sid}/Calls/{leg.sid}"
    done = leg.status == "completed"
    subresources = ("notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
                    "user_defined_message_subscriptions", "user_defined_messages")  # fmt: skip
    return {
        "sid": leg.sid, "account_sid": leg.account_sid, "api_version": VERSION, "uri": f"{uri}.json",
        "parent_call_sid": leg.parent.sid if leg.parent is not None else None,
        "to": leg.to, "to_formatted": leg.to, "from": leg.from_, "from_formatted": leg.from_,
        "phone_number_sid": None, "status": _shown(leg), "direction": leg.direction, "answered_by": leg.answered_by,
        "forwarded_from": leg.forwarded_from, "group_sid": None, "caller_name": None, "queue_time": "0",
        "trunk_sid": None, "stir_verstat": None, "annotation": None,
        "date_created": date(leg.created_at), "date_updated": date(leg.ended_at or leg.answered_at or leg.created_at),
        "start_time": date(leg.answered_at or (leg.created_at if leg.over else None)), "end_time": date(leg.ended_at),
        "duration": str(leg.duration) if leg.over else None, "price": "-0.01300" if done else None, "price_unit": "USD",
        "subresource_uris": {name: f"{uri}/{name.title().replace('_', '')}.json" for name in subresources},
    }  # fmt: skip


def _shown(leg: Leg) -> str:
    """``initiated`` is an event of the callbacks; the resource says ``queued`` until it rings."""
    return "queued" if leg.status == "initiated" else leg.status


async def create(asked: Asked) -> Response:
    """Place a call."""
    form, exchange = asked.form, asked.exchange
    form.only("POST", "/Calls", CREATE, repeated="StatusCallbackEvent")
    to = form.number("To", 21201, 21211)
    from_ = form.number("From", 21213, 21212)
    if from_ not in exchange.numbers:
        raise RestError(400, 21210, from_)
    errand = _errand(form)
    if errand is None:
        raise RestError(400, 21205, "(none given)")
    timeout = form.whole("Timeout", 60, 1, 600)
    detection = _detection(form)
    progress = progress_of(asked)
    fallback = form.url("FallbackUrl"), form.method("FallbackMethod")
    form.whole("TimeLimit", 14400, 1, 86400)
    leg = exchange.new_leg("outbound-api", from_, to)
    leg.progress = progress
    leg.fallback_url, leg.fallback_method = fallback
    leg.time_limit = form.whole("TimeLimit", 14400, 1, 86400) if "TimeLimit" in form else None
    leg.digits_to_send = form.text("SendDigits")
    exchange.placing.place(leg, errand, timeout, detection)
    return JSONResponse(render(leg), 201)


def _errand(form: Form) -> Errand | None:
    """What the call is to do; None when the form does not say."""
    url, twiml, method = form.url("Url"), form.text("Twiml"), form.method("Method")
    if url and twiml:
        raise invalid("Url and Twiml exclude each other")
    if len(twiml) > MAX_TWIML:
        raise invalid(f"Twiml has {len(twiml)} characters; at most {MAX_TWIML} are allowed")
    if url:
        return Errand(url, method)
    return Errand("", twiml=twiml) if twiml else None


def _detection(form: Form) -> Detection:
    mode = form.one_of("MachineDetection", "Enable", "DetectMessageEnd")
    form.whole("MachineDetectionTimeout", 30, 3, 59)
    callback = form.url("AsyncAmdStatusCallback") if form.flag("AsyncAmd") else ""
    return Detection(mode, callback=callback, callback_method=form.method("AsyncAmdStatusCallbackMethod"))


def progress_of(asked: Asked) -> Progress | None:
    """Who wants to hear how the call goes on, from the StatusCallback fields."""
    form = asked.form
    wanted = frozenset(form.texts("StatusCallbackEvent")) or frozenset({"completed"})
    if unknown := wanted - _EVENTS:
        raise invalid(f"StatusCallbackEvent: {min(unknown)!r} is none of {', '.join(sorted(_EVENTS))}")
    url, method = form.url("StatusCallback"), form.method("StatusCallbackMethod")
    return Progress(asked.exchange.callbacks, url, method, wanted) if url else None


def find(asked: Asked) -> Leg:
    """The call that the URL names."""
    leg = asked.exchange.legs.get(asked.path["Sid"])
    if leg is None:
        raise not_found(asked.url_path)
    return leg


async def fetch(asked: Asked) -> Response:
    """One call."""
    return JSONResponse(render(find(asked)))


async def update(asked: Asked) -> Response:
    """End a call, or give it another document."""
    leg, form = find(asked), asked.form
    form.only("POST", "/Calls/{Sid}", "Url Method Twiml Status FallbackUrl FallbackMethod StatusCallback "
              "StatusCallbackMethod")  # fmt: skip
    status = form.one_of("Status", "canceled", "completed")
    errand = _errand(form)
    if status and errand is not None:
        raise invalid("Status excludes Url and Twiml")
    if status:
        _end(leg, status)
    elif errand is not None:
        if leg.status != "in-progress":
            # It may have ended while the request was under way: how things are, no mistake.
            raise RestError(400, 21220, fault=False)
        if "FallbackUrl" in form:
            leg.fallback_url, leg.fallback_method = form.url("FallbackUrl"), form.method("FallbackMethod")
        leg.move(errand)
    if form.url("StatusCallback"):
        leg.progress = progress_of(asked)
    return JSONResponse(render(leg))


def _end(leg: Leg, status: str) -> None:
    """``canceled`` stops a call that has not been answered, ``completed`` any. One that is over stays as it is."""
    if leg.over:
        raise RestError(400, 21220, fault=False)
    if leg.answered_at is None:
        leg.end("canceled", "cancelled through REST")
    elif status == "completed":
        leg.end("completed", "ended through REST")


async def index(asked: Asked) -> Response:
    """Calls, newest first, filtered by To, From, Status, ParentCallSid, StartTime and EndTime."""
    form = asked.form
    form.only("GET", "/Calls")
    wanted = [leg for leg in reversed(asked.exchange.legs.values()) if _fits(leg, form)]
    return page(asked, "calls", wanted, render)


def _fits(leg: Leg, form: Form) -> bool:
    shown = {"To": leg.to, "From": leg.from_, "Status": _shown(leg),
             "ParentCallSid": leg.parent.sid if leg.parent is not None else ""}  # fmt: skip
    if any(name in form and form.text(name) != value for name, value in shown.items()):
        return False
    started = leg.answered_at or leg.created_at
    return fits_time(form, "StartTime", started) and fits_time(form, "EndTime", leg.ended_at)


def fits_time(form: Form, name: str, instant: Instant | None) -> bool:
    """Filters ``Name`` (that day), ``Name<`` (until then) and ``Name>`` (from then), by a date or an instant."""
    for suffix in ("", "<", ">"):
        field = name + suffix
        if field not in form:
            continue
        low, high = _span(field, form.text(field))
        if instant is None:
            return False
        if suffix == "":  # the twilio client sends a day as its midnight
            high = low.add(hours=24)
        if (suffix == "" and not low <= instant < high) or (suffix == "<" and instant >= high):
            return False
        if suffix == ">" and instant < low:
            return False
    return True


def _span(name: str, text: str) -> tuple[Instant, Instant]:
    """The day, or the second, that a filter names."""
    try:
        if len(text) == len("2026-01-01"):
            start = Instant.parse_iso(f"{text}T00:00:00Z")
            return start, start.add(hours=24)
        start = Instant.parse_iso(text)
        return start, start.add(seconds=1)
    except ValueError as error:
        raise invalid(f"{name}: {text!r} is no date") from error


async def delete(asked: Asked) -> Response:
    """Remove the record of a call that is over."""
    leg = find(asked)
    if leg.status not in FINAL:
        raise RestError(400, 20001, "the call is not over")
    del asked.exchange.legs[leg.sid]
    return Response(status_code=204)
