"""<Dial>: connect the call to numbers, a queue or a conference.

Source: TwiML reference <Dial> and <Number>, and TWILIO.md: the first *pickup* wins, screening runs before the bridge,
verbs after a Dial with an action are unreachable.
"""

from typing import TYPE_CHECKING

from telephony.emulator.conference import Attendance
from telephony.emulator.dialling import Dialling, Outcome
from telephony.emulator.queues import dial_queue
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script


async def dial(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Dial, wait until it is over, and go to the action (or, without one, to the next verb)."""
    outcome = await _connect(script, document, verb)
    if "action" not in verb.attributes:
        return None
    return Errand(document.resolve(verb.of("action")), verb.method(), outcome.params())


async def _connect(script: "Script", document: Document, verb: Verb) -> Outcome:
    for conference in verb.named("Conference"):
        return await Attendance(script, document, verb, conference).attend()
    for queue in verb.named("Queue"):
        return await dial_queue(script, document, verb, queue)
    return await Dialling(script, document, verb).run()
