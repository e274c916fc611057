"""`nightbell probe` walks through a live server, and tells what is broken in it; nobody hears of a walk."""

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from whenever import Instant

from nightbell.doctor import Finding, Level, is_fit
from nightbell.doctor.outcome import ok, wrong
from nightbell.probe import PROBE_PLAN, probing, walk
from nightbell.probe.line import Line
from nightbell.probe.probing import Prober, open_prober
from nightbell.probe.telling import Memory, tell_news
from nightbell.probe.walk import new_call
from nightbell.settings import Settings
from routing.synthetic import PROBE, PROBE_NUMBER
from storage import api_keys
from storage.api_keys import ApiKey
from storage.records import records
from storage.report import Span, report
from storage.timeline import newest_call
from telephony.emulator import serving
from tests.calls.night import Night, open_night
from tests.calls.people import OPERATOR, PRACTICE, SUNDAY_NIGHT, TOKEN
from tests.calls.proxy import Wire
from tests.nightbell.conftest import Run
from tests.nightbell.live import Live
from tests.nightbell.test_doctor import answering
from webhooks.signed import LAST_WORDS

FROM = PRACTICE


class NightWatch:
    """The probe's seconds are those of the night."""

    def __init__(self, night: Night) -> None:
        self._night = night

    def now(self) -> float:
        return self._night.clock.now().timestamp()

    async def wait(self, seconds: float) -> None:
        await self._night.passes(seconds)


class Outside:
    """Another machine, with a probe."""

    def __init__(self, night: Night, key: str) -> None:
        self.night = night
        self.settings = night.parts.settings.model_copy(
            update={"probe_key": SecretStr(key), "operators": OPERATOR, "probe_from": FROM}
        )

    @asynccontextmanager
    async def prober(self, **changed: object) -> AsyncIterator[Prober]:
        settings: Settings = self.settings.model_copy(update=changed)
        async with open_prober(settings, "", NightWatch(self.night)) as prober:
            yield prober

    async def probes(self, **changed: object) -> list[Finding]:
        async with self.prober(**changed) as prober:
            return (await prober.probe())[0]


@pytest.fixture
async def outside(database_url: str, tmp_path: Path) -> AsyncIterator[Outside]:
    async with open_night(SUNDAY_NIGHT, database_url, tmp_path / "data", wired=True) as night:
        await night.publish(PROBE_PLAN.read_text())
        wanted = ApiKey("", "probe", PROBE, read_only=False, created_at=night.clock.now())
        async with night.parts.database.transaction() as connection:
            key = await api_keys.create(connection, wanted, "a test")
        yield Outside(night, key)


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.check: finding.outcome.level for finding in findings}


def said(findings: list[Finding], check: str) -> str:
    return next(f"{f.outcome.level}: {f.outcome.says}" for f in findings if f.check == check)


def nobody_was_rung(night: Night) -> bool:
    return not night.exchange.legs and not any(phone.texts for phone in night.exchange.phones.values())


async def test_all_is_well_and_nobody_hears_of_it(outside: Outside) -> None:
    night = outside.night
    async with outside.prober() as prober:
        findings, seconds = await prober.probe()
        again, _ = await prober.probe()
    assert set(levels(findings).values()) == {Level.OK}, findings
    assert levels(again) == levels(findings)
    assert seconds.keys() == {"answer", "advice", "worker", "timer_late"}
    assert seconds["timer_late"] < 1
    # It was a real call and a real page, carried out by the worker ...
    assert [row.outcome for row in await night.sql("SELECT outcome FROM calls")] == ["call-back queued"] * 2
    assert {row.state for row in await night.sql("SELECT state FROM pages")} == {"resolved"}
    assert {row.state for row in await night.sql("SELECT state FROM deliveries")} <= {"placed", "missed", "canceled"}
    assert await night.sql_one("SELECT count(*) FROM alerts WHERE told_at IS NOT NULL") == 2
    # ... of which nobody heard, ...
    assert nobody_was_rung(night)
    assert await night.sql_one("SELECT count(*) FROM pace") == 0
    assert night.counted("alerts") == 0
    # ... and which is counted nowhere.
    async with night.parts.database.transaction() as connection:
        counted = await report(connection, Span())
    assert (counted.calls, counted.under_way, counted.pages.opened) == (0, 0, 0)
    assert [each async for each in records(night.parts.database)] == []
    assert [plan.practice for plan in night.parts.plans.all()] == ["maple-pediatrics"]


