"""Closures and overrides: what is stored, who made it, and what a later call hears or who is rung."""

import asyncio
from typing import Any

import pytest
from whenever import TimeDelta

from tests.api.conftest import NIGHT, SAMPLE, Operator

MONDAY_TEN = "2026-11-23T10:00:00-05:00"
SNOW = {"starts_at": "2026-11-23T09:00:00-05:00", "ends_at": "2026-11-23T17:00:00-05:00", "reason": "Snow"}
SWAP = {
    "schedule": "primary",
    "member": "patel",
    "starts_at": "2026-11-22T02:00:00-05:00",
    "ends_at": "2026-11-22T07:00:00-05:00",
    "reason": "Swapped",
}
BOTH = pytest.mark.parametrize(("path", "body"), [("/closures", SNOW), ("/overrides", SWAP)])


async def test_a_closure_changes_what_a_later_call_hears_until_it_is_ended(operator: Operator):
    assert "Maple Pediatrics is closed" not in operator.hears(MONDAY_TEN)
    made = await operator.asks("POST", "/closures", SNOW)
    assert made.status_code == 201
    assert made.json() == {
        "id": 1,
        "state": "upcoming",
        "starts_at": "2026-11-23T14:00:00Z",
        "ends_at": "2026-11-23T22:00:00Z",
        "author": "front desk",
        "reason": "Snow",
        "ended_at": None,
        "ended_by": None,
    }
    assert (await operator.asks("GET", made.headers["Location"])).json() == made.json()
    assert "Maple Pediatrics is closed" in operator.hears(MONDAY_TEN)
    ended = (await operator.asks("DELETE", "/closures/1")).json()
    assert (ended["state"], ended["ended_by"], ended["ended_at"]) == ("ended", "front desk", NIGHT.format_iso())
    assert "Maple Pediatrics is closed" not in operator.hears(MONDAY_TEN)


async def test_an_override_changes_who_is_woken_until_it_is_ended(operator: Operator):
    def woken() -> str:
        return operator.hears("2026-11-22T02:10:00-05:00", "1", "1").partition("1. after 0 s")[2].splitlines()[0]

    before = woken()
    assert "Patel" not in before
    made = await operator.asks("POST", "/overrides", SWAP)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    assert "Dr. Mira Patel" in woken()
    (duty, _) = (await operator.asks("GET", "/oncall", key="reader")).json()["duties"]
    assert (duty["schedule"], duty["member"], duty["name"]) == ("primary", "patel", "Dr. Mira Patel")
    assert "override by front desk" in duty["because"]
    assert "(Swapped)" in duty["because"]
    assert duty["until"] == "2026-11-22T12:00:00Z"
    (later, _) = (await operator.asks("GET", "/oncall?at=2026-11-22T07:00:00-05:00")).json()["duties"]
    assert later["member"] != "patel"
    await operator.asks("DELETE", "/overrides/1")
    assert woken() == before


async def test_a_closure_from_now_needs_no_start(operator: Operator):
    made = await operator.asks("POST", "/closures", {"ends_at": SNOW["ends_at"], "reason": "Flood"})
    assert (made.json()["starts_at"], made.json()["state"]) == (NIGHT.format_iso(), "active")


@BOTH
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_at": "2026-11-22T01:00:00-05:00", "starts_at": "2026-11-22T00:00:00-05:00"}, "/ends_at"),
        ({"ends_at": "2026-11-22T02:10:00-05:00", "starts_at": "2026-11-22T00:00:00-05:00"}, "/ends_at"),
        ({"ends_at": "2026-11-23T08:00:00-05:00", "starts_at": "2026-11-23T09:00:00-05:00"}, "/ends_at"),
        ({"ends_at": "2026-11-23T09:00:00-05:00", "starts_at": "2026-11-23T09:00:00-05:00"}, "/ends_at"),
        ({"ends_at": "2062-11-23T09:00:00-05:00"}, "/ends_at"),
        ({"ends_at": "2026-11-23T17:00:00"}, "/ends_at"),
        ({"ends_at": "2026-11-23"}, "/ends_at"),
        ({"ends_at": "2026-02-30T17:00:00Z"}, "/ends_at"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, "/ends_at"),
        ({"ends_at": 1795465800}, "/ends_at"),
        ({"starts_at": "tonight"}, "/starts_at"),
        ({"reason": ""}, "/reason"),
        ({"reason": "  "}, "/reason"),
        ({"reason": "x" * 301}, "/reason"),
        ({"reason": "two\nlines"}, "/reason"),
    ],
)
async def test_a_window_that_cannot_be(
    operator: Operator, path: str, body: dict[str, Any], change: dict[str, Any], pointer: str
):
    told = await operator.refused(422, "POST", path, body | change)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
    assert (await operator.asks("GET", path)).json()["items"] == []


