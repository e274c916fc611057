"""`nightbell doctor`: each thing that can be wrong is broken alone, and told with its mend."""

import json
import socket
import ssl
from dataclasses import replace

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from whenever import TimeDelta

from nightbell.doctor import CHECKS, Level, address, examine, is_fit
from nightbell.doctor.outcome import Outcome
from nightbell.doctor.settings import check as check_settings
from telephony.emulator import Exchange, create_app, serving
from telephony.emulator.recordings import Recording
from tests.calls.night import point
from tests.calls.people import PARENT, PRACTICE, SAMPLE, SECOND_ACCOUNT, SECOND_NUMBER, SECOND_TOKEN
from tests.nightbell.live import Live
from webhooks.urls import RETRIES

OK, WARNING, WRONG, UNKNOWN = Level.OK, Level.WARNING, Level.WRONG, Level.UNKNOWN


def connected(live: Live) -> None:
    point(live.night.exchange, live.night.product.origin)
    for field in ("voice_url", "voice_fallback_url", "status_callback", "sms_url"):
        setattr(live.number, field, getattr(live.number, field) + RETRIES)


async def test_all_is_well(live: Live) -> None:
    connected(live)
    await live.worker_lives()
    async with live.installation(clock="2026-11-22T02:10:00-05:00") as installation:
        findings = await examine(installation)
    assert is_fit(findings), findings
    assert next(f for f in findings if f.check == "numbers").outcome == Outcome(OK, f"{PRACTICE}: leads here")
    assert {f.check for f in findings} == set(CHECKS)


async def test_json_holds_no_secret(live: Live) -> None:
    ran = await live.command("doctor", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["fit"]) == (1, False)
    assert {"check", "level", "says", "mend"} == set(told["findings"][0])
    for secret in ("made-up-token", live.night.folder.joinpath("encryption.key").read_text().strip(), PARENT):
        assert secret not in ran.out + ran.err


# ---- settings ----


def test_settings_that_cannot_be_read(run, environment) -> None:
    environment.setenv("NIGHTBELL_PUBLIC_URL", "phone.example.org")
    ran = run("doctor")
    assert ran.code == 1
    assert "NIGHTBELL_PUBLIC_URL: it must begin with https://" in ran.out


@pytest.mark.parametrize(
    ("changed", "level", "says"),
    [
        ({"account_sid": ""}, WRONG, "TWILIO_ACCOUNT_SID must be set"),
        ({"public_url": "http://a.example.org", "api_url": "https://api.twilio.com"}, WRONG, "in the clear"),
        ({"public_url": "https://a.example.org/twilio"}, WRONG, "more than an origin"),
        ({}, WARNING, "TWILIO_API_URL is not Twilio's"),
        ({"clock": "2026-11-22T02:10:00-05:00"}, WARNING, "NIGHTBELL_CLOCK moves the clock"),
        ({"api_url": "https://api.twilio.com"}, WARNING, "the embedded database is used"),
        ({"operators_webhook": "https://alerts.example.org"}, WARNING, "posted without a signature"),
    ],
)
async def test_settings(live: Live, changed, level, says) -> None:
    async with live.installation(**changed) as installation:
        found = [outcome for outcome in await check_settings(installation) if says in outcome.says]
    assert [outcome.level for outcome in found] == [level]
    assert found[0].mend


@pytest.mark.parametrize(
    ("plans", "says"),
    [(0, "nobody is texted about the server"), (1, ""), (2, "every practice's operators are told about the server")],
)
async def test_who_hears_of_the_server_where_it_has_no_numbers_of_its_own(live: Live, plans: int, says: str) -> None:
    async with live.installation(operators="") as installation:
        several = replace(installation, plans=installation.plans * plans)
        found = [one.says for one in await check_settings(several) if "NIGHTBELL_OPERATORS" in one.says]
    assert found == ([f"NIGHTBELL_OPERATORS is not set: {says}"] if says else [])


# ---- database, keys, worker ----


async def test_a_database_that_is_away(live: Live) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        live.url = f"postgresql://nobody@127.0.0.1:{free.getsockname()[1]}/none"
    assert "is it running" in await live.tells("database", WRONG, "does not answer")
    assert "check 'database'" in await live.tells("worker", UNKNOWN, "does not answer")
    await live.tells("public url", OK, "leads here")  # the others are looked at all the same


