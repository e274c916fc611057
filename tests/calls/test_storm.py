"""Callers, phones and callbacks at random: whatever they do, the promises hold."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from telephony.emulator import (
    Answers,
    Busy,
    Duplicated,
    Hears,
    InOrder,
    NoAnswer,
    PhoneCall,
    Press,
    Shuffled,
    Unreachable,
    Voicemail,
    hangs_up_at_once,
)
from telephony.emulator.events import Rang
from tests.calls import promises
from tests.calls.night import Night, open_night
from tests.calls.people import CHEN, MONDAY_MORNING, OSEI, OSEI_LANDLINE, PARENT, PATEL, RUIZ, SERVICE, SUNDAY_NIGHT

STAFF = (CHEN, OSEI, OSEI_LANDLINE, PATEL, RUIZ)

PHONES = st.sampled_from(
    [
        Answers(after=4, script=[Hears("Press 1") >> Press("1")], talk_for=60),
        Answers(after=9, script=[Hears("Press 1") >> Press("2")]),
        Answers(after=3, script=[Hears("Press 1") >> Press("6")], talk_for=15),
        Busy(1),
        NoAnswer(),
        Unreachable(),
        Voicemail(after=12),
        hangs_up_at_once(),
    ]
)
ORDERS = st.one_of(st.just(InOrder()), st.just(Duplicated()), st.builds(Shuffled, st.integers(0, 99), st.just(2.0)))
ACTIONS = st.one_of(
    st.sampled_from(["1", "1", "1", "2", "3", "9", "0", "*", "#", "5", "04122021", "6175550188#", "A"]).map(
        lambda keys: ("press", keys)
    ),
    st.integers(1, 60).map(lambda seconds: ("wait", seconds)),
    st.just(("speak", 4)),
)
_COUNT = itertools.count()


@asynccontextmanager
async def fresh_database(postgresql: str) -> AsyncIterator[str]:
    """A migrated database for one example; a fixture would be one for all of them."""
    name = f"storm_{os.getpid()}_{next(_COUNT)}"
    head, _, query = postgresql.partition("?")

    def run(statement: str) -> None:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(statement)

    await asyncio.to_thread(run, f"CREATE DATABASE {name} TEMPLATE template_nightbell")
    yield f"{head.rsplit('/', 1)[0]}/{name}?{query}"
    await asyncio.to_thread(run, f"DROP DATABASE {name} WITH (FORCE)")


async def _acts(call: PhoneCall, what: str, how: str | int) -> None:
    if call.ended:
        return
    if what == "press":
        await call.press(str(how))
        await call.waits(1)
    elif what == "speak":
        call.say_now("It is about the little one", 4)
        await call.waits(5)
    else:
        await call.waits(float(how))


async def _nobody_is_rung_after_acceptance(night: Night) -> None:
    """Between a page's acceptance and its next opening no phone of the staff begins to ring, but who took it."""
    for page in await night.sql("SELECT * FROM pages"):
        events = await night.sql("SELECT at, event, trail FROM page_events WHERE page = :p ORDER BY version", p=page.id)
        for event in events:
            if event.event != "Accepted" or "has taken the page by key" not in " ".join(event.trail):
                continue
            until = [e.at for e in events if e.at > event.at and any("opened again" in line for line in e.trail)]
            for leg in night.exchange.legs.values():
                began = [e.at.to_stdlib() for e in leg.events if isinstance(e, Rang)]
                if leg.to not in STAFF or leg.direction != "outbound-api" or not began:
                    continue
                assert not (event.at < began[0] < (until[0] if until else began[0])), (leg.to, began)


@settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    by_day=st.booleans(),
    phones=st.lists(PHONES, min_size=5, max_size=5),
    service=PHONES,
    order=ORDERS,
    callers=st.lists(st.lists(ACTIONS, max_size=8), min_size=1, max_size=2),
)
async def test_whatever_they_do_every_caller_has_an_outcome_and_no_page_is_forgotten(
    postgresql: str, tmp_path_factory, logged, by_day, phones, service, order, callers
):
    folder: Path = tmp_path_factory.mktemp("storm") / str(next(_COUNT))
    start = MONDAY_MORNING if by_day else SUNDAY_NIGHT
    async with fresh_database(postgresql) as url, open_night(start, url, folder) as night:
        for number, behaviour in zip((*STAFF, SERVICE), (*phones, service), strict=True):
            night.phone(number).behaviour = behaviour
        night.exchange.callback_order = order
        calls = [await night.calls(PARENT[:-1] + str(n)) for n in range(len(callers))]
        for step in itertools.zip_longest(*callers):
            for call, action in zip(calls, step, strict=True):
                if action is not None:
                    await _acts(call, *action)
        for call in calls:
            await call.hang_up()
        await night.passes(3600)
        await _nobody_is_rung_after_acceptance(night)
        await promises.check(night, logged)
