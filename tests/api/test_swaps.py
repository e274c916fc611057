"""Swaps over the API: offered, taken once, approved where the plan asks for it, and seen in who is on call."""

import asyncio
from typing import Any

import pytest
from whenever import TimeDelta

from storage import plans
from tests.api.conftest import NIGHT, SAMPLE, Operator
from tests.api.test_overrides import on_call, only_the_primary_is_paged

OFFER = {
    "schedule": "primary",
    "member": "chen",
    "starts_at": "2026-11-22T12:00:00-05:00",
    "ends_at": "2026-11-22T20:00:00-05:00",
    "reason": "A recital",
}
WITHIN, AFTER = "2026-11-22T13:00:00-05:00", "2026-11-22T20:00:00-05:00"


async def offered(operator: Operator, **change: Any) -> str:
    """The path of an offer."""
    made = await operator.asks("POST", "/swaps", OFFER | change)
    assert made.status_code == 201, made.text
    assert (await operator.asks("GET", made.headers["Location"])).json() == made.json()
    assert (made.json()["state"], made.json()["taken_by"]) == ("offered", None)
    return str(made.headers["Location"])


async def approval_is_wanted(operator: Operator) -> None:
    document = SAMPLE + "\nswaps: {approve: true}\n"
    answer = await operator.asks("POST", "/plan/publish", content=document, headers={"Content-Type": "text/yaml"})
    assert answer.status_code == 201, answer.text


async def audited(operator: Operator) -> list[str]:
    rows = await operator.sql("SELECT action FROM audit WHERE action NOT LIKE '%API key' ORDER BY id")
    return [row.action for row in rows]


async def test_what_is_answered_is_what_is_kept(operator: Operator):
    operator.clock.at = NIGHT + TimeDelta(nanoseconds=123_456_789)
    path = await offered(operator)
    taken = (await operator.asks("POST", f"{path}/take", {"member": "patel"})).json()
    assert (await operator.asks("GET", path)).json() == {**taken, "changes": None}


async def test_an_offer_changes_nothing_and_taking_it_changes_who_is_on_call(operator: Operator):
    path = await offered(operator)
    assert await on_call(operator, WITHIN) == ["chen"]
    taken = (await operator.asks("POST", f"{path}/take", {"member": "patel"})).json()
    assert (taken["state"], taken["taken_by"], taken["ended_by"]) == ("done", "patel", "front desk")
    assert taken["changes"]["summary"] == "This changes who is called in 8 h of the next 90 days."
    assert {one["member"]: one["hours"] for one in taken["changes"]["people"]} == {"chen": -8.0, "patel": 8.0}
    assert await on_call(operator, WITHIN) == ["patel"]
    assert await on_call(operator, AFTER) == ["chen"]
    (record,) = (await operator.asks("GET", "/overrides")).json()["items"]
    assert (record["origin"], record["instead_of"], record["reason"]) == (
        f"swap {taken['id']}", "chen", "A recital",
    )  # fmt: skip
    assert await audited(operator) == ["offer swap", "take swap"]


async def test_dry_runs_say_what_would_be_and_store_nothing(operator: Operator):
    tried = await operator.asks("POST", "/swaps?dry_run=true", OFFER)
    assert (tried.status_code, tried.json()["id"]) == (200, None)
    path = await offered(operator)
    would = (await operator.asks("POST", f"{path}/take?dry_run=true", {"member": "patel"})).json()
    assert would["changes"]["hours"] == 8.0
    assert (await operator.asks("GET", path)).json()["state"] == "offered"
    assert await operator.sql("SELECT 1 FROM overrides") == []


async def test_of_many_who_take_one_at_once_one_has_it_and_the_others_are_told_who(operator: Operator):
    path = await offered(operator)
    takers = ["osei", "patel", "ruiz", "osei"]
    answers = await asyncio.gather(*(operator.asks("POST", f"{path}/take", {"member": who}) for who in takers))
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    name = {"osei": "Dr. Kofi Osei", "patel": "Dr. Mira Patel", "ruiz": "Nina Ruiz RN"}[won["taken_by"]]
    lost = [answer.json() for answer in answers if answer.status_code == 409]
    assert len(lost) == 3
    assert all(told["detail"].startswith(f"{name} took it.") for told in lost)
    assert len(await operator.sql("SELECT 1 FROM overrides")) == 1


