"""Days before an empty shift the operators get a text: once, at breakfast, whatever number of workers there is."""

import asyncio

from nightbell.watching import Watching
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, SAMPLE
from tests.calls.test_swapped import front_desk, texts

DOCUMENT = SAMPLE.read_text()
STEPS = DOCUMENT[DOCUMENT.index("    steps:\n") : DOCUMENT.index("    repeat: 2")]
ALONE = DOCUMENT.replace(STEPS, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")
ILL = {
    "schedule": "primary",
    "member": "osei",
    "kind": "remove",
    "starts_at": "2026-11-28T09:00:00-05:00",
    "ends_at": "2026-11-28T21:00:00-05:00",
    "reason": "Timmy has a recital",
    "waiver": "The hospital may answer",
}
TOLD = (
    "Nightbell alert, Maple Pediatrics: urgent will reach nobody from 2026-11-28 09:00 to 2026-11-28 21:00"
    " (primary has nobody)"
)
DAY = 86_400


async def sweeps(night: Night, *others: Watching) -> None:
    await asyncio.gather(night.worker.sweep(), *(other.look() for other in others))
    await night.passes(10)


async def test_the_operators_hear_of_an_empty_shift_days_before_and_once(stage: Stage):
    night = await stage(document=ALONE)
    desk = await front_desk(night)
    await sweeps(night)
    await desk.does("/overrides", ILL)
    await night.parts.plans.refresh()
    others = [Watching(night.parts) for _ in range(3)]
    await sweeps(night, *others)
    assert texts(night, OPERATOR) == [TOLD]
    assert len(await night.alerts()) == 1
    for _ in range(3):
        await night.passes(DAY)
        await sweeps(night, *others)
    assert texts(night, OPERATOR) == [TOLD]
    (row,) = await night.sql("SELECT day, told FROM coverage_checks")
    assert (row.day.isoformat(), len(row.told["holes"])) == ("2026-11-24", 1)


async def test_a_number_that_can_no_longer_be_called_is_told_at_once(stage: Stage):
    night = await stage(document=ALONE)
    await sweeps(night)
    assert texts(night, OPERATOR) == []
    await night.sql(
        "INSERT INTO number_facts (practice, number, unreachable_at)"
        " VALUES ('maple-pediatrics', :chen, '2026-11-22T07:00Z')",
        chen=CHEN,
    )
    await night.parts.plans.refresh()
    await sweeps(night)
    (told, *_) = texts(night, OPERATOR)
    assert "urgent will reach nobody from 2026-11-22 02:10" in told
    assert "Dr. Ana Chen's numbers cannot be called" in told


async def test_a_look_that_breaks_off_tells_nothing_and_is_made_again(stage: Stage):
    night = await stage(document=ALONE)
    desk = await front_desk(night)
    await desk.does("/overrides", ILL)
    await night.parts.plans.refresh()
    await night.sql("ALTER TABLE alerts RENAME TO lost")
    await night.sql("ALTER TABLE procrastinate_jobs RENAME TO lost_jobs")
    await night.worker.sweep()
    await night.sql("ALTER TABLE lost_jobs RENAME TO procrastinate_jobs")
    await night.sql("ALTER TABLE lost RENAME TO alerts")
    assert await night.sql("SELECT 1 FROM coverage_checks") == []
    await sweeps(night)
    assert texts(night, OPERATOR) == [TOLD]
