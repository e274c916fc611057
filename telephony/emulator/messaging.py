"""Text messages, out and in.

Source: TWILIO.md: no status callback for the initial status; STOP, START and HELP are Twilio's default keywords and a
send to a number that said STOP is refused with 21610.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from whenever import Instant

from telephony.emulator import schema
from telephony.emulator.document import DocumentError, parse
from telephony.emulator.phone import Text
from telephony.emulator.sids import new_sid
from telephony.emulator.verb import Verb
from telephony.emulator.webhook import Reply, Request, WebhookError

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange

STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
START_WORDS = {"START", "YES", "UNSTOP"}
HELP_WORDS = {"HELP", "INFO"}
_SEGMENT = 160
_REPLIES = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP "
    "to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass(eq=False)
class Message:
    """Twilio's Message."""

    account_sid: str
    direction: str
    from_: str
    to: str
    body: str
    created_at: Instant
    status: str = "queued"
    error_code: int | None = None
    sent_at: Instant | None = None
    callback: str = ""
    service_sid: str | None = None
    sid: str = field(default_factory=lambda: new_sid("SM"))

    @property
    def segments(self) -> int:
        """How many 160-character parts it takes."""
        return max(1, -(-len(self.body) // _SEGMENT))


class Messaging:
    """Sends texts to phones and takes texts from them."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.messages: dict[str, Message] = {}
        self.stopped: set[tuple[str, str]] = set()
        """Pairs of (phone, owned number): the phone wants nothing more from it."""

    # ---- out ----

    def send(self, message: Message) -> Message:
        """Send a message that was accepted."""
        self.messages[message.sid] = message
        self._exchange.timeline.spawn(self._deliver(message), name=f"message {message.sid}")
        return message

    async def _deliver(self, message: Message) -> None:
        phone = self._exchange.phone(message.to)
        behaviour = phone.sms_behaviour
        await self._exchange.timeline.sleep(behaviour.after)
        message.sent_at = self._exchange.timeline.now()
        if behaviour.status != "failed":
            self._enter(message, "sent")
        if behaviour.status == "delivered":
            phone.texts.append(Text(message.from_, message.body, message.sent_at, message.sid))
            self._exchange.timeline.changed()
        if behaviour.status != "sent":
            message.error_code = behaviour.error_code
            await self._exchange.timeline.sleep(behaviour.after)
            self._enter(message, behaviour.status)
        if behaviour.reply:
            await self._exchange.timeline.sleep(behaviour.reply_after)
            self.text_in(message.to, message.from_, behaviour.reply)

    def _enter(self, message: Message, status: str) -> None:
        message.status = status
        if not message.callback:
            return
        told = [
            ("AccountSid", message.account_sid), ("ApiVersion", "2010-04-01"), ("From", message.from_),
            ("To", message.to), ("MessageSid", message.sid), ("SmsSid", message.sid), ("MessageStatus", status),
            ("SmsStatus", status),
        ]  # fmt: skip
        if message.error_code is not None and status != "sent":
            told.append(("ErrorCode", str(message.error_code)))
        if message.service_sid is not None:
            told.append(("MessagingServiceSid", message.service_sid))
        self._exchange.callbacks.post(Request(message.callback, "POST", tuple(told), "sms-status"), message.sid)

    # ---- in ----

    def text_in(self, from_: str, to: str, body: str) -> Message:
        """Take a message from a phone to an owned number. Raises LookupError when nobody owns it."""
        if to not in self._exchange.numbers:
            raise LookupError(f"{to} is no number of this account")
        now = self._exchange.timeline.now()
        message = Message(self._exchange.account_sid, "inbound", from_, to, body, now, status="received")
        self.messages[message.sid] = message
        keyword = self._keyword(message)
        self._exchange.timeline.spawn(self._take(message, keyword), name=f"text {message.sid}")
        return message

    def _keyword(self, message: Message) -> str:
        """Twilio's own handling of STOP and its kin; an automatic answer goes back."""
        word = message.body.strip().upper()
        pair = (message.from_, message.to)
        if word in STOP_WORDS:
            self.stopped.add(pair)
            kind = "STOP"
        elif word in START_WORDS and (pair in self.stopped or word != "YES"):
            self.stopped.discard(pair)
            kind = "START"
        elif word in HELP_WORDS:
            kind = "HELP"
        else:
            return ""
        self._arrive(message.to, message.from_, _REPLIES[kind])
        return kind

    async def _take(self, message: Message, keyword: str) -> None:
        number = self._exchange.numbers[message.to]
        params = self._params(message, keyword)
        try:
            verbs = await self._ask(message, Request(number.sms_url, number.sms_method, params, "sms"))
        except (WebhookError, DocumentError) as error:
            self._exchange.note(error.code, number.sms_url, error.message)
            verbs = await self._ask_fallback(message, params, error, number.sms_url)
        for verb in verbs:
            if verb.name == "Message":
                self._reply(message, verb)

    async def _ask(self, message: Message, request: Request) -> tuple[Verb, ...]:
        if not request.url:
            return ()
        cookies = httpx.Cookies()
        for _ in range(10):
            reply = await self._exchange.webhooks.send(request, cookies)
            document = self._read(reply)
            redirects = [verb for verb in document if verb.name == "Redirect"]
            if not redirects:
                return document
            request = Request(str(httpx.URL(reply.url).join(redirects[0].text)), redirects[0].method(),
                              self._params(message, ""), "sms")  # fmt: skip
        raise WebhookError(11215, "too many redirects", request.url)

    def _read(self, reply: Reply) -> tuple[Verb, ...]:
        if reply.status == 204:  # noqa: PLR2004  (No Content)
            return ()
        if reply.content_type.partition(";")[0].strip() == "text/plain":
            return (Verb("Message", {}, reply.body.decode(errors="replace"), ()),)
        note = self._exchange.note
        return parse(reply.body, reply.url, schema.messaging(), lambda code, what: note(code, reply.url, what)).verbs

    async def _ask_fallback(
        self, message: Message, params: tuple[tuple[str, str], ...], error: WebhookError | DocumentError, url: str
    ) -> tuple[Verb, ...]:
        number = self._exchange.numbers[message.to]
        told = (*params, ("ErrorCode", str(error.code)), ("ErrorUrl", url.partition("#")[0]))
        try:
            return await self._ask(message, Request(number.sms_fallback_url, "POST", told, "sms"))
        except (WebhookError, DocumentError) as second:
            self._exchange.note(second.code, number.sms_fallback_url, second.message)
            return ()

    @staticmethod
    def _params(message: Message, keyword: str) -> tuple[tuple[str, str], ...]:
        pairs = [
            ("AccountSid", message.account_sid), ("ApiVersion", "2010-04-01"), ("MessageSid", message.sid),
            ("SmsSid", message.sid), ("SmsMessageSid", message.sid), ("SmsStatus", "received"),
            ("From", message.from_), ("To", message.to), ("Body", message.body), ("NumMedia", "0"),
            ("NumSegments", str(message.segments)),
        ]  # fmt: skip
        for who in ("From", "To"):
            pairs += [
                (f"{who}{what}", "US" if what == "Country" else "") for what in ("City", "State", "Zip", "Country")
            ]
        if keyword:
            pairs.append(("OptOutType", keyword))
        return tuple(pairs)

    def _reply(self, message: Message, verb: Verb) -> None:
        body = verb.text or " ".join(child.text for child in verb.named("Body"))
        to = verb.of("to", message.from_)
        if (to, message.to) in self.stopped:
            self._exchange.note(21610, message.to, f"a reply to {to}, who said STOP, is not sent")
            return
        now = self._exchange.timeline.now()
        reply = Message(message.account_sid, "outbound-reply", verb.of("from", message.to), to, body, now)
        self.send(reply)

    def _arrive(self, from_: str, to: str, body: str) -> None:
        self._exchange.phone(to).texts.append(Text(from_, body, self._exchange.timeline.now(), new_sid("SM")))
        self._exchange.timeline.changed()
