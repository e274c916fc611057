"""The caller: holds turn by turn, gives up, asks for a call-back, comes into the room, is put through, calls again."""

from typing import Final

from whenever import TimeDelta

from escalation.events import (
    Accepted,
    AcceptedBy,
    CallBackAsked,
    CallerLeft,
    CallerReturned,
    DialledInVain,
    MessageLeft,
    Opened,
    PatientReached,
    PutThrough,
    StillThere,
)
from escalation.oncall import targets
from escalation.page import CallerPresence, PageState
from escalation.policy import Policy
from ivr.hold import Holding, PageView, Turn, hold
from simulation.agenda import CrashedError, Process
from simulation.faults import Fault
from simulation.room import Rooms
from simulation.shell import DownError, Shell, ignoring
from simulation.store import Row
from simulation.twilio import Leg, Twilio
from simulation.world import World
from storage.pages import PageCall
from webhooks.paging import view_of

NUMBER: Final = "+16175550199"


class Caller:
    """The callers of a world, one for each page."""

    def __init__(self, world: World, shell: Shell, twilio: Twilio) -> None:
        self.world = world
        self.shell = shell
        self.twilio = twilio
        self.rooms: Rooms | None = None

    def calls(self, row: Row) -> Process[None]:
        """Choose urgent: the page is opened, or again by the next webhook of the call, until it is stored."""
        world = self.world
        leg = self._leg(row)
        while not row.page.version:
            try:
                yield from self.shell.happen(row, Opened(), world.server)
            except (CrashedError, DownError):
                yield world.between(1.0, 10.0)
        if row.page.caller is CallerPresence.HOLDING:
            leg.task = world.agenda.spawn(self._hold(leg, world.now))
        else:
            leg.is_over = True
            row.ended.add(leg.sid)
        if world.chance(0.1):
            yield world.between(5.0, 60.0)
            yield from ignoring(self.shell.happen(row, MessageLeft(), world.server))

    def _leg(self, row: Row) -> Leg:
        leg = self.twilio.leg(row, NUMBER, None, self._on_end)
        leg.is_answered, row.leg = True, leg.sid
        return leg

    def _on_end(self, leg: Leg, _status: str) -> None:
        world, row = self.world, leg.row
        server = world.server
        self.twilio.tell(lambda: self.shell.leg_left(row, leg.sid, server))
        world.agenda.spawn(self.shell.reconcile(row, leg.sid))
        if world.chance(0.25):
            world.agenda.spawn(self._call_again(row), world.between(5.0, 900.0))

    def _call_again(self, row: Row) -> Process[None]:
        """The same number chooses urgent again: it joins the open page; see `storage.paging`."""
        yield from ()
        shell, server = self.shell, self.world.server
        if self.world.now < self.world.down_until:
            return
        if row.page.state is not PageState.RESOLVED and row.page.caller is CallerPresence.HOLDING:
            yield from shell.happen(row, CallerLeft(), server, within=True)
        if row.page.state is not PageState.RESOLVED:
            leg = self._leg(row)
            leg.task = self.world.agenda.spawn(self._hold(leg, self.world.now))
            yield from shell.happen(row, CallerReturned(), server, within=True)

    # ---- the hold loop ------------------------------------------------------------------------------------------

    def hold_on(self, leg: Leg) -> Process[None]:
        """The caller's leg was moved to its next turn."""
        return self._hold(leg, self.world.now)

    def _hold(self, leg: Leg, since: float) -> Process[None]:
        world, row = self.world, leg.row
        pressed, turns, offers, blind = "", 0, 0, 0
        patience = world.now + (world.between(0.0, 60.0) if world.chance(0.3) else world.between(60.0, 900.0))
        while world.now < patience:
            yield world.between(0.05, 0.5)
            policy = self._policy(row)
            has_person = bool(policy.last_resort.numbers)
            held = TimeDelta(seconds=world.now - since)
            holding = Holding(held, policy.hold_at_most, turns, offers, has_person=has_person)
            try:
                turn = yield from self._turn(leg, pressed, holding)
            except (CrashedError, DownError):
                blind += 1
                turn = Turn.DIAL if blind > 1 else Turn.WAIT
            turns += 1
            pressed = "*" if world.chance(0.02) else ""
            match turn:
                case Turn.WAIT:
                    yield world.between(6.0, 13.0)
                case Turn.OFFER_PERSON:
                    offers += 1
                    pressed = world.random.choice(("", "1", "*", "5"))
                    yield world.between(3.0, 12.0)
                case Turn.JOIN:
                    yield world.between(0.5, 2.0)
                    assert self.rooms is not None  # noqa: S101 - the switchboard sets it before anything happens
                    return (yield from self.rooms.enter(leg))
                case Turn.DIAL_TAKER:
                    if (yield from self._dial_taker(leg)):
                        return None
                case Turn.DIAL | Turn.TRANSFER:
                    return (yield from self._dial(leg, everybody=turn is Turn.DIAL))
                case Turn.LEAVE:
                    break
        return self.twilio.hang_up(leg)

    def after_room(self, leg: Leg) -> Process[None]:
        """The room closed and the caller is still there: after a talk they go, else they hold on."""
        yield self.world.between(0.1, 0.5)
        down = self.world.now < self.world.down_until
        if not down and leg.row.page.state not in {PageState.BRIDGED, PageState.RESOLVED}:
            yield from self._hold(leg, self.world.now)
        else:
            yield self.world.between(0.0, 10.0)
            self.twilio.hang_up(leg)

    def _policy(self, row: Row) -> Policy:
        return self.world.plan_of(row).policies[row.page.policy]

    def _turn(self, leg: Leg, pressed: str, holding: Holding) -> Process[Turn]:
        """One webhook of the loop; see `webhooks.hold`."""
        row, happen, server = leg.row, self.shell.happen, self.world.server
        self.shell.up()
        turn = hold(self._view(leg), "en-US", pressed, holding).turn
        if turn is Turn.LEAVE:
            page = yield from happen(row, CallBackAsked(), server)
            if page.caller is CallerPresence.HOLDING:
                turn = hold(self._view(leg), "en-US", pressed, holding).turn
        if row.leg == leg.sid and leg.sid not in row.ended:
            if row.page.caller is CallerPresence.GONE and turn is not Turn.LEAVE:
                yield from happen(row, StillThere(), server)
            if turn in {Turn.TRANSFER, Turn.DIAL, Turn.DIAL_TAKER}:
                yield from happen(row, PutThrough(), server)
        return turn

    def _view(self, leg: Leg) -> PageView:
        row = leg.row
        stored = PageCall(row.page, 1, "CA", row.leg, "en-US", NUMBER)
        return view_of(stored, leg.sid, self.world.server.clock())

    # ---- the caller's own leg dials -----------------------------------------------------------------------------

    def _dial(self, leg: Leg, *, everybody: bool) -> Process[None]:
        """The staff one after the other if `everybody`, then the last resort; if nobody is there, a recording."""
        world, row = self.world, leg.row
        for member in self._rung(row, everybody=everybody):
            yield world.between(5.0, 30.0)
            if world.chance(0.15):
                return self.twilio.hang_up(leg)
            if world.chance(0.3 if member else 0.6):
                by = AcceptedBy.KEY if member else AcceptedBy.DIALLED
                world.act(row, member, by.value)
                yield from ignoring(self.shell.happen(row, Accepted(member, by), world.server))
                yield world.between(10.0, 900.0)
                if world.chance(0.8):  # else the caller hangs up first, which Twilio tells of as well
                    yield from ignoring(self.shell.happen(row, PatientReached(), world.server))
                return self.twilio.hang_up(leg)
        yield world.between(3.0, 60.0)
        yield from ignoring(self.shell.happen(row, MessageLeft(), world.server))
        return self.twilio.hang_up(leg)

    def _dial_taker(self, leg: Leg) -> Process[bool]:
        """Who has the page is dialled, screened; whether the call is over after that."""
        world, row, server = self.world, leg.row, self.world.server
        yield world.between(5.0, 30.0)
        if world.chance(0.1):
            self.twilio.hang_up(leg)
            return True
        member = row.page.accepted_by
        if member is not None and world.chance(0.6):
            world.act(row, member, AcceptedBy.KEY.value)
            yield from ignoring(self.shell.happen(row, Accepted(member, AcceptedBy.KEY), server))
            yield world.between(10.0, 900.0)
            yield from ignoring(self.shell.happen(row, PatientReached(), server))
            self.twilio.hang_up(leg)
            return True
        yield from ignoring(self.shell.happen(row, DialledInVain(), server))
        if world.faults.hit(Fault.REPEATED_NEWS):
            world.agenda.spawn(ignoring(self.shell.happen(row, DialledInVain(), server)), world.between(0.0, 15.0))
        return False

    def _rung(self, row: Row, *, everybody: bool) -> list[str]:
        plan = self.world.plan_of(row)
        policy = plan.policies[row.page.policy]
        steps = policy.steps if everybody else ()
        names = dict.fromkeys(name for step in steps for name in targets(plan, step, self.world.server.clock()))
        return [*(name for name in names if plan.roster.members[name].voice), *("" for _ in policy.last_resort.numbers)]
