"""Clinicians are let be: quiet hours that only urgent pages break, and a limit to how often one of them is rung."""

import pytest
from sqlalchemy import text
from whenever import TimeDelta

from escalation.page import Page
from storage.disturbing import disturbed
from telephony.emulator import Answers, Busy, Hears, NoAnswer, Press
from tests.calls.callers import TAKES, asks_for_a_doctor, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, OTHER_PARENT, PARENT, PATEL, RUIZ, SAMPLE, SERVICE, STRANGER
from tests.calls.test_swapped import texts

DOCTORS = (CHEN, OSEI, PATEL)
HOUR = 3600
NOT_URGENT = ("    hold_at_most: 3m\n", "    hold_at_most: 3m\n    urgent: false\n")


def document(*edits: tuple[str, str], quiet: tuple[str, ...] = ()) -> str:
    text = SAMPLE.read_text()
    for member in quiet:
        edits = (*edits, (f"{{id: {member}, ", f'{{id: {member}, quiet: "22:00-07:00", '))
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def rung(night: Night, *numbers: str) -> list[int]:
    return [night.rung(number) for number in numbers]


async def test_an_urgent_page_wakes_who_has_quiet_hours(stage: Stage):
    night = await stage(document=document(quiet=("chen", "osei", "patel", "ruiz")))
    night.phone(CHEN).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected")
    assert rung(night, *DOCTORS) == [1, 0, 0]
    await call.hang_up()


async def test_what_is_not_urgent_waits_for_the_morning_and_the_caller_is_told_so(stage: Stage):
    night = await stage(document=document(NOT_URGENT, quiet=("chen", "osei", "patel", "ruiz")))
    for number in DOCTORS:
        night.phone(number).behaviour = Answers(
            after=2, script=[Hears("Press 1") >> Press("1") >> Hears("call them back now") >> Press("1")], talk_for=20
        )
    night.phone(PARENT).behaviour = Answers(after=3, script=[Hears("press any key") >> Press("5")], talk_for=60)
    call = await holds(night)
    await call.hears("We do not wake our clinicians for this, and one will call you back.")
    await call.hears("To speak with a person now, press 1")
    await call.hang_up()
    await night.passes(4 * HOUR + 45 * 60)
    assert (rung(night, *DOCTORS), [texts(night, number) for number in DOCTORS]) == ([0, 0, 0], [[], [], []])
    page = await night.page()
    assert (page.state, page.due.isoformat()) == ("paging", "2026-11-22T12:00:00+00:00")
    await night.passes(10 * 60)
    assert rung(night, *DOCTORS) == [1, 0, 0]
    assert (await night.page()).state == "resolved"
    assert texts(night, OPERATOR) == []


async def test_who_does_not_want_to_wait_is_put_through_to_a_person(stage: Stage):
    night = await stage(document=document(NOT_URGENT, quiet=("chen", "osei", "patel", "ruiz")))
    night.phone(SERVICE).behaviour = Answers(after=2, talk_for=20)
    call = await holds(night)
    await call.hears("To speak with a person now, press 1")
    await call.press("1")
    await call.hears("We are connecting you to a person")
    await night.passes(30)
    assert (night.rung(SERVICE), rung(night, *DOCTORS)) == (1, [0, 0, 0])
    await call.hang_up()


async def test_where_there_is_nobody_else_a_message_is_offered_and_taken(stage: Stage):
    nobody = ("last_resort: {transfer: answering_service, alert: operators}", "last_resort: {alert: operators}")
    night = await stage(document=document(NOT_URGENT, nobody, quiet=("chen", "osei", "patel", "ruiz")))
    call = await holds(night)
    await call.hears("We do not wake our clinicians for this, and one will call you back.")
    await call.hears("To leave a message, stay on the line. To be called back, you may hang up.")
    await call.hears("After the tone", within=60)
    assert "speak with a person" not in str(call.transcript)
    await call.hang_up()


async def test_the_callers_own_line_lets_them_be_too(stage: Stage):
    night = await stage(document=document(NOT_URGENT, quiet=("chen", "osei", "ruiz")))
    night.exchange.rest_faults.refuse(503, 20503, resource="Calls", method="POST", times=1000)
    call = await holds(night)
    await night.passes(600)
    assert rung(night, CHEN, OSEI) == [0, 0]
    assert night.rung(PATEL) > 0
    await call.hang_up()


async def test_who_has_no_quiet_hours_is_paged_meanwhile(stage: Stage):
    night = await stage(document=document(NOT_URGENT, quiet=("chen", "patel")))
    night.phone(OSEI).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected")
    assert rung(night, *DOCTORS) == [0, 1, 0]
    assert texts(night, CHEN) == []
    await call.hang_up()


async def test_only_calls_that_were_placed_are_counted(stage: Stage):
    night = await stage()
    call = await holds(night)
    await night.passes(70)
    await call.hang_up()
    page = (await night.page()).id
    asked = Page(page, "maple-pediatrics", "urgent", "urgent", night.timeline.now())
    since = night.timeline.now() - TimeDelta(hours=1)
    async with night.parts.database.transaction() as connection:
        before = (await disturbed(connection, asked, [CHEN, OSEI], night.timeline.now(), since)).rung
        assert before[CHEN] == night.rung(CHEN) > 0
        await connection.execute(text("UPDATE deliveries SET tries = 0 WHERE address = :chen"), {"chen": CHEN})
        after = (await disturbed(connection, asked, [CHEN, OSEI], night.timeline.now(), since)).rung
    assert CHEN not in after


