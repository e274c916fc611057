"""Messages: create, fetch, list, cancel, delete."""

from starlette.responses import JSONResponse, Response

from telephony.emulator.messaging import Message
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.calls import fits_time
from telephony.emulator.rest.errors import RestError, invalid, not_found
from telephony.emulator.rest.paging import page
from telephony.emulator.sids import SID

MAX_BODY = 1600


def render(message: Message) -> Json:
    """A message as JSON."""
    uri = f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    inbound = message.direction == "inbound"
    return {
        "sid": message.sid, "account_sid": message.account_sid, "api_version": VERSION, "uri": f"{uri}.json",
        "body": message.body, "direction": message.direction, "status": message.status,
        "from": message.from_, "to": message.to, "messaging_service_sid": message.service_sid,
        "num_segments": "0" if message.status in {"accepted", "queued"} else str(message.segments), "num_media": "0",
        "error_code": message.error_code, "error_message": None, "price": None, "price_unit": "USD",
        "date_created": date(message.created_at), "date_updated": date(message.sent_at or message.created_at),
        "date_sent": date(message.created_at if inbound else message.sent_at),
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }  # fmt: skip


async def create(asked: Asked) -> Response:
    """Send a message."""
    form, exchange = asked.form, asked.exchange
    form.only("POST", "/Messages", "To From MessagingServiceSid Body StatusCallback ValidityPeriod Attempt "
              "ProvideFeedback SmartEncoded")  # fmt: skip
    to = form.number("To", 21604, 21211)
    from_, service = _sender(asked)
    body = form.text("Body")
    if not body:
        raise RestError(400, 21602)
    if len(body) > MAX_BODY:
        raise RestError(400, 21617)
    if not exchange.phone(to).mobile:
        raise RestError(400, 21614, to, fault=False)
    if (to, from_) in exchange.messaging.stopped:
        raise RestError(400, 21610, fault=False)
    message = Message(
        exchange.account_sid,
        "outbound-api",
        from_,
        to,
        body,
        exchange.timeline.now(),
        status="accepted" if service else "queued",
        callback=form.url("StatusCallback", 21609),
        service_sid=service,
    )
    return JSONResponse(render(exchange.messaging.send(message)), 201)


def _sender(asked: Asked) -> tuple[str, str | None]:
    """The number to send from, and the messaging service if one was named (which then picks an owned number)."""
    form, numbers = asked.form, asked.exchange.numbers
    service = form.text("MessagingServiceSid")
    if service and "From" not in form:
        if not SID.fullmatch(service) or not service.startswith("MG"):
            raise invalid(f"MessagingServiceSid: {service!r} is no SID of a messaging service")
        if not numbers:
            raise RestError(400, 21703, "The Messaging Service contains no phone numbers.")
        return next(iter(numbers)), service
    from_ = form.number("From", 21603, 21212)
    if from_ not in numbers:
        raise RestError(400, 21606, from_)
    return from_, service or None


def _find(asked: Asked) -> Message:
    message = asked.exchange.messaging.messages.get(asked.path["Sid"])
    if message is None:
        raise not_found(asked.url_path)
    return message


async def fetch(asked: Asked) -> Response:
    """One message."""
    return JSONResponse(render(_find(asked)))


async def update(asked: Asked) -> Response:
    """Redact a message: only an empty Body is taken, once the message is final."""
    message, form = _find(asked), asked.form
    form.only("POST", "/Messages/{Sid}", "Body")
    if form.text("Body"):
        raise invalid("Body: only an empty one, to redact the message")
    if message.status not in {"delivered", "undelivered", "failed", "sent", "received"}:
        raise RestError(400, 20009, "Cannot redact a message before it reached a final state", fault=False)
    message.body = ""
    return JSONResponse(render(message))


async def index(asked: Asked) -> Response:
    """Messages, newest first, filtered by To, From and DateSent."""
    form = asked.form
    form.only("GET", "/Messages")

    def fits(message: Message) -> bool:
        given = {"To": message.to, "From": message.from_}
        fields = all(name not in form or form.text(name) == value for name, value in given.items())
        return fields and fits_time(form, "DateSent", message.sent_at or message.created_at)

    return page(asked, "messages", [m for m in reversed(asked.exchange.messaging.messages.values()) if fits(m)], render)


async def delete(asked: Asked) -> Response:
    """Remove the record of a message."""
    del asked.exchange.messaging.messages[_find(asked).sid]
    return Response(status_code=204)
