"""`nightbell burden`, as a practice manager types it."""

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path

from tests.nightbell.conftest import Run, Willow


def test_a_month_is_told_to_people_and_to_programs(willow: Willow) -> None:
    told = willow("burden", "--from", "2026-12-01").out
    assert "2026-12-01 00:00 to 2027-01-01 00:00 America/New_York" in told
    assert re.search(r"^Nina Ruiz RN +276\.00 +276\.00 +0\.00 +23 +0 +1 +0 +0 +0 +12\.00 +12\.00", told, re.MULTILINE)
    assert "Balance 0.898 (1: shared out evenly" in told
    people = {
        one["member"]: one for one in json.loads(willow("burden", "--from", "2026-12-01", "--json").out)["people"]
    }
    assert (people["ruiz"]["seconds"], people["ruiz"]["nights"]) == (276 * 3600, 23)


def test_the_pay_sheet_adds_up_and_needs_rates(willow: Willow, run: Run, plan_file: Path) -> None:
    refused = willow("burden", "--pay")
    assert (refused.code, refused.out) == (1, "")
    assert "give it `pay: {hour: ...}`" in refused.err
    plan_file.write_text(plan_file.read_text() + '\npay: {hour: "10.10", night_hour: "15.55"}\n')
    assert run("apply", str(plan_file)).code == 0
    sheet = willow("burden", "--pay", "--from", "2026-12-01", "--to", "2026-12-08").out
    rows = list(csv.DictReader(io.StringIO(sheet)))
    lines = [Decimal(row["amount"]) for row in rows if row["kind"] != "total"]
    totals = [Decimal(row["amount"]) for row in rows if row["kind"] == "total"]
    assert totals[-1] == sum(lines) == sum(totals[:-1])
    assert totals[-1] > 0


def test_a_span_that_cannot_be(willow: Willow) -> None:
    for arguments, says in (
        (("--from", "2026-12-01", "--to", "2026-12-01"), "--to: choose an end after the begin"),
        (("--from", "December"), "--from: 'December' is not a time"),
        (("--json", "--pay"), "one of them at a time"),
    ):
        refused = willow("burden", *arguments)
        assert (refused.code, refused.out) == (1, "")
        assert says in refused.err
