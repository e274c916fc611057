"""The calendar, its proof and what a draft would change, over the API; and publishing while the calendar changes."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from whenever import OffsetDateTime

from escalation.wallclock import lasting
from tests.api.conftest import SAMPLE, YAML, Operator
from tests.api.test_overrides import REPLACE, made

MONDAY, NEXT_MONDAY = "2026-11-23T08:00:00-05:00", "2026-11-30T08:00:00-05:00"
STEPS = SAMPLE[SAMPLE.index("    steps:\n") : SAMPLE.index("    repeat: 2")]
ALONE = SAMPLE.replace(STEPS, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")


def exact(stamp: str) -> float:
    return OffsetDateTime.parse_iso(stamp.replace("Z", "+00:00")).to_instant().timestamp()


async def duties(operator: Operator, query: str) -> list[dict[str, Any]]:
    answer = await operator.asks("GET", f"/calendar?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["duties"])


async def test_a_week_of_one_schedule_is_told_without_a_gap_and_agrees_with_who_is_on_call(operator: Operator):
    await made(operator, REPLACE | {"starts_at": "2026-11-28T12:00:00-05:00", "ends_at": "2026-11-28T20:00:00-05:00"})
    found = await duties(operator, f"from={MONDAY}&to={NEXT_MONDAY}&schedule=primary")
    assert (exact(found[0]["starts_at"]), exact(found[-1]["ends_at"])) == (exact(MONDAY), exact(NEXT_MONDAY))
    assert all(one["ends_at"] == two["starts_at"] for one, two in pairwise(found))
    saturday = [one["people"][0]["member"] for one in found[-3:]]
    assert saturday == ["osei", "patel", "osei"]
    for one in found:
        (now,) = (await operator.asks("GET", f"/oncall?at={one['starts_at']}&schedule=primary")).json()["duties"]
        assert now["people"] == one["people"]
        assert now["until"] == one["ends_at"] or one is found[-1]


async def test_all_schedules_for_four_weeks_when_nothing_is_said(operator: Operator):
    found = await duties(operator, "")
    assert {one["schedule"] for one in found} == {"primary", "backup"}
    ends = max(exact(one["ends_at"]) for one in found)
    assert ends - min(exact(one["starts_at"]) for one in found) == 28 * 86_400


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        (f"from={NEXT_MONDAY}&to={MONDAY}", 422, "it is not after `from`"),
        (f"from={MONDAY}&to={MONDAY}", 422, "it is not after `from`"),
        ("from=2026-01-01T00:00:00Z&to=2028-01-01T00:00:00Z", 422, "more than 400 days"),
        ("from=2026-01-01T00:00:00", 400, "offset"),
        ("schedule=nurses", 404, "there are: primary, backup"),
    ],
)
async def test_a_calendar_that_cannot_be_told(operator: Operator, query: str, status: int, says: str):
    refused = await operator.refused(status, "GET", f"/calendar?{query}")
    assert says in str(refused)
    if "schedule" not in query:
        assert says in str(await operator.refused(status, "GET", f"/coverage?{query}"))


async def test_the_proof_lists_holes_and_thin_spots_with_their_exact_windows(operator: Operator):
    proof = (await operator.asks("GET", "/coverage")).json()
    assert (proof["proved"], proof["holes"]) == (True, [])
    assert exact(proof["ends_at"]) - exact(proof["starts_at"]) == 90 * 86_400
    assert {one["kind"] for one in proof["thin"]} == {"unverified"}
    await operator.asks("POST", "/plan/publish", content=ALONE, headers=YAML)
    window = {"starts_at": "2026-11-24T09:00:00-05:00", "ends_at": "2026-11-24T12:30:00-05:00"}
    removed = REPLACE | window | {"kind": "remove", "member": "osei", "waiver": "The hospital answers"}
    await made(operator, removed)
    proof = (await operator.asks("GET", "/coverage")).json()
    (hole,) = proof["holes"]
    assert (hole["policy"], hole["because"]) == ("urgent", ["primary has nobody"])
    assert (exact(hole["starts_at"]), exact(hole["ends_at"])) == tuple(map(exact, window.values()))
    alone = [one for one in proof["thin"] if one["kind"] == "one person"]
    assert all(one["people"] and one["policy"] == "urgent" for one in alone)
    assert alone[0]["because"] == "urgent reaches Dr. Ana Chen and nobody else"
    # Before the hole and after it; not through it.
    edges = {exact(one[end]) for one in alone for end in ("starts_at", "ends_at")}
    assert edges >= set(map(exact, window.values()))


async def test_a_draft_is_previewed_by_person_and_window_and_changes_nothing(operator: Operator):
    draft = SAMPLE.replace("members: [chen, osei, patel]", "members: [chen, patel, osei]")
    told = (await operator.asks("POST", "/plan/preview", content=draft, headers=YAML)).json()
    assert (
        told["summary"] == f"This changes who is called in {lasting(round(told['hours'] * 3600))} of the next 90 days."
    )
    first = next(one for one in told["duties"] if one["schedule"] == "primary")
    assert (exact(first["starts_at"]), first["before"][0]["member"]) == (exact(MONDAY), "osei")
    assert first["after"][0]["member"] == "patel"
    assert sum(one["hours"] for one in told["people"]) == pytest.approx(0)
    assert (await operator.asks("GET", "")).json()["version"] == 1
    same = (await operator.asks("POST", "/plan/preview", content=SAMPLE, headers=YAML)).json()
    assert (same["hours"], same["duties"], same["people"]) == (0, [], [])
    faulty = SAMPLE.replace("rotation: nurses", "rotation: nobodies")
    await operator.refused(422, "POST", "/plan/preview", content=faulty, headers=YAML)


async def test_a_plan_that_overrides_given_meanwhile_make_a_hole_in_is_refused(operator: Operator):
    # Nobody has told this process of the override: the plan's judge goes by what it has in memory, and looks again.
    await operator.sql(
        "INSERT INTO overrides (practice, schedule, member, starts_at, ends_at, author, reason, kind, instead_of,"
        " origin) VALUES ('maple-pediatrics', 'primary', 'chen', '2026-11-22T08:00Z', '2026-11-22T11:00Z', 'Dana',"
        " 'Ill', 'remove', '', '')"
    )
    told = await operator.refused(422, "POST", "/plan/publish", content=ALONE, headers=YAML)
    (fault,) = told["errors"]
    assert "2026-11-22 03:00" in fault["detail"]
    assert (await operator.asks("GET", "")).json()["version"] == 1


async def test_of_a_plan_and_an_override_that_make_a_hole_together_one_is_refused(operator: Operator):
    removed = REPLACE | {"kind": "remove", "member": "chen", "starts_at": "2026-11-22T03:00:00-05:00"}
    published, overridden = await asyncio.gather(
        operator.asks("POST", "/plan/publish", content=ALONE, headers=YAML),
        operator.asks("POST", "/overrides", removed),
    )
    assert sorted((published.status_code // 100, overridden.status_code // 100)) == [2, 4]
    assert (await operator.asks("GET", "/coverage?to=2026-11-23T00:00:00Z")).json()["proved"]
