"""Handing calls and texts to Twilio, step by step as `nightbell.placing` does, and dying between any two steps."""

from typing import Final

from escalation.events import Failed, HandedOver, Placed
from escalation.page import Attempt, AttemptState
from escalation.policy import Means
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
from storage.deliveries import FIRST, UNKNOWN_FOR, Claim
from telephony.circuit import REST
from telephony.errors import TwilioError, UncertainError
from telephony.handing import MOST_TRIES, again_after, hands_over, is_in_vain, is_platform, unsure_after

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
        self._fails_until = dict.fromkeys(Means, -1.0)

    def place(self, row: Row, number: int, machine: Machine, again: Job) -> Process[None]:
        """Ring the attempt's address. `again`: the same job."""
        self.shell.up()
        if row.deliveries[number].state is not AttemptState.INTENDED:
            return
        yield from self._pass_by(row, number, machine)
        yield self.world.between(0.0, 2.0)  # for a slot
        self.shell.up()
        claimed = row.claim(number, self.world.now)
        if claimed is None:
            yield from self._tell_placed(row, number, machine)
            return
        yield from self._dangers()
        looks = claimed.tries > 0
        try:
            leg = (yield from self._found(row.deliveries[number], claimed)) if looks else None
            looks = False
            if leg is None and self._is_firsts(claimed) and is_in_vain(claimed.tries, claimed.unsure):
                event = HandedOver(number, "the first one did not place it")
                yield from self._hand_over(row, event, claimed.tries + 1, claimed.unsure, machine, again)
                return
            if leg is None:
                leg = yield from self._call(row, number, claimed)
        except TwilioError as error:
            yield from self._not_placed(row, number, again, claimed, error, machine, looked=looks)
            return
        yield from self._was_placed(row, number, leg.sid, machine, claimed.provider)

    def _call(self, row: Row, number: int, claimed: Claim) -> Process[Leg]:
        attempt = _attempt(row, number)

        def begin() -> Leg:
            self._may_be_called(row, number, claimed)
            leg = self.twilio.leg(row, claimed.address, attempt, self.staff.on_end, claimed.provider)
            leg.task = self.world.agenda.spawn(self.staff.ring(leg))
            return leg

        return self.twilio.take(claimed.address, begin, claimed.provider)

    # ---- the second provider: see `nightbell.handing_over` ------------------------------------------------------

    def _is_firsts(self, claimed: Claim) -> bool:
        return self.world.has_second and claimed.provider == FIRST

    def _pass_by(self, row: Row, number: int, machine: Machine) -> Process[None]:
        """The second is asked at once, where the first failed a moment ago."""
        stored = row.deliveries[number]
        fails = self.world.has_second and self.world.now < self._fails_until[stored.means]
        if fails and stored.provider == FIRST and not stored.tries:
            yield from self._hand_over(row, HandedOver(number, "the first provider failed a moment ago"), 0, 0, machine)

    def _hand_over(
        self, row: Row, event: HandedOver, tries: int, unsure: int, machine: Machine, again: Job | None = None
    ) -> Process[None]:
        self.shell.crash_point()
        self.shell.up()
        if not row.hand_over(event.attempt, tries, unsure):
            return
        yield from self.shell.happen(row, event, machine, within=True)
        if again is not None:
            self.world.agenda.spawn(self.shell.job(again), self.world.between(0.005, 1.0))
        self.shell.crash_point()

    # -------------------------------------------------------------------------------------------------------------

    def _may_be_called(self, row: Row, number: int, claimed: Claim) -> None:
        """No two calls live at once for one attempt, unless a worker outlived its claim or its clock was wrong.

        Or the second provider was asked since the first would not say whether it had placed it; the trail says so.
        """
        row.calls[number] = row.calls.get(number, 0) + 1
        live = [leg for leg in self.twilio.legs.values() if leg.row is row and not leg.is_over and leg.attempt]
        same = [leg for leg in live if leg.attempt is not None and leg.attempt.number == number]
        is_said = any(isinstance(entry.event, HandedOver) and entry.event.twice for entry in row.trail)
        if claimed.provider != FIRST and is_said:
            return
        if same and not _MAY_DOUBLE & self.world.faults.met.keys():
            raise BrokenError(self._may_be_called, f"attempt {number} of {row.page.id}, again")

    def _found(self, own: Delivery, claimed: Claim) -> Process[Leg | None]:
        """A call that an earlier try placed without getting the answer. Raises TwilioError."""
        since = (claimed.intended_at - START).total("seconds")
        live = yield from self.twilio.look(claimed.address, since, claimed.provider)
        if own.sid is not None:  # its own callback was quicker than the look
            return self.twilio.legs[own.sid]
        stored = [each for row in self.world.rows for each in row.deliveries.values()]
        known = {each.sid for each in stored}
        found = next((leg for leg in live if leg.sid not in known), None)
        alike = (each for each in stored if each.address == claimed.address)
        unknown = (each for each in alike if _may_be_unknown(each, claimed.provider))
        earliest = claimed.intended_at - UNKNOWN_FOR
        if found and any(each.intended_at > earliest and each is not own for each in unknown):
            raise UncertainError("a call to the number may be another attempt's")
        return found

    def text(self, row: Row, number: int, machine: Machine, again: Job) -> Process[None]:
        """Text the attempt's address. `again`: the same job."""
        self.shell.up()
        if _attempt(row, number).state is AttemptState.INTENDED:
            yield from self._pass_by(row, number, machine)
        claimed = row.claim(number, self.world.now)
        if claimed is None:
            yield from self._tell_placed(row, number, machine)
            return
        yield from self._dangers()
        attempt = _attempt(row, number)
        try:
            sid = yield from self.twilio.take(claimed.address, lambda: self.texts.begin(row, attempt), claimed.provider)
        except TwilioError as error:
            yield from self._not_placed(row, number, again, claimed, error, machine)
            return
        yield from self._was_placed(row, number, sid, machine, claimed.provider)

    def _dangers(self) -> Process[None]:
        """Between the claim and the request a worker may die, or stand still."""
        self.shell.crash_point()
        if self.world.faults.hit(Fault.STALL):
            yield self.world.between(1.0, 40.0)

    def _was_placed(self, row: Row, number: int, sid: str, machine: Machine, provider: str) -> Process[None]:
        self.shell.crash_point()
        self.shell.up()
        self._is_its_own(row, number, sid)
        row.set_sid(number, sid, provider)
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
            yield from self._was_placed(row, number, stored.sid, machine, stored.provider)

    def _not_placed(
        self,
        row: Row,
        number: int,
        again: Job,
        claimed: Claim,
        error: TwilioError,
        machine: Machine,
        *,
        looked: bool = False,
    ) -> Process[None]:
        self.world.tell(row.page.id, "attempt", number, "failed:", type(error).__name__)
        stored, firsts = row.deliveries[number], self._is_firsts(claimed)
        tries = claimed.tries + 1
        unsure = unsure_after(claimed.unsure, error, is_first=claimed.provider == FIRST, looked=looked)
        looks = stored.means is Means.CALL
        if firsts and hands_over(error, tries, unsure=claimed.unsure, looks=looks, looked=looked):
            self._fails_until[stored.means] = self.world.now + REST.total("seconds")
            event = HandedOver(number, str(error), twice=unsure > 0)
            yield from self._hand_over(row, event, tries, unsure, machine, again)
            return
        delay = again_after(error)
        self.shell.crash_point()
        self.shell.up()
        if delay is not None and (tries < MOST_TRIES or firsts):
            stored.claimed_until, stored.unsure = -1.0, unsure
            self.world.agenda.spawn(self.shell.job(again), delay)
            return
        yield from self.shell.happen(row, Failed(number, str(error), platform=is_platform(error)), machine)

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


def _may_be_unknown(each: Delivery, provider: str) -> bool:
    """As `storage.deliveries` asks it: whether this provider may have placed a call for it whose SID is not known."""
    there = each.tries > 1 if each.sid is not None else each.tries > 0 and each.provider == provider
    return there or (provider == FIRST and each.provider != FIRST and each.unsure > 0)


def _attempt(row: Row, number: int) -> Attempt:
    return row.page.attempts[number - 1]
