"""A record for every call, complete whatever way it ended."""

from storage.records import CallRecord, read_record
from telephony.emulator import Answers, PhoneCall, Withheld
from tests.calls.callers import TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import BLOCKED, CHEN, DESK_1, PARENT
from tests.calls.proxy import Wire


async def record_of(night: Night, call: PhoneCall) -> CallRecord:
    await night.settle()
    async with night.parts.database.statement() as connection:
        found = await read_record(connection, call.sid)
    assert found is not None
    if found.outcome is not None:
        assert found.ended_at is not None
        assert found.served is not None
        row = (await night.sql("SELECT day, waited, counted FROM calls WHERE sid = :sid", sid=call.sid))[0]
        assert None not in row, "the report would not count it"
    return found


async def test_connected(night: Night):
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.talks_to(night.phone(CHEN), within=60)
    await night.passes(100)
    await call.hang_up()
    record = await record_of(night, call)
    assert (record.outcome, record.answered_by, record.served) == ("connected", "chen", "after hours")
    assert record.talked == 100
    assert record.seconds == record.waited + record.talked
    assert (record.page is not None, record.to_page) == (True, 0)
    assert 0 < record.to_clinician <= record.waited
    assert record.path == ("night", "urgent")
    assert record.abandoned_after is None


async def test_given_up_in_the_menu(night: Night):
    call = await night.calls(PARENT)
    await call.hears("closed")
    await night.passes(7)
    await call.hang_up()
    record = await record_of(night, call)
    assert (record.outcome, record.waited, record.page, record.category) == ("abandoned", None, None, None)
    assert record.abandoned_after == record.seconds >= 7


async def test_hung_up_while_holding_and_taken_later(night: Night):
    call = await holds(night)
    await night.passes(20)
    await call.hang_up()
    record = await record_of(night, call)
    assert (record.outcome, record.answered_at, record.to_clinician) == ("call-back queued", None, None)
    night.phone(CHEN).behaviour = TAKES
    await night.passes(120)
    later = await record_of(night, call)
    assert later.to_clinician is not None
    assert later.to_clinician >= 20
    assert (later.outcome, later.talked) == ("call-back queued", None)


async def test_transferred_by_day(day: Night):
    day.phone(DESK_1).behaviour = Answers(after=2)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    await day.passes(30)
    await call.hang_up()
    record = await record_of(day, call)
    assert (record.outcome, record.answered_by, record.served, record.talked) == (
        "transferred", "front_desk", "open", 30,
    )  # fmt: skip
    assert record.waited == 2


async def test_rejected(night: Night):
    call = await night.calls(BLOCKED)
    record = await record_of(night, call)
    assert (record.outcome, record.decided, record.route, record.path) == ("rejected", "reject: busy", 1, ())


async def test_the_status_callback_is_lost_and_the_sweep_finds_out_when_it_ended(night: Night):
    night.exchange.callback_order = Withheld()
    call = await night.calls(PARENT)
    await call.hears("closed")
    await night.passes(9)
    await call.hang_up()
    await night.passes(3600)
    await night.worker.sweep()
    record = await record_of(night, call)
    assert record.outcome == "abandoned"
    assert record.abandoned_after == record.seconds == call.leg.duration


async def test_the_database_was_away_for_the_whole_call(wired: Night):
    night = wired
    night.database(Wire.CUT)
    call = await night.calls(PARENT)
    await call.hears("press 1")
    await night.passes(5)
    await call.hang_up()
    await night.settle()
    night.database(Wire.WORKS)
    await night.passes(600)
    await night.replay()
    record = await record_of(night, call)
    assert (record.outcome, record.path, record.route) == ("abandoned", ("night",), 4)
    assert record.abandoned_after == record.seconds


async def test_the_degraded_dial_reaches_a_clinician(wired: Night):
    night = wired
    night.phone(CHEN).behaviour = TAKES
    call = await night.calls(PARENT)
    await call.hears("press 1")
    await call.press("1")
    await call.hears("right")
    night.database(Wire.CUT)
    await call.press("1")
    await call.talks_to(night.phone(CHEN), within=120)
    await night.passes(60)
    await call.hang_up()
    await night.settle()
    night.database(Wire.WORKS)
    await night.replay()
    record = await record_of(night, call)
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert record.talked >= 60
