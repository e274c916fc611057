"""Kinds of overrides, taking over, handing over, trying out, and holes."""

import asyncio
from typing import Any

import pytest
from whenever import OffsetDateTime

from tests.api.conftest import SAMPLE, Operator

EARLY, SEVEN = "2026-11-22T02:00:00-05:00", "2026-11-22T07:00:00-05:00"
HANDOFF = "2026-11-23T13:00:00Z"
"""Monday 08:00: until then Dr. Chen has the week, and Dr. Osei the backup."""
REPLACE = {"schedule": "primary", "member": "patel", "starts_at": EARLY, "ends_at": SEVEN, "reason": "Swapped"}
ADD = {**REPLACE, "kind": "add", "member": "osei"}


async def on_call(operator: Operator, at: str = "2026-11-22T02:30:00-05:00", schedule: str = "primary") -> list[str]:
    (duty,) = (await operator.asks("GET", f"/oncall?at={at}&schedule={schedule}")).json()["duties"]
    return [person["member"] for person in duty["people"]]


async def made(operator: Operator, body: dict[str, Any], path: str = "/overrides") -> dict[str, Any]:
    answer = await operator.asks("POST", path, body)
    assert answer.status_code == 201, answer.text
    assert (await operator.asks("GET", answer.headers["Location"])).json() == answer.json()
    return dict(answer.json())


async def actions(operator: Operator) -> list[str]:
    rows = await operator.sql("SELECT action, actor FROM audit WHERE action NOT LIKE '%API key' ORDER BY id")
    assert all(row.actor.startswith("API key front desk (") for row in rows)
    return [row.action for row in rows]


async def test_somebody_is_added_behind_the_others_and_somebody_is_taken_away(operator: Operator):
    added = await made(operator, ADD)
    assert (added["kind"], added["instead_of"], added["origin"]) == ("add", None, None)
    assert await on_call(operator) == ["chen", "osei"]
    await made(operator, {**ADD, "kind": "remove", "member": "chen"})
    assert await on_call(operator) == ["osei"]
    await operator.asks("DELETE", f"/overrides/{added['id']}?waiver=The backup is awake")
    assert await on_call(operator) == []
    assert await actions(operator) == ["add override", "add override", "end override"]


async def test_one_person_is_replaced_and_another_beside_them_is_not(operator: Operator):
    await made(operator, ADD)
    await made(operator, {**REPLACE, "instead_of": "osei"})
    assert await on_call(operator) == ["chen", "patel"]
    assert await on_call(operator, "2026-11-22T07:00:00-05:00") == ["chen"]


async def test_an_override_that_adds_stands_beside_one_that_replaces(operator: Operator):
    await made(operator, REPLACE)
    await made(operator, ADD)
    assert await on_call(operator) == ["patel", "osei"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (REPLACE, {**REPLACE, "member": "osei"}),
        ({**REPLACE, "instead_of": "chen"}, {**REPLACE, "instead_of": "chen", "member": "osei"}),
        (ADD, ADD),
        (ADD, {**ADD, "kind": "remove"}),
    ],
)
async def test_two_that_contradict_each_other(operator: Operator, first: dict[str, Any], second: dict[str, Any]):
    number = (await made(operator, first))["id"]
    told = await operator.refused(409, "POST", "/overrides", second)
    assert f"overlaps with {number}, from 2026-11-22T02:00:00-05:00 to 2026-11-22T07:00:00-05:00" in told["detail"]
    await made(operator, {**second, "schedule": "backup", "member": "ruiz", "instead_of": None, "kind": "add"})


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"member": "nobody"}, "/member", "there is no such member"),
        ({"schedule": "nights"}, "/schedule", "there is no such schedule"),
        ({"instead_of": "nobody"}, "/instead_of", "there is no such member"),
        ({"instead_of": "patel"}, "/instead_of", "it is the same person twice"),
        ({"instead_of": "osei"}, "/instead_of", "they are not on call then"),
        ({"kind": "add", "instead_of": "chen"}, "/instead_of", "only `replace` puts one in the place of another"),
        ({"kind": "add", "member": "chen"}, "/member", "they are on call already"),
        ({"kind": "remove"}, "/member", "they are not on call then"),
        ({"kind": "swap"}, "/kind", "Input should be 'replace', 'add' or 'remove'"),
    ],
)
async def test_an_override_that_cannot_be(operator: Operator, change: dict[str, Any], pointer: str, detail: str):
    told = await operator.refused(422, "POST", "/overrides", REPLACE | change)
    assert [(fault["pointer"], fault["detail"]) for fault in told["errors"]] == [(pointer, detail)]
    assert await operator.sql("SELECT 1 FROM overrides") == []


