"""Operators are told: those on call, by text, by call where it cannot wait, and a program of theirs; the same once."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from pydantic import SecretStr

from nightbell import vigil
from nightbell.vigil import MOST_REFUSED, Vigil
from storage.alerts import Alert, AlertKind, raise_alert
from telephony.emulator import Answers, Hears, Press
from tests.calls.callers import holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, PARENT, PATEL, SAMPLE, SERVICE
from tests.calls.test_swapped import texts

DOCUMENT = SAMPLE.read_text()
WRITTEN = 'operators: {sms: ["+16175550190"]}'
TROUBLE = Alert(AlertKind.TWILIO, "Twilio fails again and again: made up", "maple-pediatrics", subject="made up")


def with_operators(written: str) -> str:
    assert WRITTEN in DOCUMENT
    return DOCUMENT.replace(WRITTEN, f"operators: {{{written}}}")


async def trouble(night: Night, alert: Alert = TROUBLE) -> None:
    async with night.parts.database.transaction() as connection:
        await raise_alert(connection, night.parts.site.jobs, alert, night.timeline.now())
    await night.passes(5)


async def test_whoever_is_on_call_for_the_operators_is_texted_and_rung_and_confirms_with_a_key(stage: Stage):
    night = await stage(document=with_operators('page: backup, sms: "+16175550190", call: true'))
    confirms = Answers(after=3, script=[Hears("Press 1 to confirm") >> Press("1")])
    night.phone(OSEI).behaviour = night.phone(OPERATOR).behaviour = confirms
    await trouble(night)
    await night.passes(30)
    told = "Nightbell alert, Maple Pediatrics: Twilio fails again and again: made up"
    assert (texts(night, OSEI), texts(night, OPERATOR)) == ([told], [told])
    assert (night.rung(OSEI), night.rung(OPERATOR), night.rung(CHEN)) == (1, 1, 0)
    assert any(told in line for line in night.phone(OSEI).calls[0].heard)
    (row,) = await night.sql("SELECT * FROM alerts")
    assert row.confirmed_by in {"Dr. Kofi Osei", "an operator"}
    assert row.told_at is not None


async def test_what_can_wait_until_the_morning_rings_nobody(stage: Stage):
    night = await stage(document=with_operators("page: backup, call: true"))
    await trouble(night, Alert(AlertKind.CALENDAR, "an empty shift in five days", "maple-pediatrics"))
    await night.passes(30)
    assert (len(texts(night, OSEI)), night.rung(OSEI)) == (1, 0)


async def test_an_operator_whose_phone_takes_no_texts_is_rung(night: Night):
    night.exchange.rest_faults.refuse(400, 21614, resource="Messages")
    await trouble(night)
    await night.passes(30)
    assert night.rung(OPERATOR) == 1


async def test_the_same_is_told_once_counted_and_told_again_when_it_goes_on(night: Night):
    for _ in range(3):
        await trouble(night)
    assert len(texts(night, OPERATOR)) == 1
    await trouble(night, Alert(AlertKind.TWILIO, "the same in other words", "maple-pediatrics", subject="made up"))
    assert len(texts(night, OPERATOR)) == 1
    assert [row.times for row in await night.sql("SELECT times FROM alerts")] == [4]
    await night.passes(15 * 60)
    await trouble(night)
    assert texts(night, OPERATOR)[-1].endswith("made up (4 times before, in the last 24 h)")
    await trouble(night, Alert(AlertKind.TWILIO, "another trouble", "maple-pediatrics"))
    assert len(texts(night, OPERATOR)) == 3


async def test_a_worker_that_died_before_it_had_told_tells_when_its_job_is_revived(night: Night):
    await trouble(night)
    await night.worker.effects.alert(1)
    assert len(texts(night, OPERATOR)) == 1, "a job done twice tells once"
    await night.sql("UPDATE alerts SET told_at = NULL")
    await night.worker.effects.alert(1)
    await night.passes(5)
    assert len(texts(night, OPERATOR)) == 2, "who died in the middle may have told nobody"


class Program:
    """A program of the operators' on loopback: what was posted to it, and what it answers."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.status = 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        self.posted.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} Said\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def program() -> AsyncIterator[tuple[Program, str]]:
    made = Program()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    server.close()


async def test_it_is_posted_to_a_program_with_a_signature(stage: Stage, program: tuple[Program, str]):
    made, url = program
    night = await stage(document=with_operators(f'sms: "+16175550190", webhook: "{url}"'))
    night.parts.settings.webhook_secret = SecretStr("made-up-secret")
    await trouble(night)
    ((headers, body),) = made.posted
    expected = hmac.new(b"made-up-secret", body, sha256).hexdigest()
    assert headers["x-nightbell-signature"] == f"sha256={expected}"
    told = json.loads(body)
    assert (told["kind"], told["practice"], told["id"]) == ("twilio", "maple-pediatrics", 1)
    assert len(texts(night, OPERATOR)) == 1


@pytest.mark.parametrize(("status", "networks", "posts"), [(302, "127.0.0.0/8", 3), (200, "", 0)])
async def test_a_program_that_leads_on_or_stands_behind_the_firewall_costs_nobody_their_text(
    stage: Stage, program: tuple[Program, str], monkeypatch: pytest.MonkeyPatch, status: int, networks: str, posts: int
):
    monkeypatch.setattr("nightbell.posting.PAUSE", 0.0)
    made, url = program
    made.status = status
    night = await stage(document=with_operators(f'sms: "+16175550190", webhook: "{url}"'))
    night.parts.settings.calendar_networks = networks
    await trouble(night)
    assert [b"Twilio" in body for _, body in made.posted] == [True] * posts
    assert len(texts(night, OPERATOR)) == 1
    assert night.counted("alert_deliveries") == 2


async def test_a_night_in_which_twilio_fails_again_and_again_is_told(night: Night):
    night.trouble_is_expected = True
    for number in (CHEN, OSEI, PATEL):
        night.phone(number).behaviour = Answers(after=200)
    night.exchange.rest_faults.refuse(500, 20500, times=100_000, resource="Calls", method="POST")
    call = await holds(night)
    await night.passes(200)
    assert any("Twilio fails again and again" in why for why in await night.alerts())
    await call.hang_up()


# ---- what a server watches -------------------------------------------------------------------------------------------


@pytest.fixture
def watch(night: Night, monkeypatch: pytest.MonkeyPatch) -> Vigil:
    monkeypatch.setattr(vigil, "SILENT_AFTER", 0.0)
    return Vigil(night.parts)


async def test_a_server_tells_that_no_worker_runs_since_nobody_else_can(night: Night, watch: Vigil):
    night.worker_is_dead = True
    night.parts.settings.operators = OPERATOR
    await watch.look()
    await watch.look()
    await night.passes(5)
    assert [body.partition(": ")[2][:14] for body in texts(night, OPERATOR)] == ["no worker runs"]
    rows = await night.sql("SELECT * FROM alerts")
    assert [(row.kind, row.times, row.told_at is not None) for row in rows] == [("worker", 2, True)]


async def test_requests_that_are_not_signed_are_told_when_they_are_many(night: Night):
    watch = Vigil(night.parts)
    await watch.look()
    for _ in range(MOST_REFUSED):
        await night.post("voice", night.form("CA1"), token=None)
    await watch.look()
    await night.settle()
    (alert,) = await night.alerts()
    assert alert.startswith("30 requests in 10 s were not signed by Twilio")
    await watch.look()
    assert len(await night.alerts()) == 1
    assert PARENT not in alert
    assert SERVICE not in alert
