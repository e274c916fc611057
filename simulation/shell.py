"""The shell around `advance`: transactions, wake-ups, the sweep, and jobs, as `storage.paging` and `nightbell.worker`.

Every transaction may be lost with its process, before or after the commit.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from whenever import Instant, TimeDelta

from escalation.advance import advance
from escalation.effects import Advance, Effect, PlaceCall, SendSms
from escalation.events import CallerLeft, DialledIn, Due, Event, Freed
from escalation.line import freed, on_the_line
from escalation.page import AttemptState, Page, PageState
from escalation.policy import Means
from escalation.sparing import matters
from simulation.agenda import CrashedError, Process
from simulation.endings import Watch
from simulation.faults import Fault
from simulation.practice import START
from simulation.store import ConflictError, Entry, Row
from simulation.world import Machine, World

UNPLACED_AFTER: Final = TimeDelta(seconds=5)
REST_AFTER_FAILURE: Final = 5.0
Job = Callable[[Machine], Process[None]]


class DownError(Exception):
    """PostgreSQL is away: nothing was stored."""


class Shell:
    """Lets events happen to pages, and has their effects carried out by `carry_out`."""

    def __init__(self, world: World, carry_out: "Callable[[Row, Effect], Job]") -> None:
        self.world = world
        self.watch = Watch(world)
        self._carry_out = carry_out

    # ---- transactions -------------------------------------------------------------------------------------------

    def happen(self, row: Row, event: Event, machine: Machine, *, within: bool = False) -> Process[Page]:
        """Let the event happen; the page after it. Raises DownError, CrashedError.

        `within`: it is a part of a larger transaction, in which nobody else has a turn.
        """
        world = self.world
        self.up()
        if not within:
            self.crash_point()
        while True:
            before, clock = row.page, machine.clock()
            result = self._advance(row, event, clock)
            if not within and world.faults.hit(Fault.RACE):
                yield world.between(0.0, 0.2)
                self.up()
            if isinstance(event, DialledIn) and len(result.page.attempts) > len(before.attempts):
                row.called_in.add(len(result.page.attempts))
            self.watch.looks(row, before, event, result, clock)
            if result.page is before:
                return row.page
            try:
                row.commit(before, result, Entry(world.now, clock, result.page.version, event, result.trail))
            except ConflictError:
                world.tell(row.page.id, type(event).__name__, "lost the race, and happens again")
                continue
            break
        self._committed(row, result.effects, len(before.attempts))
        for member in freed(before, row.page) if any(other.page.is_queued for other in world.rows) else ():
            world.agenda.spawn(self.job(partial(self._free, member)), world.between(0.005, 1.0))
        if not within:
            self.crash_point()
        return row.page

    def _advance(self, row: Row, event: Event, clock: Instant) -> Advance:
        """As `storage.paging`: who is on the telephone is asked only where somebody would be rung."""
        plan = self.world.plan_of(row)
        result = advance(plan, row.page, event, clock)
        if matters(row.page, result):
            others = [other for other in self.world.rows if other is not row]
            engaged = frozenset(member for other in others for member in _engaged(other))
            talking = frozenset(on_the_line(other.page) or "" for other in others)
            rung = self._rung(clock - plan.ring_limit.within) if plan.ring_limit is not None else {}
            if engaged or rung:
                result = advance(replace(plan, engaged=engaged, talking=talking, rung=rung), row.page, event, clock)
        return result

    def _rung(self, since: Instant) -> Counter[str]:
        calls = (a for row in self.world.rows for a in row.page.attempts if a.means is Means.CALL and a.at > since)
        return Counter(attempt.member for attempt in calls if attempt.member)

    def up(self) -> None:
        """Raises DownError while PostgreSQL is away."""
        if self.world.now < self.world.down_until:
            raise DownError

    def crash_point(self) -> None:
        """Here the process may be killed. Raises CrashedError."""
        if self.world.faults.hit(Fault.CRASH):
            self.world.tell("a process is killed")
            raise CrashedError

    def _committed(self, row: Row, effects: tuple[Effect, ...], known: int) -> None:
        world = self.world
        if world.telling is not None:
            entry = row.trail[-1]
            world.tell(f"{row.page.id} v{entry.version} {entry.event} at {entry.clock}: {' | '.join(entry.sentences)}")
        for effect in effects:
            self._defer(row, effect, row.trail[-1].clock)
        for attempt in row.page.attempts[known:]:
            world.agenda.spawn(self._sweep(row, attempt.number), world.between(5.0, 7.0))
        self.arm(row)

    # ---- wake-ups -----------------------------------------------------------------------------------------------

    def arm(self, row: Row, rest: float = 0.0) -> None:
        """Have a worker wake the page when its clock says that it is due; `rest`: not within this many seconds."""
        row.armed += 1
        due = row.page.due
        if due is None:
            return
        world = self.world
        exact = (due - START).total("seconds")
        worker = max(world.workers, key=lambda each: each.skew)
        earliest = max(world.now + rest, exact - worker.skew, world.down_until)
        world.agenda.spawn(self._wake(row, row.armed, worker), earliest - world.now + world.between(0.001, 0.25))

    def _wake(self, row: Row, armed: int, worker: Machine) -> Process[None]:
        if row.armed != armed:
            return
        try:
            yield from self.happen(row, Due(), worker)
        except (CrashedError, DownError):
            self.world.delayed += REST_AFTER_FAILURE + 1.0
            if row.armed == armed:
                self.arm(row, REST_AFTER_FAILURE)

    # ---- jobs ---------------------------------------------------------------------------------------------------

    def _defer(self, row: Row, effect: Effect, clock: Instant) -> None:
        world = self.world
        job = self._carry_out(row, effect)
        delay = world.between(0.005, 0.1) if world.chance(0.9) else world.between(0.1, 1.0)
        if isinstance(effect, PlaceCall):
            attempt = row.page.attempts[effect.attempt - 1]
            delay += (attempt.at - clock).total("seconds") if attempt.is_to_come(clock) else 0.0
        if isinstance(effect, PlaceCall | SendSms) and world.faults.hit(Fault.LOST_JOB):
            world.tell(row.page.id, effect, "is a job that is lost")
            return
        if world.faults.hit(Fault.LATE_JOB):
            delay += world.between(6.0, 10.0)
        world.agenda.spawn(self.job(job), delay)
        if world.faults.hit(Fault.TWICE):
            world.agenda.spawn(self.job(job), delay + world.between(0.0, 30.0) * world.random.random())

    def job(self, job: Job) -> Process[None]:
        """Do it, again when its worker dies: whatever a dead worker had is revived, however often."""
        world = self.world
        while True:
            try:
                yield from job(world.random.choice(world.workers))
            except CrashedError:
                yield world.between(6.0, 10.0)
            except DownError:
                yield max(0.0, world.down_until - world.now) + world.between(0.0, 8.0)
            else:
                return

    def _free(self, member: str, machine: Machine) -> Process[None]:
        """As `nightbell.effects`: the page that waited longest has them rung."""
        for row in sorted(self.world.rows, key=lambda row: row.page.opened_at):
            if row.page.state is PageState.PAGING and row.page.is_queued:
                page = yield from self.happen(row, Freed(member), machine)
                if any(a.member == member and a.means is Means.CALL and not a.is_final for a in page.attempts):
                    return

    def _sweep(self, row: Row, number: int) -> Process[None]:
        """Take over an attempt that was never placed, as soon as it may be a dead worker's."""
        world = self.world
        means = row.deliveries[number].means
        pause = 2.0
        while row.is_unplaced(number):
            stored, worker = row.deliveries[number], world.random.choice(world.workers)
            old = stored.changed_at < worker.clock() - UNPLACED_AFTER
            if old and stored.claimed_until < world.now and world.now >= world.down_until:
                effect = PlaceCall(number) if means is Means.CALL else SendSms(number)
                world.agenda.spawn(self.job(self._carry_out(row, effect)), world.between(0.0, 1.0))
            yield pause
            pause = min(pause * 1.1, 60.0)  # only so that an hour of a wrong clock does not take all day to simulate

    # ---- what webhooks tell -------------------------------------------------------------------------------------

    def leg_left(self, row: Row, leg: str, machine: Machine) -> Process[None]:
        """The end of a call of the caller's is stored: it is an event only for the latest one."""
        self.up()
        self.crash_point()
        if leg in row.ended:
            return
        row.ended.add(leg)
        if row.leg == leg:
            yield from self.happen(row, CallerLeft(), machine, within=True)

    def reconcile(self, row: Row, leg: str) -> Process[None]:
        """A call's end that was never told: in the end, Twilio is asked."""
        world = self.world
        while leg not in row.ended:
            yield world.between(300.0, 370.0)
            try:
                yield from self.leg_left(row, leg, world.random.choice(world.workers))
            except (CrashedError, DownError):
                world.tell(row.page.id, "was not reconciled")


def ignoring(process: Process[Any]) -> Process[None]:
    """A webhook that may fail: nobody sends it again."""
    try:
        yield from process
    except (CrashedError, DownError):
        return


_UNDER_WAY: Final = frozenset({AttemptState.PLACED, AttemptState.RINGING, AttemptState.ANSWERED})


def _engaged(row: Row) -> Iterator[str]:
    """As `storage.disturbing.disturbed`, whose half an hour is nothing here: what was lost for so long is given up."""
    page = row.page
    yield from (a.member for a in page.attempts if a.means is Means.CALL and a.state in _UNDER_WAY and a.member)
    yield on_the_line(page) or ""
