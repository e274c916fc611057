"""The start of a shift: told ahead, asked at the start, and who stays on call where nobody answers.

Monday 08:00: Dr. Chen's week ends and Dr. Osei's begins; Dr. Patel has been the backup.
"""

import asyncio
from typing import Any

import pytest
from whenever import Instant, TimeDelta, ZonedDateTime

from nightbell.shift_starts import ShiftStarts
from telephony.emulator import Answers, Hears, NoAnswer, Press, Voicemail
from tests.calls.callers import TAKES, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, OSEI_LANDLINE, PATEL, PRACTICE, RUIZ, SAMPLE
from tests.calls.proxy import Wire
from tests.calls.test_learning import known
from tests.calls.test_swapped import front_desk, texts

DOCUMENT = SAMPLE.read_text()
SCHEDULES = DOCUMENT[DOCUMENT.index("schedules: ") : DOCUMENT.index("policies:\n")]
BACKUP = "backup: {tell: [], layers: [{rotation: physicians, shifted: 1}]}"
TOLD = DOCUMENT.replace(SCHEDULES, f"schedules:\n  primary: {{layers: [physicians]}}\n  {BACKUP}\n\n")
ASKED = TOLD.replace("primary: {layers", "primary: {confirm: {within: 20m}, layers")
DAYTIME = "layers: [{rotation: physicians, only: {mon-fri: ['08:00-18:00']}}]"
BOTH = ASKED.replace(BACKUP, "backup: {confirm: {within: 20m}, layers: [physicians]}")
CONFIRMS = Answers(after=4, script=[Hears("Press 1 to confirm") >> Press("1")])
WEEK = "from 2026-11-23 08:00 to 2026-11-30 08:00"


def at(day: int, hour: int, minute: int = 0) -> Instant:
    return ZonedDateTime(2026, 11, day, hour, minute, tz="America/New_York").to_instant()


BEFORE = at(23, 7, 59)


async def goes_on(night: Night, until: Instant, *others: ShiftStarts, every: float = 30) -> None:
    """Let time pass, with what the worker does every 30 s of it; `others`: more workers."""
    while night.timeline.now() < until:
        left = (until - night.timeline.now()).total("seconds")
        await night.passes(min(every, left))
        await sweeps(night, *others)


async def sweeps(night: Night, *others: ShiftStarts) -> None:
    await night.parts.plans.refresh()
    await asyncio.gather(night.worker.sweep(), *(other.look() for other in others))
    await night.passes(5)


async def on_call(night: Night) -> str:
    desk = await front_desk(night)
    answer = await desk.asks("GET", f"/oncall?schedule=primary&at={night.timeline.now().format_iso()}")
    return str(answer.json()["duties"][0]["member"])


async def notices(night: Night, kind: str = "ask") -> list[Any]:
    await night.settle()
    query = "SELECT member, state FROM shift_notices WHERE kind LIKE :kind ORDER BY id"
    return [tuple(row) for row in await night.sql(query, kind=f"{kind}%")]


def silent(night: Night, *numbers: str) -> None:
    for number in numbers:
        night.phone(number).behaviour = NoAnswer()


# ---- told ahead -----------------------------------------------------------------------------------------------------


async def test_who_goes_on_call_is_told_a_day_and_an_hour_ahead(stage: Stage):
    night = await stage(at(22, 7, 50), document=TOLD)
    await sweeps(night)
    assert texts(night, OSEI) == []
    await goes_on(night, at(22, 8, 2))
    assert texts(night, OSEI) == [f"Maple Pediatrics: You are on call for primary {WEEK}."]
    await goes_on(night, at(23, 6, 50), every=3600)
    assert len(texts(night, OSEI)) == 1
    await goes_on(night, at(23, 8, 30), every=300)
    assert texts(night, OSEI) == [f"Maple Pediatrics: You are on call for primary {WEEK}."] * 2
    assert texts(night, CHEN) == texts(night, PATEL) == []
    assert night.rung(OSEI) == 0


async def test_a_worker_that_was_down_for_a_day_tells_only_once(stage: Stage):
    night = await stage(at(21, 8), document=TOLD)
    await sweeps(night)
    await night.passes(47.5 * 3600)
    await goes_on(night, at(23, 8, 5), every=60)
    assert texts(night, OSEI) == [f"Maple Pediatrics: You are on call for primary {WEEK}."]
    assert await notices(night, "tell") == [("osei", "told")]


