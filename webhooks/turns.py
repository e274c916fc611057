"""One answer of a caller: step the flow, keep what happened, and speak on."""

from dataclasses import replace

from whenever import Date, Instant

from ivr.actions import Hold, OpenPage, RingDestination
from ivr.entering import Walk, ask_reason
from ivr.inputs import DialEnded, DialResult, Input, NoteKind
from ivr.kept import from_json, to_json
from ivr.position import Position, from_query, to_query
from ivr.prompts import own
from ivr.walk import Step, step
from routing.plan import Plan
from storage.calls import CallEvent, Progress, note_parts
from webhooks.answer import render
from webhooks.call import answered_since, head_of, plan_of
from webhooks.dialling import dial_people
from webhooks.hold import hold_turn
from webhooks.keeping import Kept, Record, keep
from webhooks.paging import connect_at
from webhooks.reading import is_private, read_input
from webhooks.signed import Webhook
from webhooks.site import Site


async def turn(site: Site, webhook: Webhook) -> str:
    """Take the answer to a position. A repeat gets the answer that the first one got."""
    plan = await plan_of(site, webhook)
    position = from_query(webhook.query)
    given = read_input(position.phase, webhook)
    taken = step(plan.flow, position, given, _today(plan, site.clock.now()))
    record = _record(site, plan, webhook, position, given, taken)
    kept = await keep(site, plan, record, taken.notes)
    if kept.earlier is not None and "notes" in kept.earlier.body and kept.earlier.kind == record.event.kind:
        taken = again(plan, kept.earlier)
    return await answer_step(site, plan, webhook, taken, kept)


def again(plan: Plan, earlier: CallEvent) -> Step:
    """The step that was taken when the event was first stored."""
    position = from_query(_strings(earlier.body["position"]))
    given = from_json(_mapping(earlier.private.get("given") or earlier.body["given"]))
    return step(plan.flow, position, given, _today(plan, earlier.at))


def _today(plan: Plan, at: Instant) -> Date:
    return at.to_tz(plan.zone).date()


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an event's part is not a mapping")
    return value


def _strings(value: object) -> dict[str, str]:
    return {name: str(part) for name, part in _mapping(value).items()}


def _record(site: Site, plan: Plan, webhook: Webhook, position: Position, given: Input, taken: Step) -> Record:
    now = site.clock.now()
    notes, private_notes = note_parts(taken.notes)
    body: dict[str, object] = {"position": to_query(position), "notes": notes}
    private: dict[str, object] = {"notes": private_notes} if private_notes else {}
    (private if is_private(position.phase, given) else body)["given"] = to_json(given)
    event = CallEvent(f"turn:{position.turn}", now, "turn", body, private)
    answered = given if isinstance(given, DialEnded) and given.result is DialResult.ANSWERED else None
    progress = progress_of(plan, taken)
    if answered is not None:
        since = answered_since(webhook, now)
        progress = replace(progress, answered_by=_destination(plan, position), answered_at=since)
    opens = taken.position.node if isinstance(taken.action, OpenPage) else ""
    return Record(head_of(plan, webhook, now), progress, event, opens_page=opens)


def _destination(plan: Plan, position: Position) -> str | None:
    return getattr(plan.flow.nodes.get(position.node), "destination", None)


def progress_of(plan: Plan, taken: Step) -> Progress:
    """Where the call stands after the step."""
    number = next((n.private for n in taken.notes if n.kind is NoteKind.NUMBER_GIVEN), None)
    urgent = next((n.detail for n in taken.notes if n.kind is NoteKind.URGENT), None)
    node = plan.flow.nodes.get(taken.position.node)
    return Progress(
        node=taken.position.node,
        language=taken.position.language,
        # The position is already that of the answer to come.
        turn=taken.position.turn - 1,
        category=urgent or getattr(node, "category", None),
        ringing=taken.action.destination if isinstance(taken.action, RingDestination) else None,
        callback=number,
    )


async def answer_step(site: Site, plan: Plan, webhook: Webhook, taken: Step, kept: Kept) -> str:
    """Speak what the step says and do what it asks for."""
    if isinstance(taken.action, OpenPage):
        if not kept.page:
            said = (*taken.say, own("dialling_first", taken.position.language))
            return dial_people(site, plan, taken.position, say=said)
        return await _paged(site, plan, webhook, taken, kept)
    if isinstance(taken.action, Hold):
        return await hold_turn(site, plan, webhook, taken.position, say=taken.say)
    return render(site, plan, taken, kept.callback)


async def _paged(site: Site, plan: Plan, webhook: Webhook, taken: Step, kept: Kept) -> str:
    """The page stands and phones ring: ask for the reason meanwhile, or hold."""
    position = replace(taken.position, page=kept.page, since=site.clock.now().timestamp())
    if not connect_at(plan, position.node).record_reason:
        return await hold_turn(site, plan, webhook, position, say=taken.say)
    walk = Walk(plan.flow, replace(position, turn=position.turn - 1), say=list(taken.say))
    ask_reason(walk)
    return render(site, plan, Step(walk.position, tuple(walk.say), walk.action, ()), kept.callback)
