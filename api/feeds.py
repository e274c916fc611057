"""Secret links to the calendars of people and schedules, for the calendar programs that they have already."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict

from api.access import Access, Changing, Reading
from api.cursors import read_cursor, write_cursor
from api.feed_files import address
from api.fields import Cursor, Limit, Listing, Moment, Named, Sent, Told, cut, example
from api.problems import Problem, Where
from routing.plan import Plan
from storage import feeds

router: Final = APIRouter(prefix="/practices/{practice}/feeds", tags=["who is woken"])

Id = Annotated[str, Path(alias="id", max_length=64, description="The link's id.", examples=["3f9c1a2b4d5e"])]
_SHOWN: Final = {
    "id": "3f9c1a2b4d5e",
    "member": "chen",
    "schedule": None,
    "created_at": "2026-11-22T07:10:00Z",
    "created_by": "front desk",
    "last_used_at": None,
    "revoked_at": None,
    "revoked_by": None,
}


class NewFeed(Sent):
    """Make a link to the calendar of one of the staff, or of one of the schedules: exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=example(member="chen"))

    member: Named | None = None
    """The id of one of the staff: all schedules that they are on, with alarms."""
    schedule: Named | None = None
    """A schedule: everybody who is on it."""


class Feed(Told):
    """A link, without its secret."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    id: str
    member: str | None
    schedule: str | None
    created_at: Moment
    created_by: str
    last_used_at: Moment | None
    """When a calendar program last fetched it, to the hour."""
    revoked_at: Moment | None
    revoked_by: str | None


class MadeFeed(Feed):
    """A link, with its secret, which is shown this once."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_SHOWN, url="https://calls.example.org/feeds/kZ0Jc1m5rT7uVwXyZ2b4d6f8h0j2l4n6p8r0t2v4x6z.ics"
        )
    )

    url: str
    """To be pasted into a calendar program ("subscribe", "from URL"). Whoever has it can read the calendar."""


@router.get("", operation_id="listFeeds")
async def list_feeds(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[Feed]:
    """List the links, the newest first, also those that were revoked."""
    about = f"feeds/{access.practice}"
    before = read_cursor(access.desk.ring, about, cursor)[0] if cursor is not None else None
    async with access.desk.database.transaction() as connection:
        found = await feeds.listed(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [shown[-1].id]) if more else None
    return Listing(items=[Feed(**_told(feed)) for feed in shown], next=following)


@router.post("", operation_id="createFeed", status_code=201)
async def create_feed(access: Changing, wanted: NewFeed, response: Response) -> MadeFeed:
    """Make a secret link to a calendar, for one person's phone or for the wall of the practice."""
    _check(access.plan, wanted)
    new = feeds.Feed("", access.practice, wanted.member, wanted.schedule, access.now, access.key.name)
    async with access.desk.database.transaction() as connection:
        made, token = await feeds.create(connection, new, access.key.actor)
    response.headers["Location"] = f"/v1/practices/{access.practice}/feeds/{made.id}"
    return MadeFeed(**_told(made), url=address(access.desk.origin, token))


@router.get("/{id}", operation_id="getFeed")
async def get_feed(access: Reading, number: Id) -> Feed:
    """Get a link, without its secret."""
    async with access.desk.database.statement() as connection:
        return _found(await feeds.of_id(connection, access.practice, number))


@router.delete("/{id}", operation_id="revokeFeed")
async def revoke_feed(access: Changing, number: Id) -> Feed:
    """Revoke a link: it leads nowhere from now on. The record stays; revoking it again changes nothing."""
    return await _revoked(access, number)


async def _revoked(access: Access, number: str) -> Feed:
    async with access.desk.database.transaction() as connection:
        found = await feeds.revoke(connection, access.practice, number, access.key.name, access.key.actor, access.now)
    return _found(found)


def _check(plan: Plan, wanted: NewFeed) -> None:
    """Raise Problem 422 unless it is somebody, or a schedule, that the plan knows."""
    roster = plan.escalation.roster
    if (wanted.member is None) == (wanted.schedule is None):
        fault = Where(
            pointer="", detail="it must name one of `member` and `schedule`", mend="Send exactly one of the two."
        )
    elif wanted.member is not None and wanted.member not in roster.members:
        mend = "Take the id of one of the staff, as the plan has it."
        fault = Where(pointer="/member", detail="there is no such member", mend=mend)
    elif wanted.schedule is not None and wanted.schedule not in roster.schedules:
        mend = f"There are: {', '.join(roster.schedules) or 'none'}."
        fault = Where(pointer="/schedule", detail="there is no such schedule", mend=mend)
    else:
        return
    raise Problem(422, "There is no calendar of that.", [fault])


def _found(feed: feeds.Feed | None) -> Feed:
    if feed is None:
        raise Problem(404, "There is no such link.")
    return Feed(**_told(feed))


def _told(feed: feeds.Feed) -> dict[str, object]:
    return {name: getattr(feed, name) for name in Feed.model_fields}
