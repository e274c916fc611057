"""What is told to end ends, also where a cancellation is lost on the way."""

import asyncio
import time

import pytest

from nightbell.supervise import end


async def swallows(ended: asyncio.Event) -> None:
    """As `asyncio.wait_for` of Python 3.11 does when what it waits for is there at the same moment."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await ended.wait()


async def test_a_lost_cancellation_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nightbell.supervise.ENDS_WITHIN", 0.1)
    ended = asyncio.Event()
    good, bad = asyncio.create_task(asyncio.sleep(60)), asyncio.create_task(swallows(ended))
    await asyncio.sleep(0)
    began = time.monotonic()
    await end([good, bad])
    assert time.monotonic() - began < 5
    assert good.cancelled()
    assert not bad.done()
    ended.set()
    await bad


async def test_what_ends_at_once_is_not_waited_for():
    began = time.monotonic()
    await end([asyncio.create_task(asyncio.sleep(60)) for _ in range(3)])
    assert time.monotonic() - began < 5
