"""What breaks on our side: the database, the worker, a row, a process. The phone is answered all the same."""

import json

import pytest

from storage import deliveries
from telephony.emulator import Answers, Busy, Hears, NoAnswer, Press
from tests.calls.callers import TAKES, asks_for_a_doctor, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, DESK_1, OSEI, OSEI_LANDLINE, PARENT, PATEL, SERVICE
from tests.calls.proxy import Wire
from tests.calls.test_messages import asks_for_a_refill

TAKES_DIALLED = Answers(after=4, script=[Hears("the caller is on the line. Press 1") >> Press("1")])
STAFF = (CHEN, OSEI, OSEI_LANDLINE, PATEL)
DOWN = pytest.mark.parametrize("wire", [Wire.CUT, Wire.HANGS], ids=["down", "hanging"])


async def the_database_is_back(night: Night) -> None:
    night.database(Wire.WORKS)
    await night.replay()
    await night.settle()


# ---- the database ----


@DOWN
async def test_with_the_database_away_before_the_call_the_caller_talks_to_the_doctor(wired: Night, wire: Wire):
    wired.phone(CHEN).behaviour = TAKES_DIALLED
    wired.database(wire)
    call = await asks_for_a_doctor(wired)
    assert "9 1 1" in call.heard[0]
    await call.talks_to(wired.phone(CHEN), within=200)
    await call.waits(20)
    await call.hang_up()
    await wired.settle()
    await the_database_is_back(wired)
    record = await wired.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
    assert [r.state for r in await wired.sql("SELECT state FROM pages")] in ([], ["resolved"])
    await wired.passes(600)
    assert wired.rung(CHEN) == 1, "nobody is woken for who has talked to the doctor"


@DOWN
async def test_a_refill_taken_while_the_database_is_away_is_there_when_it_is_back(wired: Night, wire: Wire):
    wired.database(wire)
    call = await asks_for_a_refill(wired)
    await call.press("#")
    await call.hears("date of birth", within=60)
    await call.press("04122021")
    await call.hears("leave your message")
    await call.press("#")
    await call.is_over(within=60)
    await the_database_is_back(wired)
    assert (await wired.record()).outcome == "message taken"
    message = await wired.message()
    assert wired.opened_json("messages.fields", message.fields_sealed)["date_of_birth"] == "2021-04-12"


@DOWN
async def test_an_urgent_caller_who_reached_nobody_is_paged_about_when_the_database_is_back(wired: Night, wire: Wire):
    for number in (*STAFF, SERVICE):
        wired.phone(number).behaviour = NoAnswer()
    wired.database(wire)
    call = await asks_for_a_doctor(wired)
    await call.waits(20)
    await call.hang_up()
    await wired.settle()
    wired.phone(CHEN).behaviour = TAKES
    await the_database_is_back(wired)
    assert (await wired.record()).outcome == "call-back queued"
    await wired.phone(CHEN).rings(within=60)
    assert (await wired.page()).body["caller"] == "gone"


async def test_an_urgent_caller_whose_end_is_stored_before_the_journal_is_replayed_is_paged_about(wired: Night):
    for number in (*STAFF, SERVICE):
        wired.phone(number).behaviour = NoAnswer()
    wired.database(Wire.CUT)
    call = await asks_for_a_doctor(wired)
    await call.waits(20)
    wired.database(Wire.WORKS)
    await call.hang_up()
    await wired.settle()
    await wired.replay()
    await wired.settle()
    assert (await wired.record()).outcome == "call-back queued"
    assert (await wired.page()).body["caller"] == "gone"


@DOWN
async def test_the_database_goes_away_while_the_caller_is_in_the_menu(wired: Night, wire: Wire):
    wired.phone(CHEN).behaviour = TAKES_DIALLED
    call = await wired.calls(PARENT)
    await call.hears("closed")
    wired.database(wire)
    await call.press("1")
    await call.hears("If that number is right")
    await call.press("1")
    await call.talks_to(wired.phone(CHEN), within=200)
    await call.hang_up()
    await wired.settle()
    await the_database_is_back(wired)
    assert (await wired.record()).outcome == "connected"


