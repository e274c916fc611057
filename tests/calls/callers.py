"""The ways that callers go through the practice's menus, as far as many scenarios share them."""

from telephony.emulator import Answers, Hears, PhoneCall, Press
from tests.calls.night import Night
from tests.calls.people import PARENT

TAKES = Answers(after=4, script=[Hears("Press 1") >> Press("1")])
"""Picks up after 4 s and presses 1 when asked to."""
PATIENT_ANSWERS = Answers(after=5, script=[Hears("press any key") >> Press("5")])
"""A patient who is called back: picks up after 5 s and presses a key when asked to."""
CANNOT_TALK = Answers(after=4, script=[Hears("3, to be rung in 5 minutes") >> Press("3")])
PASSES = Answers(after=4, script=[Hears("Press 1") >> Press("2")])


async def asks_for_a_doctor(night: Night, number: str = PARENT, **how: str) -> PhoneCall:
    """Press 1 in the menu; the number that is called from is right."""
    call = await night.calls(number, **how)
    await call.hears("If this is an emergency, hang up and dial 9 1 1")
    await call.press("1")
    await call.hears("If that number is right")
    await call.press("1")
    return call


async def holds(night: Night, number: str = PARENT, **how: str) -> PhoneCall:
    """Ask for a doctor, and then say nothing: not why, nor while holding."""
    call = await asks_for_a_doctor(night, number, **how)
    await call.hears("say in a few words")
    return call
