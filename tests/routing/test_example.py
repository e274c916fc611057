"""The example that the project was begun with, where it is at hand."""

from pathlib import Path

import pytest
from whenever import Instant

from routing.plan import check, compile_plan, read

EXAMPLE = Path(__file__).resolve().parents[3] / "shared" / "plan.example.yaml"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="../shared/plan.example.yaml is not at hand")
def test_the_example_loads_and_lacks_only_spanish() -> None:
    document = read(EXAMPLE.read_text(encoding="utf-8"))
    plan = compile_plan(document)
    assert len(plan.flow.nodes) == 12
    found = check(document, Instant.from_utc(2026, 11, 22))
    assert {fault.check for fault in found} == {"missing-language"}
    assert all("missing in es-US" in fault.fault for fault in found)
