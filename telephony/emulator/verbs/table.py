"""Which function performs which verb."""

from telephony.emulator.queues import enqueue
from telephony.emulator.script import Performer
from telephony.emulator.verbs import dial, flow, gather, record, speaking

PERFORMERS: dict[str, Performer] = {
    "Say": speaking.say,
    "Play": speaking.play,
    "Pause": speaking.pause,
    "Gather": gather.gather,
    "Record": record.record,
    "Dial": dial.dial,
    "Enqueue": enqueue,
    "Redirect": flow.redirect,
    "Hangup": flow.hangup,
    "Reject": flow.reject,
    "Leave": flow.leave,
}
