"""The probe's practice as the REST API shows it: what was recorded of its calls, and what became of its pages."""

from typing import Any, Final

import httpx

from nightbell.doctor.outcome import Outcome, wrong
from nightbell.probe.line import Broken
from routing.synthetic import PROBE

_NEWEST: Final = 20


class Records:
    """`origin`: where `/v1` is. Every method raises Broken."""

    def __init__(self, http: httpx.AsyncClient, origin: str, key: str) -> None:
        self._http = http
        self._base = f"{origin.rstrip('/')}/v1/practices/{PROBE}"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def numbers(self) -> list[str]:
        """The practice's numbers."""
        return list((await self._ask("GET", ""))["numbers"])

    async def leftovers(self) -> list[str]:
        """Pages of earlier walks that were never closed."""
        return [page["id"] for page in (await self._ask("GET", "/pages", params={"state": "open"}))["items"]]

    async def call(self, sid: str) -> dict[str, Any] | None:
        """The call as lists show it, which no audit trail has to note; None while it is not recorded."""
        found = await self._ask("GET", "/calls", params={"limit": _NEWEST})
        return next((call for call in found["items"] if call["sid"] == sid), None)

    async def timeline(self, sid: str) -> list[dict[str, Any]]:
        """What was heard and pressed. That it was read goes into the audit trail."""
        timeline: list[dict[str, Any]] = (await self._ask("GET", f"/calls/{sid}"))["timeline"]
        return timeline

    async def page(self, page: str) -> dict[str, Any]:
        """The page with its trail."""
        return await self._ask("GET", f"/pages/{page}")

    async def is_told(self, page: str) -> bool:
        """Whether a worker has dealt with an alert about the page."""
        found = await self._ask("GET", "/alerts", params={"limit": _NEWEST})
        return any(alert["page"] == page and alert["told_at"] for alert in found["items"])

    async def close(self, page: str) -> str:
        """Close the page; what state it is in then."""
        reason = {"reason": "The watchdog has seen what it wanted to see"}
        return str((await self._ask("POST", f"/pages/{page}/resolve", json=reason))["state"])

    async def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own arguments
        try:
            answer = await self._http.request(method, self._base + path, headers=self._headers, **sent)
        except httpx.HTTPError as error:
            says = f"the REST API cannot be reached ({type(error).__name__})"
            raise Broken(wrong(says, "does `nightbell serve` run, and does --api lead to it?")) from None
        if not answer.is_success:
            raise Broken(_refused(answer.status_code))
        return _json(answer)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = answer.json()
    except ValueError:
        raise Broken(wrong("what answers at /v1 is not Nightbell's API", "does --api lead to it?")) from None
    return found


_MENDS: Final = {
    401: ("the API does not take the key", f"nightbell key create --practice {PROBE}, and set NIGHTBELL_PROBE_KEY"),
    403: ("the key is for another practice, or only reads", f"nightbell key create --practice {PROBE}"),
    404: (
        "the API has no such path or record",
        f"nightbell key create --practice {PROBE} makes it; and does --api lead to Nightbell?",
    ),
    503: ("the API says that the database does not answer", "is PostgreSQL up? See `nightbell doctor`"),
}


def _refused(status: int) -> Outcome:
    says, mend = _MENDS.get(status, (f"the API answers with HTTP {status}", "the server's log says more"))
    return wrong(says, mend)
