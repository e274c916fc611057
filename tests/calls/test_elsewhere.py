"""A hospital's calendar decides who is rung; what happens when it changes, breaks, or cannot be had."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from nightbell.calendars_in import CalendarsIn
from routing.plan import PlanFaults
from tests.calendars.feeds import calendar, event
from tests.calendars.server import Elsewhere, content, silent, status
from tests.calls.conftest import Stage
from tests.calls.night import Night, point
from tests.calls.people import OPERATOR, SAMPLE
from tests.calls.test_swapped import front_desk, rung_for_a_caller, texts

SECRET = "/private-0123456789abcdef/basic.ics"
FIRST = "      - {rotation: nurses, only"
HOUR = 3600


def document(server: Elsewhere, *more: str, waive: tuple[str, ...] = (), path: str = SECRET) -> str:
    """The sample, its primary schedule led by a hospital's calendar."""
    text = SAMPLE.read_text().replace(FIRST, f"      - {{calendar: hospital}}\n{FIRST}")
    settings = "".join(f"\n    {line}" for line in more)
    text += f'\ncalendars:\n  hospital:\n    url: "{server.url(path)}"{settings}\n'
    waivers = "".join(f"\n  - {{check: {check}, because: agreed}}" for check in waive)
    return text + (f"waivers:{waivers}\n" if waive else "")


def tonight(*names: str) -> bytes:
    """02:00 to 06:00 on that Sunday; the practice's clock, as it has no zone."""
    return calendar(*(event(name, DTSTART="20261122T020000", DTEND="20261122T060000") for name in names))


@pytest.fixture
async def server() -> AsyncIterator[Elsewhere]:
    async with Elsewhere().serving() as elsewhere:
        yield elsewhere


async def looks(night: Night, *others: CalendarsIn) -> int:
    found = await asyncio.gather(night.worker.calendars.look(), *(other.look() for other in others))
    await night.parts.plans.refresh()
    await night.passes(10)
    return sum(found)


async def published(stage: Stage, server: Elsewhere, *more: str, feed: bytes, waive: tuple[str, ...] = ()) -> Night:
    server.says[SECRET] = content(feed, ETag='"v1"')
    return await stage(document=document(server, *more, waive=waive))


async def copy(night: Night) -> tuple[str, str, int]:
    (row,) = await night.sql("SELECT failure, url, jsonb_array_length(shifts) FROM calendar_copies")
    return tuple(row)


# ---- it decides ---------------------------------------------------------------------------------------------------


async def test_whom_the_hospital_names_is_rung(stage: Stage, server: Elsewhere):
    night = await published(stage, server, "names: {Night MD: patel}", feed=tonight("Night MD"))
    assert await rung_for_a_caller(night) == [0, 0, 1, 0]
    assert len(server.asked) == 1, "publishing had fetched it"


async def test_a_change_there_is_a_change_here_and_outside_it_the_rotation_counts(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]
    server.says[SECRET] = content(tonight("Dr. Kofi Osei"))
    assert await looks(night) == 0, "it is not due"
    await night.passes(30 * 60)
    assert await looks(night) == 1
    assert await rung_for_a_caller(night) == [0, 1, 0, 1]
    await night.passes(4 * HOUR)
    assert await rung_for_a_caller(night) == [1, 1, 0, 1]


