"""What calls and texts teach of the staff's numbers, and that the proof of the calendar knows it."""

import pytest
from sqlalchemy import text

from telephony.emulator import Answers, Hears, NoAnswer, Press, Undelivered
from telephony.emulator.behaviours import Delivered
from tests.calls.callers import PASSES, TAKES, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI, OTHER_PARENT, PARENT, PATEL, PRACTICE, SAMPLE
from tests.calls.test_swapped import front_desk, texts

DOCUMENT = SAMPLE.read_text()
STEPS = DOCUMENT[DOCUMENT.index("    steps:\n") : DOCUMENT.index("    repeat: 2")]
TEXTED = DOCUMENT.replace(STEPS, "    steps:\n      - {page: primary, by: [sms], for: 60s}\n")
CALLED = DOCUMENT.replace(STEPS, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")
VERIFIED_ONLY = CALLED + "\nlimits: {verified_only: true}\n"
WAIVE = "\nwaivers: [{check: coverage-hole, at: policies.urgent, because: A test}]\n"
HINTED = Answers(after=4, script=[Hears("Press 1") >> Press("9")])


async def known(night: Night, number: str) -> set[str]:
    """What is known of the number."""
    await night.settle()
    rows = await night.sql("SELECT * FROM number_facts WHERE number = :number", number=number)
    columns = ("verified", "unreachable", "stopped", "landline")
    return {name for row in rows for name in columns if getattr(row, f"{name}_at") is not None}


async def holes(night: Night) -> list[str]:
    """Why the coming week has holes, as the API tells it."""
    await night.settle()
    await night.parts.plans.refresh()
    desk = await front_desk(night)
    answer = await desk.asks("GET", "/coverage?to=2026-11-29T02:10:00-05:00")
    return [why for hole in answer.json()["holes"] for why in hole["because"]]


async def page_chen(night: Night, seconds: float = 30, caller: str = PARENT) -> None:
    """A caller asks for a doctor, and leaves once Chen has been paged."""
    call = await holds(night, caller)
    await night.passes(seconds)
    await call.hang_up()
    await night.settle()


# ---- stopped, and started again -----------------------------------------------------------------------------------


async def test_who_answers_stop_is_a_hole_where_only_texts_reach_them_until_they_text_start(stage: Stage):
    night = await stage(document=TEXTED)
    assert await holes(night) == []
    await night.phone(CHEN).text("STOP", PRACTICE)
    assert await holes(night) == ["Dr. Ana Chen's number cannot be texted"]
    assert await known(night, CHEN) == {"stopped"}
    await night.phone(CHEN).text("START", PRACTICE)
    assert await holes(night) == []
    assert await known(night, CHEN) == set()


async def test_stop_and_start_in_one_breath_leave_nothing(night: Night):
    await night.phone(CHEN).text("STOP", PRACTICE)
    await night.settle()
    await night.phone(CHEN).text("START", PRACTICE)
    assert await known(night, CHEN) == set()


async def test_stop_is_learnt_from_twilios_refusal_too_and_a_text_that_arrives_undoes_it(night: Night):
    night.exchange.messaging.stopped.add((CHEN, PRACTICE))
    await page_chen(night)
    assert await known(night, CHEN) == {"stopped"}
    night.exchange.messaging.stopped.clear()
    await night.parts.plans.refresh()
    await page_chen(night, 200)
    assert await known(night, CHEN) == set()


async def test_a_late_report_of_a_text_that_came_before_stop_does_not_undo_it(night: Night):
    night.phone(CHEN).sms_behaviour = Delivered(after=20)
    call = await holds(night)
    await night.passes(25)
    await night.phone(CHEN).gets_text("Reply 1")
    await night.phone(CHEN).text("STOP", PRACTICE)
    await night.settle()
    await night.parts.plans.refresh()
    await night.passes(30)
    assert await known(night, CHEN) == {"stopped"}
    await call.hang_up()


async def test_of_a_patients_number_nothing_is_learnt(night: Night):
    await night.phone(PARENT).text("STOP", PRACTICE)
    await page_chen(night)
    assert await night.sql("SELECT 1 FROM number_facts WHERE number = :number", number=PARENT) == []


# ---- a key ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [TAKES, PASSES, HINTED], ids=["takes", "passes", "presses anything"])
async def test_a_key_on_a_clinicians_leg_verifies_the_number(stage: Stage, behaviour: Answers):
    night = await stage(document=VERIFIED_ONLY + WAIVE)
    assert "Dr. Ana Chen has no verified number" in await holes(night)
    night.phone(CHEN).behaviour = behaviour
    await page_chen(night)
    assert await known(night, CHEN) == {"verified"}
    assert "Dr. Ana Chen has no verified number" not in await holes(night)


async def test_a_key_on_a_leg_that_the_caller_dials_verifies_it_too(night: Night):
    night.exchange.rest_faults.refuse(401, 20003, times=99, method="POST")
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=200)
    await call.hang_up()
    assert await known(night, CHEN) == {"verified"}


