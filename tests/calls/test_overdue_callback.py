"""A caller asks to be called back, and the practice forgets: the plan's category pages somebody about it."""

from whenever import TimeDelta

from storage import audit, messages
from telephony.emulator import Answers, Busy, Hears, Press
from tests.calls.callers import TAKES
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, DESK_1, DESK_2, MONDAY_MORNING, OSEI, PARENT, PATEL, PRACTICE, RUIZ


async def asks_to_be_called_back(day: Night) -> None:
    for desk in (DESK_1, DESK_2):
        day.phone(desk).behaviour = Busy()
    call = await day.calls(PARENT)
    await call.hears("To be called back")
    await call.press("2")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hears("We will call you back")
    await call.is_over()


async def the_message(day: Night) -> messages.Message:
    async with day.parts.database.transaction() as connection:
        (message,) = await messages.listed(connection)
        return message


async def test_a_callback_that_nobody_made_in_time_wakes_the_policy_it_escalates_to(stage: Stage):
    day = await stage(MONDAY_MORNING)
    await asks_to_be_called_back(day)
    message = await the_message(day)
    assert message.category == "callback"
    assert message.due_at is not None
    assert message.due_at - message.taken_at == TimeDelta(minutes=30)
    calls_back = Hears("Press 1") >> Press("1") >> Hears("call them back now") >> Press("1")
    for number in (CHEN, OSEI, PATEL, RUIZ):
        day.phone(number).behaviour = Answers(after=2, script=[calls_back], talk_for=20)
    day.phone(PARENT).behaviour = Answers(after=3, script=[Hears("press any key") >> Press("5")], talk_for=60)
    await day.passes(31 * 60)
    await day.worker.sweep()
    await day.passes(120)
    page = await day.page()
    assert (page.category, page.state) == ("callback", "resolved")
    ring = day.phone(PARENT).calls[-1]
    assert ring.leg.from_ == PRACTICE
    async with day.parts.database.transaction() as connection:
        assert await messages.listed(connection) == []
        (done,) = await messages.listed(connection, done=True)
    assert done.done_by in {"chen", "osei", "patel", "ruiz"}


async def test_a_callback_that_was_made_wakes_nobody(stage: Stage):
    day = await stage(MONDAY_MORNING)
    for number in (CHEN, OSEI, PATEL, RUIZ):
        day.phone(number).behaviour = TAKES
    await asks_to_be_called_back(day)
    message = await the_message(day)
    async with day.parts.database.transaction() as connection:
        await messages.finish(connection, message, "Pat at the desk", day.clock.now())
    await day.passes(31 * 60)
    await day.worker.sweep()
    await day.passes(60)
    assert await day.sql_one("SELECT count(*) FROM pages") == 0


async def test_reading_a_message_is_in_the_audit_trail_and_the_trail_shows_tampering(stage: Stage):
    day = await stage(MONDAY_MORNING)
    await asks_to_be_called_back(day)
    message = await the_message(day)
    for reader in ("Pat", "Sam"):
        async with day.parts.database.transaction() as connection:
            contents = await messages.read(connection, day.parts.ring, message, reader, day.clock.now())
        assert contents.callback == PARENT
    async with day.parts.database.transaction() as connection:
        assert await audit.verify(connection) == (2, None)
    await day.sql("UPDATE audit SET actor = 'Nobody' WHERE id = 1")
    async with day.parts.database.transaction() as connection:
        assert await audit.verify(connection) == (1, 1)
