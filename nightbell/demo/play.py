"""The play: four calls to a practice, each of which must end as it should."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from whenever import Instant, ZonedDateTime

from escalation.oncall import on_call
from nightbell.demo.stage import Stage
from storage.records import CallRecord, records
from telephony.emulator import Answers, Busy, Hears, Press, Voicemail
from telephony.emulator.phone import PhoneCall

ZONE: Final = "America/New_York"
NIGHT: Final = ZonedDateTime(2026, 11, 22, 2, 10, tz=ZONE).to_instant()
DAY: Final = ZonedDateTime(2026, 11, 23, 10, 5, tz=ZONE).to_instant()

PRACTICE: Final = "+16175550100"
DESK: Final = ("+16175550111", "+16175550112")
PARENT: Final = "+16175550180"
GRANDMOTHER: Final = "+16175550181"
FATHER: Final = "+16175550182"
QUIET: Final = "+16175550183"
OTHERS: Final = ("+16175550184", "+16175550185")

NAMES: Final = {
    PRACTICE: "Maple Pediatrics",
    PARENT: "A parent",
    GRANDMOTHER: "A grandmother",
    FATHER: "A father",
    QUIET: "A quiet caller",
    DESK[0]: "Front desk, 1",
    DESK[1]: "Front desk, 2",
    OTHERS[0]: "Another caller",
    OTHERS[1]: "A third caller",
    "+18885550199": "Answering service",
    "+16175550190": "Operator",
}

THINKS: Final = 2.5
"""Seconds that a caller of the play listens before pressing a key."""


class UnexpectedEndError(Exception):
    """A call did not end as it should. The message says how."""


@dataclass(frozen=True, slots=True)
class Act:
    """One call of the play: its title, when it is, and what the caller does."""

    title: str
    at: Instant
    play: Callable[[Stage], Awaitable[None]]
    caller: str
    outcome: str
    answered_by: tuple[str, ...]


def set_phones(stage: Stage) -> None:
    """Who picks up tonight: the first clinician's phone is a voicemail; everybody else is awake."""
    takes = Answers(after=6, script=[Hears("Press 1") >> Press("1", after=1)])
    staff = stage.parts.plans.all()[0].escalation.roster.members.values()
    for member in staff:
        for number in member.voice:
            stage.exchange.phone(number).behaviour = takes
    first = _first_on_call(stage)
    for number in first:
        stage.exchange.phone(number).behaviour = Voicemail(after=18, greeting=4, record_for=30)


def _first_on_call(stage: Stage) -> tuple[str, ...]:
    roster = stage.parts.plans.all()[0].escalation.roster
    duty = on_call(roster, "primary", stage.parts.clock.now())
    return roster.members[duty.member].voice if duty else ()


async def urgent(stage: Stage) -> None:
    """A parent presses 1, confirms the number, says why, holds; the voicemail does not count; the backup takes it."""
    call = await stage.exchange.phone(PARENT).dial(PRACTICE)
    await call.hears("To talk to a doctor")
    await call.waits(THINKS)
    await call.press("1")
    await call.hears("If that number is right")
    await call.waits(2 * THINKS)
    await call.press("1")
    await call.hears("say in a few words")
    await call.speak("My son is two, he has a fever of 104 and will not drink.", seconds=6)
    await call.press("#")
    await call.hears("You are connected", within=400)
    await _talk(call, 12)


async def refill(stage: Stage) -> None:
    """A refill request is recorded."""
    call = await stage.exchange.phone(GRANDMOTHER).dial(PRACTICE)
    await call.hears("prescription refill")
    await call.waits(THINKS)
    await call.press("2")
    await call.hears("Has the medicine run out")
    await call.waits(2 * THINKS)
    await call.press("2")
    await call.hears("If that number is right")
    await call.waits(2 * THINKS)
    await call.press("1")
    await call.hears("first and last name")
    await call.speak("Robin Example", seconds=2)
    await call.press("#")
    await call.hears("date of birth")
    await call.waits(2 * THINKS)
    await call.press("04122021#")
    await call.hears("leave your message")
    await call.speak("The inhaler is empty on Tuesday, the usual one please.", seconds=5)
    await call.press("#")
    await call.is_over(within=120)


