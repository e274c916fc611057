"""Turns are given by rank, and nobody who waits is forgotten."""

import asyncio

import pytest

from telephony.pace import Pacer


class Slots:
    """The account's clock: grants nothing until a test says so."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(0)
        self.taken = 0

    async def take(self) -> float:
        await self.free.acquire()
        self.taken += 1
        return 0.0

    def grant(self, count: int = 1) -> None:
        for _ in range(count):
            self.free.release()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def wait(pacer: Pacer, name: str, priority: int, order: list[str]) -> "asyncio.Task[None]":
    async def wait_for_turn() -> None:
        await pacer.turn(priority)
        order.append(name)

    return asyncio.create_task(wait_for_turn())


async def test_urgent_ones_go_first_and_equals_in_the_order_in_which_they_came() -> None:
    slots, order = Slots(), []
    pacer = Pacer(slots.take)
    waiting = [wait(pacer, name, rank, order) for name, rank in (("r1", 0), ("r2", 0), ("u1", 10), ("u2", 10))]
    await settled()
    assert order == []
    for _ in range(4):
        slots.grant()
        await settled()
    assert order == ["u1", "u2", "r1", "r2"]
    await asyncio.gather(*waiting)


async def test_who_comes_later_and_is_urgent_overtakes() -> None:
    slots, order = Slots(), []
    pacer = Pacer(slots.take)
    first = [wait(pacer, name, 0, order) for name in ("r1", "r2")]
    await settled()
    slots.grant()
    await settled()
    urgent = wait(pacer, "u1", 10, order)
    await settled()
    slots.grant(2)
    await asyncio.gather(*first, urgent)
    assert order == ["r1", "u1", "r2"]


async def test_two_processes_share_the_slots() -> None:
    slots, order = Slots(), []
    pacers = [Pacer(slots.take), Pacer(slots.take)]
    waiting = [wait(pacers[n % 2], str(n), 0, order) for n in range(6)]
    await settled()
    slots.grant(3)
    await settled()
    assert (len(order), slots.taken) == (3, 3)
    slots.grant(3)
    await asyncio.gather(*waiting)
    assert slots.taken == 6


async def test_a_closed_slot_is_asked_for_again_after_the_time_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr("telephony.pace.asyncio.sleep", sleep)
    answers = iter([0.4, 0.2, 0.0])

    async def take() -> float:
        return next(answers)

    await Pacer(take).turn(0)
    assert slept == [0.4, 0.2]


async def test_an_error_reaches_everybody_who_waits_and_the_next_turn_works() -> None:
    fails = [True]

    async def take() -> float:
        await asyncio.sleep(0)
        if fails.pop() if fails else False:
            raise ConnectionError("the database is away")
        return 0.0

    pacer = Pacer(take)
    results = await asyncio.gather(*(pacer.turn(0) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 3
    await pacer.turn(0)


async def test_who_does_not_wait_any_more_takes_no_slot() -> None:
    slots, order = Slots(), []
    pacer = Pacer(slots.take)
    waiting = [wait(pacer, name, 0, order) for name in ("a", "b", "c")]
    await settled()
    waiting[1].cancel()
    await settled()
    slots.grant(2)
    await settled()
    assert order == ["a", "c"]
    await asyncio.gather(*waiting, return_exceptions=True)
    assert slots.taken == 2
