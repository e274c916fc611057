"""Moving the legs of callers and clinicians, as `nightbell.moving` does."""

from collections.abc import Callable

from escalation.events import Missed
from escalation.page import PageState
from escalation.presence import is_to_be_moved
from simulation.agenda import Process
from simulation.caller import Caller
from simulation.shell import Shell
from simulation.staff import Staff
from simulation.store import Row
from simulation.twilio import Leg, Twilio
from simulation.world import Machine, World
from telephony.errors import BusyError, GoneError, TwilioError, UncertainError
from telephony.handing import AFTER_UNCERTAIN, MOST_TRIES, again_after


class Moving:
    """The jobs to take a leg elsewhere."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio, staff: Staff, caller: Caller) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self.staff = staff
        self.caller = caller

    def move(self, row: Row, version: int, machine: Machine) -> Process[None]:
        """Take the holding caller's leg to its next turn, once."""
        self.shell.up()
        if not is_to_be_moved(row.page) or not row.take_slot(f"move {version}"):
            return
        self.shell.crash_point()
        leg = row.leg
        if leg in row.ended:
            return
        try:
            yield from self._moved(leg, self.caller.hold_on)
        except GoneError:
            yield from self.shell.leg_left(row, leg, machine)
        except TwilioError:
            self.world.tell(row.page.id, leg, "was not moved")

    def offer(self, row: Row, number: int, version: int, machine: Machine) -> Process[None]:
        """Have who has the page offered to call back, or brought to the caller, once."""
        self.shell.up()
        page = row.page
        has_it = page.state is PageState.ACCEPTED and page.accepted_attempt == number
        if not has_it or not row.take_slot(f"offer {version}"):
            return
        self.shell.crash_point()
        sid = row.deliveries[number].sid
        if sid is None:
            return
        try:
            yield from self._moved(sid, self.staff.go_on)
        except GoneError:
            over = Missed(number, "the call was over when it was to be moved")
            yield from self.shell.happen(row, over, machine)
        except TwilioError:
            self.world.tell(row.page.id, sid, "was not moved")

    def _moved(self, sid: str, process: Callable[[Leg], Process[None]]) -> Process[None]:
        for _ in range(MOST_TRIES - 1):
            try:
                yield from self.twilio.move(sid, process)
            except (BusyError, UncertainError) as error:
                yield again_after(error) or AFTER_UNCERTAIN
            else:
                return
        yield from self.twilio.move(sid, process)
