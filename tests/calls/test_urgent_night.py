"""A parent calls at 02:10 on a Sunday and presses 1."""

from telephony.emulator import Answers, Hears, Press
from tests.calls.conftest import CHEN, OSEI, PARENT, PATEL, PRACTICE, RUIZ, Night


async def test_the_doctor_on_call_takes_it_and_the_two_talk(night: Night):
    for number in (CHEN, OSEI, PATEL, RUIZ):
        night.phone(number).behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("1")])
    call = await night.phone(PARENT).dial(PRACTICE)
    await call.hears("If this is an emergency, hang up and dial 9 1 1")
    await call.press("1")
    await call.hears("6 1 7, 5 5 5, 0 1 8 0")
    await call.press("1")
    await call.hears("say in a few words what is wrong")
    await call.hears("You are connected")
    await call.talks_to(night.phone(CHEN))
    await call.hang_up()
    record = await night.record()
    assert (record.outcome, record.answered_by, record.category) == ("connected", "chen", "urgent")
    page = await night.page()
    assert page.state == "resolved"
