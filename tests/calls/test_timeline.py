"""The timeline of a call, as a manager reads it the next morning."""

from storage.timeline import Kind, Reader, Timeline, read_timeline
from telephony.emulator import PhoneCall, Voicemail
from tests.calls.callers import TAKES, asks_for_a_doctor
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI, PARENT
from tests.calls.proxy import Wire


async def timeline_of(night: Night, call: PhoneCall, reader: str = "") -> Timeline:
    await night.settle()
    parts = night.parts
    async with parts.database.transaction() as connection:
        who = Reader(reader, night.clock.now()) if reader else None
        found = await read_timeline(connection, parts.ring, parts.plans.version, call.sid, who)
    assert found is not None
    return found


async def test_the_whole_of_an_urgent_night(night: Night):
    night.phone(CHEN).behaviour = Voicemail(after=15)
    night.phone(OSEI).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("say in a few words what is wrong")
    await call.speak("She has a fever of 104 and will not drink", seconds=6)
    await call.press("#")
    await call.talks_to(night.phone(OSEI), within=400)
    await night.passes(100)
    await call.hang_up()
    timeline = await timeline_of(night, call)
    lines = [(entry.kind, entry.text) for entry in timeline.entries]
    for wanted in (
        (Kind.PRESSED, "Presses 1 (To talk to a doctor now)"),
        (Kind.RECORDED, "Speaks for 6 s"),
        (Kind.PAGE_OPENED, "A page is opened (urgent)"),
        (Kind.PAGED, "The SMS to Dr. Ana Chen was delivered"),
        (Kind.ACCEPTED, "Dr. Kofi Osei has taken the page by key"),
        (Kind.CONNECTED, "Dr. Kofi Osei and the patient are connected"),
        (Kind.ENDED, "The call ends after 212 s: connected"),
    ):
        assert wanted in lines, wanted
    assert lines[0][0] is Kind.DECIDED
    assert "Maple Pediatrics is closed" in next(text for kind, text in lines if kind is Kind.HEARD)
    held = next(entry for entry in timeline.entries if entry.kind is Kind.HELD)
    assert held.details["turns"] == 8
    tried = [(each.who, each.means, each.purpose, each.state) for each in timeline.attempts]
    assert tried[1] == ("Dr. Ana Chen", "call", "page", "missed")
    assert tried[4] == ("Dr. Kofi Osei", "call", "page", "accepted")


async def test_private_parts_are_for_a_reader_whose_name_is_kept(night: Night):
    call = await night.calls(PARENT)
    await call.hears("press 2")
    await call.press("1")
    await call.hears("press 2")
    await call.press("2")
    await call.hears("enter the phone number")
    await call.press("6175550133#")
    await call.hears("say in a few words")
    await call.hang_up()
    plain = await timeline_of(night, call)
    assert plain.caller is None
    assert "0133" not in repr(plain)
    assert PARENT not in repr(plain)
    assert await night.sql("SELECT * FROM audit") == []
    opened = await timeline_of(night, call, "a manager")
    assert opened.caller == PARENT
    assert "+16175550133" in [entry.details.get("private") for entry in opened.entries]
    (kept,) = await night.sql("SELECT actor, action, subject FROM audit")
    assert tuple(kept) == ("a manager", "read call", call.sid)


async def test_a_call_under_way_and_one_that_nobody_knows(night: Night):
    call = await night.calls(PARENT)
    await call.hears("press 1")
    timeline = await timeline_of(night, call)
    assert timeline.record.outcome is None
    assert [entry.kind for entry in timeline.entries] == [Kind.DECIDED, Kind.HEARD]
    async with night.parts.database.transaction() as connection:
        assert await read_timeline(connection, night.parts.ring, night.parts.plans.version, "CA0") is None


async def test_a_call_whose_events_came_through_the_journal(wired: Night):
    night = wired
    night.database(Wire.CUT)
    call = await night.calls(PARENT)
    await call.hears("press 1")
    await call.press("2")
    await call.hears("right")
    await call.hang_up()
    await night.settle()
    night.database(Wire.WORKS)
    await night.replay()
    timeline = await timeline_of(night, call)
    assert [entry.kind for entry in timeline.entries[:4]] == [Kind.DECIDED, Kind.HEARD, Kind.PRESSED, Kind.HEARD]
    assert timeline.entries[-1].kind is Kind.ENDED
