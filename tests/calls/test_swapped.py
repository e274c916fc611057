"""Calls while the calendar is changed by hand: taken over, handed over, swapped, covered; and swaps not taken."""

import asyncio
from typing import Any

import httpx
import pytest

from nightbell.swaps_ending import end_swaps
from storage import api_keys
from storage.api_keys import ApiKey
from telephony.emulator import NoAnswer
from tests.calls.callers import TAKES, asks_for_a_doctor
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI, PATEL, RUIZ, SAMPLE

AT_THREE = {"starts_at": "2026-11-22T03:00:00-05:00", "ends_at": "2026-11-22T06:00:00-05:00"}
OFFER = {"schedule": "primary", "member": "chen", "reason": "Her son Timmy has a fever", **AT_THREE}


class Desk:
    """The front desk, with a key of the operators' API, over HTTP."""

    def __init__(self, night: Night, key: str) -> None:
        self._night, self._key = night, key

    async def asks(self, method: str, path: str, body: Any = None) -> httpx.Response:
        url = f"{self._night.product.origin}/v1/practices/maple-pediatrics{path}"
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.request(method, url, json=body, headers={"Authorization": f"Bearer {self._key}"})

    async def does(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.asks("POST", path, body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())


async def front_desk(night: Night) -> Desk:
    wanted = ApiKey(
        "", "front desk", "maple-pediatrics", read_only=False, created_at=night.clock.now(), expires_at=None
    )
    async with night.parts.database.transaction() as connection:
        return Desk(night, await api_keys.create(connection, wanted, "a test"))


async def rung_for_a_caller(night: Night) -> list[int]:
    """How often Chen, Osei, Patel and Ruiz are rung; whoever is, takes it."""
    for number in (CHEN, OSEI, PATEL, RUIZ):
        night.phone(number).behaviour = TAKES
    call = await asks_for_a_doctor(night)
    await call.hears("You are connected")
    await night.passes(20)
    await call.hang_up()
    await night.settle()
    return [night.rung(number) for number in (CHEN, OSEI, PATEL, RUIZ)]


def texts(night: Night, number: str) -> list[str]:
    return [text.body for text in night.phone(number).texts]


# ---- an exception in force decides who is rung --------------------------------------------------------------------


async def test_who_takes_over_in_the_middle_of_the_night_is_rung(night: Night):
    desk = await front_desk(night)
    await desk.does("/overrides/take-over", {"schedule": "primary", "member": "patel"})
    assert await rung_for_a_caller(night) == [0, 0, 1, 0]
    assert (await night.record()).answered_by == "patel"


async def test_who_hands_over_is_left_alone(night: Night):
    desk = await front_desk(night)
    await desk.does("/overrides/hand-over", {"schedule": "primary", "instead_of": "chen", "member": "ruiz"})
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]


async def test_a_swap_counts_from_its_start_and_not_before(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    assert await rung_for_a_caller(night) == [1, 0, 0, 0]
    await night.passes(60 * 60)
    assert await rung_for_a_caller(night) == [1, 0, 1, 0]
    await night.passes(3 * 60 * 60)
    assert await rung_for_a_caller(night) == [2, 0, 1, 0]


ROTATION_FIRST = "    steps:\n      - {page: [physicians], by: [call], for: 120s}\n"


@pytest.mark.parametrize("how", ["override", "swap", "time off"])
async def test_an_exception_wins_also_where_the_policy_names_the_rotation(stage: Stage, how: str):
    document = SAMPLE.read_text()
    steps = document[document.index("    steps:\n") : document.index("    repeat: 2")]
    night = await stage(document=document.replace(steps, ROTATION_FIRST))
    desk = await front_desk(night)
    if how == "override":
        await desk.does("/overrides/take-over", {"schedule": "primary", "member": "ruiz"})
    elif how == "swap":
        swap = await desk.does("/swaps", OFFER)
        await desk.does(f"/swaps/{swap['id']}/take", {"member": "ruiz"})
        await night.passes(55 * 60)
    else:
        body = {"member": "chen", "reason": "Away", "ends_at": AT_THREE["ends_at"], "covers": [{"member": "ruiz"}]}
        await desk.does("/time-off", body)
    # The nurse is first, although the rotation is the physicians'; whose place it is, is not rung.
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]


async def test_who_is_added_is_rung_after_the_one_on_call(night: Night):
    desk = await front_desk(night)
    body = {"schedule": "primary", "member": "ruiz", "kind": "add", "reason": "A hard night"}
    await desk.does("/overrides", {**body, "ends_at": AT_THREE["ends_at"]})
    for number in (PATEL, RUIZ):
        night.phone(number).behaviour = TAKES
    night.phone(CHEN).behaviour = NoAnswer()
    call = await asks_for_a_doctor(night)
    await call.talks_to(night.phone(RUIZ), within=90)
    await call.hang_up()
    assert (await night.record()).answered_by == "ruiz"
    assert night.rung(CHEN) >= 1


