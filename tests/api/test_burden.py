"""Burden and pay sheet over the API: which span, and what is refused."""

import pytest

from tests.api.conftest import SAMPLE, YAML, Operator
from tests.api.test_overrides import REPLACE


async def test_the_month_that_it_is_if_nothing_is_said(operator: Operator):
    told = (await operator.asks("GET", "/burden")).json()
    assert (told["starts_at"], told["ends_at"]) == ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")
    assert {one["member"] for one in told["people"]} == {"chen", "osei", "patel", "ruiz"}
    assert 0 < told["balance"] < 1
    coming = (await operator.asks("GET", "/burden?from=2026-11-23T13:00:00Z&to=2026-12-14T13:00:00Z")).json()
    weeks = {one["member"]: one["by_schedule"].get("backup", 0) for one in coming["people"]}
    assert weeks == {"chen": 168, "osei": 168, "patel": 168, "ruiz": 0}


@pytest.mark.parametrize("path", ["/burden", "/pay-sheet"])
async def test_a_span_that_cannot_be(operator: Operator, path: str):
    await operator.asks("POST", "/plan/publish", content=SAMPLE + '\npay: {hour: "10"}\n', headers=YAML)
    for query, says in (
        ("from=2026-11-23T13:00:00Z&to=2026-11-23T13:00:00Z", "it is not after `from`"),
        ("from=2026-01-01T00:00:00Z&to=2028-01-01T00:00:00Z", "more than 400 days"),
    ):
        assert says in str(await operator.refused(422, "GET", f"{path}?{query}"))


async def test_no_rates_no_sheet_and_it_says_what_mends_it(operator: Operator):
    refused = await operator.refused(409, "GET", "/pay-sheet")
    assert "Give it `pay: {hour: ...}`" in str(refused)


async def test_no_cell_is_a_formula(operator: Operator):
    plan = SAMPLE.replace("name: Dr. Ana Chen", 'name: "=1+1"') + '\npay: {hour: "10"}\n'
    published = await operator.asks("POST", "/plan/publish", content=plan, headers=YAML)
    assert published.status_code == 201, published.text
    sheet = (await operator.asks("GET", "/pay-sheet?from=2026-12-01T00:00:00Z&to=2027-01-01T00:00:00Z")).text
    assert "chen,'=1+1,primary" in sheet
    assert ",=1+1" not in sheet


async def test_a_change_says_what_it_does_to_the_balance(operator: Operator):
    answer = await operator.asks("POST", "/overrides?dry_run=true", json=REPLACE)
    assert answer.status_code == 200, answer.text
    balance = answer.json()["balance"]
    assert 0 < balance["after"] < 1
    assert balance["after"] != balance["before"]