@DOWN
async def test_the_database_goes_away_while_the_caller_holds(wired: Night, wire: Wire):
    wired.trouble_is_expected = True
    wired.expected_faults = ["11200"]
    for number in STAFF:
        wired.phone(number).behaviour = NoAnswer()
    call = await holds(wired)
    await call.hears("We are calling the clinician on call")
    wired.database(wire)
    for number in STAFF:
        wired.phone(number).behaviour = TAKES_DIALLED
    await call.hears("We are connecting you to a person", within=120)
    await call.talks_to(wired.phone(CHEN), within=300)
    await call.waits(10)
    await call.hang_up()
    await wired.settle()
    await the_database_is_back(wired)
    record = await wired.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")


@DOWN
async def test_the_database_goes_away_just_before_the_doctor_presses_1(wired: Night, wire: Wire):
    wired.trouble_is_expected = True
    wired.expected_faults = ["11200"]
    wired.phone(CHEN).behaviour = Answers(after=4)
    call = await holds(wired)
    ring = await wired.phone(CHEN).rings()
    await ring.hears("Press 1")
    wired.database(wire)
    await ring.press("1")
    await ring.hears("cannot be taken on the phone right now", within=30)
    wired.phone(CHEN).behaviour = TAKES_DIALLED
    await call.talks_to(wired.phone(CHEN), within=300)
    await call.hang_up()
    await wired.settle()
    await the_database_is_back(wired)
    assert (await wired.record()).outcome == "connected"


@DOWN
async def test_the_database_is_away_for_a_moment_only_and_the_page_goes_on(wired: Night, wire: Wire):
    wired.trouble_is_expected = True
    wired.expected_faults = ["11200"]
    wired.phone(CHEN).behaviour = Busy(2)
    for number in (OSEI, OSEI_LANDLINE):
        wired.phone(number).behaviour = NoAnswer()
    call = await holds(wired)
    await call.hears("We are calling the clinician on call")
    wired.database(wire)
    await wired.passes(8)
    await the_database_is_back(wired)
    wired.phone(OSEI).behaviour = TAKES
    wired.phone(CHEN).behaviour = TAKES
    await call.hears("You are connected", within=300)
    await call.waits(10)
    await call.hang_up()
    assert (await wired.page()).state == "resolved"


async def test_by_day_the_desk_is_rung_with_the_database_away(stage):
    from tests.calls.people import MONDAY_MORNING

    day = await stage(MONDAY_MORNING, wired=True)
    day.phone(DESK_1).behaviour = Answers(after=3)
    day.database(Wire.CUT)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    await call.hang_up()
    await day.settle()
    await the_database_is_back(day)
    assert (await day.record()).outcome == "transferred"


async def test_a_server_restarted_while_the_database_is_away_answers_from_the_plans_on_disk(wired: Night):
    wired.phone(CHEN).behaviour = TAKES_DIALLED
    wired.database(Wire.CUT)
    await wired.restart()
    call = await asks_for_a_doctor(wired)
    await call.talks_to(wired.phone(CHEN), within=200)
    await call.hang_up()
    await wired.settle()
    await the_database_is_back(wired)
    assert (await wired.record()).outcome == "connected"


async def test_a_server_restarted_during_a_call_goes_on_with_it(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    await night.restart()
    await call.talks_to(night.phone(OSEI), within=300)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"


# ---- rows that are locked or poisoned ----


async def test_a_locked_table_does_not_keep_the_caller_waiting(night: Night):
    from sqlalchemy import text

    night.phone(CHEN).behaviour = TAKES_DIALLED
    night.parts.database._bound = 0.25
    engine = night.parts.database.engine
    async with engine.connect() as locker:
        transaction = await locker.begin()
        await locker.execute(text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))
        night.worker_is_dead = True
        call = await asks_for_a_doctor(night)
        await call.talks_to(night.phone(CHEN), within=200)
        await call.hang_up()
        await night.settle()
        await transaction.rollback()
    night.worker_is_dead = False
    night.parts.database._bound = 2.0
    await night.replay()
    assert (await night.record()).outcome == "connected"


async def test_a_page_whose_row_is_broken_does_not_cut_its_caller_off(night: Night):
    night.trouble_is_expected = True
    night.expected_faults = ["11200"]
    night.failed_jobs_are_expected = True
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    await call.hears("We are calling the clinician on call")
    night.worker_is_dead = True
    sound = (await night.page()).body
    await night.sql("""UPDATE pages SET body = '{"broken": true}'""")
    night.phone(CHEN).behaviour = TAKES_DIALLED
    night.phone(OSEI).behaviour = TAKES_DIALLED
    await call.hears("something is not working here", within=60)
    await call.talks_to(night.phone(CHEN), within=100)
    await night.sql("UPDATE pages SET body = CAST(:body AS jsonb)", body=json.dumps(sound))
    night.worker_is_dead = False
    await call.hang_up()


