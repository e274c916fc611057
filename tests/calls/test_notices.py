"""Routine notices: several in one text, none in quiet hours, none lost with a worker."""

import asyncio
from functools import partial
from typing import Any

import pytest

from nightbell import noticing
from nightbell.composition import Parts
from nightbell.noticing import notify, tell_waiting
from storage import notices
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI, PATEL
from tests.calls.test_quiet import document
from tests.calls.test_shift_start import TOLD, at, goes_on, sweeps
from tests.calls.test_swapped import front_desk, texts

QUIET = TOLD.replace("{id: osei, ", '{id: osei, quiet: "22:00-07:00", ')


async def swaps(night: Night, starts: str, ends: str) -> None:
    desk = await front_desk(night)
    asked: dict[str, Any] = {"schedule": "primary", "member": "osei", "reason": "a recital"}
    swap = await desk.does("/swaps", {**asked, "starts_at": starts, "ends_at": ends})
    await desk.does(f"/swaps/{swap['id']}/take", {"member": "patel"})
    await sweeps(night)


async def test_the_first_comes_at_once_and_those_that_follow_come_together(stage: Stage):
    night = await stage(at(23, 10), document=document())
    for i, day in enumerate((25, 26, 27)):
        await swaps(night, f"2026-11-{day}T08:00:00-05:00", f"2026-11-{day}T12:00:00-05:00")
        assert len(texts(night, OSEI)) == 1, i
    await goes_on(night, at(23, 10, 11))
    first, second = texts(night, OSEI)
    assert "swap 1" in first
    assert ("swap 2" in second, "swap 3" in second, second.count("Maple Pediatrics:")) == (True, True, 1)
    assert len(texts(night, PATEL)) == 2


async def test_many_workers_tell_them_once(stage: Stage):
    night = await stage(at(23, 10), document=document())
    await night.sql(
        "INSERT INTO notices (practice, member, words, latest, made_at) SELECT 'maple-pediatrics', 'osei', w,"
        " '2026-11-30T12:00Z', '2026-11-23T15:00Z' FROM unnest(ARRAY['One.', 'Two.']) w"
    )
    await asyncio.gather(*(tell_waiting(night.parts) for _ in range(6)))
    await night.passes(5)
    assert texts(night, OSEI) == ["Maple Pediatrics: One. Two."]


async def test_in_quiet_hours_they_wait_for_the_morning(stage: Stage):
    night = await stage(at(21, 23), document=QUIET)
    await swaps(night, "2026-11-24T08:00:00-05:00", "2026-11-24T12:00:00-05:00")
    assert (texts(night, OSEI), len(texts(night, PATEL))) == ([], 1)
    await goes_on(night, at(22, 6, 59), every=1800)
    assert texts(night, OSEI) == []
    await goes_on(night, at(22, 7, 1))
    (told,) = texts(night, OSEI)
    assert "Dr. Mira Patel has primary from 2026-11-24 08:00" in told


async def test_but_not_if_it_would_be_too_late(stage: Stage):
    night = await stage(at(23, 23), document=QUIET)
    await swaps(night, "2026-11-24T05:00:00-05:00", "2026-11-24T06:00:00-05:00")
    assert "from 2026-11-24 05:00 to 2026-11-24 06:00 instead of you" in texts(night, OSEI)[0]


async def test_what_a_worker_left_half_done_is_told_all_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    night = await stage(at(23, 10), document=document())

    async def dies(*_: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("nightbell.noticing.tell_member", dies)
        with pytest.raises(asyncio.CancelledError):
            await notify(night.parts, "maple-pediatrics", "chen", "You have the night.", at(25, 8))
    await tell_waiting(night.parts)
    assert texts(night, CHEN) == [], "somebody may be sending it"
    await night.passes(61)
    await tell_waiting(night.parts)
    await night.passes(5)
    assert texts(night, CHEN) == ["Maple Pediatrics: You have the night."]
    assert await tell_waiting(night.parts) == 0


async def test_what_twilio_does_not_take_is_tried_again(stage: Stage):
    night = await stage(at(23, 10), document=document())
    night.exchange.rest_faults.refuse(503, 20503, resource="Messages", method="POST", times=5)
    await notify(night.parts, "maple-pediatrics", "chen", "You have the night.", at(25, 8))
    assert texts(night, CHEN) == []
    await goes_on(night, at(23, 10, 5))
    assert texts(night, CHEN) == ["Maple Pediatrics: You have the night."]


async def test_those_that_have_to_wait_hold_up_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    night = await stage(at(23, 23), document=QUIET)
    monkeypatch.setattr(notices, "waiting", partial(notices.waiting, limit=1))
    await notify(night.parts, "maple-pediatrics", "osei", "x", at(24, 8))
    await notify(night.parts, "maple-pediatrics", "chen", "You have the morning.", at(24, 9, 30))
    await goes_on(night, at(23, 23, 2))
    assert (texts(night, CHEN), texts(night, OSEI)) == (["Maple Pediatrics: You have the morning."], [])


async def test_a_fault_of_ones_own_stops_nobody_else(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    night = await stage(at(23, 10), document=document())
    tell = noticing.tell_member

    async def broken(parts: Parts, practice: str, member: str, words: str) -> bool:
        if member == "osei":
            raise RuntimeError("not everybody has a name like this")
        return await tell(parts, practice, member, words)

    monkeypatch.setattr(noticing, "tell_member", broken)
    await notify(night.parts, "maple-pediatrics", "osei", "x", at(23, 11))
    await notify(night.parts, "maple-pediatrics", "chen", "You have the night.", at(25, 8))
    await night.passes(5)
    assert texts(night, CHEN) == ["Maple Pediatrics: You have the night."]


async def test_so_many_that_one_text_does_not_hold_them(stage: Stage):
    night = await stage(at(23, 10), document=document())
    words = [f"Number {n}: {'x' * 150}." for n in range(5)]
    for each in words:
        await night.sql(
            "INSERT INTO notices (practice, member, words, latest, made_at)"
            " VALUES ('maple-pediatrics', 'osei', :w, '2026-11-30T12:00Z', '2026-11-23T15:00Z')", w=each,
        )  # fmt: skip
    assert await tell_waiting(night.parts) == 2
    await goes_on(night, at(23, 10, 25))
    assert [text.count("Number") for text in texts(night, OSEI)] == [2, 2, 1], "one every ten minutes"
