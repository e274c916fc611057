"""Callers who keep coming: most want a doctor and hold, some hang up on the way, some come back."""

import asyncio
from collections.abc import Awaitable
from random import Random
from typing import Final

from bench.processes import AREAS
from bench.traffic import PRACTICE
from chaos.people import PATIENT_ANSWERS
from telephony.emulator import Bridged, NoAnswer, PhoneCall
from telephony.emulator.exchange import Exchange

BETWEEN: Final = 1.2
"""Real seconds between two callers, on average."""
TALK: Final = 30.0
"""Timeline seconds that a patient talks to a clinician."""
ONCE_MORE: Final = 40.0
"""Timeline seconds after which somebody who had hung up calls again."""


class Callers:
    """`calls`: every call made; the made-up numbers are fictional ones (555-01xx)."""

    def __init__(self, exchange: Exchange, random: Random) -> None:
        self.calls: list[PhoneCall] = []
        self._exchange = exchange
        self._random = random

    async def come(self) -> None:
        """Call, one after the other, until cancelled."""
        while True:
            self._dial(self._number(), again=self._random.random() < 0.2)
            await asyncio.sleep(self._random.expovariate(1 / BETWEEN))

    def answer(self) -> None:
        """From now on whoever has called answers when called back."""
        for call in self.calls:
            call.phone.behaviour = PATIENT_ANSWERS

    def _number(self) -> str:
        n = len(self.calls) % (100 * len(AREAS))
        return f"+1{AREAS[n // 100]}55501{n % 100:02}"

    def _dial(self, number: str, *, again: bool) -> None:
        phone = self._exchange.phone(number)
        phone.behaviour = PATIENT_ANSWERS if self._random.random() < 0.8 else NoAnswer()
        call = phone.dial_now(PRACTICE)
        self.calls.append(call)
        ways = [self._holds, self._hangs_up, self._asks_for_the_hours]
        way = self._random.choices(ways, [7, 2, 1])[0]
        patience = self._random.uniform(60, 400)
        self._exchange.timeline.spawn(self._career(way(call, patience), call, again=again), name=f"caller {call.sid}")

    async def _career(self, way: Awaitable[None], call: PhoneCall, *, again: bool) -> None:
        await way
        call.hang_up_now()
        if again:
            await self._exchange.timeline.sleep(ONCE_MORE)
            self._dial(call.phone.number, again=False)

    async def _holds(self, call: PhoneCall, patience: float) -> None:
        """Press 1, confirm the number, say why, and hold; talk a while when somebody is there."""
        if await call.catches("9 1 1", 60):
            await call.pause(2)
            call.press_now("1")
        if await call.catches("If that number is right", 30):
            await call.pause(2)
            call.press_now("1")
        if await call.catches("say in a few words", 30):
            call.say_now("My son has a fever", 4)
            await call.pause(4)
            call.press_now("#")
        await call.leg.bell.until(lambda: call.leg.over or _talks(call), patience)
        if _talks(call):
            await call.pause(TALK)

    async def _hangs_up(self, call: PhoneCall, patience: float) -> None:
        """The same, and out of patience early: before the advice, in the menu, while speaking, while holding."""
        early = asyncio.ensure_future(self._holds(call, patience))
        await call.pause(patience / 8)
        call.hang_up_now()
        await early

    async def _asks_for_the_hours(self, call: PhoneCall, patience: float) -> None:
        """Press 4, and listen."""
        if await call.catches("9 1 1", 60):
            await call.pause(2)
            call.press_now("4")
        await call.pause(min(patience, 40))


def _talks(call: PhoneCall) -> bool:
    return any(isinstance(event, Bridged) for event in call.events)