async def test_a_dry_run_says_whom_it_changes_and_stores_nothing(operator: Operator):
    tried = await operator.asks("POST", "/overrides?dry_run=true", REPLACE)
    assert tried.status_code == 200
    (duty,) = tried.json()["duties"]
    assert tried.json()["summary"] == "This changes who is called in 4 h 50 min of the next 90 days."
    # What is past already does not change any more: it is 02:10.
    assert (duty["starts_at"], duty["ends_at"]) == ("2026-11-22T07:10:00Z", "2026-11-22T12:00:00Z")
    assert ([p["member"] for p in duty["before"]], [p["member"] for p in duty["after"]]) == (["chen"], ["patel"])
    assert await operator.sql("SELECT 1 FROM overrides") == []
    assert await actions(operator) == []
    number = (await made(operator, REPLACE))["id"]
    ends = (await operator.asks("DELETE", f"/overrides/{number}?dry_run=true")).json()
    assert {person["member"]: person["hours"] for person in ends["people"]} == {"chen": 4.8333, "patel": -4.8333}
    assert await on_call(operator) == ["patel"]


async def test_a_dry_run_of_next_year_shows_next_year(operator: Operator):
    later = {**REPLACE, "starts_at": "2027-06-01T00:00:00-04:00", "ends_at": "2027-06-02T00:00:00-04:00"}
    tried = (await operator.asks("POST", "/overrides?dry_run=true", {**later, "member": "ruiz"})).json()
    assert tried["starts_at"] == "2027-06-01T04:00:00Z"
    assert tried["duties"]
    assert tried["summary"] == "This changes who is called in 12 h of the 90 days from its start on."


# ---- take over, hand over -----------------------------------------------------------------------------------------


async def test_somebody_takes_the_primary_over_until_the_shift_ends(operator: Operator):
    body = {"schedule": "primary", "member": "patel"}
    tried = (await operator.asks("POST", "/overrides/take-over?dry_run=true", body)).json()
    assert [(duty["starts_at"], duty["ends_at"]) for duty in tried["duties"]] == [("2026-11-22T07:10:00Z", HANDOFF)]
    assert await on_call(operator) == ["chen"]
    taken = await made(operator, body, "/overrides/take-over")
    assert (taken["instead_of"], taken["ends_at"], taken["reason"]) == ("chen", HANDOFF, "Taken over")
    assert await on_call(operator) == ["patel"]
    assert await on_call(operator, HANDOFF) != ["patel"]


async def test_a_shift_is_taken_over_again_and_again_and_given_back(operator: Operator):
    for member in ("osei", "patel", "chen", "osei"):
        await made(operator, {"schedule": "primary", "member": member}, "/overrides/take-over")
        assert await on_call(operator) == [member]


async def test_somebody_hands_over_until_a_time_of_their_own(operator: Operator):
    body = {"schedule": "primary", "instead_of": "chen", "member": "patel", "until": "2026-11-22T06:00:00-05:00"}
    given = await made(operator, body, "/overrides/hand-over")
    assert (given["ends_at"], given["reason"]) == ("2026-11-22T11:00:00Z", "Handed over")
    assert await on_call(operator) == ["patel"]
    assert await on_call(operator, "2026-11-22T06:00:00-05:00") == ["chen"]


