"""Monday at 10: the desk answers, or is busy, or does not; callers wait in line."""

from telephony.emulator import Answers, Busy, Hears, NoAnswer, Press, Voicemail
from tests.calls.callers import TAKES
from tests.calls.night import Night
from tests.calls.people import CHEN, DESK_1, DESK_2, OSEI, OTHER_PARENT, PARENT, PATEL, RUIZ, STRANGER


async def both_lines_are_taken(day: Night):
    """Two callers talk to the desk."""
    day.phone(DESK_1).behaviour, day.phone(DESK_2).behaviour = Answers(after=2), Busy()
    first = await day.calls(OTHER_PARENT)
    await first.talks_to(day.phone(DESK_1))
    day.phone(DESK_1).behaviour, day.phone(DESK_2).behaviour = Busy(), Answers(after=2)
    second = await day.calls(STRANGER)
    await second.talks_to(day.phone(DESK_2))
    return first, second


async def waits_in_line(day: Night, number: str = PARENT):
    call = await day.calls(number)
    await call.hears("To wait on the line")
    await call.press("3")
    await call.hears("To stop holding and be called back, press star")
    return call


async def test_the_desk_answers_and_the_caller_hangs_up_first(day: Night):
    day.phone(DESK_1).behaviour = Answers(after=3)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    await call.waits(30)
    await call.hang_up()
    record = await day.record()
    assert (record.outcome, record.answered_by) == ("transferred", "front_desk")
    assert record.answered_at is not None


async def test_the_desk_answers_and_the_desk_hangs_up_first(day: Night):
    day.phone(DESK_2).behaviour = Answers(after=3, talk_for=40)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_2))
    await call.hears("Goodbye", within=60)
    await call.is_over()
    record = await day.record()
    assert (record.outcome, record.answered_by) == ("transferred", "front_desk")
    assert 38 <= (record.ended_at - record.answered_at).total_seconds() <= 45


async def test_the_desk_sees_who_calls(day: Night):
    day.phone(DESK_1).behaviour = Answers(after=3)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    assert day.phone(DESK_1).calls[0].leg.from_ == PARENT
    await call.hang_up()


async def test_a_desk_that_does_not_answer_leads_to_the_overflow(day: Night):
    for desk in (DESK_1, DESK_2):
        day.phone(desk).behaviour = NoAnswer()
    call = await day.calls(PARENT)
    await call.hears("If this is an emergency, hang up and dial 9 1 1", within=60)
    await call.hears("helping other families")
    await call.hang_up()
    assert (await day.record()).outcome == "abandoned"
    assert ("destination rung", "front_desk: no answer", "") in await day.notes()


async def test_both_lines_busy_leads_to_the_overflow_without_ringing(day: Night):
    first, second = await both_lines_are_taken(day)
    rung = day.rung(DESK_1)
    call = await day.calls(PARENT)
    await call.hears("helping other families")
    assert day.rung(DESK_1) == rung
    await call.hang_up()
    assert "overflow" in (await day.record(call)).decided
    await first.hang_up()
    await second.hang_up()


async def test_a_line_that_became_free_is_rung_again(day: Night):
    first, second = await both_lines_are_taken(day)
    await first.hang_up()
    await day.settle()
    day.phone(DESK_1).behaviour = Answers(after=2)
    call = await day.calls(PARENT)
    await call.talks_to(day.phone(DESK_1))
    await call.hang_up()
    await second.hang_up()


async def test_an_emergency_from_the_overflow_reaches_the_doctor(day: Night):
    for desk in (DESK_1, DESK_2):
        day.phone(desk).behaviour = Busy()
    for number in (CHEN, OSEI, PATEL, RUIZ):
        day.phone(number).behaviour = TAKES
    call = await day.calls(PARENT)
    await call.hears("If your child needs a doctor now", within=60)
    await call.press("1")
    await call.hears("You are connected", within=120)
    await call.talks_to(day.phone(OSEI))
    await call.hang_up()
    assert (await day.record()).outcome == "connected"


