"""From a step of the flow to TwiML."""

from ivr.actions import End, GatherKeys, Hold, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.position import Phase, Position
from ivr.prompts import fill, fill_in
from ivr.walk import Step
from routing.plan import Plan
from telephony.twiml import Document, Listening, gathering
from webhooks.site import Site
from webhooks.urls import PlanKey


def voices(plan: Plan) -> dict[str, str]:
    """Language tag to Twilio's voice."""
    return {voice.language: voice.voice for voice in plan.flow.languages}


def key_of(plan: Plan) -> PlanKey:
    """The plan as URLs name it."""
    return PlanKey(plan.practice, plan.version)


def render(site: Site, plan: Plan, step: Step, callback: str | None) -> str:
    """The step's document. `callback`: the number that is spoken where the flow asks about it.

    Raises TypeError for the actions that need a page: `OpenPage` and `Hold` are the caller's to handle.
    """
    match step.action:
        case GatherKeys() as keys:
            # The number is put in at the end: what is kept for the next caller holds nothing about this one.
            return fill_in(gathering(voices(plan), step.say, _listening(site, plan, step.position, keys)), callback)
        case RecordVoice() | RingDestination() | HoldInLine() | End() as action:
            document = Document(voices(plan)).say(fill(step.say, callback))
            return str(_then(site, plan, document, step.position, action))
        case OpenPage() | Hold():
            raise TypeError("a page is not rendered here")


def _then(
    site: Site,
    plan: Plan,
    document: Document,
    position: Position,
    action: RecordVoice | RingDestination | HoldInLine | End,
) -> Document:
    match action:
        case RecordVoice():
            return _record(site, plan, document, position, action)
        case RingDestination(name):
            return _ring(site, plan, document, position, name)
        case HoldInLine(name):
            key = key_of(plan)
            wait = site.urls.of_call("voice/line", key, position)
            return document.enqueue(queue_name(plan, name), site.urls.turn(key, position), wait)
        case End():
            return document.hang_up()


def _listening(site: Site, plan: Plan, position: Position, keys: GatherKeys) -> Listening:
    url = site.urls.turn(key_of(plan), position)
    return Listening(url, keys.most, keys.wait, keys.finish, keys.hints, position.language)


def _record(site: Site, plan: Plan, document: Document, position: Position, action: RecordVoice) -> Document:
    """Record; silence comes back too, as an empty recording."""
    key = key_of(plan)
    purpose = {Phase.REASON: "reason", Phase.FIELD: "name"}.get(position.phase, "message")
    status = site.urls.recording(plan.practice, f"turn:{position.turn}", purpose, position.page)
    document.record(site.urls.turn(key, position), status, action.at_most, action.finish)
    return document.redirect(site.urls.turn(key, position, empty=1))


def _ring(site: Site, plan: Plan, document: Document, position: Position, name: str) -> Document:
    key = key_of(plan)
    destination = plan.destinations[name]
    screen = site.urls.of_call("voice/desk/screen", key, position) if destination.screened else None
    # The desk sees who calls; a withheld caller id cannot be passed on, so the practice's own stands in.
    caller_id = plan.caller_id if position.withheld else None
    return document.dial(
        destination.numbers,
        site.urls.turn(key, position),
        caller_id,
        destination.ring_for,
        screen=screen,
        in_turn=destination.ring.value != "all",
    )


def queue_name(plan: Plan, destination: str) -> str:
    """A queue's name at Twilio: the practice and the destination, nothing else."""
    return f"{plan.practice}.{destination}"
