"""A client of the emulator's control interface: what a telephone at a terminal is built on."""

import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx


class TelephoneError(Exception):
    """The emulator refused: its words are the message."""


class Telephone:
    """Talks to an emulator at ``origin`` (e.g. ``http://127.0.0.1:4567``). Close it, or use ``async with``.

    Every method raises TelephoneError for a refusal and httpx.HTTPError when the emulator cannot be reached.
    """

    def __init__(self, origin: str) -> None:
        self._client = httpx.AsyncClient(base_url=origin.rstrip("/") + "/emulator", trust_env=False, timeout=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def own_number(self, number: str, **urls: str) -> str:
        """Own a number: ``voice_url``, ``fallback_url``, ``status_url``, ``sms_url``...; returns its SID."""
        return str((await self._post("/numbers", {"number": number, **urls}))["sid"])

    async def set_behaviour(
        self, number: str, behaviour: str | None = None, *, sms: dict[str, Any] | None = None, **fields: object
    ) -> None:
        """Say how a phone meets calls (``answers``, ``voicemail``, ``busy``...) and messages."""
        body: dict[str, Any] = dict(fields)
        if behaviour is not None:
            body["behaviour"] = behaviour
        if sms is not None:
            body["sms"] = sms
        await self._post(f"/phones/{number}", body)

    async def dial(self, from_: str, to: str, caller_id: str | None = None) -> str:
        """Call an owned number; returns the CallSid."""
        return str((await self._post("/calls", {"from": from_, "to": to, "caller_id": caller_id}))["sid"])

    async def events(self, sid: str, after: int = 0, wait: float = 20.0) -> list[dict[str, Any]]:
        """The call's events from number ``after`` on; waits up to ``wait`` real seconds for one."""
        response = await self._client.get(f"/calls/{sid}/events", params={"after": after, "wait": wait})
        self._check(response)
        return [json.loads(line) for line in response.text.splitlines()]

    async def follow(self, sid: str) -> AsyncIterator[dict[str, Any]]:
        """Every event of a call as it happens, up to and with its end."""
        seen = 0
        while True:
            for event in await self.events(sid, seen):
                seen = int(event["number"])
                yield event
                if event["kind"] == "ended":
                    return

    async def press(self, sid: str, digits: str) -> None:
        """Press keys."""
        await self._post(f"/calls/{sid}/keys", {"digits": digits})

    async def speak(self, sid: str, text: str, seconds: float = 3.0) -> None:
        """Speak for so many timeline seconds."""
        await self._post(f"/calls/{sid}/speak", {"text": text, "seconds": seconds})

    async def answer(self, sid: str) -> None:
        """Pick up a ringing call."""
        await self._post(f"/calls/{sid}/answer", {})

    async def decline(self, sid: str) -> None:
        """Refuse a ringing call."""
        await self._post(f"/calls/{sid}/decline", {})

    async def hang_up(self, sid: str) -> None:
        """Put the phone down."""
        await self._post(f"/calls/{sid}/hang_up", {})

    async def ringing(self, number: str, wait: float = 0.0) -> list[dict[str, Any]]:
        """The calls that ring at a phone: ``sid`` and ``from``; waits up to ``wait`` real seconds for one."""
        response = await self._client.get(f"/phones/{number}/ringing", params={"wait": wait})
        return list(self._check(response)["calls"])

    async def texts(self, number: str) -> list[dict[str, Any]]:
        """A phone's text messages: ``from``, ``body``, ``at``, ``sid``."""
        return list(self._check(await self._client.get(f"/texts/{number}"))["texts"])

    async def text(self, from_: str, to: str, body: str) -> None:
        """Send a text message to an owned number."""
        await self._post("/texts", {"from": from_, "to": to, "body": body})

    async def faults(self) -> list[str]:
        """What the product did wrong in Twilio's eyes so far."""
        return list(self._check(await self._client.get("/faults"))["faults"])

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._check(await self._client.post(path, json=body))

    @staticmethod
    def _check(response: httpx.Response) -> dict[str, Any]:
        if response.headers.get("content-type", "").startswith("application/x-ndjson") and response.is_success:
            return {}
        answer: dict[str, Any] = response.json()
        if not response.is_success:
            raise TelephoneError(str(answer.get("error", answer)))
        return answer