async def test_where_the_practice_approves_it_counts_only_then(operator: Operator):
    await approval_is_wanted(operator)
    path = await offered(operator)
    waits = (await operator.asks("POST", f"{path}/take", {"member": "patel"})).json()
    assert (waits["state"], waits["changes"]["hours"], waits["ended_at"]) == ("taken", 8.0, None)
    assert await on_call(operator, WITHIN) == ["chen"]
    told = await operator.refused(409, "POST", f"{path}/take", {"member": "osei"})
    assert told["detail"].startswith("Dr. Mira Patel took it, and it waits for approval")
    done = (await operator.asks("POST", f"{path}/approve")).json()
    assert (done["state"], done["taken_by"], done["changes"]["hours"]) == ("done", "patel", 8.0)
    assert await on_call(operator, WITHIN) == ["patel"]
    await operator.refused(409, "POST", f"{path}/approve")
    await operator.refused(409, "POST", f"{path}/withdraw")


@pytest.mark.parametrize(("how", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
async def test_what_is_declined_or_withdrawn_is_over(operator: Operator, how: str, state: str):
    await approval_is_wanted(operator)
    path = await offered(operator)
    await operator.asks("POST", f"{path}/take", {"member": "patel"})
    assert (await operator.asks("POST", f"{path}/{how}")).json()["state"] == state
    for action in ("approve", "decline", "withdraw"):
        assert state in (await operator.refused(409, "POST", f"{path}/{action}"))["detail"]
    assert await on_call(operator, WITHIN) == ["chen"]
    await offered(operator)
    assert (await audited(operator))[-2:] == [f"{how} swap", "offer swap"]


async def test_in_exchange_whoever_takes_it_gives_their_time(operator: Operator):
    wanted = {"schedule": "backup", "starts_at": OFFER["starts_at"], "ends_at": OFFER["ends_at"]}
    path = await offered(operator, in_exchange=wanted)
    told = await operator.refused(409, "POST", f"{path}/take", {"member": "patel"})
    assert "Dr. Mira Patel is not on call for backup" in told["detail"]
    await operator.asks("POST", f"{path}/take", {"member": "osei"})
    assert await on_call(operator, WITHIN) == ["osei"]
    assert await on_call(operator, WITHIN, "backup") == ["chen"]


async def test_an_approval_is_judged_by_the_calendar_as_it_is_then(operator: Operator):
    await approval_is_wanted(operator)
    path = await offered(operator)
    await operator.asks("POST", f"{path}/take", {"member": "patel"})
    window = {"starts_at": WITHIN, "ends_at": "2026-11-23T00:00:00-05:00", "reason": "Away"}
    assert (await operator.asks("POST", "/time-off", {"member": "patel", **window})).status_code == 201
    told = await operator.refused(409, "POST", f"{path}/approve")
    assert "Dr. Mira Patel has time off" in told["detail"]
    assert await operator.sql("SELECT 1 FROM overrides") == []
    assert (await operator.asks("GET", path)).json()["state"] == "taken"


async def test_a_swap_that_would_leave_a_hole(operator: Operator):
    staff = '  - {id: ruiz, name: Nina Ruiz RN, voice: ["+16175550124"], sms: "+16175550124"}\n'
    temp = staff + '  - {id: temp, name: A Temp, sms: "+16175550125"}\n'
    steps = SAMPLE[SAMPLE.index("    steps:\n") : SAMPLE.index("    repeat: 2")]
    alone = SAMPLE.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n").replace(staff, temp)
    await operator.asks("POST", "/plan/publish", content=alone, headers={"Content-Type": "text/yaml"})
    path = await offered(operator)
    told = await operator.refused(422, "POST", f"{path}/take", {"member": "temp"})
    assert "from 2026-11-22T12:00:00-05:00 until 2026-11-22T20:00:00-05:00" in told["errors"][0]["detail"]
    assert (await operator.asks("GET", path)).json()["state"] == "offered"
    taken = await operator.asks("POST", f"{path}/take", {"member": "temp", "waiver": "The hospital answers"})
    assert taken.status_code == 200
    (record,) = (await operator.asks("GET", "/overrides")).json()["items"]
    assert "a hole is accepted: The hospital answers" in record["reason"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"starts_at": "2026-11-22T02:00:00-05:00"}, "/starts_at"),
        ({"ends_at": "2026-11-22T11:00:00-05:00"}, "/ends_at"),
        ({"ends_at": OFFER["starts_at"]}, "/ends_at"),
        ({"ends_at": "2029-11-22T11:00:00-05:00"}, "/ends_at"),
        ({"member": "osei"}, "/starts_at"),
        ({"member": "nobody"}, "/member"),
        ({"schedule": "nights"}, "/schedule"),
        ({"in_exchange": {**OFFER, "schedule": "x"}}, "/in_exchange/member"),
    ],
)
async def test_an_offer_that_cannot_be(operator: Operator, change: dict[str, Any], pointer: str):
    told = await operator.refused(422, "POST", "/swaps", OFFER | change)
    assert told["errors"][0]["pointer"] == pointer
    assert (await operator.asks("GET", "/swaps")).json()["items"] == []


