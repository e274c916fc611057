"""Queues and their members."""

from starlette.responses import JSONResponse, Response

from telephony.emulator.queues import Member, Queue
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.errors import RestError, invalid, not_found
from telephony.emulator.rest.paging import page
from telephony.emulator.verb import Errand


def render(queue: Queue) -> Json:
    """A queue as JSON."""
    account = queue.exchange.account_sid
    uri = f"/{VERSION}/Accounts/{account}/Queues/{queue.sid}"
    return {
        "sid": queue.sid, "account_sid": account, "friendly_name": queue.name, "uri": f"{uri}.json",
        "current_size": len(queue.members), "max_size": queue.max_size, "average_wait_time": queue.average_wait(),
        "date_created": date(queue.created_at), "date_updated": date(queue.created_at),
        "subresource_uris": {"members": f"{uri}/Members.json"},
    }  # fmt: skip


def _find(asked: Asked, name: str = "Sid") -> Queue:
    for queue in asked.exchange.queues:
        if queue.sid == asked.path[name]:
            return queue
    raise not_found(asked.url_path)


async def create(asked: Asked) -> Response:
    """Make a queue. A name that is taken is refused (22003)."""
    form = asked.form
    form.only("POST", "/Queues", "FriendlyName MaxSize")
    name = form.text("FriendlyName")
    if not name:
        raise invalid("FriendlyName is required")
    if any(queue.name == name for queue in asked.exchange.queues):
        raise RestError(400, 22003, "A queue with this name exists already.", fault=False)
    queue = asked.exchange.queue(name)
    queue.max_size = form.whole("MaxSize", 100, 1, 5000)
    return JSONResponse(render(queue), 201)


async def fetch(asked: Asked) -> Response:
    """One queue."""
    return JSONResponse(render(_find(asked)))


async def update(asked: Asked) -> Response:
    """Change its name or size."""
    queue, form = _find(asked), asked.form
    form.only("POST", "/Queues/{Sid}", "FriendlyName MaxSize")
    queue.name = form.text("FriendlyName", queue.name)
    queue.max_size = form.whole("MaxSize", queue.max_size, 1, 5000)
    return JSONResponse(render(queue))


async def index(asked: Asked) -> Response:
    """All queues."""
    asked.form.only("GET", "/Queues")
    return page(asked, "queues", asked.exchange.queues, render)


async def delete(asked: Asked) -> Response:
    """Remove an empty queue; one with members is refused (22002)."""
    queue = _find(asked)
    if queue.members:
        raise RestError(400, 22002, "The queue is not empty.", fault=False)
    asked.exchange.queues.remove(queue)
    return Response(status_code=204)


# ---- members ----


def render_member(queue: Queue, member: Member, position: int) -> Json:
    """A member as JSON."""
    account = queue.exchange.account_sid
    return {
        "call_sid": member.leg.sid, "queue_sid": queue.sid, "position": position, "wait_time": member.waited(),
        "date_enqueued": date(member.queued_at),
        "uri": f"/{VERSION}/Accounts/{account}/Queues/{queue.sid}/Members/{member.leg.sid}.json",
    }  # fmt: skip


def _member(asked: Asked) -> tuple[Queue, Member]:
    """The member with this CallSid; ``Front`` is the first."""
    queue, wanted = _find(asked, "QueueSid"), asked.path["CallSid"]
    for member in queue.members:
        if wanted in {"Front", member.leg.sid}:
            return queue, member
    raise not_found(asked.url_path)


async def fetch_member(asked: Asked) -> Response:
    """One member."""
    queue, member = _member(asked)
    return JSONResponse(render_member(queue, member, queue.members.index(member) + 1))


async def update_member(asked: Asked) -> Response:
    """Take a member out and give its call a document."""
    form = asked.form
    form.only("POST", "/Queues/{QueueSid}/Members/{CallSid}", "Url Method")
    queue, member = _member(asked)
    url = form.url("Url")
    if not url:
        raise RestError(400, 21205, "(none given)")
    rendered = render_member(queue, member, 0)
    queue.remove(member)
    member.leg.move(Errand(url, form.method("Method")))
    return JSONResponse(rendered)


async def index_members(asked: Asked) -> Response:
    """Those who wait, in order."""
    asked.form.only("GET", "/Queues/{QueueSid}/Members")
    queue = _find(asked, "QueueSid")
    return page(asked, "queue_members", queue.members,
                lambda member: render_member(queue, member, queue.members.index(member) + 1))  # fmt: skip
