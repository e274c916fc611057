"""Time off over the API: who covers is proposed, what is uncovered is refused, and nothing is half-stored."""

import asyncio
from typing import Any

import pytest
from whenever import TimeDelta

from tests.api.conftest import NIGHT, Operator
from tests.api.test_overrides import actions, on_call, only_the_primary_is_paged

AWAY = {
    "member": "chen",
    "starts_at": "2026-11-22T12:00:00-05:00",
    "ends_at": "2026-11-22T20:00:00-05:00",
    "reason": "A recital",
}
WITHIN, AFTER = "2026-11-22T13:00:00-05:00", "2026-11-22T20:00:00-05:00"


async def given(operator: Operator, **change: Any) -> dict[str, Any]:
    made = await operator.asks("POST", "/time-off", AWAY | change)
    assert made.status_code == 201, made.text
    assert (await operator.asks("GET", made.headers["Location"])).json() == made.json()
    return dict(made.json())


async def stored(operator: Operator) -> tuple[int, int]:
    (row,) = await operator.sql("SELECT (SELECT count(*) FROM time_off) a, (SELECT count(*) FROM overrides) b")
    return row.a, row.b


async def test_what_nobody_covers_is_refused_with_its_window_and_who_could(operator: Operator):
    told = await operator.refused(422, "POST", "/time-off", AWAY)
    (fault,) = told["errors"]
    assert fault == {
        "pointer": "/covers",
        "detail": (
            "Dr. Ana Chen is on call for primary from 2026-11-22T12:00:00-05:00 until 2026-11-22T20:00:00-05:00,"
            " and nobody covers"
        ),
        "mend": "Dr. Mira Patel is free then: say that patel covers, or accept it with a waiver that says why.",
    }
    assert await stored(operator) == (0, 0)


async def test_a_dry_run_shows_what_is_open_and_who_could_cover(operator: Operator):
    tried = await operator.asks("POST", "/time-off?dry_run=true", AWAY)
    assert tried.status_code == 200
    assert tried.json()["covers"] == []
    (gap,) = tried.json()["open"]
    assert gap == {
        "schedule": "primary",
        "starts_at": "2026-11-22T17:00:00Z",
        "ends_at": "2026-11-23T01:00:00Z",
        "proposed": {"member": "patel", "name": "Dr. Mira Patel"},
    }
    tried = (await operator.asks("POST", "/time-off?dry_run=true", {**AWAY, "as_proposed": True})).json()
    assert (tried["open"], tried["covers"][0]["person"]["member"]) == ([], "patel")
    assert {one["member"]: one["hours"] for one in tried["changes"]["people"]} == {"chen": -8.0, "patel": 8.0}
    assert await stored(operator) == (0, 0)


@pytest.mark.parametrize("how", [{"as_proposed": True}, {"covers": [{"member": "patel"}]}])
async def test_covered_time_off_is_stored_with_who_covers_and_taken_back_with_them(
    operator: Operator, how: dict[str, Any]
):
    record = await given(operator, **how)
    assert await on_call(operator, WITHIN) == ["patel"]
    assert await on_call(operator, AFTER) == ["chen"]
    (cover,) = (await operator.asks("GET", "/overrides")).json()["items"]
    assert (cover["origin"], cover["instead_of"]) == (f"time off {record['id']}", "chen")
    would = (await operator.asks("DELETE", f"/time-off/{record['id']}?dry_run=true")).json()
    assert {one["member"]: one["hours"] for one in would["people"]} == {"chen": 8.0, "patel": -8.0}
    assert await on_call(operator, WITHIN) == ["patel"]
    ended = (await operator.asks("DELETE", f"/time-off/{record['id']}")).json()
    assert (ended["state"], ended["ended_by"]) == ("ended", "front desk")
    assert await on_call(operator, WITHIN) == ["chen"]
    (cover,) = (await operator.asks("GET", "/overrides")).json()["items"]
    assert cover["state"] == "ended"
    assert await actions(operator) == ["add time off", "end time off"]


async def test_two_cover_a_part_each_and_what_is_left_is_named(operator: Operator):
    half = "2026-11-22T16:00:00-05:00"
    first = {"member": "patel", "ends_at": half}
    told = await operator.refused(422, "POST", "/time-off", {**AWAY, "covers": [first]})
    assert f"from {half} until 2026-11-22T20:00:00-05:00" in told["errors"][0]["detail"]
    await given(operator, covers=[first, {"member": "ruiz", "starts_at": half, "schedule": "primary"}])
    assert await on_call(operator, WITHIN) == ["patel"]
    assert await on_call(operator, "2026-11-22T17:00:00-05:00") == ["ruiz"]


async def test_time_off_that_a_lower_layer_takes_up_needs_nobody(operator: Operator):
    # On weekday nights the nurses come first, and the physician of the week after them.
    night = {"starts_at": "2026-11-24T18:00:00-05:00", "ends_at": "2026-11-25T09:00:00-05:00"}
    assert await on_call(operator, "2026-11-24T23:00:00-05:00") == ["ruiz"]
    await given(operator, member="ruiz", **night)
    assert await on_call(operator, "2026-11-24T23:00:00-05:00") == ["osei"]