async def test_a_database_without_tables(live: Live, postgresql: str) -> None:
    live.url = postgresql
    assert await live.tells("database", WRONG, "lacks migrations") == "nightbell migrate"
    await live.tells("encryption keys", UNKNOWN, "lacks tables")
    await live.tells("worker", UNKNOWN, "lacks tables")


async def test_a_key_that_is_missing_from_the_ring(live: Live) -> None:
    connected(live)
    call = await live.night.calls(PARENT)
    await call.hang_up()
    await live.night.settle()
    await live.tells("encryption keys", OK, "1 in the ring, 1 in use")
    from pydantic import SecretStr

    from storage.seal import new_key_setting

    mend = await live.tells("encryption keys", WRONG, "calls.caller_sealed",
                            encryption_keys=SecretStr(new_key_setting()))  # fmt: skip
    assert "put a key back" in mend


async def test_the_worker(live: Live) -> None:
    assert "nightbell worker" in await live.tells("worker", WRONG, "no worker runs")
    await live.worker_lives(60)
    await live.tells("worker", WRONG, "sign of life for 60 s")
    await live.worker_lives()
    await live.tells("worker", OK, "the last heartbeat")
    await live.night.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)"
        " VALUES ('default', 'x', '{}', 'todo', now() - interval '20 s')"
    )
    await live.tells("worker", WARNING, "a job has waited for 20 s")
    await live.night.sql("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '2 min'")
    await live.tells("worker", WRONG, "a job has waited for 120 s")
    await live.night.sql("DELETE FROM procrastinate_jobs")


# ---- Twilio ----


async def test_the_account(live: Live) -> None:
    exchange = live.night.exchange
    await live.tells("twilio account", OK, "active")
    exchange.account_type = "Trial"
    assert "upgrade" in await live.tells("twilio account", WARNING, "trial account")
    exchange.account_status = "suspended"
    await live.tells("twilio account", WRONG, "suspended")
    exchange.auth_token = "rotated"
    assert "TWILIO_AUTH_TOKEN" in await live.tells("twilio account", WRONG, "does not take the credentials")
    await live.tells("twilio account", WRONG, "cannot be asked", api_url="http://127.0.0.1:1")
    await live.tells("recordings", UNKNOWN, "Twilio did not answer", api_url="http://127.0.0.1:1")


class Ahead:
    def __init__(self, seconds: float) -> None:
        self._by = TimeDelta(seconds=seconds)

    def now(self):
        from whenever import Instant

        return Instant.now() + self._by


@pytest.mark.parametrize(("seconds", "level"), [(0, OK), (15, WARNING), (300, WRONG)])
async def test_clocks(live: Live, seconds, level) -> None:
    live.night.clock = Ahead(seconds)
    for whose in ("Twilio", "the database"):
        await live.tells("clock", level, whose)
    await live.tells("clock", OK, "not compared", clock="2026-11-22T02:10:00-05:00")


async def test_recordings(live: Live) -> None:
    assert "Enforce HTTP Auth" in await live.tells("recordings", UNKNOWN, "no recording to try with")
    exchange = live.night.exchange
    made = Recording(exchange.account_sid, "CA" + "0" * 32, exchange.timeline.now(), 3)
    exchange.recordings[made.sid] = made
    await live.tells("recordings", OK, "private")
    exchange.recordings_are_public = True
    assert "Enforce HTTP Auth" in await live.tells("recordings", WRONG, "recordings are public")


# ---- the public URL ----


