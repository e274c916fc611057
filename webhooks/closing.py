"""The end of a call: its one outcome, and what is still owed to the caller."""

from typing import Any, Final

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant

from escalation.events import Missed
from escalation.page import CallerPresence
from ivr.flow import Message
from ivr.inputs import Note, NoteKind
from ivr.outcome import outcome
from routing.plan import Plan
from storage import deliveries, messages
from storage.call_events import Write, write_event
from storage.calls import (
    CALLBACK,
    CALLER,
    CallEvent,
    CallHead,
    Progress,
    events_of,
    lock_call,
    noted,
)
from storage.errors import NotFoundError, SealError, UnavailableError
from storage.tables import calls
from webhooks.call import LostCallError, count, head_of, plan_of
from webhooks.counted import counted
from webhooks.paging import open_page
from webhooks.signed import Webhook
from webhooks.site import Site

_log = structlog.get_logger(__name__)

FINAL: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
PARTIAL: Final = "partial"
"""The event that makes a message of what was said until the caller hung up."""
_SAID: Final = frozenset({NoteKind.FIELD_GIVEN, NoteKind.RECORDED, NoteKind.NUMBER_GIVEN, NoteKind.NUMBER_CONFIRMED})


async def status(site: Site, webhook: Webhook) -> str:
    """Twilio says how the caller's leg goes; only its end matters."""
    if webhook.form.get("CallStatus") not in FINAL:
        return ""
    try:
        plan = await plan_of(site, webhook)
    except LostCallError:
        return ""  # a number of no plan: the call itself was answered, and the operators alerted, by its first webhook
    head = head_of(plan, webhook, site.clock.now())
    ended = {
        "sid": head.sid,
        "practice": head.practice,
        "version": head.version,
        "dialled": head.dialled,
        "caller": head.caller,
        "at": head.at.format_iso(),
        "seconds": count(webhook.form, "CallDuration") if webhook.form.get("CallDuration") else None,
    }

    async def close() -> None:
        await close_call(site, ended)

    try:
        await site.database.in_time(close)
    except UnavailableError:
        site.journal.append({"ended": ended})
    return ""


async def close_call(site: Site, ended: dict[str, Any]) -> None:
    """Close the call, once. Raises UnavailableError."""
    at = Instant.parse_iso(ended["at"])
    head = CallHead(ended["sid"], ended["practice"], ended["version"], ended["dialled"], ended["caller"], at)
    plan = await site.plans.version(head.practice, head.version)
    if plan is None:
        raise ValueError("its practice is not known")
    async with site.database.transaction() as connection:
        call = await _known(site, connection, plan, head)
        if call.ended_at is not None:
            return
        plan = await site.plans.version(call.practice, call.version) or plan
        await _Closing(site, connection, plan, call, at).close(ended["seconds"])


async def amend(site: Site, sid: str) -> None:
    """Decide anew what a call ended in, when something of it came to be known after its end.

    Twilio's callbacks overtake each other, the action of a verb that the caller hung up on comes beside the call's own
    status, and a journal is replayed when the call is long over. Nothing for a call that goes on. Raises
    UnavailableError.
    """
    async with site.database.transaction() as connection:
        call = await lock_call(connection, sid)
        plan = await site.plans.version(call.practice, call.version) if call is not None else None
        if call is None or plan is None or call.ended_at is None:
            return
        closing = _Closing(site, connection, plan, call, Instant(call.ended_at))
        await closing.close(call.seconds)
        if call.page and call.answered_at is not None:
            asked_at = await _asked_at(site, connection, sid)
            await site.paging.talked(connection, call.page, Instant(call.answered_at), asked_at)


async def _asked_at(site: Site, connection: AsyncConnection, sid: str) -> Instant | None:
    """When the caller last asked for the clinician; None when they did not."""
    events = await events_of(connection, site.ring, sid)
    return max((e.at for e in events if any(n.kind is NoteKind.URGENT for n in noted([e]))), default=None)


async def _known(site: Site, connection: AsyncConnection, plan: Plan, head: CallHead) -> Any:  # noqa: ANN401 - a row
    """The call's row, locked; made now if no webhook of the call could be stored."""
    call = await lock_call(connection, head.sid)
    if call is None:
        progress = Progress(node="", language=plan.flow.languages[0].language, turn=-1)
        event = CallEvent("end", head.at, "end", {"notes": []})
        await write_event(connection, site.ring, Write(head, progress, event))
        call = await lock_call(connection, head.sid)
    return call


