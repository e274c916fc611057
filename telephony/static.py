"""TwiML that needs no server behind it: for a host that only gives out files."""

from routing.last_words import LastWords
from telephony.twiml import Document, Voices


def static_document(words: LastWords, voices: Voices) -> str:
    """The document: the advice, one `<Dial>` that rings the numbers in turn, and words at the end.

    Without an action a `<Dial>` goes on with the next verb, whatever came of it
    (https://www.twilio.com/docs/voice/twiml/dial). One `<Dial>` and not several: after a talk nobody else is rung.
    """
    document = Document(voices).say(words.advice)
    if words.numbers:
        document.dial(words.numbers, None, words.caller_id, words.ring_for, in_turn=True)
    return str(document.say(words.end).hang_up())
