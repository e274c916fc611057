"""Time, virtual and real."""

import asyncio

import pytest
from whenever import Instant

from telephony.emulator import RealTimeline, TimelineStuckError, VirtualTimeline

START = Instant.from_utc(2026, 1, 5, 3)


@pytest.fixture
async def timeline():
    timeline = VirtualTimeline(START, stuck_after=0.2)
    yield timeline
    await timeline.close()


async def test_time_moves_only_when_all_is_quiet(timeline):
    seen = []

    async def worker(name, seconds):
        await timeline.sleep(seconds)
        await asyncio.sleep(0.01)  # real work: the clock must wait for it
        seen.append((name, timeline.now()))

    for name, seconds in (("b", 20), ("a", 10), ("c", 20)):
        timeline.spawn(worker(name, seconds))
    assert await timeline.until(lambda: len(seen) == 3)
    assert sorted(seen) == [("a", START.add(seconds=10)), ("b", START.add(seconds=20)), ("c", START.add(seconds=20))]


async def test_waiting_task_is_idle_and_wakes(timeline):
    bell = asyncio.get_running_loop().create_future()
    woken = []

    async def waiter():
        woken.append(await timeline.wait_for(bell, timeout=60))

    async def ringer():
        await timeline.sleep(5)
        bell.set_result(None)

    timeline.spawn(waiter())
    timeline.spawn(ringer())
    assert await timeline.until(lambda: bool(woken))
    assert woken == [True]
    assert timeline.now() == START.add(seconds=5)


async def test_wait_that_times_out(timeline):
    woken = []

    async def waiter():
        woken.append(await timeline.wait_for(asyncio.get_running_loop().create_future(), timeout=7))

    timeline.spawn(waiter())
    assert await timeline.until(lambda: bool(woken))
    assert woken == [False]
    assert timeline.now() == START.add(seconds=7)


async def test_nothing_left_to_happen_is_false_at_once(timeline):
    assert not await timeline.until(lambda: False)
    assert timeline.now() == START
    assert not await timeline.advance_once()


async def test_limit_is_kept(timeline):
    timeline.spawn(timeline.sleep(100))
    assert not await timeline.until(lambda: False, limit=50)
    assert timeline.now() == START.add(seconds=50)


async def test_hooks_drive_the_product(timeline):
    due = START.add(seconds=30)
    ran: list[Instant] = []

    async def settle():
        if timeline.now() >= due and not ran:
            ran.append(timeline.now())
            return True
        return False

    async def next_due():
        return due

    timeline.settle_hooks.append(settle)
    timeline.due_hooks.append(next_due)
    assert await timeline.until(lambda: bool(ran))
    assert ran == [due]
    assert not await timeline.until(lambda: False)  # a hook that stays due does not hold the clock


async def test_run_for_lets_everything_happen(timeline):
    seen = []

    async def ticker():
        while True:
            await timeline.sleep(10)
            seen.append(timeline.now())

    timeline.spawn(ticker())
    await timeline.run_for(35)
    assert len(seen) == 3
    assert timeline.now() == START.add(seconds=35)


async def test_several_waits_at_once(timeline):
    done = set()

    async def worker(seconds):
        await timeline.sleep(seconds)
        done.add(seconds)

    for seconds in (3, 6, 9):
        timeline.spawn(worker(seconds))
    results = await asyncio.gather(*(timeline.until(lambda s=s: s in done) for s in (9, 3, 6)))
    assert results == [True, True, True]


async def test_crash_of_a_task_is_raised_to_the_test(timeline):
    async def crash():
        raise LookupError("an emulator bug")

    timeline.spawn(crash())
    with pytest.raises(LookupError, match="an emulator bug"):
        await timeline.until(lambda: False)


async def test_busy_for_ever_is_reported_by_name(timeline):
    timeline.spawn(asyncio.sleep(5), name="somebody asleep in real time")
    with pytest.raises(TimelineStuckError, match="somebody asleep"):
        await timeline.settle()


async def test_a_request_being_served_counts_as_busy(timeline):
    seen = []

    async def serve():
        with timeline.working("POST /Calls"):
            await asyncio.sleep(0.05)
            seen.append(timeline.now())

    timeline.spawn(timeline.sleep(60))
    request = asyncio.create_task(serve())
    await asyncio.sleep(0)
    await timeline.until(lambda: False, limit=60)
    await request
    assert seen == [START]


async def test_real_time_runs_at_its_rate():
    timeline = RealTimeline(START, rate=100)
    woken = []

    async def worker():
        await timeline.sleep(5)
        woken.append(timeline.now())
        timeline.changed()

    timeline.spawn(worker())
    assert await timeline.until(lambda: bool(woken), limit=60)
    assert START.add(seconds=5) <= woken[0] < START.add(seconds=60)
    assert not await timeline.until(lambda: False, limit=1)
    await timeline.close()
