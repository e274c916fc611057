"""Twilio's REST API as this product uses it: placing and moving calls, texting, looking."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import httpx
from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from whenever import Instant, TimeDelta

from telephony.errors import UncertainError
from telephony.owned import Account, OwnedNumber, read_account, read_number
from telephony.transport import TIMEOUT, TWILIO_API, HttpxTransport

Result = TypeVar("Result")

PROGRESS: Final = ["initiated", "ringing", "answered", "completed"]
LIVE: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call at Twilio: `status` is Twilio's word; `created` may be None while it is queued."""

    sid: str
    status: str
    created: Instant | None
    seconds: int | None = None


class Gateway:
    """One Twilio account. Every method may raise the errors of `telephony.errors`."""

    def __init__(
        self, account_sid: str, auth_token: str, base_url: str = TWILIO_API, timeout: httpx.Timeout = TIMEOUT
    ) -> None:
        self.account_sid = account_sid
        self._base_url = base_url.rstrip("/")
        self._auth = (account_sid, auth_token)
        self._transport = HttpxTransport(base_url, timeout)
        self._client = Client(account_sid, auth_token, http_client=self._transport)

    async def place_call(self, to: str, from_: str, url: str, status_url: str, ring_for: TimeDelta) -> PlacedCall:
        """Ring `to`; what it hears is at `url`. `ring_for`: Twilio adds up to 5 s of its own."""
        call = await _sent(
            self._client.calls.create_async(
                to=to,
                from_=from_,
                url=url,
                method="POST",
                status_callback=status_url,
                status_callback_event=PROGRESS,
                status_callback_method="POST",
                timeout=round(ring_for.total("seconds")),
            )
        )
        return _placed(call)

    async def find_calls(self, to: str, from_: str, since: Instant) -> list[PlacedCall]:
        """The calls to a number that were created since then: to look before redialling."""
        # Not filtered by StartTime: a call that is still queued has none, and is just the one to find.
        calls = await _sent(self._client.calls.list_async(to=to, from_=from_, limit=20))
        placed = (_placed(call) for call in calls)
        # Twilio's times have whole seconds.
        return [call for call in placed if call.created is None or call.created >= since - TimeDelta(seconds=1)]

    async def look_at_call(self, sid: str) -> PlacedCall:
        """The call as it is now."""
        return _placed(await _sent(self._client.calls(sid).fetch_async()))

    async def move_call(self, sid: str, url: str) -> None:
        """Let a live call go on at another URL. Raises GoneError when it is over."""
        await _sent(self._client.calls(sid).update_async(url=url, method="POST"))

    async def end_call(self, sid: str) -> None:
        """End a call that rings or talks. Raises GoneError when it is over already."""
        await _sent(self._client.calls(sid).update_async(status="completed"))

    async def send_sms(self, to: str, from_: str, body: str, status_url: str) -> str:
        """Text `to`; the message's SID."""
        message = await _sent(
            self._client.messages.create_async(to=to, from_=from_, body=body, status_callback=status_url)
        )
        return str(message.sid)

    async def account(self) -> Account:
        """The account itself; AccountError when the token is not its own."""
        found = await _sent(self._client.api.v2010.accounts(self.account_sid).fetch_async())
        return read_account(found, self._transport.date)

    async def find_number(self, number: str) -> OwnedNumber | None:
        """The account's number; None when it owns no such one."""
        # The filter is a pattern at Twilio's: more than the one may come.
        found = await _sent(self._client.incoming_phone_numbers.list_async(phone_number=number))
        return next((read_number(each) for each in found if each.phone_number == number), None)

    async def point_number(self, sid: str, pointers: Mapping[str, str]) -> OwnedNumber:
        """Set these of the number's POINTERS, and no others; what it is then."""
        return read_number(await _sent(self._client.incoming_phone_numbers(sid).update_async(**pointers)))

    async def recording_url(self) -> str | None:
        """Where the media of the newest recording are; None when the account has none."""
        found = await _sent(self._client.recordings.list_async(limit=1, page_size=1))
        path = f"/2010-04-01/Accounts/{self.account_sid}/Recordings"
        return f"{self._base_url}{path}/{found[0].sid}.mp3" if found else None

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.close()


async def _sent(request: Awaitable[Result]) -> Result:
    try:
        return await request
    except (TwilioException, ValueError, TypeError) as error:
        # An answer that is not what the API documents: the request may have been carried out all the same.
        raise UncertainError(f"Twilio's answer was not understood: {type(error).__name__}") from None


def _placed(call: object) -> PlacedCall:
    created = getattr(call, "date_created", None) or getattr(call, "start_time", None)
    duration = getattr(call, "duration", None)
    return PlacedCall(
        sid=str(getattr(call, "sid", "")),
        status=str(getattr(call, "status", "")),
        created=Instant(created) if isinstance(created, datetime) else None,
        seconds=int(duration) if duration else None,
    )
