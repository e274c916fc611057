"""<Dial>: connect the call to numbers, a queue or a conference.

Source: TwiML reference <Dial> and <Number>, and TWILIO.md: the first *pickup* wins, screening runs before the bridge,
verbs after a Dial with an action are unreachable.
"""

from typing import TYPE_CHECKING

from telephony.emulator.conference import Attendance
from telephony.emulator.dialling import Dialling, Outcome
from telephony.emulator.errors import CallOver
from telephony.emulator.events import Bridged
from telephony.emulator.queues import dial_queue
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script


async def dial(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Dial, wait until it is over, and go to the action (or, without one, to the next verb)."""
    before = len(script.leg.events)
    try:
        outcome = await _connect(script, document, verb)
    except CallOver:
        if "action" in verb.attributes and script.exchange.dial_action_after_hangup:
            script.exchange.inform(script.leg, _action(document, verb, _cut_short(script, before)))
        raise
    return _action(document, verb, outcome) if "action" in verb.attributes else None


def _action(document: Document, verb: Verb, outcome: Outcome) -> Errand:
    return Errand(document.resolve(verb.of("action")), verb.method(), outcome.params())


def _cut_short(script: "Script", before: int) -> Outcome:
    """What the action is told when the dialling party hung up; its answer reaches nobody."""
    talks = [event.at for event in script.leg.events[before:] if isinstance(event, Bridged)]
    seconds = round(seconds_between(talks[0], script.leg.now())) if talks else None
    children = [leg.sid for leg in script.exchange.legs.values() if leg.parent is script.leg]
    sid = children[-1] if children else ""
    return Outcome("completed" if talks else "no-answer", sid, seconds, bridged=bool(talks))


async def _connect(script: "Script", document: Document, verb: Verb) -> Outcome:
    for conference in verb.named("Conference"):
        return await Attendance(script, document, verb, conference).attend()
    for queue in verb.named("Queue"):
        return await dial_queue(script, document, verb, queue)
    return await Dialling(script, document, verb).run()