# ---- the worker ----


async def test_a_worker_that_was_dead_for_a_while_is_taken_over_from(night: Night):
    night.worker_is_dead = True
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await night.passes(45)
    assert night.rung(CHEN) == 0
    night.worker_is_dead = False
    await call.talks_to(night.phone(CHEN), within=120)
    await call.hang_up()
    assert (await night.record()).outcome == "connected"


async def test_with_every_worker_dead_the_caller_is_offered_a_person(night: Night):
    night.worker_is_dead = True
    night.phone(SERVICE).behaviour = Answers(after=5)
    call = await holds(night)
    await call.hears("To speak with a person now, press 1", within=400)
    await call.press("1")
    await call.talks_to(night.phone(SERVICE), within=60)
    await call.hang_up()
    await night.settle()
    night.worker_is_dead = False
    await night.passes(2000)
    assert (await night.page()).state == "resolved"
    assert night.rung(CHEN) == 0


async def test_a_worker_killed_between_claiming_a_call_and_placing_it_is_taken_over_from(night: Night):
    night.worker_is_dead = True
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    page = await night.page()
    async with night.parts.database.statement() as connection:
        for attempt in await night.sql("SELECT attempt FROM deliveries"):
            assert await deliveries.claim(connection, page.id, attempt.attempt) is not None
    await night.sql("DELETE FROM procrastinate_jobs")
    night.worker_is_dead = False
    await night.passes(6)
    assert night.rung(CHEN) == 0, "the claim holds as long as the other worker may live"
    await night.sql("UPDATE deliveries SET claimed_until = now() - interval '1 second'")
    await night.worker.sweep()
    await call.talks_to(night.phone(CHEN), within=60)
    assert night.rung(CHEN) == 1
    await call.hang_up()


async def test_a_worker_killed_after_placing_a_call_does_not_let_it_be_placed_twice(night: Night):
    night.phone(CHEN).behaviour = Answers(after=20, script=[Hears("Press 1") >> Press("1")])
    call = await asks_for_a_doctor(night)
    await night.settle()
    assert night.rung(CHEN) == 1
    # Twilio has the call; that worker died before it could store so.
    await night.sql(
        "UPDATE deliveries SET sid = NULL, state = 'intended', claimed_until = now() - interval '1 second', "
        "changed_at = changed_at - interval '1 minute' WHERE means = 'call'"
    )
    await night.worker.sweep()
    await call.talks_to(night.phone(CHEN), within=60)
    assert night.rung(CHEN) == 1
    await call.hang_up()


async def test_a_job_of_a_dead_worker_is_done_by_another(night: Night):
    night.worker_is_dead = True
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    worker = await night.sql_one(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
    )
    await night.sql("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker", worker=worker)
    night.worker_is_dead = False
    await night.worker.sweep()
    await call.talks_to(night.phone(CHEN), within=120)
    assert night.rung(CHEN) == 1
    await call.hang_up()


# ---- an error inside ----


@pytest.mark.parametrize("turn", [0, 1])
async def test_an_error_inside_a_webhook_is_spoken_and_leads_to_the_doctor(
    night: Night, monkeypatch: pytest.MonkeyPatch, turn: int
):
    """What writes TwiML fails once, at the call's n-th document."""
    from webhooks import answer

    night.trouble_is_expected = True
    night.phone(CHEN).behaviour = TAKES_DIALLED
    genuine, count = answer.gathering, iter(range(100))

    def gathering(*rest: object, **named: object) -> str:
        if next(count) == turn:
            raise RuntimeError("broken")
        return genuine(*rest, **named)

    monkeypatch.setattr(answer, "gathering", gathering)
    call = await night.calls(PARENT)
    for _ in range(turn):
        await call.hears("press 1")
        await call.press("1")
    await call.hears("something is not working here. If this is an emergency, hang up and dial 9 1 1", within=60)
    await call.talks_to(night.phone(CHEN), within=100)
    await call.waits(5)
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by) == ("connected", "chen")