@BOTH
async def test_a_window_that_overlaps_is_refused_until_the_other_one_is_ended(
    operator: Operator, path: str, body: dict[str, Any]
):
    await operator.asks("POST", path, body)
    told = await operator.refused(409, "POST", path, body)
    assert "overlaps with 1" in told["detail"]
    next_to = {"starts_at": body["ends_at"], "ends_at": "2026-11-24T10:00:00-05:00"}
    assert (await operator.asks("POST", path, body | next_to)).status_code == 201
    await operator.asks("DELETE", f"{path}/1")
    assert (await operator.asks("POST", path, body)).status_code == 201


@BOTH
async def test_of_two_at_once_one_is_refused(operator: Operator, path: str, body: dict[str, Any]):
    answers = await asyncio.gather(*(operator.asks("POST", path, body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@BOTH
async def test_what_is_over_or_ended_or_never_was_cannot_be_ended(operator: Operator, path: str, body: dict[str, Any]):
    await operator.refused(404, "DELETE", f"{path}/1")
    await operator.refused(404, "GET", f"{path}/1")
    await operator.asks("POST", path, body)
    await operator.asks("DELETE", f"{path}/1")
    await operator.refused(409, "DELETE", f"{path}/1")
    await operator.asks("POST", path, body)
    operator.clock.at = NIGHT + TimeDelta(hours=72)
    number = (await operator.asks("GET", f"{path}?limit=1")).json()["items"][0]["id"]
    assert (await operator.asks("GET", f"{path}/{number}")).json()["state"] == "over"
    await operator.refused(409, "DELETE", f"{path}/{number}")
    await operator.refused(403, "DELETE", f"/v1/practices/oak-street{path}/{number}")
    await operator.refused(404, "DELETE", f"/v1/practices/oak-street{path}/{number}", key="oak")


@BOTH
async def test_records_are_listed_in_parts_the_newest_first(operator: Operator, path: str, body: dict[str, Any]):
    for _ in range(5):
        number = (await operator.asks("POST", path, body)).json()["id"]
        await operator.asks("DELETE", f"{path}/{number}")
    first = (await operator.asks("GET", f"{path}?limit=3")).json()
    rest = (await operator.asks("GET", f"{path}?limit=3&cursor={first['next']}")).json()
    numbers = [record["id"] for record in first["items"] + rest["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5
    assert rest["next"] is None


async def test_whom_or_what_the_plan_does_not_have(operator: Operator):
    told = await operator.refused(422, "POST", "/overrides", SWAP | {"schedule": "night", "member": "nobody"})
    assert [fault["pointer"] for fault in told["errors"]] == ["/schedule", "/member"]
    assert "chen, osei, patel, ruiz" in told["errors"][1]["mend"]


async def test_an_override_that_would_leave_nobody_to_page_is_refused(operator: Operator):
    staff = '  - {id: ruiz, name: Nina Ruiz RN, voice: ["+16175550124"], sms: "+16175550124"}\n'
    texted = SAMPLE.replace(staff, staff + '  - {id: temp, name: A Temp, sms: "+16175550125"}\n')
    steps = texted[texted.index("    steps:\n") : texted.index("    repeat: 2")]
    alone = texted.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")
    made = await operator.asks("POST", "/plan/publish", content=alone, headers={"Content-Type": "text/yaml"})
    assert made.status_code == 201
    told = await operator.refused(422, "POST", "/overrides", SWAP | {"member": "temp"})
    assert told["errors"][0]["pointer"] == "/member"


@pytest.mark.parametrize("at", ["now", "2026-11-22T02:10:00", "2026-11-22", "1970-01-01T00:00:00Z", "%00", ""])
async def test_who_is_on_call_at_no_time(operator: Operator, at: str):
    told = await operator.refused(400, "GET", f"/oncall?at={at}")
    assert told["errors"][0]["parameter"] == "at"


async def test_a_window_that_is_too_short_to_be_kept_is_refused(operator: Operator):
    sent = {
        "starts_at": "2026-12-01T00:00:00.0000001Z", "ends_at": "2026-12-01T00:00:00.0000009Z", "reason": "Snow",
    }  # fmt: skip
    told = await operator.refused(422, "POST", "/closures", sent)
    assert told["errors"][0]["detail"] == "it is not after the start"