async def test_waiting_in_line_the_place_is_said_and_the_desk_takes_the_call_with_1(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    await call.hears("You are number 1 in line", within=30)
    day.phone(DESK_1).behaviour = Answers(after=2, script=[Hears("Press 1 to take the call") >> Press("1")])
    await first.hang_up()
    await call.talks_to(day.phone(DESK_1), within=120)
    await call.waits(20)
    await call.hang_up()
    record = await day.record(call)
    assert (record.outcome, record.answered_by) == ("transferred", "front_desk")
    await second.hang_up()


async def test_the_desk_that_took_a_caller_from_the_line_hangs_up_first(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    day.phone(DESK_1).behaviour = Answers(
        after=2, script=[Hears("Press 1 to take the call") >> Press("1")], talk_for=30
    )
    await first.hang_up()
    await call.talks_to(day.phone(DESK_1), within=120)
    await call.hears("Goodbye", within=60)
    await call.is_over()
    assert (await day.record(call)).outcome == "transferred"
    await second.hang_up()


async def test_two_in_line_hear_their_own_places(day: Night):
    first, second = await both_lines_are_taken(day)
    one = await waits_in_line(day, PARENT)
    two = await waits_in_line(day, "+16175550182")
    assert "You are number 2 in line." in two.heard
    await day.passes(60)
    assert "You are number 1 in line." not in two.heard
    await one.hears("You are number 1 in line", within=60)
    await one.hang_up()
    await two.hears("You are number 1 in line", within=60)
    await two.hang_up()
    await first.hang_up()
    await second.hang_up()
    assert [(await day.record(call)).outcome for call in (one, two)] == ["abandoned", "abandoned"]


async def test_a_voicemail_at_the_desk_takes_nobody_out_of_the_line(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    day.phone(DESK_1).behaviour = Voicemail(after=3)
    await first.hang_up()
    await day.passes(60)
    assert not call.ended
    await call.hears("You are number 1 in line", within=60)
    assert day.rung(DESK_1) >= 2
    await call.hang_up()
    await second.hang_up()


async def test_waiting_too_long_leads_on_to_a_call_back(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    await call.hears("We will call you back as soon as we can", within=700)
    await call.press("1")
    await call.hears("You are on our list", within=60)
    await call.is_over()
    assert (await day.record(call)).outcome == "call-back queued"
    await first.hang_up()
    await second.hang_up()


async def test_star_in_line_leads_to_a_call_back(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    await call.press("*")
    await call.hears("We will call you back as soon as we can", within=30)
    await call.hears("If that number is right")
    await call.press("1")
    await call.is_over(within=60)
    assert (await day.record(call)).outcome == "call-back queued"
    await first.hang_up()
    await second.hang_up()


async def test_hanging_up_in_line_is_abandoned_and_frees_the_place(day: Night):
    first, second = await both_lines_are_taken(day)
    call = await waits_in_line(day)
    await call.hang_up()
    assert (await day.record(call)).outcome == "abandoned"
    await first.hang_up()
    await second.hang_up()


async def test_silence_in_the_overflow_is_a_call_back_request(day: Night):
    for desk in (DESK_1, DESK_2):
        day.phone(desk).behaviour = Busy()
    call = await day.calls(PARENT)
    await call.is_over(within=300)
    assert (await day.record()).outcome == "call-back queued"
    assert (await day.message()).category == "callback"


async def test_a_withheld_caller_is_put_through_under_the_practices_number(day: Night):
    day.phone(DESK_1).behaviour = Answers(after=3)
    call = await day.calls(PARENT, caller_id="anonymous")
    await call.talks_to(day.phone(DESK_1))
    assert day.phone(DESK_1).calls[0].leg.from_ == "+16175550100"
    await call.hang_up()