class _Closing:
    """What is owed when a call ends."""

    def __init__(self, site: Site, connection: AsyncConnection, plan: Plan, call: Any, at: Instant) -> None:  # noqa: ANN401 - a row
        self.site = site
        self.connection = connection
        self.plan = plan
        self.call = call
        self.at = at

    async def close(self, seconds: int | None) -> None:
        """Write the outcome, and what follows from it."""
        events = await events_of(self.connection, self.site.ring, self.call.sid)
        notes = noted(events)
        page = await self._page(notes)
        await self._part_of_message([note for event in events if event.key != PARTIAL for note in noted([event])])
        kinds = {note.kind for note in noted(await events_of(self.connection, self.site.ring, self.call.sid))}
        result = outcome(
            kinds,
            rejected=self.call.decided.startswith("reject: "),
            bridged=self.call.answered_by in self.plan.escalation.roster.members,
            transferred=self.call.answered_by is not None,
            page_open=bool(page),
        )
        await self.connection.execute(
            update(calls)
            .where(calls.c.sid == self.call.sid)
            .values(
                ended_at=self.at.to_stdlib(),
                seconds=seconds,
                outcome=result.value,
                ringing=None,
                page=page or None,
                **counted(self.plan, self.call, result, self.at),
            )
        )
        _log.info("call_ended", call=self.call.sid, outcome=result.value)
        if NoteKind.CALLED_IN in kinds:
            await self._end_leg()

    async def _end_leg(self) -> None:
        """One of the staff called in, so that this call was their leg; its end is told as that of any leg is."""
        leg = await deliveries.leg_of_page(self.connection, self.call.sid)
        if leg is not None:
            await self.site.paging.happen_on(self.connection, leg[0], Missed(leg[1], "they hung up"))

    async def _page(self, notes: list[Note]) -> str:
        """The call's page, which now goes on without the caller; opened if the caller had asked for it in vain."""
        if self.call.page:
            try:
                await self.site.paging.leg_left(self.connection, self.call.page, self.call.sid)
            except (NotFoundError, SealError, ValueError, KeyError) as error:
                # A page that cannot be read does not cost the call its outcome.
                _log.error("page_not_told", error=type(error).__name__)
            return str(self.call.page)
        urgent = next((note.detail for note in notes if note.kind is NoteKind.URGENT), None)
        category = self.plan.categories.get(urgent) if urgent else None
        if urgent is None or self.call.answered_at is not None or (category and not category.page_on_hang_up):
            return ""
        head, progress = self._head(), Progress(self.call.node, self.call.language, self.call.last_turn + 1)
        return await open_page(
            self.site, self.connection, self.plan, head, progress, self.call.node, self._callback(),
            CallerPresence.GONE,
        )  # fmt: skip

    async def _part_of_message(self, notes: list[Note]) -> None:
        """A caller who hung up while leaving a message has left what they said until then."""
        node = self.plan.flow.nodes.get(self.call.node)
        done = any(note.kind in {NoteKind.MESSAGE_DONE, NoteKind.CALLBACK_DONE} for note in notes)
        if not isinstance(node, Message) or done or not any(note.kind in _SAID for note in notes):
            return
        await messages.take(
            self.connection, self.site.ring, self.plan, self._head(), node.category, self._callback(), self.at
        )
        kind = NoteKind.MESSAGE_DONE if node.record else NoteKind.CALLBACK_DONE
        event = CallEvent(PARTIAL, self.at, PARTIAL, {"notes": [[kind.value, node.category]]})
        progress = Progress(self.call.node, self.call.language, self.call.last_turn)
        await write_event(self.connection, self.site.ring, Write(self._head(), progress, event))

    def _head(self) -> CallHead:
        caller = self.site.ring.open(CALLER, self.call.caller_sealed) if self.call.caller_sealed else None
        return CallHead(self.call.sid, self.call.practice, self.call.version, self.call.dialled, caller, self.at)

    def _callback(self) -> str | None:
        if self.call.callback_sealed:
            return self.site.ring.open(CALLBACK, self.call.callback_sealed)
        return self.site.ring.open(CALLER, self.call.caller_sealed) if self.call.caller_sealed else None