async def test_a_call_of_the_probes_under_way_is_counted_nowhere(outside: Outside) -> None:
    night = outside.night
    async with outside.prober() as prober:
        line = Line(prober.http, prober.settings, prober.watch, *new_call(), PROBE_NUMBER)
        await line.press("1", (await line.dial()).key_to)
    async with night.parts.database.transaction() as connection:
        counted = await report(connection, Span())
        assert await newest_call(connection) is None
    assert (counted.calls, counted.under_way, counted.pages.opened) == (0, 0, 0)
    # The next walk closes what this one left.
    findings = await outside.probes()
    assert said(findings, "practice") == "ok: published; 1 pages of earlier walks were closed"
    assert is_fit(findings)


async def test_no_text_of_the_probes_is_sent_whatever_its_plan_says(outside: Outside) -> None:
    texting = (
        PROBE_PLAN.read_text().replace("by: [call]", "by: [sms]").replace("voice: [", "sms: ").replace('101"]', '101"')
    )
    await outside.night.publish(texting)
    findings = await outside.probes()
    assert is_fit(findings), findings
    await outside.night.passes(10)  # "it is taken care of" is a text, too
    found = await outside.night.sql("SELECT means, state FROM deliveries ORDER BY attempt")
    assert [tuple(row) for row in found] == [("sms", "lapsed"), ("sms", "placed")]
    assert nobody_was_rung(outside.night)


# ---- what can be broken ----


async def test_a_dead_worker(outside: Outside) -> None:
    outside.night.worker_is_dead = True
    findings = await outside.probes()
    assert "no worker took the page's job in 10 s" in said(findings, "worker")
    assert levels(findings)["timer"] is levels(findings)["effect"] is Level.UNKNOWN
    assert levels(findings)["outcome"] is levels(findings)["closing"] is Level.OK
    assert await outside.night.sql_one("SELECT count(*) FROM pages WHERE state <> 'resolved'") == 0
    # What was left for a worker comes to nothing.
    outside.night.worker_is_dead = False
    await outside.night.passes(60)
    assert nobody_was_rung(outside.night)


