"""A clinician's calendar program follows who is on call, over real HTTP, also while the database is away."""

from typing import Any

import httpx
from icalendar import Calendar

from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.proxy import Wire
from tests.calls.test_swapped import OFFER, front_desk, rung_for_a_caller


async def asks(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as program:
        return await program.request(method, url, headers=headers)


def shifts(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {str(e["UID"]): (e["DTSTART"].dt, e["DTEND"].dt) for e in Calendar.from_ical(answer.content).walk("VEVENT")}


async def test_a_swap_is_in_both_calendars_and_rings_the_same_person(night: Night):
    desk = await front_desk(night)
    patel, chen = [(await desk.does("/feeds", {"member": member}))["url"] for member in ("patel", "chen")]
    before = {url: shifts(await asks(url)) for url in (patel, chen)}
    swap = await desk.does("/swaps", OFFER)
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    new = shifts(await asks(patel))
    added = [window for uid, window in new.items() if uid not in before[patel]]
    assert [(start.hour, end.hour) for start, end in added] == [(8, 11)], "03:00 to 06:00, in UTC"
    assert before[patel].keys() <= new.keys()
    kept = shifts(await asks(chen))
    assert before[chen].keys() <= kept.keys()
    changed = [uid for uid, window in before[chen].items() if kept[uid] != window]
    assert len(changed) == 1, "her shift ends when his begins, and is the same shift"
    await night.passes(60 * 60)
    assert await rung_for_a_caller(night) == [0, 0, 1, 0]


async def test_a_program_is_never_told_that_a_calendar_is_gone_because_the_database_is(stage: Stage, logged: list[str]):
    night = await stage(wired=True)
    url = (await (await front_desk(night)).does("/feeds", {"member": "chen"}))["url"]
    whole = await asks(url)
    head = await asks(url, "HEAD")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    for wire in (Wire.CUT, Wire.HANGS):
        night.database(wire)
        for path in (url, url.replace(".ics", "x.ics")):
            assert (await asks(path)).status_code == 503
    night.database(Wire.WORKS)
    statuses = [(await asks(url, **{"If-None-Match": whole.headers["ETag"]})).status_code for _ in range(4)]
    assert statuses[-1] == 304, "who asks first notices what was abandoned on the wire"
    assert set(statuses) <= {503, 304}
    token = url.rpartition("/")[2].removesuffix(".ics")
    assert not [line for line in logged if token in line]