def answering(status: int, text: str = "", **headers: str) -> Starlette:
    async def answer(_request):
        return PlainTextResponse(text, status, headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.mark.parametrize(
    ("status", "says"),
    [(200, "another installation answers"), (403, "refuses what is signed"), (502, "HTTP 502"), (301, "redirects")],
)
async def test_somebody_else_at_the_public_url(live: Live, status, says) -> None:
    async with serving(answering(status)) as origin:
        assert await live.tells("public url", WRONG, says, public_url=origin)


async def test_a_proxy_that_lets_in_what_is_not_signed(live: Live) -> None:
    async with serving(answering(200)) as origin:
        await live.tells("public url", WRONG, "not signed is let in", public_url=origin)


async def test_nobody_at_the_public_url(live: Live) -> None:
    await live.tells("public url", WRONG, "cannot be reached", public_url="http://127.0.0.1:1")
    await live.tells("public url", UNKNOWN, "settings are missing", public_url="")


def test_a_bad_certificate_is_told_in_words() -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError()
    error.__cause__.verify_message = "certificate has expired"
    assert "certificate has expired" in address.unreachable(error).says
    mapped = httpx.ConnectError(
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch (_ssl.c:1)"
    )
    assert "Hostname mismatch" in address.unreachable(mapped).says
    assert "does not answer in time" in address.unreachable(httpx.ConnectTimeout("x")).says


# ---- numbers ----


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("voice_url", "https://other.example.org/", "calls do not come here"),
        ("voice_method", "GET", "not come by POST"),
        ("voice_fallback_url", "", "the fallback for calls is another or none"),
        ("status_callback", "", "the end of calls"),
        ("sms_url", "", "texts, and so"),
        ("voice_application_sid", "AP" + "0" * 32, "a TwiML application takes its calls"),
        ("sms_application_sid", "AP" + "0" * 32, "a TwiML application takes its texts"),
        ("trunk_sid", "TK" + "0" * 32, "a SIP trunk takes its calls"),
    ],
)
async def test_a_pointer_that_is_wrong(live: Live, field, value, says) -> None:
    connected(live)
    setattr(live.number, field, value)
    assert await live.tells("numbers", WRONG, says) == "nightbell twilio connect"
    assert len(await live.findings("numbers")) == 1


async def test_what_a_number_can(live: Live) -> None:
    connected(live)
    live.number.voice_capable = False
    await live.tells("numbers", WRONG, "takes no calls at all")
    live.number.voice_capable, live.number.sms_capable = True, False
    await live.tells("numbers", WARNING, "sends no texts")
    del live.night.exchange.numbers[PRACTICE]
    await live.tells("numbers", WRONG, "owns no such number")


async def test_no_check_can_fail_the_others(live: Live, monkeypatch) -> None:
    async def breaks(_installation):
        raise psycopg.Error("with a secret")

    monkeypatch.setitem(CHECKS, "numbers", breaks)
    await live.tells("numbers", UNKNOWN, "the check itself failed (Error)")


# ---- the second provider ----


async def test_there_need_be_no_second_provider(live: Live) -> None:
    await live.tells("second provider", OK, "none is set")


async def test_the_second_provider(live: Live) -> None:
    other = Exchange(live.night.timeline, SECOND_ACCOUNT, SECOND_TOKEN)
    sms_url = f"{live.night.product.origin}/twilio/sms"
    voice_url = f"{live.night.product.origin}/twilio/voice"
    number = other.own_number(SECOND_NUMBER, sms_url=sms_url, voice_url=voice_url)
    async with serving(create_app(other)) as url:
        there: dict[str, object] = {
            "second_account_sid": SECOND_ACCOUNT,
            "second_auth_token": SecretStr(SECOND_TOKEN),
            "second_api_url": url,
            "second_number": SECOND_NUMBER,
        }
        await live.tells("second provider", OK, "active", **there)
        await live.tells("second provider", OK, "replies and calls come here", **there)
        number.voice_url = ""
        says = await live.tells("second provider", WRONG, "who calls it is not brought to their practice", **there)
        assert "nightbell twilio connect" in says
        number.voice_url = voice_url
        listed = SAMPLE.read_text().replace(f'numbers: ["{PRACTICE}"]', f'numbers: ["{PRACTICE}", "{SECOND_NUMBER}"]')
        await live.night.publish(listed)
        await live.tells("second provider", WRONG, "the plan of maple-pediatrics has it in `numbers`", **there)
        await live.night.publish(SAMPLE.read_text())
        number.sms_url = "https://other.example.org/"
        assert sms_url in await live.tells("second provider", WRONG, "replies to its texts do not come here", **there)
        number.sms_capable = False
        await live.tells("second provider", WARNING, "it sends no texts", **there)
        number.voice_capable = False
        await live.tells("second provider", WRONG, "it makes no calls", **there)
        del other.numbers[SECOND_NUMBER]
        await live.tells("second provider", WRONG, "owns no such number", **there)
        other.account_status = "suspended"
        await live.tells("second provider", WRONG, "the account is suspended", **there)
        other.auth_token = "rotated"
        says = await live.tells("second provider", WRONG, "does not take the credentials", **there)
        assert "NIGHTBELL_SECOND_AUTH_TOKEN" in says
    await live.tells("second provider", WRONG, "cannot be asked", **there)