async def test_timers_that_stand_still(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleeps() -> int:
        return 0

    monkeypatch.setattr(outside.night.worker, "wake", sleeps)
    findings = await outside.probes()
    assert levels(findings)["worker"] is Level.OK
    assert "no worker woke the page in 10 s after its time" in said(findings, "timer")


async def test_a_database_that_is_away(outside: Outside) -> None:
    night = outside.night
    night.database(Wire.CUT)
    findings = await outside.probes()
    assert "the database does not answer" in said(findings, "practice")
    assert levels(findings)["answer"] is levels(findings)["911 advice"] is Level.OK
    assert "callers' own lines would dial the staff" in said(findings, "urgent")
    assert levels(findings)["record"] is Level.WRONG
    assert levels(findings)["worker"] is Level.UNKNOWN
    # What the journal kept is nobody's business either.
    night.database(Wire.WORKS)
    await night.replay()
    await night.passes(600)
    assert nobody_was_rung(night)
    night.parts.database._failed_at = float("-inf")  # it is asked again after a real second
    assert is_fit(await outside.probes())


async def test_another_token(outside: Outside) -> None:
    findings = await outside.probes(auth_token=SecretStr("rotated"))
    assert "what is signed with our token is refused" in said(findings, "answer")
    assert "does not take the credentials" in said(findings, "twilio account")
    assert levels(findings)["practice"] is Level.OK
    assert levels(findings)["outcome"] is Level.UNKNOWN


async def test_another_key(outside: Outside) -> None:
    findings = await outside.probes(probe_key=SecretStr("nbk_no"))
    assert "does not take the key" in said(findings, "practice")
    assert levels(findings)["urgent"] is Level.OK
    assert levels(findings)["record"] is Level.WRONG


async def test_a_server_that_is_down(outside: Outside) -> None:
    await outside.night.product.stop()
    findings = await outside.probes()
    assert "the public URL cannot be reached" in said(findings, "answer")
    assert "the REST API cannot be reached" in said(findings, "practice")
    await outside.night.restart()


@pytest.mark.parametrize(
    ("status", "text", "check", "says"),
    [
        (502, "", "answer", "HTTP 502"),
        (200, "<html><!-- hello --></html>", "answer", "no TwiML"),
        (200, LAST_WORDS, "urgent", "wait for no key"),
        (200, "<Response><Say>Welcome.</Say></Response>", "911 advice", "do not give the 911 advice"),
        (200, f"<Response><Say>{'welcome ' * 40} dial 9 1 1</Say></Response>", "911 advice", "comes after 1"),
    ],
)
async def test_somebody_else_at_the_public_url(outside: Outside, status, text, check, says) -> None:
    async with serving(answering(status, text)) as origin:
        assert says in said(await outside.probes(public_url=origin), check)


async def test_a_walk_that_fails_by_itself_is_told_as_well(outside: Outside) -> None:
    async with serving(answering(200, "[]")) as origin, outside.prober() as prober:
        findings, _ = await dataclasses.replace(prober, api=origin).probe()
    assert said(findings, "walk") == "wrong: it failed (TypeError)"


async def test_a_probe_that_could_tell_nobody_says_so(outside: Outside) -> None:
    findings = await outside.probes(operators="")
    assert "nobody would be told" in said(findings, "operators")
    assert is_fit(findings)


class Mends(NightWatch):
    """What was broken is mended between two walks."""

    async def wait(self, seconds: float) -> None:
        if seconds == probing.AGAIN:
            await self._night.restart()
        await super().wait(seconds)


async def test_one_bad_walk_is_walked_again(outside: Outside) -> None:
    await outside.night.product.stop()
    async with outside.prober() as prober:
        findings, _ = await dataclasses.replace(prober, watch=Mends(outside.night)).probe()
    assert is_fit(findings), findings


# ---- who is told ----


class Program:
    """A program of the operators' on loopback, and what was posted to it."""

    def __init__(self) -> None:
        self.posted: list[dict[str, object]] = []

    def app(self) -> Starlette:
        async def take(request: Request) -> PlainTextResponse:
            self.posted.append(await request.json())
            return PlainTextResponse("")

        return Starlette(routes=[Route("/hook", take, methods=["POST"])])


AT = Instant.from_utc(2026, 11, 22, 7)
WRONG_WORKER = [Finding("worker", wrong("no worker", "start one")), Finding("answer", ok("soon"))]
WELL = [Finding("worker", ok("works"))]


async def test_a_failure_is_told_once_by_text_and_webhook_and_its_end_too(outside: Outside, tmp_path: Path) -> None:
    program, memory = Program(), Memory(tmp_path / "data/probe.json")
    async with serving(program.app()) as origin, outside.prober(operators_webhook=f"{origin}/hook") as prober:

        async def after(findings: list[Finding], minutes: int) -> None:
            await tell_news(prober.settings, prober.gateway, memory, findings, AT.add(minutes=minutes))

        await after(WELL, 0)
        assert program.posted == []
        for minutes in (5, 10, 15):
            await after(WRONG_WORKER, minutes)
        assert [told["why"] for told in program.posted] == ["worker: no worker"]
        assert program.posted[0] == {
            "id": None, "kind": "probe", "practice": None, "page": None, "why": "worker: no worker",
            "at": "2026-11-22T07:05:00Z", "times": 1,
        }  # fmt: skip
        await after([*WRONG_WORKER, Finding("record", wrong("nothing", "look"))], 20)
        assert program.posted[-1]["why"] == "worker: no worker; record: nothing"
        await after(WRONG_WORKER, 79)
        assert len(program.posted) == 2
        await after(WRONG_WORKER, 80)
        assert len(program.posted) == 3
        for minutes in (85, 90):
            await after(WELL, minutes)
        assert [told["why"] for told in program.posted[3:]] == ["all is well again"]
    await outside.night.passes(10)
    said_by_text = [text.body for text in outside.night.phone(OPERATOR).texts]
    assert said_by_text == [f"Nightbell watchdog: {told['why']}" for told in program.posted]


async def test_what_nobody_could_be_told_is_told_after_the_next_walk(outside: Outside, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "probe.json")
    outside.night.exchange.rest_faults.refuse(400, 21211, resource="Messages")
    async with outside.prober() as prober:
        await tell_news(prober.settings, prober.gateway, memory, WRONG_WORKER, AT)
        assert memory.read() is None
        await tell_news(prober.settings, prober.gateway, memory, WRONG_WORKER, AT)
        await tell_news(prober.settings, prober.gateway, memory, WRONG_WORKER, AT)
    await outside.night.passes(10)
    assert len(outside.night.phone(OPERATOR).texts) == 1


# ---- the command ----


@pytest.fixture
def installed(live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """A probe on the machine of the server, which takes little time."""
    monkeypatch.setattr(probing, "AGAIN", 0.0)
    monkeypatch.setattr(walk, "WORKED_WITHIN", 0.1)
    live.environment.setenv("NIGHTBELL_PROBE_FROM", FROM)
    return live


async def test_the_command(installed: Live, tmp_path: Path) -> None:
    made = await installed.command("key", "create", "--practice", PROBE, "--name", "probe")
    assert made.code == 0, made.err
    await installed.night.parts.plans.refresh()
    missing = await installed.command("probe", "--once")
    assert (missing.code, "nightbell key create" in missing.err) == (1, True)
    installed.environment.setenv("NIGHTBELL_PROBE_KEY", made.out.strip())
    installed.night.worker_is_dead = True
    for _ in range(2):
        ran = await installed.command("probe", "--once", "--json", "--metrics", str(tmp_path / "probe.prom"))
        told = json.loads(ran.out)
        assert (ran.code, told["fit"]) == (1, False)
    assert levels_of(told)["outcome"] == "ok"
    assert levels_of(told)["worker"] == "wrong"
    for secret in (TOKEN, made.out.strip()):
        assert secret not in ran.out + ran.err
    nowhere = await installed.command("probe", "--once", "--metrics", str(tmp_path / "no/probe.prom"))
    assert "no/probe.prom: No such file" in nowhere.err
    figures = (tmp_path / "probe.prom").read_text()
    for line in (
        "nightbell_probe_success 0.0",
        'nightbell_probe_check{check="worker"} 0.0',
        'nightbell_probe_check{check="timer"} NaN',
        'nightbell_probe_seconds{part="answer"}',
    ):
        assert line in figures
    await installed.night.passes(10)
    assert len(installed.night.phone(OPERATOR).texts) == 1
    assert installed.night.exchange.legs == {}


def levels_of(told: dict) -> dict[str, str]:
    return {finding["check"]: finding["level"] for finding in told["findings"]}


@pytest.mark.parametrize("every", ["5", "1s", "x", "25h", "5 m", "1e9m"])
def test_an_interval_that_is_none(run: Run, environment: pytest.MonkeyPatch, every: str) -> None:
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "NIGHTBELL_PROBE_KEY"):
        environment.setenv(name, "made-up")
    environment.setenv("NIGHTBELL_PUBLIC_URL", "https://phone.example.org")
    ran = run("probe", "--every", every)
    assert (ran.code, "is not a time from 30s to 24h" in ran.err) == (1, True)