async def test_who_has_time_off_is_not_rung_and_who_covers_is(night: Night):
    desk = await front_desk(night)
    body = {"member": "chen", "reason": "A recital", "ends_at": AT_THREE["ends_at"], "as_proposed": True}
    await desk.does("/time-off", body)
    rung = await rung_for_a_caller(night)
    assert (rung[0], sum(rung)) == (0, 1)
    assert (await night.record()).answered_by == "patel"


# ---- two at once ----------------------------------------------------------------------------------------------------


async def test_two_take_one_swap_at_once_and_the_second_is_told_who_has_it(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    takers = ("osei", "patel", "ruiz")
    answers = await asyncio.gather(
        *(desk.asks("POST", f"/swaps/{swap['id']}/take", {"member": member}) for member in takers)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    (won,) = [answer.json()["taken_by"] for answer in answers if answer.status_code == 200]
    name = {"osei": "Dr. Kofi Osei", "patel": "Dr. Mira Patel", "ruiz": "Nina Ruiz RN"}[won]
    assert all(name in answer.json()["detail"] for answer in answers if answer.status_code == 409)
    assert await night.sql_one("SELECT string_agg(member, ' ') FROM overrides") == won


# ---- telling --------------------------------------------------------------------------------------------------------


async def test_a_swap_that_nobody_took_is_told_and_the_original_is_rung(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await night.passes(49 * 60)
    await night.worker.sweep()
    await night.passes(30)
    assert texts(night, CHEN) == []
    await night.passes(30)
    await night.worker.sweep()
    await night.phone(CHEN).gets_text("Nobody took primary from 2026-11-22 03:00 to 2026-11-22 06:00. You are on call.")
    await night.worker.sweep()
    await night.passes(30)
    assert len(texts(night, CHEN)) == 1
    assert "Timmy" not in texts(night, CHEN)[0], "the reason is for those who may read it"
    assert (await desk.asks("GET", f"/swaps/{swap['id']}")).json()["state"] == "expired"
    assert (await desk.asks("POST", f"/swaps/{swap['id']}/take", {"member": "patel"})).status_code == 409
    assert await rung_for_a_caller(night) == [1, 0, 0, 0]


async def test_many_workers_at_once_tell_it_once(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    told = await asyncio.gather(*(end_swaps(night.parts) for _ in range(8)))
    assert sum(told) == 1
    await night.passes(30)
    assert (len(texts(night, CHEN)), len(texts(night, PATEL))) == (1, 1)


async def test_both_are_told_of_a_swap_that_is_done(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await night.worker.sweep()
    told = "primary from 2026-11-22 03:00 to 2026-11-22 06:00 instead of"
    await night.phone(CHEN).gets_text(f"Maple Pediatrics: Dr. Mira Patel has {told} you.")
    await night.phone(PATEL).gets_text(f"Maple Pediatrics: You have {told} Dr. Ana Chen.")
    await night.worker.sweep()
    await night.passes(30)
    assert [len([text for text in texts(night, who) if "swap" in text]) for who in (CHEN, PATEL)] == [1, 1]


async def test_a_swap_that_was_not_approved_in_time_is_told_to_both(stage: Stage):
    night = await stage(document=SAMPLE.read_text() + "\nswaps: {approve: true}\n")
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await night.worker.sweep()
    await night.passes(30)
    assert texts(night, PATEL) == []
    await night.passes(50 * 60)
    await night.worker.sweep()
    await night.phone(CHEN).gets_text("was not approved in time. You are on call.")
    await night.phone(PATEL).gets_text("was not approved in time: you do not have primary")
    assert await rung_for_a_caller(night) == [1, 0, 0, 0]
    actions = [row.action for row in await night.sql("SELECT action FROM audit ORDER BY id")]
    assert actions[-3:] == ["offer swap", "take swap", "expire swap"]


async def test_who_handed_it_over_meanwhile_is_not_told_to_be_on_call(night: Night):
    desk = await front_desk(night)
    await desk.does("/swaps", OFFER)
    await desk.does("/overrides/hand-over", {"schedule": "primary", "instead_of": "chen", "member": "patel"})
    await night.passes(50 * 60)
    await night.worker.sweep()
    text = await night.phone(CHEN).gets_text("Nobody took primary")
    assert "You are on call" not in text.body


async def test_a_server_that_slept_through_it_all_tells_nobody_of_what_is_over(night: Night):
    desk = await front_desk(night)
    swap = await desk.does("/swaps", OFFER)
    await night.passes(5 * 60 * 60)
    await night.worker.sweep()
    await night.passes(30)
    assert texts(night, CHEN) == []
    assert await night.sql_one("SELECT state FROM swaps WHERE id = :id", id=swap["id"]) == "expired"