async def test_a_number_that_only_rings_is_not_verified(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    await page_chen(night)
    assert await known(night, CHEN) == set()


# ---- what Twilio says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [21211, 21214, 21215, 21216, 21217, 21219])
async def test_a_number_that_twilio_will_not_call_is_a_hole_until_it_does(stage: Stage, code: int):
    night = await stage(document=CALLED)
    night.exchange.rest_faults.refuse(400, code, times=99, resource="Calls", method="POST")
    await page_chen(night, 5)
    assert await known(night, CHEN) == {"unreachable"}
    assert "Dr. Ana Chen's numbers cannot be called" in await holes(night)
    night.exchange.rest_faults.clear()
    night.phone(CHEN).behaviour = NoAnswer()
    await page_chen(night, 10, OTHER_PARENT)
    assert await known(night, CHEN) == set()


@pytest.mark.parametrize(
    ("status", "code"), [(401, 20003), (403, 21216), (429, 20429), (500, 20500), (400, 21606), (400, 21205)]
)
async def test_what_fails_for_everybody_teaches_nothing_of_a_number(night: Night, status: int, code: int):
    night.exchange.rest_faults.refuse(status, code, times=2, method="POST")
    night.phone(CHEN).behaviour = NoAnswer()
    await page_chen(night, 5)
    assert await known(night, CHEN) == set()


@pytest.mark.parametrize("code", [21211, 21408, 21608, 21612, 21614, 21635])
async def test_a_number_that_twilio_will_not_text(stage: Stage, code: int):
    night = await stage(document=TEXTED)
    night.exchange.rest_faults.refuse(400, code, times=99, resource="Messages", method="POST")
    await page_chen(night, 5)
    assert await known(night, CHEN) == {"landline"}
    assert "Dr. Ana Chen's number cannot be texted" in await holes(night)


async def test_a_landline_is_known_from_the_report_and_forgotten_when_a_text_arrives(night: Night):
    night.phone(CHEN).sms_behaviour = Undelivered(30006)
    await page_chen(night)
    assert await known(night, CHEN) == {"landline"}
    night.phone(CHEN).sms_behaviour = Delivered()
    await night.parts.plans.refresh()
    await page_chen(night, 200)
    assert await known(night, CHEN) == set()


@pytest.mark.parametrize("code", [30003, 30004, 30005, 30007, 30008])
async def test_a_phone_that_may_be_off_is_no_landline(night: Night, code: int):
    night.phone(CHEN).sms_behaviour = Undelivered(code)
    await page_chen(night)
    assert await known(night, CHEN) == set()


async def test_texts_about_shifts_teach_as_well(night: Night):
    night.phone(PATEL).mobile = False
    desk = await front_desk(night)
    window = {"starts_at": "2026-11-22T03:00:00-05:00", "ends_at": "2026-11-22T06:00:00-05:00"}
    swap = await desk.does("/swaps", {"schedule": "primary", "member": "chen", "reason": "A recital", **window})
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await night.worker.sweep()
    await night.passes(30)
    assert any("Dr. Mira Patel has primary" in text for text in texts(night, CHEN))
    assert await known(night, PATEL) == {"landline"}


# ---- it costs nothing -----------------------------------------------------------------------------------------------


async def test_an_acceptance_does_not_fail_where_nothing_can_be_learnt(night: Night, logged: list[str]):
    await night.sql("ALTER TABLE number_facts RENAME TO lost")
    night.phone(CHEN).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    assert any("number_not_learnt" in line for line in logged)
    assert not any(CHEN in line for line in logged if "number_not_learnt" in line)
    await night.sql("ALTER TABLE lost RENAME TO number_facts")


async def test_an_acceptance_does_not_wait_for_what_is_learnt(night: Night):
    night.phone(CHEN).behaviour = TAKES
    async with night.parts.database.engine.connect() as other:
        await other.execute(
            text("INSERT INTO number_facts (practice, number) VALUES ('maple-pediatrics', :n)"), {"n": CHEN}
        )
        call = await holds(night)
        await call.talks_to(night.phone(CHEN))
        await call.hang_up()
        assert await known(night, CHEN) == set()
        await other.commit()
    for _ in range(100):
        if "verified" in await known(night, CHEN):
            break
    assert await known(night, CHEN) == {"verified"}


async def test_what_is_known_is_not_asked_for_again(night: Night, logged: list[str]):
    night.phone(CHEN).behaviour = TAKES
    await page_chen(night)
    await night.parts.plans.refresh()
    logged.clear()
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=200)
    await call.hang_up()
    assert night.rung(CHEN) >= 2
    assert not any("number_learnt" in line for line in logged)
    assert night.rung(OSEI) == 0
