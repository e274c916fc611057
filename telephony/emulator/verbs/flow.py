"""<Redirect>, <Hangup>, <Reject> and <Leave>."""

from typing import TYPE_CHECKING

from telephony.emulator.errors import CallOver, Interruption
from telephony.emulator.verb import Document, Errand, Verb

if TYPE_CHECKING:
    from telephony.emulator.script import Script


class LeftQueue(Interruption):
    """The caller's waiting document said <Leave>."""


async def redirect(_script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Go on with another document."""
    return Errand(document.resolve(verb.text), verb.method())


async def hangup(script: "Script", _document: Document, _verb: Verb) -> Errand | None:
    """End the call."""
    script.leg.end("completed", "the application hung up")
    raise CallOver


async def reject(script: "Script", document: Document, verb: Verb) -> Errand | None:
    """Refuse a call that was not answered yet; costs nothing."""
    leg = script.leg
    if leg.answered_at is not None or leg.direction != "inbound":
        script.exchange.note(12200, document.url, "<Reject> of a call that is answered: it is hung up")
        leg.end("completed", "the application hung up")
    elif verb.of("reason", "rejected") == "busy":
        leg.end("busy", "rejected: busy")
    else:
        leg.end("no-answer", "rejected")
    raise CallOver


async def leave(script: "Script", document: Document, _verb: Verb) -> Errand | None:
    """Leave the queue that the call waits in; ends the document elsewhere."""
    if not script.in_queue:
        script.exchange.note(12200, document.url, "<Leave> outside a queue")
        return None
    raise LeftQueue
