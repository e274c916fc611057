"""The link in a clinician's text: `/p/{token}`, which shows how a page stands and, with their PIN, lets them act on it.

Whoever has the link sees a practice, a category and who has the page, and nothing of a patient. Looking changes
nothing, since phones and scanners fetch the links of texts by themselves; what is done is posted, with the PIN.
"""

import base64
import hmac
from html import escape
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.desk import Desk
from escalation.events import Accepted, AcceptedBy, CallMe, Declined, Event
from escalation.page import Attempt, PageState, code_of
from routing.plan import Plan
from storage import audit, pins
from storage.errors import NotFoundError, UnavailableError
from storage.pages import PageCall
from storage.pins import Verdict
from storage.seal import KeyRing

PREFIX: Final = "/p"
_MARK: Final = 12
"""Bytes of the mark: nobody finds one of 96 bits by trying."""
_MOST_BYTES: Final = 1024
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_NOT_NOW: Final = "This does not work just now. Please take the page on the phone, or reply to the text."
_log = structlog.get_logger(__name__)


def page_link(ring: KeyRing, origin: str, page: str, attempt: int) -> str:
    """The link for who was texted with the attempt; "" where a page has an id that none can be made of."""
    try:
        raw = UUID(page).bytes + attempt.to_bytes(2)
    except (ValueError, OverflowError):
        return ""
    return f"{origin.rstrip('/')}{PREFIX}/{_text(raw + ring.index(f'page link {page} {attempt}')[:_MARK])}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _read(ring: KeyRing, token: str) -> tuple[str, int] | None:
    """The page and the attempt that the token is for; None for a token that this server did not make."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        return None
    if len(raw) != 18 + _MARK or _text(raw) != token:
        return None
    page, attempt, mark = str(UUID(bytes=raw[:16])), int.from_bytes(raw[16:18]), raw[18:]
    marks = ring.indexes(f"page link {page} {attempt}")
    return (page, attempt) if any(hmac.compare_digest(mark, each[:_MARK]) for each in marks) else None


def page_link_route(desk: Desk) -> Route:
    """The path, for looking and for acting."""

    async def answer(request: Request) -> Response:
        try:
            return await _answer(desk, request)
        except UnavailableError:
            return _page("Nightbell", [_NOT_NOW], status=503)

    return Route(PREFIX + "/{token}", answer, methods=["GET", "POST"])


async def _answer(desk: Desk, request: Request) -> Response:
    named = _read(desk.ring, request.path_params["token"])
    found = await _find(desk, *named) if named is not None else None
    if found is None:
        return _page("Nightbell", ["There is no such page."], status=404)
    if request.method == "GET":
        return found.shown()
    form = await _form(request)
    return await found.act(form.get("pin", ""), form.get("do", "")) if form is not None else found.shown(status=413)


async def _form(request: Request) -> dict[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    return dict(parse_qsl(body.decode("utf-8", errors="replace")))


async def _find(desk: Desk, page: str, number: int) -> "_Link | None":
    async def look() -> PageCall:
        return await desk.paging.look(page)

    try:
        stored = await desk.database.in_time(look)
    except NotFoundError:
        return None
    plan = desk.plans.current(stored.page.practice)
    attempt = next((each for each in stored.page.attempts if each.number == number), None)
    return _Link(desk, plan, stored, attempt) if plan is not None and attempt is not None else None


class _Link:
    """One request about one page, by who was texted with one of its attempts."""

    def __init__(self, desk: Desk, plan: Plan, stored: PageCall, attempt: Attempt) -> None:
        self._desk = desk
        self._plan = plan
        self._stored = stored
        self._member = attempt.member

    async def act(self, pin: str, wanted: str) -> Response:
        """Do it, where the PIN is right; told again, it does nothing more. Raises UnavailableError."""
        event = self._event(wanted)
        if event is None:
            return self.shown(status=422)
        desk, now = self._desk, self._desk.clock.now()
        async with desk.database.transaction() as connection:
            checked = await pins.check(connection, desk.ring, desk.jobs, self._plan, [self._member], pin, now)
            if checked.verdict is Verdict.RIGHT:
                self._stored = await desk.paging.happen_on(connection, self._stored.page.id, event)
                await audit.write(connection, self._member, f"page link: {wanted}", self._stored.page.id, now)
        _log.info("page_link_used", page=self._stored.page.id, wanted=wanted, verdict=checked.verdict.value)
        match checked.verdict:
            case Verdict.RIGHT:
                return self.shown("Done.")
            case Verdict.LOCKED:
                return self.shown("Too many wrong PINs. Please take the page on the phone, or reply to the text.", 403)
            case Verdict.WRONG:
                return self.shown("That is not your PIN.", 403)

    def _event(self, wanted: str) -> Event | None:
        match wanted:
            case "take":
                return Accepted(self._member, AcceptedBy.LINK)
            case "pass":
                return Declined(self._member)
            case "call":
                return CallMe(self._member)
            case _:
                return None

    def shown(self, said: str = "", status: int = 200) -> Response:
        """How the page stands, and what can be done."""
        page = self._stored.page
        title = f"{self._plan.name}: {page.category} page {code_of(page.id)}"
        return _page(title, [said, self._state()], self._choices(), status)

    def _state(self) -> str:
        page = self._stored.page
        holds = "The caller is holding." if page.caller.value == "holding" else "The caller wants to be called back."
        match page.state:
            case PageState.RESOLVED:
                return "The page is closed. Thank you."
            case _ if page.accepted_by == self._member:
                return f"You have it. {holds}"
            case PageState.ACCEPTED | PageState.BRIDGED:
                other = self._plan.escalation.roster.members.get(page.accepted_by or "")
                return f"{other.name if other else 'Somebody else'} has it. Nothing to do."
            case _:
                return f"Nobody has it yet. {holds}"

    def _choices(self) -> dict[str, str]:
        page = self._stored.page
        if page.state in {PageState.PAGING, PageState.LAST_RESORT}:
            return {"take": "Take it: my phone rings now", "pass": "Pass it on"}
        if page.state is PageState.ACCEPTED and page.accepted_by == self._member:
            return {"call": "Ring me now, to be connected", "pass": "Pass it on"}
        return {}


_STYLE: Final = (
    "body{font:1.15rem/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem}"
    "input,button{font:inherit;width:100%;padding:.8rem;margin:.4rem 0;box-sizing:border-box}"
)


def _page(title: str, lines: list[str], choices: dict[str, str] | None = None, status: int = 200) -> Response:
    said = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    form = ""
    if choices:
        buttons = "".join(f'<button name="do" value="{do}">{escape(text)}</button>' for do, text in choices.items())
        form = (
            '<form method="post"><label>Your PIN <input name="pin" type="password" inputmode="numeric" '
            f'autocomplete="off" maxlength="8" required></label>{buttons}</form>'
        )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{said}{form}</body></html>",
        status,
        _ALWAYS,
    )
