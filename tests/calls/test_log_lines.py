"""Every line that a night logs names its call or its page."""

from telephony.emulator import Voicemail
from tests.calls.callers import TAKES, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI

_OF_NOBODY = ("plan_", "migrat", "journal_replayed", "operators_alerted")


async def test_every_line_of_a_night_names_its_call_and_a_pages_its_page(night: Night, logged: list[str]):
    night.phone(CHEN).behaviour = Voicemail(after=15)
    night.phone(OSEI).behaviour = TAKES
    logged.clear()
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    await call.hang_up()
    await night.settle()
    page = (await night.page()).id
    ours = [line for line in logged if "'event'" in line and not any(word in line for word in _OF_NOBODY)]
    assert any("page_advanced" in line for line in ours)
    assert any("call_ended" in line for line in ours)
    for line in ours:
        assert call.sid in line, line
    assert all(page in line for line in ours if "page_advanced" in line)