async def test_after_the_start_nobody_is_told_of_it(stage: Stage):
    night = await stage(at(23, 8, 1), document=TOLD)
    await sweeps(night)
    assert texts(night, OSEI) == []


async def test_who_has_no_number_for_texts_is_no_trouble(stage: Stage):
    night = await stage(at(23, 7, 30), document=TOLD.replace(', sms: "+16175550122"', ""))
    await sweeps(night)
    assert await notices(night, "tell") == [("osei", "told")]


async def test_many_workers_tell_it_once(stage: Stage):
    night = await stage(at(23, 7, 30), document=TOLD)
    await sweeps(night, *(ShiftStarts(night.parts) for _ in range(7)))
    assert len(texts(night, OSEI)) == 1


SWAP = {"schedule": "primary", "member": "osei", "reason": "Her son Timmy is ill"}
MONDAY = {"starts_at": "2026-11-23T08:00:00-05:00", "ends_at": "2026-11-24T08:00:00-05:00"}


async def test_after_an_override_the_new_one_is_told_at_once_and_the_other_that_they_are_not(stage: Stage):
    night = await stage(at(23, 7, 10), document=TOLD)
    await sweeps(night)
    desk = await front_desk(night)
    made = await desk.does("/overrides", {**SWAP, **MONDAY, "member": "patel", "instead_of": "osei"})
    await goes_on(night, at(23, 7, 12))
    window = "from 2026-11-23 08:00 to 2026-11-24 08:00"
    assert texts(night, PATEL) == [f"Maple Pediatrics: You are on call for primary {window}."]
    (_, second, *rest) = texts(night, OSEI)
    # On Tuesday at 08:00 they are on call all the same, which lies within a day and an hour of nothing yet.
    assert (second, rest) == (
        f"Maple Pediatrics: You are not on call for primary {WEEK} after all: Dr. Mira Patel is.", []
    )  # fmt: skip
    assert not any("Timmy" in text for text in texts(night, OSEI) + texts(night, PATEL))
    await desk.asks("DELETE", f"/overrides/{made['id']}")
    await goes_on(night, at(23, 7, 14))
    assert texts(night, OSEI)[2:] == [f"Maple Pediatrics: You are on call for primary {WEEK}."]
    assert texts(night, PATEL)[1:] == [
        f"Maple Pediatrics: You are not on call for primary {window} after all: Dr. Kofi Osei is."
    ]


async def test_a_swap_is_told_by_its_own_texts_alone(stage: Stage):
    night = await stage(at(23, 7, 10), document=TOLD)
    await sweeps(night)
    desk = await front_desk(night)
    swap = await desk.does("/swaps", {**SWAP, **MONDAY})
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await goes_on(night, at(23, 7, 14))
    assert len(texts(night, PATEL)) == 1
    assert "instead of Dr. Kofi Osei" in texts(night, PATEL)[0]
    assert len(texts(night, OSEI)) == 2
    assert "Dr. Mira Patel has primary" in texts(night, OSEI)[1]


async def test_who_lost_the_shift_before_the_text_was_sent_is_not_told_of_it(stage: Stage):
    night = await stage(at(23, 7, 10), document=TOLD)
    await night.parts.plans.refresh()
    night.worker_is_dead = True
    await night.worker.sweep()
    desk = await front_desk(night)
    await desk.does("/overrides", {**SWAP, **MONDAY, "member": "patel", "instead_of": "osei"})
    await night.parts.plans.refresh()
    night.worker_is_dead = False
    await night.passes(5)
    assert texts(night, OSEI) == []


# ---- asked at the start ---------------------------------------------------------------------------------------------


