"""What a night was for those who were on call: counted, told and paid as it really was."""

import csv
import io
from decimal import Decimal

import pytest
from whenever import Instant

from telephony.emulator import Voicemail
from tests.calls.callers import TAKES, holds
from tests.calls.conftest import Stage
from tests.calls.people import CHEN, OSEI, SAMPLE
from tests.calls.test_swapped import front_desk

RATES = (
    '\npay: {hour: "10", night_hour: "16", weekend_hour: "20", holiday_hour: "40", page: "7.50", '
    'schedules: {backup: "0.5"}}\n'
)
FROM, TO = "2026-11-22T02:10:00-05:00", "2026-11-22T08:10:00-05:00"
SPAN = f"from={FROM}&to={TO}"


async def test_a_night_is_told_and_paid_as_it_was_and_not_as_the_plan_says_by_now(stage: Stage):
    night = await stage(document=SAMPLE.read_text() + RATES)
    night.phone(CHEN).behaviour = Voicemail(after=15)
    night.phone(OSEI).behaviour = TAKES
    desk = await front_desk(night)

    # Patel has it from 4 on; at 5 that is ended, and Chen has it again.
    window = {"starts_at": "2026-11-22T04:00:00-05:00", "ends_at": "2026-11-22T08:00:00-05:00"}
    made = await desk.does("/overrides", {"schedule": "primary", "member": "patel", "reason": "A favour", **window})
    call = await holds(night)
    await call.talks_to(night.phone(OSEI), within=400)
    await call.hang_up()
    await night.settle()
    await night.passes(2.9 * 3600 - 200)
    await desk.asks("DELETE", f"/overrides/{made['id']}")
    now = night.clock.now()
    # A plan that comes later changes nothing about what was.
    later = (SAMPLE.read_text() + RATES).replace("members: [chen, osei, patel]", "members: [ruiz, osei, patel]")
    await night.publish(later)
    await night.parts.plans.refresh()

    told = (await desk.asks("GET", f"/burden?{SPAN}")).json()
    people = {one["member"]: one for one in told["people"]}
    hers = (now - Instant.from_utc(2026, 11, 22, 9)).total("hours")
    assert 0.5 < hers < 1.5
    assert people["patel"]["by_schedule"] == {"primary": pytest.approx(hers, abs=0.001)}
    assert people["chen"]["by_schedule"] == {"primary": pytest.approx(110 / 60, abs=0.001)}
    rest = 6 - 110 / 60 - hers
    assert people["ruiz"]["by_schedule"] == {"primary": pytest.approx(rest, abs=0.001)}
    assert people["osei"]["by_schedule"] == {"backup": 6.0}
    assert (people["chen"]["pages"], people["chen"]["taken"], people["chen"]["wake_ups"]) == (1, 0, 1)
    assert (people["osei"]["pages"], people["osei"]["taken"], people["osei"]["wake_ups"]) == (1, 1, 1)
    assert (people["osei"]["nights"], people["chen"]["nights"]) == (1, 0)

    sheet = await desk.asks("GET", f"/pay-sheet?{SPAN}")
    assert sheet.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    mine = [(row["schedule"], row["kind"], row["amount"]) for row in rows if row["member"] == "osei"]
    # Six hours of a weekend at half the rate, and the page that he took.
    assert mine == [("", "page", "7.50"), ("backup", "weekend", "60.00"), ("", "total", "67.50")]
    lines = [Decimal(row["amount"]) for row in rows if row["kind"] != "total"]
    assert Decimal(rows[-1]["amount"]) == sum(lines)
    assert sum(lines) == pytest.approx(Decimal("187.50"), abs=Decimal("0.02"))