async def test_uncovered_time_off_is_accepted_with_a_reason_and_the_next_step_is_paged(operator: Operator):
    record = await given(operator, waiver="The backup knows")
    assert record["reason"] == "A recital (a hole is accepted: The backup knows)"
    assert await on_call(operator, WITHIN) == []


async def test_who_is_on_call_by_an_override_is_taken_off_too(operator: Operator):
    mine = {k: AWAY[k] for k in ("starts_at", "ends_at", "reason")}
    await operator.asks("POST", "/overrides", {"schedule": "primary", "member": "patel", **mine})
    told = await operator.refused(422, "POST", "/time-off", {**AWAY, "member": "patel"})
    assert "Dr. Mira Patel is on call for primary" in told["errors"][0]["detail"]
    await given(operator, member="patel", waiver="The backup knows")
    assert await on_call(operator, WITHIN) == []


async def test_a_hole_of_a_policy_is_a_fault_of_its_own(operator: Operator):
    await only_the_primary_is_paged(operator)
    staffed = {**AWAY, "covers": [{"member": "patel"}]}
    assert (await operator.asks("POST", "/time-off?dry_run=true", staffed)).status_code == 200
    await operator.sql(
        "INSERT INTO number_facts (practice, number, unreachable_at) VALUES ('maple-pediatrics', :n, now())",
        n="+16175550123",
    )
    told = await operator.refused(422, "POST", "/time-off", staffed)
    assert "Dr. Mira Patel's numbers cannot be called" in told["errors"][0]["detail"]
    assert await stored(operator) == (0, 0)


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"member": "nobody"}, "/member", "there is no such member"),
        ({"ends_at": AWAY["starts_at"]}, "/ends_at", "it is not after the start"),
        ({"ends_at": "2026-11-22T11:00:00-05:00"}, "/ends_at", "it is not after the start"),
        ({"starts_at": None, "ends_at": "2026-11-22T01:00:00-05:00"}, "/ends_at", "it is over already"),
        ({"ends_at": "2029-11-22T11:00:00-05:00"}, "/ends_at", "it is more than a year after the start"),
        ({"covers": [{"member": "nobody"}]}, "/covers/0/member", "there is no such member"),
        ({"covers": [{"member": "patel", "schedule": "x"}]}, "/covers/0/schedule", "there is no such schedule"),
        ({"covers": [{"member": "patel"}, {"member": "chen"}]}, "/covers/1/member", "it is who has time off"),
        ({"covers": [{"member": "patel", "schedule": "backup"}]}, "/covers/0", "who has time off is not on call"),
        (
            {"covers": [{"member": "patel"}, {"member": "patel"}]},
            "/covers/1",
            "Dr. Mira Patel covers some of that already",
        ),
        (
            {"covers": [{"member": "patel"}, {"member": "ruiz"}]},
            "/covers/1",
            "Dr. Mira Patel covers some of that already",
        ),
    ],
)
async def test_time_off_that_cannot_be(operator: Operator, change: dict[str, Any], pointer: str, detail: str):
    told = await operator.refused(422, "POST", "/time-off", AWAY | change)
    assert told["errors"][0]["pointer"] == pointer
    assert detail in told["errors"][0]["detail"]
    assert await stored(operator) == (0, 0)


async def test_who_has_time_off_does_not_cover_and_is_not_proposed(operator: Operator):
    await given(operator, member="patel")
    told = await operator.refused(422, "POST", "/time-off", {**AWAY, "covers": [{"member": "patel"}]})
    assert "Dr. Mira Patel has time off" in told["errors"][0]["detail"]
    told = await operator.refused(422, "POST", "/time-off", AWAY)
    assert "ruiz covers" in told["errors"][0]["mend"]


async def test_the_same_time_off_twice_at_once(operator: Operator):
    body = {**AWAY, "as_proposed": True}
    answers = await asyncio.gather(*(operator.asks("POST", "/time-off", body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await stored(operator) == (1, 1)


async def test_nothing_is_half_stored_when_it_fails_in_the_middle(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    async def fails(*_: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr("storage.plans.add_override", fails)
    await operator.refused(500, "POST", "/time-off", {**AWAY, "as_proposed": True})
    assert await stored(operator) == (0, 0)
    assert await actions(operator) == []


async def test_what_is_over_or_never_was_is_not_ended(operator: Operator):
    await operator.refused(404, "DELETE", "/time-off/999999")
    record = await given(operator, as_proposed=True)
    await operator.asks("DELETE", f"/time-off/{record['id']}")
    await operator.refused(409, "DELETE", f"/time-off/{record['id']}")
    again = await given(operator, as_proposed=True)
    operator.clock.at = NIGHT + TimeDelta(hours=72)
    await operator.refused(409, "DELETE", f"/time-off/{again['id']}")
    items = (await operator.asks("GET", "/time-off")).json()["items"]
    assert [item["state"] for item in items] == ["over", "ended"]
