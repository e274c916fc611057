"""Handing calls and texts to Twilio, step by step as `nightbell.effects` does, and dying between any two steps."""

from typing import Final

from escalation.events import Failed, Placed
from escalation.page import Attempt, AttemptState
from simulation.agenda import Process
from simulation.faults import Fault
from simulation.moment import BrokenError
from simulation.practice import START
from simulation.shell import Job, Shell
from simulation.staff import Staff
from simulation.store import Delivery, Row
from simulation.texts import Texts
from simulation.twilio import Leg, Twilio
from simulation.world import Machine, World
from storage.deliveries import UNKNOWN_FOR
from telephony.errors import AccountError, BusyError, GoneError, TwilioError, UncertainError
from telephony.handing import MOST_TRIES, again_after

_PLATFORM: Final = (AccountError, BusyError, GoneError, UncertainError)
_MAY_DOUBLE: Final = frozenset({Fault.STALL, Fault.CLOCK})
"""A worker that outlives its claim, or a clock by which a call seems older than its attempt."""


class Placing:
    """The jobs to call, text, and end a call."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio, staff: Staff, texts: Texts) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self.staff = staff
        self.texts = texts

    def place(self, row: Row, number: int, machine: Machine, again: Job) -> Process[None]:
        """Ring the attempt's address. `again`: the same job."""
        self.shell.up()
        if row.deliveries[number].state is not AttemptState.INTENDED:
            return
        yield self.world.between(0.0, 2.0)  # for a slot
        self.shell.up()
        claimed = row.claim(number, self.world.now)
        if claimed is None:
            yield from self._tell_placed(row, number, machine)
            return
        yield from self._dangers()
        tries = claimed.tries - 1
        try:
            leg = (yield from self._found(claimed)) if tries else None
            if leg is None:
                leg = yield from self._call(row, number, claimed)
        except TwilioError as error:
            yield from self._not_placed(row, number, again, tries, error, machine)
            return
        yield from self._was_placed(row, number, leg.sid, machine)

    def _call(self, row: Row, number: int, claimed: Delivery) -> Process[Leg]:
        attempt = _attempt(row, number)

        def begin() -> Leg:
            self._may_be_called(row, number)
            leg = self.twilio.leg(row, claimed.address, attempt, self.staff.on_end)
            leg.task = self.world.agenda.spawn(self.staff.ring(leg))
            return leg

        return self.twilio.take(claimed.address, begin)

    def _may_be_called(self, row: Row, number: int) -> None:
        """No two calls live at once for one attempt, unless a worker outlived its claim or its clock was wrong."""
        row.calls[number] = row.calls.get(number, 0) + 1
        live = [leg for leg in self.twilio.legs.values() if leg.row is row and not leg.is_over and leg.attempt]
        same = [leg for leg in live if leg.attempt is not None and leg.attempt.number == number]
        if same and not _MAY_DOUBLE & self.world.faults.met.keys():
            raise BrokenError(self._may_be_called, f"attempt {number} of {row.page.id}, again")

    def _found(self, claimed: Delivery) -> Process[Leg | None]:
        """A call that an earlier try placed without getting the answer. Raises TwilioError."""
        since = (claimed.intended_at - START).total("seconds")
        live = yield from self.twilio.look(claimed.address, since)
        if claimed.sid is not None:  # its own callback was quicker than the look
            return self.twilio.legs[claimed.sid]
        stored = [each for row in self.world.rows for each in row.deliveries.values()]
        known = {each.sid for each in stored}
        found = next((leg for leg in live if leg.sid not in known), None)
        alike = (each for each in stored if each.address == claimed.address)
        unknown = (each for each in alike if each.tries > 1 or (each.tries and each.sid is None))
        earliest = claimed.intended_at - UNKNOWN_FOR
        if found and any(each.intended_at > earliest and each is not claimed for each in unknown):
            raise UncertainError("a call to the number may be another attempt's")
        return found

    def text(self, row: Row, number: int, machine: Machine, again: Job) -> Process[None]:
        """Text the attempt's address. `again`: the same job."""
        self.shell.up()
        claimed = row.claim(number, self.world.now)
        if claimed is None:
            yield from self._tell_placed(row, number, machine)
            return
        yield from self._dangers()
        tries, attempt = claimed.tries - 1, _attempt(row, number)
        try:
            sid = yield from self.twilio.take(claimed.address, lambda: self.texts.begin(row, attempt))
        except TwilioError as error:
            yield from self._not_placed(row, number, again, tries, error, machine)
            return
        yield from self._was_placed(row, number, sid, machine)

    def _dangers(self) -> Process[None]:
        """Between the claim and the request a worker may die, or stand still."""
        self.shell.crash_point()
        if self.world.faults.hit(Fault.STALL):
            yield self.world.between(1.0, 40.0)

    def _was_placed(self, row: Row, number: int, sid: str, machine: Machine) -> Process[None]:
        self.shell.crash_point()
        self.shell.up()
        self._is_its_own(row, number, sid)
        row.deliveries[number].sid = sid
        self.shell.crash_point()
        page = yield from self.shell.happen(row, Placed(number), machine)
        if page.attempts[number - 1].state is AttemptState.CANCELED:
            yield from self.cancel(row, number, machine)

    def _is_its_own(self, row: Row, number: int, sid: str) -> None:
        """Looking before redialling finds the attempt's own call, and never one of another attempt or page."""
        leg = self.twilio.legs.get(sid)
        if leg is not None and (leg.row is not row or leg.attempt is None or leg.attempt.number != number):
            raise BrokenError(self._is_its_own, f"{sid} for attempt {number} of {row.page.id}")

    def _tell_placed(self, row: Row, number: int, machine: Machine) -> Process[None]:
        """A worker that died when it had Twilio's answer may not have told the page."""
        stored = row.deliveries[number]
        if stored.sid is not None and stored.state is AttemptState.INTENDED:
            yield from self._was_placed(row, number, stored.sid, machine)

    def _not_placed(
        self, row: Row, number: int, again: Job, tries: int, error: TwilioError, machine: Machine
    ) -> Process[None]:
        self.world.tell(row.page.id, "attempt", number, "failed:", type(error).__name__)
        delay = again_after(error)
        self.shell.crash_point()
        self.shell.up()
        if delay is not None and tries + 1 < MOST_TRIES:
            row.deliveries[number].claimed_until = -1.0
            self.world.agenda.spawn(self.shell.job(again), delay)
            return
        platform = isinstance(error, _PLATFORM)
        yield from self.shell.happen(row, Failed(number, str(error), platform=platform), machine)

    def cancel(self, row: Row, number: int, _machine: Machine) -> Process[None]:
        """End a call that nobody needs any more."""
        self.shell.up()
        sid = row.deliveries[number].sid
        if sid is None or not sid.startswith("CA"):
            return
        self.shell.crash_point()
        try:
            yield from self.twilio.end(sid)
        except TwilioError as error:
            self.world.tell(row.page.id, sid, "was not ended:", type(error).__name__)


def _attempt(row: Row, number: int) -> Attempt:
    return row.page.attempts[number - 1]
