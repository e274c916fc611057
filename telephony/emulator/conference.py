"""Conferences: rooms with a name, which leave nothing behind.

Source: TwiML reference <Conference> and TWILIO.md. A conference starts when two are in it and one of them may start it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whenever import Instant

from telephony.emulator.dialling import Outcome
from telephony.emulator.errors import ApplicationError
from telephony.emulator.events import Bridged, Unbridged
from telephony.emulator.leg import Leg
from telephony.emulator.rooms import Room
from telephony.emulator.sids import new_sid
from telephony.emulator.timeline import seconds_between
from telephony.emulator.verb import Document, Errand, Verb
from telephony.emulator.webhook import Request

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange
    from telephony.emulator.script import Script

WAITING = frozenset({"Say", "Play", "Pause", "Redirect"})
_QUORUM = 2


@dataclass(eq=False)
class Participant:
    """One leg in a conference."""

    leg: Leg
    joined_at: Instant
    muted: bool = False
    hold: bool = False
    starts: bool = True
    ends: bool = False
    out: bool = False
    hears: bool = False


@dataclass(eq=False)
class Conference(Room):
    """One run of a named room: it ends when the last one leaves, and the next to come opens another."""

    exchange: "Exchange"
    name: str
    created_at: Instant
    sid: str = field(default_factory=lambda: new_sid("CF"))
    status: str = "init"
    updated_at: Instant | None = None
    participants: dict[str, Participant] = field(default_factory=dict)
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: frozenset[str] = frozenset()
    reason_ended: str = ""
    call_ending: str = ""
    _sequence: int = 0

    # ---- who is in ----

    def parties(self) -> list[Leg]:
        """The legs that hear each other now."""
        return [each.leg for each in self.participants.values() if each.hears]

    def enter(self, participant: Participant) -> None:
        """Let somebody in; start when there are enough."""
        leg = participant.leg
        self.participants[leg.sid] = participant
        leg.room = self
        leg.on_end(lambda: self.leave(leg))
        self.report("participant-join", participant)
        if self.status == "init" and len(self.participants) >= _QUORUM and self._may_start():
            self.status = "in-progress"
            self.report("conference-start")
        self.mix()

    def leave(self, leg: Leg) -> None:
        """Take a leg out; end when told so or when it was the last."""
        participant = self.participants.pop(leg.sid, None)
        if participant is None:
            return
        participant.out = True
        leg.room = None
        self.report("participant-leave", participant)
        if participant.hears:
            participant.hears = False
            leg.tell(Unbridged(at=leg.now(), other=self.name))
        if participant.ends or not self.participants:
            self.end(
                "participant-with-end-conference-on-exit-left" if participant.ends else "last-participant-left", leg
            )
        self.mix()
        leg.bell.ring()

    def end(self, reason: str, by: Leg | None = None) -> None:
        """Put everybody out."""
        if self.status == "completed":
            return
        self.status, self.reason_ended = "completed", reason
        self.call_ending = by.sid if by is not None else ""
        for each in list(self.participants.values()):
            self.leave(each.leg)
        self.report("conference-end")

    def _may_start(self) -> bool:
        return any(each.starts for each in self.participants.values())

    def mix(self) -> None:
        """Work out who hears whom and tell them of changes."""
        self.updated_at = self.exchange.timeline.now()
        active = [each for each in self.participants.values() if not each.hold]
        audible = active if self.status == "in-progress" and len(active) >= _QUORUM else []
        for each in self.participants.values():
            hears = each in audible
            if hears != each.hears:
                each.hears = hears
                kind = Bridged if hears else Unbridged
                each.leg.tell(kind(at=each.leg.now(), other=self.name))

    # ---- what is told of it ----

    def report(self, event: str, participant: Participant | None = None) -> None:
        """Post a status callback for ``conference-start``, ``participant-join``..., if its token was asked for."""
        if not self.callback_url or event.rpartition("-")[2] not in _with_opposites(self.callback_events):
            return
        told = [
            ("AccountSid", self.exchange.account_sid), ("ConferenceSid", self.sid), ("FriendlyName", self.name),
            ("StatusCallbackEvent", event), ("SequenceNumber", str(self._sequence + 1)),
            ("Timestamp", self.exchange.timeline.now().format_rfc2822().replace("GMT", "+0000")),
        ]  # fmt: skip
        if participant is not None:
            told += [
                ("CallSid", participant.leg.sid), ("Muted", _word(participant.muted)),
                ("Hold", _word(participant.hold)), ("Coaching", "false"),
                ("EndConferenceOnExit", _word(participant.ends)),
                ("StartConferenceOnEnter", _word(participant.starts)),
            ]  # fmt: skip
        if event == "conference-end":
            told += [("ReasonConferenceEnded", self.reason_ended), ("CallSidEndingConference", self.call_ending)]
        self._sequence += 1
        request = Request(self.callback_url, self.callback_method, tuple(told), "conference")
        self.exchange.callbacks.post(request, self.sid)


def _word(flag: bool) -> str:
    return str(flag).lower()


def _with_opposites(tokens: frozenset[str]) -> frozenset[str]:
    """``mute`` also brings unmute, ``hold`` unhold."""
    return tokens | {f"un{token}" for token in tokens}


class Attendance:
    """A leg's <Dial><Conference>."""

    def __init__(self, script: "Script", document: Document, dial: Verb, noun: Verb) -> None:
        self._script, self._document, self._dial, self._noun = script, document, dial, noun
        self._starred = False

    async def attend(self) -> Outcome:
        """Be in the conference until out of it. Raises Interruption, having left."""
        leg, noun = self._script.leg, self._noun
        leg.answer()
        conference = self._script.exchange.conference(noun.text)
        self._set_callbacks(conference)
        participant = Participant(
            leg,
            leg.now(),
            muted=noun.flag("muted", default=False),
            starts=noun.flag("startConferenceOnEnter", default=True),
            ends=noun.flag("endConferenceOnExit", default=False),
        )
        conference.enter(participant)
        try:
            await self._stay(participant)
        finally:
            conference.leave(leg)
            leg.keys.clear()
        seconds = round(seconds_between(participant.joined_at, leg.now()))
        return Outcome("answered", seconds=seconds, bridged=conference.status != "init")

    def _set_callbacks(self, conference: Conference) -> None:
        """The first participant that names a status callback decides it for the conference."""
        if conference.callback_url or "statusCallback" not in self._noun.attributes:
            return
        conference.callback_url = self._document.resolve(self._noun.of("statusCallback"))
        conference.callback_method = self._noun.method("statusCallbackMethod")
        conference.callback_events = frozenset(self._noun.words("statusCallbackEvent"))

    async def _stay(self, participant: Participant) -> None:
        leg = self._script.leg
        if self._noun.of("waitUrl"):
            with leg.guarded(lambda: participant.out or participant.hears or self._star()):
                await self._wait_with(self._document.resolve(self._noun.of("waitUrl")))
        await leg.wait(lambda: participant.out or self._star(), self._dial.number("timeLimit", 14400))

    def _star(self) -> bool:
        """Whether the star was pressed to leave; other keys mean nothing here."""
        keys = self._script.leg.keys
        self._starred = self._starred or ("*" in keys and self._dial.flag("hangupOnStar", default=False))
        keys.clear()
        return self._starred

    async def _wait_with(self, url: str) -> None:
        leg = self._script.leg
        script = self._script.exchange.script(leg, WAITING, with_fallback=False)
        while True:
            before = leg.now()
            try:
                await script.follow(Errand(url, self._noun.method("waitMethod")))
            except ApplicationError:  # noted; the caller just hears nothing
                await leg.wait(lambda: False)
            if leg.now() == before:  # an empty document must not be asked for without end at one instant
                await leg.rest(1)
