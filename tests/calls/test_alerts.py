"""Operators are told: those on call, by text, by call where it cannot wait, and a program of theirs; the same once."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from pydantic import SecretStr

from nightbell import vigil
from nightbell.effects import Effects
from nightbell.vigil import MOST_REFUSED, Vigil
from storage import jobs
from storage.alerts import Alert, AlertKind, raise_alert
from storage.errors import UnavailableError
from telephony.emulator import Answers, Busy, Hears, NoAnswer, Press, Undelivered, Voicemail
from tests.calls.callers import TAKES, holds
from tests.calls.conftest import Stage
from tests.calls.night import Night
from tests.calls.people import CHEN, OPERATOR, OSEI, OSEI_LANDLINE, PARENT, PATEL, SAMPLE, SERVICE
from tests.calls.proxy import Wire
from tests.calls.test_swapped import texts

DOCUMENT = SAMPLE.read_text()
WRITTEN = 'operators: {sms: ["+16175550190"]}'
TROUBLE = Alert(AlertKind.TWILIO, "Twilio fails again and again: made up", "maple-pediatrics", subject="made up")


def with_operators(written: str) -> str:
    assert WRITTEN in DOCUMENT
    # Programs are on loopback here.
    waiver = "\nwaivers: [{check: operators-webhook, because: a test}]\n" if "webhook" in written else ""
    return DOCUMENT.replace(WRITTEN, f"operators: {{{written}}}") + waiver


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


async def test_a_phone_that_nobody_picks_up_leads_to_their_next_number_until_somebody_confirms(stage: Stage):
    night = await stage(document=with_operators("page: [backup, chen], call: true"))
    confirms = Answers(after=3, script=[Hears("Press 1 to confirm") >> Press("1")])
    night.phone(OSEI).behaviour, night.phone(OSEI_LANDLINE).behaviour = NoAnswer(), confirms
    night.phone(CHEN).behaviour = Voicemail(after=5)
    await trouble(night)
    await night.passes(120)
    assert [night.rung(number) for number in (OSEI, OSEI_LANDLINE, CHEN)] == [1, 1, 1]
    (row,) = await night.sql("SELECT * FROM alerts")
    assert row.confirmed_by == "Dr. Kofi Osei"
    await night.worker.effects.ring_operator(1, "maple-pediatrics", OSEI, "")
    assert night.rung(OSEI) == 1, "it is confirmed"


async def test_a_report_that_comes_twice_rings_once(stage: Stage):
    night = await stage(document=with_operators("page: backup"))
    night.phone(OSEI_LANDLINE).behaviour = NoAnswer()
    await trouble(night)
    for _ in range(2):
        await night.worker.effects.ring_operator(1, "maple-pediatrics", OSEI, OSEI)
    await night.passes(60)
    assert night.rung(OSEI_LANDLINE) == 1


async def test_a_text_that_does_not_arrive_turns_into_a_call(stage: Stage):
    night = await stage(document=with_operators('page: backup, sms: "+16175550190"'))
    night.phone(OSEI).sms_behaviour = Undelivered(30003)
    night.phone(OSEI).behaviour, night.phone(OSEI_LANDLINE).behaviour = Busy(), NoAnswer()
    await trouble(night, Alert(AlertKind.HOLE, "an empty shift tomorrow", "maple-pediatrics"))
    await night.passes(120)
    assert [night.rung(number) for number in (OSEI, OSEI_LANDLINE, OPERATOR)] == [1, 1, 0]


async def test_what_nobody_could_be_told_is_told_when_twilio_answers_again(night: Night):
    night.exchange.rest_faults.refuse(401, 20003, times=100_000, method="POST")
    await trouble(night)
    await night.passes(200)
    assert (texts(night, OPERATOR), night.rung(OPERATOR)) == ([], 0)
    assert await night.sql_one("SELECT told_at FROM alerts") is None
    night.exchange.rest_faults.clear()
    await night.passes(600)
    (told,) = texts(night, OPERATOR)
    assert told.endswith("made up (since 2026-11-22 02:10)")
    assert await night.sql_one("SELECT told_at FROM alerts") is not None


async def test_the_server_s_own_trouble_is_told_to_the_operators_on_call_where_it_has_no_numbers(stage: Stage):
    night = await stage(document=with_operators('page: backup, sms: "+16175550190", call: true'))
    await trouble(night, Alert(AlertKind.TWILIO, "made up"))
    await night.passes(5)
    assert texts(night, OSEI) == texts(night, OPERATOR) == ["Nightbell alert: made up"]
    assert (night.rung(OSEI), night.rung(OPERATOR)) == (1, 1)
    night.parts.settings.operators = PATEL
    await trouble(night, Alert(AlertKind.TWILIO, "made up again"))
    assert (len(texts(night, OSEI)), texts(night, PATEL)) == (1, ["Nightbell alert: made up again"])


async def test_what_can_wait_until_the_morning_rings_nobody(stage: Stage):
    night = await stage(document=with_operators("page: backup, call: true"))
    await trouble(night, Alert(AlertKind.HOLE, "an empty shift in five days", "maple-pediatrics"))
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
    assert len(texts(night, OPERATOR)) == 1, "another worker may tell it just now"
    await night.passes(70)
    assert len(texts(night, OPERATOR)) == 2, "who died in the middle may have told nobody"


async def test_workers_that_raise_and_tell_the_same_at_once_tell_it_once(night: Night):
    night.worker_is_dead = True
    effects = [Effects(night.parts) for _ in range(4)]
    await asyncio.gather(*(each.alerting.raise_(TROUBLE) for each in effects))
    assert [row.times for row in await night.sql("SELECT times FROM alerts")] == [4]
    await asyncio.gather(*(each.alerting.tell(1) for each in effects))
    await night.passes(5)
    assert len(texts(night, OPERATOR)) == 1


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
        await writer.wait_closed()


@pytest.fixture
async def program() -> AsyncIterator[tuple[Program, str]]:
    made = Program()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    server.close()
    await server.wait_closed()


async def test_it_is_posted_to_a_program_with_a_signature(stage: Stage, program: tuple[Program, str]):
    made, url = program
    night = await stage(document=with_operators(f'sms: "+16175550190", webhook: "{url}"'))
    night.parts.settings.webhook_secret = SecretStr("made-up-secret")
    await trouble(night)
    ((headers, body),) = made.posted
    expected = hmac.new(b"made-up-secret", body, sha256).hexdigest()
    assert headers["x-nightbell-signature"] == f"sha256={expected}"
    told = json.loads(body)
    assert (told["kind"], told["practice"], told["id"], told["times"]) == ("twilio", "maple-pediatrics", 1, 1)
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
    assert any("Nightbell alert: Twilio fails again and again" in body for body in texts(night, OPERATOR))
    await call.hang_up()


async def test_that_twilio_answers_again_is_told_once_when_a_call_was_taken_and_it_was_quiet_for_a_while(night: Night):
    watch = [Vigil(night.parts), Vigil(night.parts)]
    for why in ("refused", "no answer"):
        await trouble(night, Alert(AlertKind.TWILIO, why, subject=why))
    night.phone(CHEN).behaviour = TAKES
    await night.passes(400)
    for each in watch:
        await each.look()
    assert len(await night.alerts()) == 2, "nothing has shown that it works"
    call = await holds(night)
    await call.talks_to(night.phone(CHEN), within=120)
    await asyncio.gather(*(each.look() for each in watch))
    await night.passes(5)
    assert texts(night, OPERATOR)[2:] == ["Nightbell alert: Twilio answers again, after 7 min"]
    await trouble(night, Alert(AlertKind.TWILIO, "refused", subject="refused"))
    assert len(texts(night, OPERATOR)) == 4, "what was over is news when it comes again"
    await call.hang_up()


# ---- what a server watches -------------------------------------------------------------------------------------------


@pytest.fixture
def watch(night: Night, monkeypatch: pytest.MonkeyPatch) -> Vigil:
    monkeypatch.setattr(vigil, "SILENT_AFTER", 0.0)
    return Vigil(night.parts)


async def test_a_server_tells_that_no_worker_runs_since_nobody_else_can_and_that_one_does_again(
    night: Night, watch: Vigil
):
    night.worker_is_dead = True
    await asyncio.gather(watch.look(), Vigil(night.parts).look())
    await watch.look()
    await night.passes(5)
    assert [body.partition(": ")[2][:14] for body in texts(night, OPERATOR)] == ["no worker runs"]
    rows = await night.sql("SELECT * FROM alerts")
    assert [(row.kind, row.times, row.told_at is not None) for row in rows] == [("worker", 3, True)]
    night.worker_is_dead = False
    await night.sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    watch_out = Vigil(night.parts)
    for _ in range(2):
        await night.passes(200)
        await night.sql("UPDATE procrastinate_workers SET last_heartbeat = now() + interval '1 h'")
        await watch_out.look()
    await night.passes(5)
    assert texts(night, OPERATOR)[1:] == ["Nightbell alert: a worker runs again, after 7 min"]


async def test_a_server_tells_that_the_queue_lags(night: Night, watch: Vigil, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vigil, "SILENT_AFTER", -7200.0)
    await night.sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    await night.sql("UPDATE procrastinate_workers SET last_heartbeat = now() + interval '3 h'")
    await watch.look()
    assert await night.alerts() == []
    night.worker_is_dead = True
    async with night.parts.database.transaction() as connection:
        await night.parts.site.jobs.defer(connection, jobs.CANCEL_CALL, {"page": "none", "attempt": 1})
    await night.sql("UPDATE procrastinate_events SET at = at - interval '40 s'")
    await watch.look()
    await night.passes(5)
    ((told,), kind) = texts(night, OPERATOR), await night.sql_one("SELECT kind FROM alerts")
    assert kind == "queue"
    assert "the workers do not keep up: a page is 0 s late, and 1 jobs wait, the oldest for 40 s" in told
    await night.sql("DELETE FROM procrastinate_jobs WHERE task_name = 'nightbell.cancel_call'")


async def test_requests_that_are_not_signed_are_told_when_they_are_many(night: Night):
    watch = Vigil(night.parts)
    await watch.look()
    for _ in range(MOST_REFUSED):
        await night.post("voice", night.form("CA1"), token=None)
    await watch.look()
    await night.settle()
    (alert,) = await night.alerts()
    assert alert.startswith("20 requests in 10 min were not signed by Twilio")
    await watch.look()
    assert len(await night.alerts()) == 1
    assert PARENT not in alert
    assert SERVICE not in alert


async def test_a_server_tells_that_the_database_is_away_and_back(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    night = await stage(document=with_operators('sms: "+16175550190", call: true'), wired=True)
    night.trouble_is_expected = True
    night.phone(OPERATOR).behaviour = Answers(after=3)
    watch = Vigil(night.parts)
    night.database(Wire.CUT)
    with pytest.raises(UnavailableError):
        await watch.look()
    assert texts(night, OPERATOR) == []
    monkeypatch.setattr(vigil, "AWAY_AFTER", 0.0)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await watch.look()
        await night.passes(30)
    (told,) = texts(night, OPERATOR)
    assert "the database does not answer a server: calls are answered without it" in told
    (rung,) = night.phone(OPERATOR).calls
    assert any("Something needs a person" in line for line in rung.heard)
    night.database(Wire.WORKS)
    await watch.look()
    await watch.look()
    await night.passes(5)
    assert texts(night, OPERATOR)[1:] == [
        "Nightbell alert: the database answers a server again, 1 min after that was told"
    ]