async def test_who_presses_1_has_confirmed_and_is_left_alone(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    night.phone(OSEI).behaviour = CONFIRMS
    silent(night, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    call = await night.phone(OSEI).rings()
    assert "Maple Pediatrics: test page. You are on call for primary now." in call.heard[0]
    assert any("Thank you. You are on call for primary." in words for words in call.heard)
    assert "Reply 1 to confirm. Without an answer by 08:20" in texts(night, OSEI)[-1]
    assert await notices(night) == [("osei", "answered")]
    await goes_on(night, at(23, 9), every=300)
    assert (night.rung(OSEI), await on_call(night), await night.alerts()) == (1, "osei", [])
    assert texts(night, CHEN) == texts(night, OPERATOR) == []
    assert "verified" in await known(night, OSEI)


async def test_who_replies_1_has_confirmed(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    await night.phone(OSEI).gets_text("Test page: you are on call for primary until 2026-11-30 08:00. Reply 1")
    await night.phone(OSEI).text("1", PRACTICE)
    await night.phone(OSEI).gets_text("Thank you. You are on call for primary until 2026-11-30 08:00.")
    await goes_on(night, at(23, 9), every=300)
    assert (await notices(night), await on_call(night)) == ([("osei", "answered")], "osei")
    assert await night.alerts() == []


async def test_who_does_not_answer_is_asked_again_and_then_the_one_before_stays_on(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 9))
    assert (night.rung(OSEI), night.rung(OSEI_LANDLINE)) == (1, 1)
    await goes_on(night, at(23, 8, 12))
    assert (night.rung(OSEI), await notices(night)) == (2, [("osei", "asked again")])
    assert await on_call(night) == "osei"
    await goes_on(night, at(23, 8, 22))
    assert await notices(night) == [("osei", "unanswered")]
    assert await on_call(night) == "chen"
    until = "until 2026-11-30 08:00"
    assert texts(night, CHEN) == [
        f"Maple Pediatrics: You stay on call for primary {until}: Dr. Kofi Osei has not answered the test page."
    ]
    assert "Dr. Ana Chen stays on call for primary" in texts(night, OSEI)[-1]
    (alert,) = await night.alerts()
    assert "Dr. Kofi Osei has not answered the test page of primary, on call since 2026-11-23 08:00" in alert
    assert f"Dr. Ana Chen, who was on call before, stays so {until}" in alert
    assert alert in texts(night, OPERATOR)[0]
    (override,) = await night.sql("SELECT * FROM overrides")
    assert (override.author, override.member, override.instead_of) == ("Nightbell", "chen", "osei")
    assert await night.sql_one("SELECT actor FROM audit WHERE action = 'add override'") == "worker"
    await goes_on(night, at(23, 10), every=300)
    assert (night.rung(OSEI), night.rung(CHEN), len(texts(night, CHEN))) == (2, 0, 1)


async def test_a_caller_then_reaches_the_one_who_stayed_on(stage: Stage):
    night = await stage(at(22, 7, 59), document=ASKED.replace("day: mon, ", "day: sun, "))
    silent(night, OSEI, OSEI_LANDLINE, CHEN, PATEL, RUIZ)
    await goes_on(night, at(22, 8, 22))
    before = await on_call(night)
    number = {"chen": CHEN, "osei": OSEI, "patel": PATEL}[before]
    assert await notices(night) != []
    night.phone(number).behaviour = TAKES
    call = await holds(night)
    await call.talks_to(night.phone(number))
    await call.hang_up()
    assert (await night.record()).answered_by == before
    assert await night.sql_one("SELECT member FROM overrides WHERE author = 'Nightbell'") == before


async def test_a_voicemail_does_not_confirm(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    night.phone(OSEI).behaviour = Voicemail(after=5)
    silent(night, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 22))
    assert await notices(night) == [("osei", "unanswered")]
    assert await on_call(night) == "chen"


async def test_a_wrong_key_is_asked_again_and_confirms_nothing(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    night.phone(OSEI).behaviour = Answers(after=4, script=[Hears("Press 1") >> Press("7"), Hears("Goodbye")])
    silent(night, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    assert await notices(night) == [("osei", "asked")]


@pytest.mark.parametrize("how", ["text", "key"])
async def test_who_answers_late_has_the_shift_back_and_the_other_is_released(stage: Stage, how: str):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 5))
    late = (await night.phone(OSEI).rings()) if how == "key" else None
    await goes_on(night, at(23, 8, 22))
    assert await on_call(night) == "chen"
    if late is None:
        await night.phone(OSEI).text("1", PRACTICE)
        await night.phone(OSEI).gets_text("Thank you. You are on call for primary")
    else:
        number = await night.sql_one("SELECT id FROM shift_notices WHERE kind = 'ask'")
        path = f"voice/shift/key?practice=maple-pediatrics&notice={number}"
        form = night.form("CA1", To=OSEI, From=PRACTICE, Digits="1")
        for _ in range(2):
            assert "Thank you" in (await night.post(path, form)).text
    await night.phone(CHEN).gets_text("You are not on call for primary any more: Dr. Kofi Osei is.")
    await goes_on(night, at(23, 8, 40))
    assert (await notices(night), await on_call(night)) == ([("osei", "answered")], "osei")
    assert len(texts(night, CHEN)) == 2
    (_, mended) = await night.alerts()
    assert mended == (
        "Dr. Kofi Osei has answered the test page late and is on call for primary; Dr. Ana Chen is released"
    )
    (override,) = await night.sql("SELECT * FROM overrides")
    assert override.ended_by == "Nightbell"


async def test_where_nobody_was_on_call_before_the_operators_are_told_loudly(stage: Stage):
    night = await stage(BEFORE, document=ASKED.replace("layers: [physicians]", DAYTIME))
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 22))
    (alert,) = await night.alerts()
    assert alert.startswith("NOBODY HAS CONFIRMED primary: Dr. Kofi Osei has not answered")
    assert "nobody was on call before who could stay" in alert
    assert (await on_call(night), await night.sql("SELECT 1 FROM overrides")) == ("osei", [])
    await night.phone(OSEI).text("1", PRACTICE)
    await night.settle()
    assert len(await night.alerts()) == 2


