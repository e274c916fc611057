"""Pages: who was woken, and closing what is done."""

import re
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from api.access import Access, Changing, Reading
from api.cursors import read_cursor, write_cursor
from api.description import errors
from api.fields import Cursor, Limit, Line, Listing, Moment, Named, Sent, Told, cut, example
from api.problems import Problem, Where
from escalation.events import Accepted, AcceptedBy, Event, Resolved
from escalation.page import Note, PageState
from storage import audit, page_list
from storage.page_list import Happened
from storage.pages import lock_page

router: Final = APIRouter(prefix="/practices/{practice}/pages", tags=["pages"])
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_SHOWN: Final = {
    "id": "f03c1b7e",
    "call": "CA0123456789abcdef0123456789abcdef",
    "category": "urgent",
    "policy": "urgent",
    "state": "paging",
    "opened_at": "2026-11-22T07:10:20Z",
    "due": "2026-11-22T07:12:20Z",
    "accepted_by": None,
    "accepted_at": None,
    "resolved_at": None,
    "note": None,
}


class Page(Told):
    """A page. What did not happen is null."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    id: str
    call: str
    """The SID of the call that it is about."""
    category: str
    policy: str
    state: PageState
    opened_at: Moment
    due: Moment | None
    """When it goes on by itself."""
    accepted_by: str | None
    """The id of one of the staff, or the API key that acknowledged it for nobody in particular."""
    accepted_at: Moment | None
    resolved_at: Moment | None
    note: Note | None
    """How it went with the patient, as the clinician noted it with a key."""


class Entry(Told):
    """What one event made of the page."""

    at: Moment
    event: str
    lines: list[str]


class PageTrail(Page):
    """A page, with all that happened to it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_SHOWN,
            trail=[{"at": "2026-11-22T07:10:20Z", "event": "Opened", "lines": ["Calling Dr. Ana Chen"]}],
        )
    )

    trail: list[Entry]


class Acknowledgement(Sent):
    """Who takes the page."""

    model_config = ConfigDict(json_schema_extra=example(member="osei"))

    member: Named
    """The id of one of the staff, who is rung to be connected with the patient. A program takes no page by itself."""


class Resolution(Sent):
    """Why the page needs nobody any more."""

    model_config = ConfigDict(json_schema_extra=example(reason="The family was seen in the emergency room"))

    reason: Line
    """It goes into the trail: no patient's name."""


class Stage(StrEnum):
    """States to list."""

    OPEN = "open"
    """Every state but resolved."""
    PAGING = "paging"
    ACCEPTED = "accepted"
    BRIDGED = "bridged"
    LAST_RESORT = "last resort"
    RESOLVED = "resolved"


PageId = Annotated[str, Path(alias="id", description="The page's id.", examples=[_SHOWN["id"]])]


@router.get("", operation_id="listPages")
async def list_pages(
    access: Reading,
    state: Annotated[Stage | None, Query(description="Those in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing[Page]:
    """List the pages, the newest first."""
    states = [s.value for s in PageState if state in {None, Stage(s.value)} or _is_open(state, s)]
    about, ring = f"pages/{access.practice}/{state}", access.desk.ring
    opened, last = read_cursor(ring, about, cursor) if cursor is not None else ("", "")
    after = (Instant.parse_iso(opened), last) if opened else None
    async with access.desk.database.statement() as connection:
        found = await page_list.listed(connection, access.practice, states, after, limit + 1)
    shown, more = cut(found, limit)
    position = [Instant(shown[-1]["opened_at"]).format_iso(), shown[-1]["id"]] if more else []
    return Listing(
        items=[Page(**_told(row)) for row in shown], next=write_cursor(ring, about, position) if more else None
    )


def _is_open(wanted: Stage | None, state: PageState) -> bool:
    return wanted is Stage.OPEN and state is not PageState.RESOLVED


@router.get("/{id}", operation_id="getPage")
async def get_page(access: Reading, number: PageId) -> PageTrail:
    """Get a page with its trail."""
    async with access.desk.database.transaction() as connection:
        return await _page(connection, access, number)


@router.post("/{id}/acknowledge", operation_id="acknowledgePage", openapi_extra=errors(409))
async def acknowledge(access: Changing, number: PageId, given: Acknowledgement) -> PageTrail:
    """Take the page for one of the staff. It is opened again if the patient is not reached in time."""
    if given.member not in access.plan.escalation.roster.members:
        known = ", ".join(access.plan.escalation.roster.members)
        fault = Where(pointer="/member", detail="there is no such member", mend=f"Choose from {known or 'none'}.")
        raise Problem(422, "Nobody of that id is among the staff.", [fault])
    event = Accepted(given.member, AcceptedBy.OPERATOR)
    return await _happen(access, number, event, "acknowledge page")


@router.post("/{id}/resolve", operation_id="resolvePage", openapi_extra=errors(409))
async def resolve(access: Changing, number: PageId, given: Resolution) -> PageTrail:
    """Close the page: nobody is woken about it any more."""
    return await _happen(access, number, Resolved(access.key.actor, given.reason), "resolve page")


async def _happen(access: Access, number: str, event: Event, action: str) -> PageTrail:
    """Let the event happen. Raises Problem 409 when it changes nothing."""
    async with access.desk.database.transaction() as connection:
        await _page(connection, access, number)
        before = await lock_page(connection, access.desk.ring, number)
        after = await access.desk.paging.happen_on(connection, number, event)
        if after.page == before.page:
            raise Problem(
                409, f"The page is {before.page.state.value}, so that this cannot be done. Nothing was changed."
            )
        await audit.write(connection, access.key.actor, action, number, access.now)
        return await _page(connection, access, number)


async def _page(connection: AsyncConnection, access: Access, number: str) -> PageTrail:
    row = await page_list.find(connection, access.practice, number) if _ID.fullmatch(number) else None
    if row is None:
        raise Problem(404, "There is no such page.")
    happened = await page_list.trail(connection, number)
    return PageTrail(**_told(row), trail=[_entry(entry) for entry in happened])


def _entry(entry: Happened) -> Entry:
    return Entry(at=entry.at, event=entry.event, lines=entry.lines)


def _told(row: RowMapping) -> dict[str, object]:
    moments = ("opened_at", "due", "accepted_at", "resolved_at")
    told: dict[str, object] = {name: Instant(row[name]) if row[name] else None for name in moments}
    plain = ("id", "call", "category", "state", "accepted_by")
    return {
        **told,
        **{name: row[name] for name in plain},
        "policy": row["body"]["policy"],
        "note": row["body"].get("note"),
    }
