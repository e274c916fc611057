"""A doctor calls the practice's number from their own phone: with the PIN they take the page, and reach the patient."""

import pytest

from escalation.events import Accepted, AcceptedBy
from storage import pins
from telephony.emulator import PhoneCall
from tests.calls.callers import PATIENT_ANSWERS, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, PARENT, PRACTICE, RUIZ

PIN = "470219"


@pytest.fixture(autouse=True)
async def with_pins(night: Night) -> None:
    async with night.parts.database.transaction() as connection:
        for member in ("chen", "osei"):
            await pins.set_pin(
                connection, night.parts.ring, "maple-pediatrics", member, PIN, "test", night.timeline.now()
            )


async def missed(night: Night) -> None:
    """A parent asks for a doctor and hangs up; nobody picks up so far."""
    call = await holds(night)
    await call.hang_up()
    await night.passes(40)


async def enters(call: PhoneCall, pin: str = PIN) -> None:
    await call.hears("Enter your PIN, then press pound")
    await call.press(f"{pin}#")


async def test_the_doctor_calls_in_takes_the_page_and_calls_the_patient_back_from_the_practices_number(night: Night):
    await missed(night)
    night.phone(PARENT).behaviour = PATIENT_ANSWERS
    call = await night.calls(CHEN)
    await call.hears("A page waits for you")
    await enters(call)
    await call.hears("urgent page, a call-back is wanted. Press 1 to take it")
    await call.press("1")
    await call.hears("Press 1 to call them back now")
    await call.press("1")
    await call.talks_to(night.phone(PARENT), within=60)
    assert night.phone(PARENT).calls[-1].leg.from_ == PRACTICE
    await call.waits(60)
    await call.hang_up()
    page = await night.page()
    assert (page.state, page.accepted_by) == ("resolved", "chen")
    record = await night.record(call)
    assert (record.outcome, record.decided) == ("informed", "staff")
    assert "Dr. Ana Chen has called in" in await night.trail()
    rung = night.rung(OSEI)
    await night.passes(1200)
    assert night.rung(OSEI) == rung, "nobody is woken any more"
    assert [PIN in str(row) for row in await night.sql("SELECT * FROM pins")] == [False, False]


async def test_who_took_it_by_text_calls_in_and_is_connected_with_the_caller_who_holds(night: Night):
    caller = await holds(night)
    await night.passes(20)
    night.exchange.text_in(CHEN, PRACTICE, "1")
    await night.settle()
    call = await night.calls(CHEN)
    await enters(call)
    await call.hears("you took the urgent page, and the caller is on the line. Press 1 to be connected")
    await call.press("1")
    await call.talks_to(caller, within=60)
    await call.hang_up()
    await night.settle()
    assert (await night.page()).state == "resolved"
    await caller.hang_up()


async def test_a_doctor_who_hangs_up_without_a_key_has_taken_nothing(night: Night):
    await missed(night)
    call = await night.calls(CHEN)
    await enters(call)
    await call.hears("Press 1 to take it")
    await call.hang_up()
    await night.settle()
    page = await night.page()
    assert (page.state, page.accepted_by) == ("paging", None)
    assert "The call to Dr. Ana Chen came to nothing: they hung up" in await night.trail()
    rung = night.rung(OSEI)
    await night.passes(120)
    assert night.rung(OSEI) > rung, "the page has gone on"


async def test_a_wrong_pin_opens_nothing_and_after_three_the_menu_is_heard(night: Night):
    await missed(night)
    call = await night.calls(CHEN)
    await enters(call, "1111")
    for pin in ("2222", "3333"):
        await call.hears("That is not your PIN")
        await enters(call, pin)
    await call.hears("If this is an emergency, hang up and dial 9 1 1")
    await call.hang_up()
    assert (await night.page()).accepted_by is None
    assert "called in" not in await night.trail()


async def test_after_five_wrong_pins_even_the_right_one_is_not_taken_for_a_while_and_the_operators_know(night: Night):
    await missed(night)
    for tries in (3, 2):
        call = await night.calls(CHEN)
        for _ in range(tries):
            await enters(call, "9999")
        await night.settle()
        await call.hang_up()
    assert any("5 wrong PINs in a row" in why for why in await night.alerts())
    await night.phone(OPERATOR).gets_text("5 wrong PINs in a row for Dr. Ana Chen")
    call = await night.calls(CHEN)
    await enters(call)
    await call.hears("dial 9 1 1")
    await call.hang_up()
    await night.passes(901)
    call = await night.calls(CHEN)
    await enters(call)
    await call.hears("Press 1 to take it")
    await call.hang_up()


@pytest.mark.parametrize(
    ("number", "opened"), [(CHEN, False), (RUIZ, True), (PARENT, True)], ids=["no page", "no PIN", "no staff"]
)
async def test_anybody_else_hears_the_menu_at_once(night: Night, number: str, opened: bool):
    if opened:
        await missed(night)
    call = await night.calls(number)
    await call.hears("dial 9 1 1")
    assert not any("PIN" in line for line in call.heard)
    await call.hang_up()


async def test_a_doctor_who_calls_about_their_own_child_waits_and_hears_the_menu(night: Night):
    await missed(night)
    call = await night.calls(CHEN)
    await call.hears("For the menu, please wait")
    await call.hears("If this is an emergency, hang up and dial 9 1 1", within=15)
    await call.press("1")
    await call.hears("If that number is right")
    await call.hang_up()


async def test_a_page_that_somebody_else_has_taken_meanwhile_is_said_and_the_menu_follows(night: Night):
    await missed(night)
    await night.passes(120)
    call = await night.calls(CHEN)
    await call.hears("Enter your PIN")
    night.exchange.text_in(OSEI, PRACTICE, "1")
    await night.settle()
    await call.press(f"{PIN}#")
    await call.hears("No page waits for you any more")
    await call.hears("dial 9 1 1")
    await call.hang_up()
    assert (await night.page()).accepted_by == "osei"


async def test_a_repeated_webhook_of_the_pin_makes_no_second_leg(night: Night):
    await missed(night)
    night.exchange.repeat_webhooks = lambda _request: True
    call = await night.calls(CHEN)
    await enters(call)
    await call.hears("Press 1 to take it")
    assert (await night.trail()).count("Dr. Ana Chen has called in") == 1
    await call.hang_up()


async def test_who_cannot_take_it_is_not_taken_for_somebody_elses_call_where_only_its_time_changed(night: Night):
    """By a plan that stands in for the page's own, what was due at one time may be due at another."""
    await missed(night)
    (page,) = await night.sql("SELECT id FROM pages")
    await night.parts.site.paging.happen(page.id, Accepted("chen", AcceptedBy.LINK))
    await night.sql("UPDATE pages SET body = jsonb_set(body::jsonb, '{due}', '\"2026-11-23T07:00:00Z\"')")
    calls = "SELECT attempt, sid FROM deliveries ORDER BY attempt"
    before = await night.sql(calls)
    stored, number = await night.parts.site.paging.dialled_in(page.id, "osei", OSEI, "CA" + "9" * 32)
    assert (stored.page.accepted_by, number) == ("chen", None)
    assert stored.page.due is not None
    assert stored.page.due.format_iso() != "2026-11-23T07:00:00Z"
    assert await night.sql(calls) == before