async def test_where_the_one_before_cannot_be_reached_the_alert_says_so(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    await night.sql(
        "INSERT INTO number_facts (practice, number, unreachable_at, stopped_at)"
        " VALUES ('maple-pediatrics', :chen, '2026-11-22T07:00Z', '2026-11-22T07:00Z')",
        chen=CHEN,
    )
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 22))
    assert any("Dr. Ana Chen, who was on call before, cannot stay" in why for why in await night.alerts())
    assert await on_call(night) == "osei"


async def test_who_stays_on_does_so_until_their_time_off(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    desk = await front_desk(night)
    await desk.does(
        "/time-off",
        {"member": "chen", "reason": "A recital", "starts_at": "2026-11-24T08:00:00-05:00",
         "ends_at": "2026-11-25T08:00:00-05:00", "as_proposed": True},
    )  # fmt: skip
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 22))
    (override,) = await night.sql("SELECT * FROM overrides WHERE author = 'Nightbell'")
    assert Instant(override.ends_at) == at(24, 8)
    await goes_on(night, at(24, 8, 30), every=900)
    assert (await on_call(night), len(await notices(night))) == ("osei", 1)


async def test_who_handed_it_over_meanwhile_need_not_answer(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE, PATEL)
    await goes_on(night, at(23, 8, 5))
    desk = await front_desk(night)
    await desk.does("/overrides/hand-over", {"schedule": "primary", "instead_of": "osei", "member": "patel"})
    night.phone(PATEL).behaviour = CONFIRMS
    await goes_on(night, at(23, 8, 40))
    assert await notices(night) == [("osei", "moot"), ("patel", "answered")]
    assert (await on_call(night), await night.alerts()) == ("patel", [])
    await night.phone(OSEI).text("1", PRACTICE)
    await night.phone(OSEI).gets_text("no open page")


