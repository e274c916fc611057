"""The README's calendar by example, put into the sample plan: it says what a plan can say."""

from pathlib import Path

import pytest
from whenever import Instant

from routing.plan import PlanFaults, publishable
from tests.calls.people import SAMPLE

README = Path(__file__).parents[2] / "README.md"


def test_the_calendar_by_example_has_no_fault_but_that_its_calendar_is_made_up():
    section = README.read_text(encoding="utf-8").partition("## The calendar of those on call")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    sample = SAMPLE.read_text()
    start, end = sample.index("rotations:\n"), sample.index("policies:\n")
    with pytest.raises(PlanFaults) as refused:
        publishable(sample[:start] + example + sample[end:], Instant.from_utc(2026, 11, 22, 7, 10))
    assert [fault.check for fault in refused.value.faults] == ["calendar-feed"]