async def test_an_override_wins_over_the_calendar_too(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    desk = await front_desk(night)
    await desk.does("/overrides/take-over", {"schedule": "primary", "member": "patel"})
    assert await rung_for_a_caller(night) == [0, 0, 1, 0]


async def test_many_workers_fetch_it_once(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    await night.passes(30 * 60)
    assert await looks(night, *(CalendarsIn(night.parts) for _ in range(5))) == 1
    assert len(server.asked) == 2
    assert server.asked[1][1]["if-none-match"] == '"v1"'


# ---- it cannot be had ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["gone", "broken", "nothing there"])
async def test_the_last_good_copy_stays_and_the_operators_are_told_once(stage: Stage, server: Elsewhere, how: str):
    night = await published(stage, server, "stale_after: 2h", feed=tonight("ruiz"))
    bad = {"gone": status(404), "broken": content(b"<html>Sign in"), "nothing there": content(tonight("x")[:-30])}
    server.says[SECRET] = bad[how]
    for _ in range(6):
        await night.passes(30 * 60)
        await looks(night)
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]
    (told,) = texts(night, OPERATOR)
    assert "the calendar hospital could not be fetched since 2026-11-22 02:10" in told
    assert "its last copy is still used" in told
    assert "private" not in told
    assert len(await night.alerts()) == 1
    server.says[SECRET] = content(tonight("Dr. Kofi Osei"))
    await night.passes(5 * 60)
    await looks(night)
    assert texts(night, OPERATOR)[1:] == [
        "Nightbell alert, Maple Pediatrics: the calendar hospital can be fetched again"
    ]
    failure, _, _ = await copy(night)
    assert failure == ""


async def test_a_calendar_that_is_suddenly_empty_is_not_believed_at_once(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    server.says[SECRET] = content(calendar())
    for minutes in (30, 5, 50):
        await night.passes(minutes * 60)
        assert await looks(night) == 1
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]
    (told,) = texts(night, OPERATOR)
    assert told == (
        "Nightbell alert, Maple Pediatrics: the calendar hospital: all, or nearly all, of what was to come is gone from"
        " it. Its copy is used as it was; if that is still so in 1 h, it is taken"
    )
    await night.passes(10 * 60)
    await looks(night)
    assert (await copy(night))[0::2] == ("", 0)
    assert await rung_for_a_caller(night) == [1, 0, 0, 1]
    assert texts(night, OPERATOR)[1:] == [
        "Nightbell alert, Maple Pediatrics: the calendar hospital is taken as it is now"
    ]


async def test_one_that_is_full_again_within_the_hour_is_as_if_nothing_had_been(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    for feed in (calendar(), tonight("Dr. Kofi Osei"), calendar()):
        server.says[SECRET] = content(feed)
        await night.passes(40 * 60)
        await looks(night)
    assert (await copy(night))[2] == 1, "the hour begins anew"
    assert await rung_for_a_caller(night) == [0, 1, 0, 0]


@pytest.mark.parametrize("trouble", [False, True], ids=["shifts end meanwhile", "the server fails now and then"])
async def test_one_that_is_cleared_for_good_is_taken_after_the_hour_and_told_once(
    stage: Stage, server: Elsewhere, trouble: bool
):
    shifts = [event("ruiz", DTSTART=f"20261122T{h:02}0000", DTEND=f"20261122T{h:02}3000") for h in range(3, 24)]
    night = await published(stage, server, feed=calendar(*shifts))
    for look in range(17):
        server.says[SECRET] = status(503) if trouble and look % 4 == 3 else content(calendar())
        await night.passes(6 * 60)
        await looks(night)
    assert (await copy(night))[2] == 0
    assert ["gone from it" in told for told in texts(night, OPERATOR)] == [True, False]


async def test_an_earlier_trouble_does_not_count_as_the_hour_in_which_it_stays_empty(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    server.says[SECRET] = status(500)
    await night.passes(40 * 60)
    await looks(night)
    await night.passes(65 * 60)
    for feed in (calendar(), calendar()):
        server.says[SECRET] = content(feed)
        await night.passes(6 * 60)
        await looks(night)
    assert (await copy(night))[2] == 1


async def test_one_that_breaks_what_reads_it_grows_stale_as_any_other(
    stage: Stage, server: Elsewhere, monkeypatch: pytest.MonkeyPatch
):
    night = await published(stage, server, "stale_after: 1h", feed=tonight("ruiz"))

    async def broken(*_: object) -> None:
        raise KeyError("Mrs Jones")

    monkeypatch.setattr(night.parts.calendars, "copy", broken)
    for _ in range(3):
        await night.passes(30 * 60)
        await looks(night)
    (told,) = texts(night, OPERATOR)
    assert "could not be fetched since 2026-11-22 02:10 (it cannot be taken (KeyError)); its last copy" in told
    assert (await copy(night))[0].startswith("it cannot be taken (KeyError).")


async def test_a_change_of_address_keeps_the_old_copy_until_the_new_one_is_there(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    with pytest.raises(PlanFaults) as faults:
        await night.publish(document(server, path="/private-other"))
    (fault,) = faults.value.faults
    assert (fault.check, fault.path) == ("calendar-feed", "calendars.hospital.url")
    assert "answers 404" in fault.fault
    assert "private" not in str(fault)
    assert (await copy(night))[1] == server.url(SECRET)
    await night.publish(document(server, path="/private-other", waive=("calendar-feed",)))
    assert await rung_for_a_caller(night) == [0, 0, 0, 1]
    assert (await copy(night))[:2] == (
        "its server answers 404. Get its address anew from the other calendar: links are taken back, and mistyped.",
        server.url(SECRET),
    )
    server.says["/private-other"] = content(tonight("Dr. Kofi Osei"))
    await night.passes(5 * 60)
    await looks(night)
    assert (await copy(night))[:2] == ("", server.url("/private-other"))
    assert await rung_for_a_caller(night) == [0, 1, 0, 1]


async def test_a_slow_one_holds_up_neither_the_sweep_nor_the_other_calendars(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    other = document(server, path="/other").replace("maple-pediatrics", "oak").replace("+16175550100", "+16175550101")
    server.says["/other"] = content(tonight("ruiz"))
    point(night.exchange, night.product.origin, "+16175550101")  # its staff are told of their shifts
    await night.publish(other)
    await night.passes(30 * 60)
    server.says[SECRET] = silent
    looking = asyncio.create_task(night.worker.calendars.look())
    await server.is_asked(4)
    await night.worker.sweep()
    call = await rung_for_a_caller(night)
    assert call == [0, 0, 0, 1]
    rows = await night.sql("SELECT practice, fetched_at > '2026-11-22T07:35Z' AS anew FROM calendar_copies ORDER BY 1")
    assert [(row.practice, row.anew) for row in rows] == [("maple-pediatrics", False), ("oak", True)]
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_what_comes_too_late_does_not_overwrite_what_was_published_meanwhile(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    may_answer = asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        await may_answer.wait()
        await content(tonight("Dr. Kofi Osei"))(writer)

    server.says[SECRET] = late
    await night.passes(30 * 60)
    looking = asyncio.create_task(night.worker.calendars.look())
    await server.is_asked(2)
    await night.passes(1)
    server.says["/other"] = content(tonight("Dr. Mira Patel"))
    await night.publish(document(server, path="/other"))
    may_answer.set()
    await looking
    assert (await copy(night))[1] == server.url("/other")
    assert await rung_for_a_caller(night) == [0, 0, 1, 0]


async def test_with_the_database_away_nothing_is_lost(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz"))
    await night.passes(30 * 60)
    server.says[SECRET] = content(tonight("Dr. Kofi Osei"))
    await night.sql("ALTER TABLE calendar_copies RENAME TO away")
    assert await night.worker.calendars.look() == 0
    await night.sql("ALTER TABLE away RENAME TO calendar_copies")
    await night.passes(60)
    assert await looks(night) == 1
    assert await rung_for_a_caller(night) == [0, 1, 0, 0]


# ---- names ----------------------------------------------------------------------------------------------------------


async def test_unknown_names_keep_a_plan_from_being_published(stage: Stage, server: Elsewhere):
    night = await stage()
    server.says[SECRET] = content(tonight("Chen & Pattel", "Holiday party", "Dr. Kofi Osei"))
    with pytest.raises(PlanFaults) as faults:
        await night.publish(document(server))
    told = [(fault.check, fault.path, fault.fault) for fault in faults.value.faults]
    assert told == [
        (
            "calendar-names",
            "calendars.hospital.names",
            f"`{words}`, in an event of 2026-11-22 02:00, is none of the staff",
        )
        for words in ("holiday party", "pattel")
    ]
    assert "Add `pattel: patel` to its `names:`" in faults.value.faults[1].mend
    assert await night.sql("SELECT 1 FROM calendar_copies") == []
    assert await night.sql_one("SELECT current_version FROM practices") == 1
    mended = document(server, "names: {Pattel: patel}", "ignore: [holiday party]")
    await night.publish(mended)
    assert await night.sql_one("SELECT current_version FROM practices") == 2
    assert await rung_for_a_caller(night) == [1, 0, 0, 0]


async def test_names_that_are_new_are_told_once_without_being_quoted(stage: Stage, server: Elsewhere):
    night = await published(stage, server, feed=tonight("ruiz", "Locum"), waive=("calendar-names",))
    later = event("Mrs Jones MRI", DTSTART="20261123T020000", DTEND="20261123T060000")
    for feed in (tonight("ruiz", "Locum"), calendar(later), calendar(later, later), tonight("ruiz"), calendar(later)):
        server.says[SECRET] = content(feed)
        await night.passes(30 * 60)
        await looks(night)
    told = texts(night, OPERATOR)
    assert len(told) == 2, "when it came, and when it came again"
    assert "the calendar hospital has a name that the plan does not know, first from 2026-11-23 02:00" in told[0]
    assert "Jones" not in str(await night.alerts())