async def test_a_swap_in_the_middle_of_a_confirmed_shift_asks_who_takes_it_and_not_who_comes_back(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    night.phone(OSEI).behaviour = night.phone(PATEL).behaviour = CONFIRMS
    silent(night, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    desk = await front_desk(night)
    window = {"starts_at": "2026-11-23T12:00:00-05:00", "ends_at": "2026-11-23T14:00:00-05:00"}
    swap = await desk.does("/swaps", {**SWAP, **window})
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await goes_on(night, at(23, 15), every=300)
    assert await notices(night) == [("osei", "answered"), ("patel", "answered")]


async def test_with_an_open_page_1_means_the_page(stage: Stage):
    night = await stage(at(22, 7, 59), document=ASKED.replace("day: mon, ", "day: sun, "))
    silent(night, CHEN, OSEI, OSEI_LANDLINE, PATEL)
    await goes_on(night, at(22, 8, 2))
    ((member, _),) = await notices(night)
    phone = night.phone({"chen": CHEN, "osei": OSEI, "patel": PATEL}[member])
    call = await holds(night)
    await phone.gets_text("Reply 1 to take it")
    await phone.text("1", PRACTICE)
    await phone.gets_text("is yours")
    assert await notices(night) == [(member, "asked")]
    await phone.text("1", PRACTICE)
    await phone.gets_text("Thank you. You are on call for primary")
    assert await notices(night) == [(member, "answered")]
    await call.hang_up()


async def test_two_schedules_that_begin_at_once_are_one_test_page(stage: Stage):
    night = await stage(BEFORE, document=BOTH)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    asked = [text for text in texts(night, OSEI) if "Test page" in text]
    assert (len(asked), night.rung(OSEI)) == (1, 1)
    assert "primary until 2026-11-30 08:00 and backup until" in asked[0]
    await night.phone(OSEI).text("1", PRACTICE)
    assert await notices(night) == [("osei", "answered"), ("osei", "answered")]


# ---- what breaks ----------------------------------------------------------------------------------------------------


async def test_many_workers_ask_once_and_give_up_once(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    others = [ShiftStarts(night.parts) for _ in range(5)]
    await goes_on(night, at(23, 8, 25), *others)
    assert (night.rung(OSEI), len(await notices(night))) == (2, 1)
    assert (len(texts(night, CHEN)), len(await night.alerts())) == (1, 1)
    assert await night.sql_one("SELECT count(*) FROM overrides") == 1


async def test_a_database_that_fails_in_the_middle_leaves_nothing_half_done(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 12))
    await night.passes(10 * 60)
    await night.sql("ALTER TABLE procrastinate_jobs RENAME TO lost")
    await night.worker.sweep()
    await night.sql("ALTER TABLE lost RENAME TO procrastinate_jobs")
    assert await night.sql("SELECT 1 FROM overrides") == []
    assert await notices(night) == [("osei", "asked again")]
    await goes_on(night, at(23, 8, 30))
    assert (await notices(night), await on_call(night)) == ([("osei", "unanswered")], "chen")
    assert len(await night.alerts()) == 1


async def test_a_worker_that_dies_between_asking_and_the_end_is_taken_over_from(stage: Stage):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    night.worker_is_dead = True
    await night.passes(45 * 60)
    night.worker_is_dead = False
    await night.restart()
    await sweeps(night)
    assert (await notices(night), await on_call(night)) == ([("osei", "unanswered")], "chen")


async def test_a_database_away_when_1_is_pressed_confirms_nothing_and_says_so(stage: Stage):
    night = await stage(BEFORE, document=ASKED, wired=True)
    night.trouble_is_expected = True
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    ring = await night.phone(OSEI).rings()
    await night.phone(OSEI).gets_text("Test page")
    if not ring.ended:
        await ring.answer()
        await ring.hears("Press 1")
        night.database(Wire.CUT)
        await ring.press("1")
        await ring.hears("Please reply 1 to the text instead", within=30)
        night.database(Wire.WORKS)
    assert await notices(night) == [("osei", "asked")]


@pytest.mark.parametrize(("status", "code"), [(500, 20500), (401, 20003), (400, 21211)])
async def test_where_twilio_fails_they_count_as_not_having_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, status: int, code: int
):
    monkeypatch.setattr("telephony.handing.AFTER_UNCERTAIN", 0.01)
    night = await stage(BEFORE, document=ASKED)
    night.exchange.rest_faults.refuse(status, code, times=99, method="POST")
    await goes_on(night, at(23, 8, 22))
    night.exchange.rest_faults.clear()
    assert (await notices(night), await on_call(night)) == ([("osei", "unanswered")], "chen")


async def test_a_test_page_that_is_late_itself_leaves_half_of_the_time(stage: Stage):
    night = await stage(at(23, 8, 18), document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await sweeps(night)
    (row,) = await night.sql("SELECT answer_by, made_at FROM shift_notices WHERE kind = 'ask'")
    assert Instant(row.answer_by) - Instant(row.made_at) == TimeDelta(minutes=10)


async def test_long_after_the_start_nobody_is_asked(stage: Stage):
    night = await stage(at(23, 8, 21), document=ASKED)
    await sweeps(night)
    assert await notices(night) == []


@pytest.mark.parametrize("path", ["voice/shift", "voice/shift/key", "voice/shift/status"])
async def test_nobody_but_twilio_comes_in(stage: Stage, path: str):
    night = await stage(BEFORE, document=ASKED)
    silent(night, OSEI, OSEI_LANDLINE)
    await goes_on(night, at(23, 8, 2))
    number = await night.sql_one("SELECT id FROM shift_notices WHERE kind = 'ask'")
    query = f"{path}?practice=maple-pediatrics&notice={number}"
    for token in (None, "guessed"):
        answer = await night.post(query, night.form("CA1", To=OSEI, Digits="1"), token=token)
        assert answer.status_code == 403
    assert await notices(night) == [("osei", "asked")]
