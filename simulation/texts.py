"""Texts to the staff: their receipts, which may lie, and who reads and answers them; and what operators do."""

from escalation.events import Accepted, AcceptedBy, CallMe, Declined, Delivered, Event, Failed, Placed, Resolved
from escalation.page import Attempt, PageState, Purpose
from simulation.agenda import Process
from simulation.faults import Fault
from simulation.shell import Shell, ignoring
from simulation.store import Row
from simulation.twilio import Twilio
from simulation.world import World


class Texts:
    """All texts of a world."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self._sent = 0

    def begin(self, row: Row, attempt: Attempt) -> str:
        """Twilio took a text; its SID."""
        self._sent += 1
        self.world.agenda.spawn(self._travel(row, attempt))
        return f"SM{self._sent}"

    def _travel(self, row: Row, attempt: Attempt) -> Process[None]:
        world, number = self.world, attempt.number
        yield world.between(0.2, 3.0)
        self._report(row, Placed(number))
        told, arrives = (True, True) if world.chance(0.9) else (False, False)
        lies = world.faults.hit(Fault.LYING_TEXT)
        if lies:
            arrives = not told
        yield world.between(0.5, 10.0)
        self._report(row, Delivered(number) if told else Failed(number, "the phone could not be reached"))
        if arrives and world.chance(0.7):
            world.agenda.spawn(self._read(row, attempt))
        if lies and world.chance(0.5):
            yield world.between(10.0, 600.0)
            self._report(row, Failed(number, "the text was lost") if told else Delivered(number))

    def _report(self, row: Row, event: Event) -> None:
        self.twilio.tell(lambda: self._webhook(row, event))

    def _webhook(self, row: Row, event: Event) -> Process[None]:
        yield from self.shell.happen(row, event, self.world.server)

    def _read(self, row: Row, attempt: Attempt) -> Process[None]:
        """They read it, soon or late, and answer or not."""
        world, member = self.world, attempt.member
        yield world.between(3.0, 60.0) if world.chance(0.7) else world.between(60.0, 1500.0)
        if world.chance(0.3):
            yield -world.now % 10.0
        if attempt.purpose is Purpose.TAKEN and world.chance(0.95):
            return
        answer = world.random.choice(("sms", "sms", "sms", "link", "pass", ""))
        if answer in {"sms", "link"}:
            yield from self._answer(row, Accepted(member, AcceptedBy(answer)), answer)
        elif answer:
            yield from self._answer(row, Declined(member), "declined")

    def _answer(self, row: Row, event: Accepted | Declined, by: str) -> Process[None]:
        """An open page of theirs is settled; see `webhooks.sms`. Each text is believed once, however often it comes."""
        if row.page.state is PageState.RESOLVED:
            return
        self.world.act(row, event.member, by)
        yield from ignoring(self.shell.happen(row, event, self.world.server))
        if by == AcceptedBy.LINK.value and self.world.chance(0.3):
            yield self.world.between(1.0, 200.0)
            yield from ignoring(self.shell.happen(row, CallMe(event.member), self.world.server))
        if self.world.faults.hit(Fault.REPEATED_NEWS):
            yield self.world.between(0.0, 5.0)
            yield from ignoring(self.shell.happen(row, event, self.world.server))

    def alert(self, row: Row) -> Process[None]:
        """The operators read it; now and then one of them sees to the page."""
        world = self.world
        row.alerted += 1
        yield world.between(30.0, 900.0)
        if row.page.state is PageState.RESOLVED or not world.chance(0.15):
            return
        member = world.random.choice(sorted(world.plan_of(row).roster.members))
        if world.chance(0.5):
            world.act(row, member, "operator")
            yield from ignoring(self.shell.happen(row, Accepted(member, AcceptedBy.OPERATOR), world.server))
        else:
            yield from ignoring(self.shell.happen(row, Resolved("the operator", "called the patient"), world.server))
