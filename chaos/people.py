"""The made-up people: clinicians whose phones do this and that, and callers who keep coming."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from telephony.emulator import Answers, Busy, Delivered, Hears, NoAnswer, Press, Replies, Unreachable, Voicemail
from telephony.emulator.behaviours import Behaviour
from telephony.emulator.exchange import Exchange
from telephony.emulator.line import Line

_Habit = TypeVar("_Habit")
STAFF: Final = ("+16175550121", "+16175550122", "+16175550132", "+16175550123", "+16175550124")
SERVICE: Final = "+18885550199"
"""The answering service: the last resort."""
TALK: Final = 40.0
"""Timeline seconds that a clinician talks at most."""

MOST_KEYS: Final = 6
"""How often they press a key in one call: to take it, to call back, to try that again, to note what came of it."""


@dataclass(frozen=True)
class Takes:
    """Picks up after a while, and presses 1 whenever that is said to take, to connect, to call back or to note."""

    after: float = 4.0
    nature: str = "human"
    reachable: bool = True

    async def meet(self, line: Line) -> None:
        """Take the page, talk, and note that the patient was reached."""
        await line.pause(self.after)
        line.answer_now()
        for _ in range(MOST_KEYS):
            if not await line.catches("press 1", within=60 + TALK):
                break
            await line.pause(1)
            line.press_now("1")
        line.hang_up_now()


PASSES: Final = Answers(after=4, script=[Hears("Press 1") >> Press("2")], talk_for=15)
CANNOT_TALK: Final = Answers(after=4, script=[Hears("3, to be rung") >> Press("3")], talk_for=15)
PATIENT_ANSWERS: Final = Answers(after=5, script=[Hears("press any key") >> Press("5")], talk_for=TALK)
DROPS: Final = Answers(after=4, script=[Hears("Press 1") >> Press("1")], talk_for=2.0)
"""Takes the page, and puts the phone down before anybody talked."""

_MOODS: Final[Sequence[tuple[Behaviour, int]]] = (
    (Takes(), 5),
    (NoAnswer(), 3),
    (Voicemail(after=12, record_for=15), 2),
    (PASSES, 1),
    (CANNOT_TALK, 1),
    (DROPS, 1),
    (Busy(after=2), 1),
    (Unreachable(), 1),
)
_TEXTS: Final[Sequence[tuple[Delivered, int]]] = (
    (Delivered(), 4),
    (Replies("1", after=8), 2),
    (Replies("2", after=8), 1),
    (Delivered("undelivered", 30003), 1),
    (Delivered("sent"), 1),
)
_SERVICE: Final[Sequence[tuple[Behaviour, int]]] = ((Answers(after=5, talk_for=TALK), 1), (NoAnswer(), 1), (Takes(), 1))
MOOD: Final = 3.0
"""Real seconds until a clinician does something else."""


async def moods(exchange: Exchange, random: Random) -> None:
    """Let the clinicians, and the answering service, change what they do; until cancelled."""
    while True:
        for number in STAFF:
            phone = exchange.phone(number)
            phone.behaviour = _one(random, _MOODS)
            phone.sms_behaviour = _one(random, _TEXTS)
        exchange.phone(SERVICE).behaviour = _one(random, _SERVICE)
        await asyncio.sleep(MOOD)


def _one(random: Random, among: Sequence[tuple[_Habit, int]]) -> _Habit:
    """One of these, as often as its weight says."""
    return random.choices([habit for habit, _ in among], [weight for _, weight in among])[0]


def everybody_answers(exchange: Exchange) -> None:
    """From now on everybody does their duty, so that what is open comes to its end."""
    for number in (*STAFF, SERVICE):
        exchange.phone(number).behaviour = Takes()
        exchange.phone(number).sms_behaviour = Delivered()
