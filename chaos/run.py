"""One run: people call, faults come by the script, and then everything settles."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from chaos.callers import Callers
from chaos.evidence import Evidence, gather
from chaos.people import everybody_answers, moods
from chaos.script import Act
from chaos.world import World, world

SETTLING: Final = 90.0
"""Real seconds that everything may take to come to its end when nothing goes wrong any more."""
LOOK: Final = 1.0
MOST_HELD: Final = 12.0
"""Real seconds of settling after which a caller who still holds hangs up."""

Say = Callable[[str], None]


async def run(
    seed: int, seconds: float, acts: list[Act], folder: Path, say: Say, most_held: float = MOST_HELD
) -> Evidence:
    """Play the script; what there is to judge by."""
    async with world(folder, fronted=is_fronted(seed), seconded=is_seconded(seed)) as stage:
        stage.says, stage.curtain = say, time.time()
        callers = Callers(stage.exchange, Random(seed + 1))
        background = [asyncio.create_task(callers.come()), asyncio.create_task(moods(stage.exchange, Random(seed + 2)))]
        began = time.monotonic()
        try:
            await asyncio.gather(*(_play(stage, act, began) for act in acts))
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        finally:
            for task in background:
                task.cancel()
            ends = await asyncio.gather(*background, return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):  # not that it was cancelled: the people's own mistake
                raise error
        stage.note("nothing goes wrong any more")
        await _settle(stage, callers, most_held)
        stage.exchange.timeline.raise_crashes()
        return await gather(stage)


def is_fronted(seed: int) -> bool:
    """Whether the servers of this seed's world are behind a front: every other seed's are."""
    return seed % 2 == 0


def is_seconded(seed: int) -> bool:
    """Whether the world of this seed has a second provider: every third's has."""
    return seed % 3 == 0


async def _play(stage: World, act: Act, began: float) -> None:
    await asyncio.sleep(max(0.0, began + act.at - time.monotonic()))
    stage.note(str(act.fault))
    await act.fault.comes(stage)
    await asyncio.sleep(act.lasts)
    await act.fault.goes(stage)
    stage.note(f"over: {act.fault}")


async def _settle(stage: World, callers: Callers, most_held: float) -> None:
    """Everything runs and everybody answers, until nothing is open any more, or the time is over."""
    everybody_answers(stage.exchange)
    callers.answer()
    began, left = time.monotonic(), "the database does not answer"
    while time.monotonic() - began < SETTLING:
        if time.monotonic() - began > most_held:
            for leg in [leg for exchange in stage.exchanges for leg in list(exchange.legs.values())]:
                if leg.direction == "inbound":
                    leg.end("completed", "the chaos is over")
        with suppress(OSError):
            left = (await gather(stage)).unsettled
            if not left:
                break
        await asyncio.sleep(LOOK)
    stage.note(f"{time.monotonic() - began:.0f} s later there are left: {left or 'none'}")
