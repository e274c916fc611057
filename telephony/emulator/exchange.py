"""The telephone exchange: Twilio's account with everything in it, and the network behind it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import httpx

from telephony.emulator.bell import Bell
from telephony.emulator.conference import Conference
from telephony.emulator.errors import ApplicationError, CallMoved, CallOver, Interruption
from telephony.emulator.events import CallEvent
from telephony.emulator.faults import Fault
from telephony.emulator.leg import Leg
from telephony.emulator.messaging import Messaging
from telephony.emulator.numbers import OwnedNumber, is_e164, takes_calls
from telephony.emulator.phone import Phone
from telephony.emulator.placing import Placing
from telephony.emulator.progress import CallbackOrder, Callbacks, Progress
from telephony.emulator.queues import Queue
from telephony.emulator.recordings import Recording
from telephony.emulator.rest.faults import RestFaults
from telephony.emulator.script import Performer, Script
from telephony.emulator.sids import new_sid
from telephony.emulator.sounds import Sounds
from telephony.emulator.timeline import Timeline
from telephony.emulator.verb import Errand
from telephony.emulator.verbs.table import PERFORMERS
from telephony.emulator.webhook import Policy, Request, WebhookError, Webhooks

Listener = Callable[[Leg, CallEvent], None]


class Exchange:
    """One account at Twilio. Close it when done (``async with`` does).

    ``webhook_policy`` sets the timeouts (real seconds) that a URL's fragment does not override.
    """

    def __init__(
        self,
        timeline: Timeline,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "emulated-token",  # noqa: S107  (made up, for loopback)
        *,
        webhook_policy: Policy | None = None,
        calls_per_second: float = 1.0,
    ) -> None:
        self.timeline = timeline
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.secondary_auth_token: str | None = None
        self.api_url = "http://127.0.0.1"
        self.opened_at = timeline.now()
        self.faults: list[Fault] = []
        self.numbers: dict[str, OwnedNumber] = {}
        self.phones: dict[str, Phone] = {}
        self.legs: dict[str, Leg] = {}
        self.conferences: list[Conference] = []
        self.queues: list[Queue] = []
        self.queue_bell = Bell(timeline)
        self.recordings: dict[str, Recording] = {}
        self.recordings_are_public = False
        """Twilio's default, until HTTP authentication for recording media is turned on in the console."""
        self.account_status = "active"
        self.account_type = "Full"
        self.performers: dict[str, Performer] = PERFORMERS
        self.rest_faults = RestFaults()
        self.ring_buffer = 5.0
        """Seconds that Twilio lets a phone ring beyond the timeout asked for."""
        self.screened_out_status = "completed"
        """DialCallStatus when somebody picked up but screening did not connect them; see DialBridged."""
        self.sequential_goes_on_after_screening = False
        """Whether a sequential <Dial> tries the next number after a pickup that screening did not connect."""
        self.dial_action_after_hangup = True
        """Whether a <Dial>'s action is told when the dialling party hangs up; what it answers is not performed."""
        self.repeat_webhooks: int | Callable[[Request], bool] = 0
        """Deliver webhooks once more: the next n, or those that the predicate picks."""
        self.webhooks = Webhooks(lambda: self.auth_token, webhook_policy or Policy(), self._repeats)
        self.callbacks = Callbacks(timeline, self._send_callback)
        self.sounds = Sounds(self.webhooks, self.note)
        self.messaging = Messaging(self)
        self.placing = Placing(self, calls_per_second)
        self._listeners: list[Listener] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop everything that goes on and close the connections."""
        await self.timeline.close()
        await self.webhooks.close()

    # ---- what there is ----

    def own_number(
        self,
        number: str,
        *,
        voice_url: str = "",
        fallback_url: str = "",
        status_url: str = "",
        sms_url: str = "",
        sms_fallback_url: str = "",
        method: str = "POST",
    ) -> OwnedNumber:
        """Own a number, with the URLs of its webhooks (again: to set them anew). Raises ValueError if not E.164."""
        if not is_e164(number):
            raise ValueError(f"{number!r} is not an E.164 number")
        known = self.numbers.get(number)
        self.numbers[number] = OwnedNumber(
            number,
            self.timeline.now() if known is None else known.created_at,
            voice_url=voice_url,
            voice_method=method,
            voice_fallback_url=fallback_url,
            status_callback=status_url,
            sms_url=sms_url,
            sms_fallback_url=sms_fallback_url,
            friendly_name=number,
            sid=new_sid("PN") if known is None else known.sid,
        )
        return self.numbers[number]

    def phone(self, number: str) -> Phone:
        """The phone with this number; a new one, met by nobody (Manual), at first."""
        if number not in self.phones:
            self.phones[number] = Phone(self, number)
        return self.phones[number]

    def conference(self, name: str) -> Conference:
        """The running conference of this name, or a new one."""
        for each in self.conferences:
            if each.name == name and each.status != "completed":
                return each
        self.conferences.append(Conference(self, name, self.timeline.now()))
        return self.conferences[-1]

    def queue(self, name: str) -> Queue:
        """The queue of this name (or SID), or a new one."""
        for each in self.queues:
            if name in {each.name, each.sid}:
                return each
        self.queues.append(Queue(self, name, self.timeline.now()))
        return self.queues[-1]

    @property
    def callback_order(self) -> CallbackOrder:
        """How status callbacks reach the product: InOrder, Shuffled(seed), Duplicated or Withheld."""
        return self.callbacks.order

    @callback_order.setter
    def callback_order(self, order: CallbackOrder) -> None:
        self.callbacks.order = order

    def on_event(self, listener: Listener) -> None:
        """Have a function called with each event of each call, as it happens."""
        self._listeners.append(listener)

    def url_of(self, path: str) -> str:
        """An absolute URL on this API's host."""
        return self.api_url.rstrip("/") + path

    def note(self, code: int, where: str, message: str) -> None:
        """Record a fault of the product's."""
        self.faults.append(Fault(self.timeline.now(), code, where, message))

    # ---- calls ----

    def new_leg(self, direction: str, from_: str, to: str, parent: Leg | None = None) -> Leg:
        """A leg, not started."""
        leg = Leg(self.timeline, self.account_sid, direction, from_, to, self._heard, parent)
        self.legs[leg.sid] = leg
        return leg

    def call_in(self, from_: str, to: str, forwarded_from: str | None = None) -> Leg:
        """A call comes in for an owned number. Raises LookupError when nobody owns it."""
        if to not in self.numbers:
            raise LookupError(f"{to} is no number of this account")
        number = self.numbers[to]
        leg = self.new_leg("inbound", from_, to)
        leg.status = "ringing"
        leg.forwarded_from = forwarded_from
        leg.fallback_url, leg.fallback_method = number.voice_fallback_url, number.voice_fallback_method
        if number.status_callback:
            leg.progress = Progress(self.callbacks, number.status_callback, number.status_callback_method)
        if not takes_calls(number):
            leg.end("failed", "the number is not connected to a voice URL")
            return leg
        errand = Errand(number.voice_url, number.voice_method)
        self.timeline.spawn(self.serve(leg, lambda: self.script(leg).follow(errand)), name=f"inbound {leg.sid}")
        return leg

    def script(
        self, leg: Leg, allowed: frozenset[str] | None = None, *, with_fallback: bool = True, in_queue: bool = False
    ) -> Script:
        """A script for a leg."""
        return Script(self, leg, allowed, with_fallback=with_fallback, in_queue=in_queue)

    async def serve(self, leg: Leg, work: Callable[[], Awaitable[None]]) -> None:
        """Do a leg's work, then whatever documents REST gives it; at the end the call is over."""
        while True:
            try:
                await work()
                leg.end("completed", "nothing left to do")
            except CallOver:
                pass
            except CallMoved as moved:
                if leg.room is not None:
                    leg.room.leave(leg)
                work = partial(self.script(leg).follow, moved.errand)
                continue
            except ApplicationError:
                await self._fail(leg)
            return

    async def _fail(self, leg: Leg) -> None:
        """Tell the person that the application failed, and end the call."""
        with suppress(Interruption):
            await self.script(leg).apologise()
        leg.end("failed", "application error")

    async def ring(self, leg: Leg, timeout: float) -> bool:  # noqa: ASYNC109  (a person's patience, not the task's)
        """Ring the phone that a leg goes to; True when somebody or something picked up."""
        return await self.placing.ring(leg, timeout)

    def inform(self, leg: Leg, errand: Errand) -> None:
        """Tell a URL something about a call whose answer will not be performed."""
        request = Request(errand.url, errand.method, (*leg.params(), *errand.params), "voice")
        self.timeline.spawn(self._send_callback(request), name=f"informing {errand.url}")

    # ---- messages ----

    def text_in(self, from_: str, to: str, body: str) -> None:
        """A text message comes in for an owned number. Raises LookupError when nobody owns it."""
        self.messaging.text_in(from_, to, body)

    # ---- inside ----

    def _heard(self, leg: Leg, event: CallEvent) -> None:
        for listener in self._listeners:
            listener(leg, event)

    def _repeats(self, request: Request) -> int:
        if callable(self.repeat_webhooks):
            return int(self.repeat_webhooks(request))
        if self.repeat_webhooks > 0:
            self.repeat_webhooks -= 1
            return 1
        return 0

    async def _send_callback(self, request: Request) -> None:
        try:
            await self.webhooks.send(request, httpx.Cookies())
        except WebhookError as error:
            self.note(error.code, request.url, f"{request.purpose} callback: {error.message}")