async def overflow(stage: Stage) -> None:
    """By day both desk lines are busy: the caller asks to be called back without losing the place."""
    for desk in DESK:
        stage.exchange.phone(desk).behaviour = Answers(after=2)
    busy = []
    for number, desk in zip(OTHERS, DESK, strict=True):
        for other in DESK:
            stage.exchange.phone(other).behaviour = Answers(after=2) if other == desk else Busy()
        other_call = await stage.exchange.phone(number).dial(PRACTICE)
        await other_call.talks_to(stage.exchange.phone(desk))
        busy.append(other_call)
    call = await stage.exchange.phone(FATHER).dial(PRACTICE)
    await call.hears("called back without losing your place")
    await call.waits(THINKS)
    await call.press("2")
    await call.hears("If that number is right")
    await call.waits(2 * THINKS)
    await call.press("1")
    await call.is_over(within=120)
    for other_call in busy:
        await other_call.hang_up()


async def silence(stage: Stage) -> None:
    """A caller presses nothing at all, and still reaches a person."""
    call = await stage.exchange.phone(QUIET).dial(PRACTICE)
    await call.hears("You are connected", within=600)
    await _talk(call, 8)


async def _talk(call: PhoneCall, seconds: float) -> None:
    await call.waits(seconds)
    await call.hang_up()


STAFF: Final = ("chen", "osei", "patel", "ruiz")
ACTS: Final = (
    Act(
        "02:10 at night: a parent needs a doctor", NIGHT, urgent, PARENT, "connected", ("chen", "osei", "patel", "ruiz")
    ),
    Act("A refill request at night", NIGHT, refill, GRANDMOTHER, "message taken", ()),
    Act("10:05 on Monday: both lines of the desk are busy", DAY, overflow, FATHER, "call-back queued", ()),
    Act(
        "At night: a caller who presses nothing", NIGHT, silence, QUIET, "connected", ("chen", "osei", "patel", "ruiz")
    ),
)


async def last_record(stage: Stage, caller: str) -> CallRecord:
    """The record of the caller's call, once it is closed. Raises UnexpectedEndError when it is not, in 15 real s."""
    indexes = stage.parts.ring.indexes(caller)
    for _ in range(150):
        async for record in records(stage.parts.database, newest_first=True, limit=20):
            if record.outcome and await _is_of(stage, record.sid, indexes):
                return record
        await asyncio.sleep(0.1)
    raise UnexpectedEndError("the call's record was never closed")


async def _is_of(stage: Stage, sid: str, indexes: list[bytes]) -> bool:
    async with stage.parts.database.statement() as connection:
        query = text("SELECT count(*) FROM calls WHERE sid = :sid AND caller_index = ANY(:indexes)")
        return bool(await connection.scalar(query, {"sid": sid, "indexes": indexes}))


async def stored(stage: Stage, record: CallRecord) -> dict[str, list[Any]]:
    """What was stored about the call: messages, recordings, and its page's trail."""
    async with stage.parts.database.transaction() as connection:
        found: dict[str, list[Any]] = {}
        for name, query in _STORED.items():
            found[name] = list((await connection.execute(text(query), {"sid": record.sid})).all())
        return found


_STORED: Final = {
    "messages": "SELECT category, due_at, fields_sealed IS NOT NULL AS fields FROM messages WHERE call = :sid",
    "recordings": "SELECT purpose, seconds FROM recordings WHERE call = :sid AND state = 'completed' ORDER BY made_at",
    "trail": "SELECT at, trail FROM page_events"
    " WHERE page = (SELECT page FROM calls WHERE sid = :sid) ORDER BY version",
}