async def test_who_is_not_on_call_has_nothing_to_hand_over(operator: Operator):
    body = {"schedule": "primary", "instead_of": "osei", "member": "patel"}
    told = await operator.refused(409, "POST", "/overrides/hand-over", body)
    assert "They are not on call for primary now: Dr. Ana Chen is" in told["detail"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"member": "chen"}, "/member"),
        ({"member": "nobody"}, "/member"),
        ({"schedule": "nights"}, "/schedule"),
        ({"instead_of": "nobody"}, "/instead_of"),
        ({"until": "2026-11-22T02:00:00-05:00"}, "/until"),
        ({"until": "2029-11-22T02:00:00-05:00"}, "/until"),
    ],
)
async def test_what_cannot_be_taken_over(operator: Operator, change: dict[str, Any], pointer: str):
    body = {"schedule": "primary", "member": "osei"}
    told = await operator.refused(422, "POST", "/overrides/take-over", body | change)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
    assert await operator.sql("SELECT 1 FROM overrides") == []


async def test_a_night_shift_ends_in_the_morning(operator: Operator):
    operator.clock.at = OffsetDateTime.parse_iso("2026-11-24T23:00:00-05:00").to_instant()
    nurse = await on_call(operator, "2026-11-24T23:00:00-05:00")
    assert nurse[0] in {"ruiz", "chen"}
    taken = await made(operator, {"schedule": "primary", "member": "patel"}, "/overrides/take-over")
    assert taken["ends_at"] == "2026-11-25T12:00:00Z"


# ---- holes ----------------------------------------------------------------------------------------------------------


async def only_the_primary_is_paged(operator: Operator) -> None:
    steps = SAMPLE[SAMPLE.index("    steps:\n") : SAMPLE.index("    repeat: 2")]
    alone = SAMPLE.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")
    published = await operator.asks("POST", "/plan/publish", content=alone, headers={"Content-Type": "text/yaml"})
    assert published.status_code == 201


async def test_a_hole_is_refused_with_its_exact_window_unless_it_is_accepted(operator: Operator):
    await only_the_primary_is_paged(operator)
    body = {**REPLACE, "kind": "remove", "member": "chen", "starts_at": "2026-11-22T03:00:00-05:00"}
    told = await operator.refused(422, "POST", "/overrides", body)
    (fault,) = told["errors"]
    assert "from 2026-11-22T03:00:00-05:00 until 2026-11-22T07:00:00-05:00" in fault["detail"]
    assert "the policy urgent would reach nobody" in fault["detail"]
    await operator.refused(422, "POST", "/overrides?dry_run=true", body)
    assert await operator.sql("SELECT 1 FROM overrides") == []
    accepted = await made(operator, {**body, "waiver": "The hospital answers"})
    assert accepted["reason"] == "Swapped (a hole is accepted: The hospital answers)"


async def test_ending_an_override_that_fills_a_hole_is_refused_too(operator: Operator):
    await only_the_primary_is_paged(operator)
    added = await made(operator, {**ADD, "starts_at": "2026-11-22T03:00:00-05:00"})
    await made(operator, {**ADD, "kind": "remove", "member": "chen", "starts_at": "2026-11-22T03:00:00-05:00"})
    told = await operator.refused(409, "DELETE", f"/overrides/{added['id']}")
    assert "until 2026-11-22T07:00:00-05:00" in told["errors"][0]["detail"]
    assert await on_call(operator, "2026-11-22T04:00:00-05:00") == ["osei"]
    ended = (await operator.asks("DELETE", f"/overrides/{added['id']}?waiver=Closed then")).json()
    assert ended["ended_by"] == "front desk (a hole is accepted: Closed then)"


async def test_of_two_who_fill_one_place_at_once_one_is_told_of_the_other(operator: Operator):
    bodies = [{**REPLACE, "instead_of": "chen", "member": member} for member in ("osei", "patel")]
    answers = await asyncio.gather(*(operator.asks("POST", "/overrides", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
