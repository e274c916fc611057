"""A clinician's phone: it rings or not, a person or a voicemail picks up, keys are pressed, and they talk or hang up.

The server's side of each webhook is that of `webhooks.screening`, in a few words.
"""

from typing import Final

from escalation.events import Accepted, AcceptedBy, Declined, DialledIn, Doubled, Missed, Noted, PatientReached, PutOff
from escalation.page import Attempt, CallerPresence, Note, Page, PageState, Purpose
from simulation.agenda import CrashedError, Process
from simulation.faults import Fault
from simulation.room import Rooms
from simulation.shell import DownError, Shell, ignoring
from simulation.store import Row
from simulation.twilio import Leg, Twilio
from simulation.world import Machine, World
from storage.deliveries import FIRST
from webhooks.progress import leg_event

PROMPT: Final = 18.0
"""Seconds of the screening prompt, played twice, with its silences."""
MOST_CALL_BACKS: Final = 3


class Staff:
    """All clinicians' legs of a world."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self.rooms: Rooms | None = None

    def ring(self, leg: Leg) -> Process[None]:
        """The life of a call that Twilio took."""
        world = self.world
        yield world.between(0.1, 2.0)
        self._status(leg, "initiated")
        yield world.between(0.3, 3.0)
        if world.faults.hit(Fault.REFUSAL) or world.chance(0.04):
            return self.twilio.hang_up(leg, world.random.choice(("failed", "busy")))
        self._status(leg, "ringing")
        ring_for = world.plan_of(leg.row).policies[leg.row.page.policy].ring_for.total("seconds")
        after = world.between(0.5, ring_for * 1.8)
        if after > ring_for:
            yield ring_for + world.between(0.0, 5.0)
            return self.twilio.hang_up(leg, "no-answer")
        yield after
        leg.is_answered = True
        self._status(leg, "in-progress")
        return (yield from self._screen(leg))

    def call_in(self, row: Row) -> Process[None]:
        """One of the staff calls the practice themselves, from a number of theirs and with their PIN."""
        world, server = self.world, self.world.server
        members = [m for m in world.plan_of(row).roster.members.values() if m.voice]
        if not members or not row.page.version:
            return
        member = world.random.choice(members)
        known = len(row.page.attempts)
        page = yield from self.shell.happen(row, DialledIn(member.id, member.voice[-1]), server, within=True)
        if len(page.attempts) == known:  # they hear that it is closed, or somebody else's
            return
        leg = self.twilio.leg(row, member.voice[-1], page.attempts[-1], self.on_end)
        leg.is_answered = True
        row.set_sid(page.attempts[-1].number, leg.sid, FIRST)
        leg.task = world.agenda.spawn(self._screen(leg))
        world.agenda.spawn(self._reconcile(leg))

    def _reconcile(self, leg: Leg) -> Process[None]:
        """The end of a call that came in, and was never told: in the end, Twilio is asked."""
        while not leg.is_over:
            yield self.world.between(300.0, 370.0)
        yield from self.shell.job(lambda machine: self._hung_up(leg, machine))

    def _hung_up(self, leg: Leg, machine: Machine) -> Process[None]:
        yield from self.shell.happen(leg.row, Missed(_attempt(leg).number, "they hung up"), machine)

    def on_end(self, leg: Leg, status: str) -> None:
        """What is told when such a leg is over."""
        self._status(leg, status)

    def after_room(self, leg: Leg) -> Process[None]:
        """The room closed, or the leg came out of it: in again, or a call-back is offered, or goodbye."""
        yield self.world.between(0.1, 0.5)
        page = leg.row.page
        if page.state is PageState.ACCEPTED and page.accepted_attempt == _attempt(leg).number:
            yield from self.go_on(leg)
        else:
            self.twilio.hang_up(leg)

    def go_on(self, leg: Leg) -> Process[None]:
        """Who pressed 1 is brought to the caller, or offered to call them back; see `screening.offer_callback`."""
        if self._is_over(leg):
            return self.twilio.hang_up(leg)
        if leg.row.page.caller is CallerPresence.HOLDING:
            return (yield from self._join(leg))
        return (yield from self._call_back(leg))

    # ---- the prompt, and keys -----------------------------------------------------------------------------------

    def _screen(self, leg: Leg) -> Process[None]:
        world = self.world
        yield world.between(0.1, 0.5)
        is_person = world.chance(0.55)
        if world.now < world.down_until or self._is_over(leg):
            return self.twilio.hang_up(leg)
        if not is_person:
            yield PROMPT
            return self.twilio.hang_up(leg)
        yield world.between(1.0, PROMPT)
        if world.chance(0.3):
            yield -world.now % 10.0  # many keys in the same second
        key = world.random.choice("11111122934-")
        if key == "4":
            yield world.between(5.0, 120.0)  # hears the reason first
            key = world.random.choice("1123-")
        return (yield from self._press(leg, key))

    def _press(self, leg: Leg, key: str) -> Process[None]:
        attempt = _attempt(leg)
        try:
            if key == "1":
                yield from self._accept(leg, attempt)
            elif key == "2" and attempt.purpose is not Purpose.BRIDGE:
                self.world.act(leg.row, attempt.member, "declined", attempt.number)
                yield from self.shell.happen(leg.row, Declined(attempt.member, attempt.number), self.world.server)
            elif key == "3" and attempt.purpose is not Purpose.LAST_RESORT:
                yield from self.shell.happen(leg.row, PutOff(attempt.number), self.world.server)
        except (CrashedError, DownError):
            self.world.tell(leg.row.page.id, leg.sid, "hears that the page cannot be taken")
        else:
            if key == "1" and not self._is_over(leg) and not self.world.chance(0.08):
                return (yield from self.go_on(leg))
        return self.twilio.hang_up(leg)

    def _accept(self, leg: Leg, attempt: Attempt) -> Process[Page]:
        row = leg.row
        self.world.act(row, attempt.member, "key", attempt.number)
        self.shell.up()
        other = row.set_sid(attempt.number, leg.sid, leg.provider)
        apart = leg.provider != FIRST
        event = Accepted(attempt.member, AcceptedBy.KEY, attempt.number, apart=apart, is_other=other)
        if self.world.faults.hit(Fault.REPEATED_NEWS):
            again = ignoring(self.shell.happen(row, event, self.world.server))
            self.world.agenda.spawn(again, self.world.between(0.0, 20.0))
        return (yield from self.shell.happen(row, event, self.world.server))

    def _is_over(self, leg: Leg) -> bool:
        page = leg.row.page
        taken = page.accepted_by is not None and page.accepted_by != _attempt(leg).member
        return page.state is PageState.RESOLVED or (taken and page.state in {PageState.ACCEPTED, PageState.BRIDGED})

    # ---- to the caller, or calling them back --------------------------------------------------------------------

    def _join(self, leg: Leg) -> Process[None]:
        world = self.world
        yield world.between(0.5, 2.5)
        if leg.provider != FIRST or world.chance(0.06):
            return self.twilio.hang_up(leg)  # it cannot come into the room; or: hangs up between accepting and talking
        assert self.rooms is not None  # noqa: S101 - the switchboard sets it before anything happens
        return (yield from self.rooms.enter(leg))

    def _call_back(self, leg: Leg) -> Process[None]:
        world = self.world
        for _ in range(MOST_CALL_BACKS):
            yield world.between(3.0, 12.0)
            if world.chance(0.25) or self._is_over(leg):
                break
            if leg.row.page.caller is CallerPresence.HOLDING:
                return (yield from self._join(leg))
            yield world.between(5.0, 25.0)
            if world.chance(0.6):
                yield from self._talk(leg)
                break
            yield from self._note(leg, Note.NO_ANSWER)
        return self.twilio.hang_up(leg)

    def _talk(self, leg: Leg) -> Process[None]:
        """The patient pressed a key: told at once, and once more when they have talked."""
        world, reached = self.world, PatientReached()
        yield from ignoring(self.shell.happen(leg.row, reached, world.server))
        yield world.between(20.0, 600.0)
        yield from ignoring(self.shell.happen(leg.row, reached, world.server))
        if world.chance(0.2):
            yield from self._note(leg, world.random.choice(tuple(Note)))

    def _note(self, leg: Leg, note: Note) -> Process[None]:
        yield from ignoring(self.shell.happen(leg.row, Noted(note, leg.sid), self.world.server))

    # ---- status callbacks ---------------------------------------------------------------------------------------

    def _status(self, leg: Leg, status: str) -> None:
        self.twilio.tell(lambda: self._webhook(leg, status))

    def _webhook(self, leg: Leg, status: str) -> Process[None]:
        number = _attempt(leg).number
        self.shell.up()
        known = leg.row.know_sid(number, leg.sid, leg.provider)
        self.shell.crash_point()
        event = leg_event(number, status) if known == leg.sid else Doubled(number)
        if event is not None:
            yield from self.shell.happen(leg.row, event, self.world.server)


def _attempt(leg: Leg) -> Attempt:
    assert leg.attempt is not None  # noqa: S101 - only the caller's legs have none
    return leg.attempt