@pytest.mark.parametrize("by", ["[call, sms]", "[call]"])
async def test_callers_for_one_clinician_wait_in_line_and_the_oldest_is_next(stage: Stage, by: str):
    lone = SAMPLE.read_text()
    steps = lone[lone.index("    steps:\n") : lone.index("    repeat: 2")]
    night = await stage(document=lone.replace(steps, f"    steps:\n      - {{page: [chen], by: {by}, for: 10m}}\n"))
    night.phone(CHEN).behaviour = TAKES
    first = await holds(night, PARENT)
    await first.talks_to(night.phone(CHEN))
    night.phone(CHEN).behaviour = Busy()
    second = await holds(night, OTHER_PARENT)
    await second.hears("Our clinician is speaking with another caller. Please stay on the line.", within=60)
    await second.hears("You are number 1 in line.", within=10)
    third = await holds(night, STRANGER)
    await third.hears("You are number 2 in line.", within=60)
    night.phone(CHEN).behaviour = TAKES
    await first.hang_up()
    await second.talks_to(night.phone(CHEN), within=60)
    assert night.rung(CHEN) == 4, "each of the three once, and the second again when she was free"
    await second.hang_up()
    await third.talks_to(night.phone(CHEN), within=60)
    await third.hang_up()
    await night.settle()
    owners = await night.sql("SELECT accepted_by, state FROM pages")
    assert [tuple(row) for row in owners] == [("chen", "resolved")] * 3


def alone(repeat: int) -> str:
    """A practice of one clinician, who is only called, for 10 minutes each round."""
    text = SAMPLE.read_text()
    begins, ends = text.index("    steps:\n"), text.index("    repeat: 2")
    steps = f"    steps:\n      - {{page: [chen], by: [call], for: 10m}}\n    repeat: {repeat}"
    return text[:begins] + steps + text[ends + len("    repeat: 2") :]


async def last_resorts(night: Night) -> list[float | None]:
    """Of each page, the oldest first: seconds until its last resort, None where it has not come to it."""
    rows = await night.sql(
        "SELECT p.opened_at, (SELECT min(e.at) FROM page_events e, jsonb_array_elements_text(e.trail) AS line"
        " WHERE e.page = p.id AND line LIKE 'Last resort:%') AS ends FROM pages p ORDER BY p.opened_at"
    )
    return [(row.ends - row.opened_at).total_seconds() if row.ends else None for row in rows]


async def test_two_pages_that_ring_the_same_sleeper_do_not_wait_for_each_other(stage: Stage):
    night = await stage(document=alone(repeat=2))
    night.phone(CHEN).behaviour = NoAnswer()
    night.phone(SERVICE).behaviour = Answers(after=2, talk_for=30)
    for number in (PARENT, OTHER_PARENT):
        call = await asks_for_a_doctor(night, number)
        await call.hang_up()
        await night.passes(12)
    await night.passes(200)
    ends = await last_resorts(night)
    assert all(end is not None and end < 150 for end in ends), ends


@pytest.mark.parametrize("stays", [True, False])
async def test_who_is_in_line_waits_for_the_end_of_the_talk_whether_they_hold_or_not(stage: Stage, stays: bool):
    night = await stage(document=alone(repeat=0))
    night.phone(CHEN).behaviour = TAKES
    first = await holds(night, PARENT)
    await first.talks_to(night.phone(CHEN))
    night.phone(CHEN).behaviour = Busy()
    second = await (holds if stays else asks_for_a_doctor)(night, OTHER_PARENT)
    if not stays:
        await second.hang_up()
    await night.passes(120)
    assert await last_resorts(night) == [None, None]
    assert night.rung(SERVICE) == 0
    night.phone(CHEN).behaviour = NoAnswer()
    await first.hang_up()
    await night.phone(CHEN).rings(within=10)


async def test_who_is_next_in_line_is_rung_for_when_the_one_before_was_in_vain(stage: Stage):
    night = await stage(document=alone(repeat=0))
    night.phone(CHEN).behaviour = TAKES
    first = await holds(night, PARENT)
    await first.talks_to(night.phone(CHEN))
    night.phone(CHEN).behaviour = Busy()
    for number in (OTHER_PARENT, STRANGER):
        call = await asks_for_a_doctor(night, number)
        await call.hang_up()
    await night.passes(20)
    night.phone(CHEN).behaviour = NoAnswer()
    await first.hang_up()
    await night.passes(90)
    rings = await night.sql(
        "SELECT max(d.attempt) AS attempts FROM deliveries d JOIN pages p ON p.id = d.page"
        " WHERE d.means = 'call' AND d.member = 'chen' GROUP BY p.id ORDER BY p.opened_at, p.id"
    )
    assert [row.attempts for row in rings] == [1, 2, 2], "both that waited had her rung once more"


@pytest.mark.parametrize(("most", "times"), [("3", 4), ("null", 9)])
async def test_who_was_rung_often_is_spared_further_rounds_but_not_a_new_caller(stage: Stage, most: str, times: int):
    night = await stage(
        document=document(("rotations:\n", f"limits: {{rings: {most}, rings_within: 1h}}\nrotations:\n"))
    )
    night.phone(CHEN).behaviour = Busy()
    for number in (OSEI, PATEL, RUIZ):
        night.phone(number).behaviour = NoAnswer()
    first = await holds(night)
    await first.hang_up()
    await night.passes(12 * 60)
    # Once more than the limit: at the end of the last round nobody else was left to be called.
    assert night.rung(CHEN) == times
    assert night.rung(PATEL) >= 3
    night.phone(CHEN).behaviour = TAKES
    second = await asks_for_a_doctor(night, OTHER_PARENT)
    await second.hears("You are connected")
    assert night.rung(CHEN) == times + 1
    await second.hang_up()
