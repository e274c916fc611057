"""One walk: call, choose urgent, see the page go its way, hang up, and read back what is left of it."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from whenever import Instant

from ivr.speech import ADVICE_WITHIN, emergency_number_after
from nightbell.doctor import Finding
from nightbell.doctor.outcome import Outcome, ok, unknown, warning, wrong
from nightbell.probe.line import Broken, Heard, Line
from nightbell.probe.records import Records
from nightbell.probe.watch import Watch
from routing.synthetic import PROBE, PROBE_NUMBER

Result = TypeVar("Result")

SLOW: Final = 1.0
TOO_SLOW: Final = 5.0
"""Seconds until a call is answered: what wants somebody's attention, and what a caller takes for a dead line."""
RECORDED_WITHIN: Final = 5.0
WORKED_WITHIN: Final = 10.0
"""Seconds in which a worker has done what is to be done: DESIGN section 9."""
LOOK_EVERY: Final = 0.5
OUTCOME: Final = "call-back queued"
_WORKER: Final = "does `nightbell worker` run, and what does its log say?"
_STEPS: Final = (
    "practice", "answer", "911 advice", "urgent", "record", "worker", "timer", "effect", "outcome", "closing",
)  # fmt: skip


@dataclass
class Walked:
    """What was found, in the order of the steps, and how long parts of it took, in seconds."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """Every step; one that could not be taken is told as not checked."""
        return [Finding(step, self.outcomes.get(step, unknown("what it needs has failed before"))) for step in _STEPS]


class Walk:
    """To be taken once. `line` and `records` lead to the same server, or to several on one database."""

    def __init__(self, line: Line, records: Records, watch: Watch) -> None:
        self._line = line
        self._records = records
        self._watch = watch
        self._walked = Walked()

    async def take(self) -> Walked:
        """Take it to its end, whatever fails on the way: a call that was begun is ended, a page is closed."""
        began = self._watch.now()
        await self._step("practice", self._prepare)
        first = await self._step("answer", self._dial)
        if first is not None:
            await self._step("911 advice", lambda: self._advised(first))
            opened = self._watch.now()
            await self._step("urgent", lambda: self._choose_urgent(first))
            page = await self._step("record", self._recorded)
            if page:
                await self._follow(page, opened)
            await self._step("outcome", lambda: self._end(began))
            if page:
                await self._step("closing", lambda: self._close(page))
        return self._walked

    async def _step(self, name: str, work: Callable[[], Awaitable[tuple[Outcome, Result]]]) -> Result | None:
        try:
            outcome, result = await work()
        except Broken as broken:
            self._walked.outcomes[name] = broken.outcome
            return None
        self._walked.outcomes[name] = outcome
        return result

    async def _prepare(self) -> tuple[Outcome, None]:
        """The probe's practice is there, and nothing of an earlier walk is open."""
        if PROBE_NUMBER not in await self._records.numbers():
            says = f"the probe's practice does not have the number {PROBE_NUMBER}"
            raise Broken(wrong(says, f"nightbell key create --practice {PROBE} publishes it anew"))
        left = await self._records.leftovers()
        for page in left:
            await self._records.close(page)
        return ok("published" + (f"; {len(left)} pages of earlier walks were closed" if left else "")), None

    # ---- the call ---------------------------------------------------------------------------------------------------

    async def _dial(self) -> tuple[Outcome, Heard]:
        first = await self._line.dial()
        self._walked.seconds["answer"] = first.seconds
        says = f"the first words were there after {first.seconds:.2f} s"
        if first.seconds > TOO_SLOW:
            raise Broken(wrong(says, "is the server, or its database, overloaded? See /metrics"))
        if first.seconds > SLOW:
            return warning(says, "see nightbell_webhook_seconds in /metrics, and the network between"), first
        return ok(says), first

    async def _advised(self, first: Heard) -> tuple[Outcome, None]:
        """The advice comes in time, the answer's own delay included."""
        spoken = emergency_number_after(first.words)
        if spoken is None:
            raise Broken(
                wrong("the first words do not give the 911 advice", "the server's log says why it spoke others")
            )
        after = spoken + first.seconds
        self._walked.seconds["advice"] = after
        if after > ADVICE_WITHIN:
            raise Broken(wrong(f"the 911 advice comes after {after:.1f} s", "see what makes the answer slow"))
        return ok(f"heard after about {after:.1f} s"), None

    async def _choose_urgent(self, first: Heard) -> tuple[Outcome, None]:
        """Press 1, and take a turn of the hold loop."""
        if not first.key_to:
            raise Broken(wrong("the first words wait for no key", "the server's log says why it spoke others"))
        chosen = await self._line.press("1", first.key_to)
        if chosen.next_at and not chosen.rings:
            chosen = await self._line.turn(chosen.next_at)
        if chosen.rings:
            says = "no page could be opened: callers' own lines would dial the staff"
            raise Broken(wrong(says, "is PostgreSQL up, and does a worker run? See `nightbell doctor`"))
        return ok("the caller holds"), None

    async def _recorded(self) -> tuple[Outcome, str]:
        """The call is in the database, with a page."""
        found = await self._until(
            RECORDED_WITHIN, lambda: self._records.call(self._line.call), lambda call: call["page"]
        )
        if found is None:
            says = f"the call and its page are not in the database after {RECORDED_WITHIN:g} s"
            raise Broken(wrong(says, "is what happens kept in the journal? See /readyz and the server's log"))
        return ok(f"the call and its decision are stored: {found['decided']}"), str(found["page"])

    async def _end(self, began: float) -> tuple[Outcome, None]:
        """Hang up, and tell it twice, as happens: the call has one outcome, and what was pressed is in its record."""
        for _ in range(2):
            await self._line.hang_up(self._watch.now() - began)
        found = await self._until(RECORDED_WITHIN, lambda: self._records.call(self._line.call), lambda c: c["outcome"])
        if found is None:
            raise Broken(wrong("the call has ended and has no outcome", "the server's log says what failed"))
        if found["outcome"] != OUTCOME:
            raise Broken(wrong(f"the call ended as {found['outcome']}, not {OUTCOME}", "its timeline tells why"))
        if not any(entry["kind"] == "pressed" for entry in await self._records.timeline(self._line.call)):
            raise Broken(wrong("the key that was pressed is not in the record", "the server's log says what failed"))
        return ok(f"one: {OUTCOME}"), None

    # ---- the page ---------------------------------------------------------------------------------------------------

    async def _follow(self, page: str, opened: float) -> None:
        if await self._step("worker", lambda: self._placed(page, opened)) is None:
            return
        if await self._step("timer", lambda: self._advanced(page)) is None:
            return
        await self._step("effect", lambda: self._told(page))

    async def _placed(self, page: str, opened: float) -> tuple[Outcome, bool]:
        """A worker took the job by which a clinician would be rung."""
        if await self._until(WORKED_WITHIN, lambda: self._records.page(page), _has("Placed")) is None:
            raise Broken(wrong(f"no worker took the page's job in {WORKED_WITHIN:g} s: nobody would be rung", _WORKER))
        self._walked.seconds["worker"] = took = self._watch.now() - opened
        return ok(f"took the job after {took:.1f} s"), True

    async def _advanced(self, page: str) -> tuple[Outcome, bool]:
        """A worker woke the page when its step was over."""
        before = await self._records.page(page)
        opened = before["trail"][0]["at"]
        due = opened if _has("Due")(before) or before["due"] is None else before["due"]
        bound = _between(opened, due) + WORKED_WITHIN
        found = await self._until(bound, lambda: self._records.page(page), _has("Due"))
        if found is None:
            raise Broken(wrong(f"no worker woke the page in {WORKED_WITHIN:g} s after its time", _WORKER))
        if due is opened:
            return ok("the page went on by itself"), True
        late = _between(due, next(entry["at"] for entry in found["trail"] if entry["event"] == "Due"))
        self._walked.seconds["timer_late"] = late
        return ok(f"the page went on {late:.2f} s after its time"), True

    async def _told(self, page: str) -> tuple[Outcome, None]:
        """A worker came to the alert that the page ends in, and would have told the operators."""

        async def told() -> bool | None:
            return await self._records.is_told(page) or None

        if await self._until(WORKED_WITHIN, told, lambda _: True) is None:
            raise Broken(wrong(f"no worker came to the page's alert in {WORKED_WITHIN:g} s", _WORKER))
        return ok("the last resort's alert was carried out"), None

    async def _close(self, page: str) -> tuple[Outcome, None]:
        state = await self._records.close(page)
        if state != "resolved":
            raise Broken(wrong(f"the page is {state} after it was closed", "the server's log says what failed"))
        return ok("the page is closed"), None

    async def _until(
        self, seconds: float, look: Callable[[], Awaitable[Result | None]], enough: Callable[[Result], object]
    ) -> Result | None:
        """What `look` finds as soon as that is enough; None when it is not in so many seconds."""
        began = self._watch.now()
        while True:
            found = await look()
            if found is not None and enough(found):
                return found
            if self._watch.now() - began >= seconds:
                return None
            await self._watch.wait(LOOK_EVERY)


def _has(event: str) -> Callable[[dict[str, Any]], bool]:
    return lambda page: any(entry["event"] == event for entry in page["trail"])


def _between(since: str, until: str) -> float:
    return (Instant.parse_iso(until) - Instant.parse_iso(since)).total("seconds")


def new_call() -> tuple[str, str]:
    """A CallSid, and a number that calls: one of those that are nobody's, so that few walks meet in one page."""
    return f"CA{secrets.token_hex(16)}", f"+1202555{110 + secrets.randbelow(89):04}"