async def test_what_cannot_be_taken(operator: Operator):
    path = await offered(operator)
    told = await operator.refused(422, "POST", f"{path}/take", {"member": "chen"})
    assert told["detail"] == "A swap with oneself is none."
    await operator.refused(422, "POST", f"{path}/take", {"member": "nobody"})
    await operator.refused(409, "POST", f"{path}/approve")
    again = await operator.refused(409, "POST", "/swaps", OFFER)
    assert "It is offered already" in again["detail"]
    for action in ("approve", "decline", "withdraw"):
        await operator.refused(404, "POST", f"/swaps/999999/{action}")
    await operator.refused(404, "GET", "/v1/practices/oak-street/swaps/" + path.rpartition("/")[2], key="oak")


async def test_once_its_time_has_come_nobody_takes_it(operator: Operator):
    path = await offered(operator)
    operator.clock.at = NIGHT + TimeDelta(hours=10)
    told = await operator.refused(409, "POST", f"{path}/take", {"member": "patel"})
    assert "The swap's time has come" in told["detail"]
    assert (await operator.asks("GET", path)).json()["state"] == "expired"
    assert await on_call(operator, WITHIN) == ["chen"]


async def test_swaps_are_listed_in_parts_and_by_state(operator: Operator):
    for _ in range(3):
        await operator.asks("POST", f"{await offered(operator)}/withdraw")
    path = await offered(operator)
    first = (await operator.asks("GET", "/swaps?limit=3")).json()
    rest = (await operator.asks("GET", f"/swaps?limit=3&cursor={first['next']}")).json()
    numbers = [one["id"] for one in first["items"] + rest["items"]]
    assert (len(numbers), numbers, rest["next"]) == (4, sorted(numbers, reverse=True), None)
    (open_,) = (await operator.asks("GET", "/swaps?state=offered")).json()["items"]
    assert path.endswith(f"/{open_['id']}")
    await operator.refused(400, "GET", "/swaps?state=lost")


async def test_an_override_of_a_swap_that_is_ended_gives_the_time_back(operator: Operator):
    await only_the_primary_is_paged(operator)
    path = await offered(operator)
    await operator.asks("POST", f"{path}/take", {"member": "patel"})
    (record,) = (await operator.asks("GET", "/overrides")).json()["items"]
    await operator.asks("DELETE", f"/overrides/{record['id']}")
    assert await on_call(operator, WITHIN) == ["chen"]


async def test_nothing_is_half_stored_when_it_fails_in_the_middle(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    wanted = {"schedule": "backup", "starts_at": OFFER["starts_at"], "ends_at": OFFER["ends_at"]}
    path = await offered(operator, in_exchange=wanted)
    really, made = plans.add_override, []

    async def second_fails(*arguments: Any) -> int:
        made.append(arguments)
        if len(made) > 1:
            raise RuntimeError
        return await really(*arguments)

    monkeypatch.setattr("storage.plans.add_override", second_fails)
    await operator.refused(500, "POST", f"{path}/take", {"member": "osei"})
    assert len(made) == 2
    assert await operator.sql("SELECT 1 FROM overrides") == []
    assert (await operator.asks("GET", path)).json()["state"] == "offered"
    assert await audited(operator) == ["offer swap"]
    monkeypatch.undo()
    assert (await operator.asks("POST", f"{path}/take", {"member": "osei"})).status_code == 200


async def test_a_swap_of_a_schedule_that_the_plan_no_longer_has(operator: Operator):
    path = await offered(operator)
    document = SAMPLE.replace("page: primary", "page: first").replace("  primary:\n", "  first:\n")
    published = await operator.asks("POST", "/plan/publish", content=document, headers={"Content-Type": "text/yaml"})
    assert published.status_code == 201
    told = await operator.refused(409, "POST", f"{path}/take", {"member": "patel"})
    assert "The plan has no schedule primary any more" in told["detail"]
    assert (await operator.asks("POST", f"{path}/withdraw")).json()["state"] == "withdrawn"
