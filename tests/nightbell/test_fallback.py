"""The last resort as static files: written, refreshed, looked at, and played with no server running."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from whenever import Instant, TimeDelta

from escalation.oncall import on_call
from escalation.roster import Override
from nightbell.doctor.outcome import Level
from nightbell.fallback import refresh, static_files, url_of, write
from routing.last_words import last_words
from storage.seal import KeyRing, new_key_setting
from telephony.emulator import Answers, NoAnswer, Phone, PhoneCall, serving
from tests.calls.people import (
    CHEN,
    PARENT,
    PRACTICE,
    SAMPLE,
    SECOND_NUMBER,
    SECOND_TOKEN,
    SERVICE,
    SUNDAY_NIGHT,
)
from tests.nightbell.live import Live

ANOTHER = "+16175550101"
OK, WARNING, WRONG = Level.OK, Level.WARNING, Level.WRONG


class Host:
    """A static host: files of a folder, whoever asks."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.kind = "text/xml"
        self.methods = ["GET", "POST"]

    async def answer(self, request) -> Response:
        if request.method not in self.methods:
            return Response(status_code=405)
        path = self.folder / request.path_params["name"]
        return Response(path.read_text(), media_type=self.kind) if path.exists() else Response(status_code=404)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{name}", self.answer, methods=["GET", "POST"])])


async def plan_of(live: Live):
    return live.night.parts.plans.current("maple-pediatrics")


async def test_the_caller_gets_the_advice_and_the_answering_service_with_no_server(live: Live, tmp_path) -> None:
    night = live.night
    folder = tmp_path / "static"
    ran = await live.command("fallback", "--out", str(folder))
    assert ran.code == 0
    async with serving(Host(folder).app()) as host:
        connected = await live.command(
            "twilio", "connect", "--yes", "--fallback-url", f"{host}".replace("127.0.0.1", "localhost")
        )
        assert connected.code == 0
        night.worker_is_dead = True
        await night.product.stop()  # nobody answers at the voice URL from now on
        service = night.phone(SERVICE)
        service.behaviour = NoAnswer()
        chen = night.phone(CHEN)
        chen.behaviour = Answers(after=4)
        call = await night.calls(PARENT)
        await call.hears("If this is an emergency, hang up and dial 9 1 1.")
        await call.hears("Si es una emergencia, cuelgue y marque 9 1 1.")
        await call.talks_to(chen)
        assert len(service.calls) == 1
        await chen.calls[-1].hang_up()
        await call.hears("This call ends now")
        await call.is_over()
        assert {fault.code for fault in night.exchange.faults} <= {11200, 11205, 11206}
        await night.start(live.url)


async def test_who_is_rung_and_until_when(live: Live) -> None:
    plan = await plan_of(live)
    words = last_words(plan, SUNDAY_NIGHT)
    assert words.numbers[:2] == (SERVICE, CHEN)
    assert words.valid_until == Instant.from_utc(2026, 11, 23, 13)  # Monday 08:00: the physicians hand off
    assert last_words(plan, words.valid_until).numbers[1] != CHEN
    assert words.advice[0].language == "en-US"
    assert "9 1 1" in words.advice[0].text


async def test_after_who_is_on_call_come_those_of_the_coming_handoffs(live: Live) -> None:
    from dataclasses import replace

    plan = await plan_of(live)
    urgent = plan.escalation.policies["urgent"]
    alone = {"urgent": replace(urgent, steps=urgent.steps[:1])}  # the primary, and nobody else
    plan = replace(plan, escalation=replace(plan.escalation, policies=alone))
    roster = plan.escalation.roster
    handoff = last_words(plan, SUNDAY_NIGHT).valid_until
    later = roster.members[on_call(roster, "primary", handoff).member]
    numbers = last_words(plan, SUNDAY_NIGHT).numbers
    assert numbers[:3] == (SERVICE, CHEN, later.voice[0])
    assert len(set(numbers)) == len(numbers) <= 10


async def test_an_override_changes_the_file_and_ends_its_validity(live: Live) -> None:
    from routing.plan import Beside, with_beside

    plan = await plan_of(live)
    until = SUNDAY_NIGHT + TimeDelta(hours=2)
    changed = with_beside(plan, Beside(overrides=(Override("primary", "patel", SUNDAY_NIGHT, until, "Dana", "swap"),)))
    words = last_words(changed, SUNDAY_NIGHT)
    assert words.numbers[1] == "+16175550123"
    assert words.valid_until == until


async def test_names_cannot_be_guessed_and_outlive_a_new_key(live: Live) -> None:
    plan, old = await plan_of(live), new_key_setting()
    before = static_files([plan], KeyRing.from_setting(old), SUNDAY_NIGHT)[0].names
    after = static_files([plan], KeyRing.from_setting(f"{new_key_setting()},{old}"), SUNDAY_NIGHT)[0].names
    assert re.fullmatch(r"[0-9a-f]{32}\.xml", before[0])
    assert before[0] in after
    assert before[0] != after[0]


async def test_only_what_changed_is_written(live: Live, tmp_path) -> None:
    plan, ring = await plan_of(live), live.night.parts.ring
    files = static_files([plan], ring, SUNDAY_NIGHT)
    assert write(tmp_path / "f", files, SUNDAY_NIGHT) == 1
    manifest = (tmp_path / "f/manifest.json").read_text()
    assert json.loads(manifest)["practices"]["maple-pediatrics"]["version"] == 1
    assert files[0].names[0] not in manifest
    assert write(tmp_path / "f", files, SUNDAY_NIGHT + TimeDelta(hours=1)) == 0
    assert (tmp_path / "f/manifest.json").read_text() == manifest
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == sorted([files[0].names[0], "manifest.json"])


async def test_the_worker_refreshes_after_a_handoff(live: Live, tmp_path) -> None:
    from dataclasses import replace

    assert await refresh(live.night.parts) == 0
    settings = live.night.parts.settings.model_copy(update={"fallback_dir": tmp_path / "f"})
    parts = replace(live.night.parts, settings=settings)
    assert await refresh(parts) == 1
    assert await refresh(parts) == 0
    await live.night.passes(31 * 3600)  # past Monday 08:00
    assert await refresh(parts) == 1


async def test_the_doctor_on_the_files(live: Live, tmp_path) -> None:
    folder = tmp_path / "f"
    await live.tells("static fallback", WRONG, "missing or stale", fallback_dir=folder)
    plan, ring = await plan_of(live), live.night.parts.ring
    write(folder, static_files([plan], ring, SUNDAY_NIGHT), SUNDAY_NIGHT)
    await live.tells("static fallback", OK, "the files are those of now", fallback_dir=folder)
    await live.night.passes(31 * 3600)
    assert "nightbell fallback" in await live.tells("static fallback", WRONG, "stale", fallback_dir=folder)


async def test_the_doctor_on_the_host(live: Live, tmp_path) -> None:
    await live.tells("static fallback", WARNING, "no fallback URL")
    live.number.voice_fallback_url = f"{live.night.product.origin}/twilio/voice/fallback"
    await live.tells("static fallback", WARNING, "on the same host")
    await live.tells("static fallback", WRONG, "both are gone at once", fallback_url=live.night.product.origin)
    host = Host(tmp_path)
    ring = live.night.parts.ring
    async with serving(host.app()) as origin:
        base = origin.replace("127.0.0.1", "localhost")
        live.number.voice_fallback_url = url_of(base, ring, PRACTICE)
        await live.tells("static fallback", WRONG, "HTTP 404")
        files = static_files([await plan_of(live)], ring, SUNDAY_NIGHT)
        write(tmp_path, files, SUNDAY_NIGHT)
        await live.tells("static fallback", OK, "gives what is right now")
        host.kind = "text/plain"
        await live.tells("static fallback", WRONG, "text/plain")
        (tmp_path / files[0].names[0]).write_text("<Response/>")
        await live.tells("static fallback", WRONG, "stale document")
        host.methods = ["GET"]
        assert "going-live" in await live.tells("static fallback", WRONG, "refuses POST")
    await live.tells("static fallback", WRONG, "cannot be reached")


def test_no_folder_is_one_line(run) -> None:
    ran = run("fallback")
    assert (ran.code, ran.out) == (1, "")
    assert "--out DIR" in ran.err


# ---- the second provider's number ----


@asynccontextmanager
async def calls_the_second(live: Live, folder: Path) -> AsyncIterator[PhoneCall]:
    """A patient calls the second provider's number, where the server is gone and its static file is not."""
    async with live.second() as other, serving(Host(folder).app()) as host:
        ran = await live.command("fallback", "--out", str(folder))
        assert (ran.code, SECOND_NUMBER in ran.out) == (0, True)
        file = url_of(host.replace("127.0.0.1", "localhost"), live.night.parts.ring, SECOND_NUMBER)
        other.own_number(SECOND_NUMBER, voice_url="http://127.0.0.1:1/twilio/voice", fallback_url=file)
        call = await Phone(other, PARENT).dial(SECOND_NUMBER)
        await call.hears("If this is an emergency, hang up and dial 9 1 1.")
        yield call


async def test_with_one_practice_the_second_number_rings_its_last_resort(live: Live, tmp_path) -> None:
    service = live.night.phone(SERVICE)
    service.behaviour = Answers(after=4)
    async with calls_the_second(live, tmp_path) as call:
        await call.hears("Please stay on the line")
        await call.talks_to(service)
        assert service.calls[-1].leg.from_ == SECOND_NUMBER, "an account shows only numbers of its own"
        await call.hang_up()
    assert '"maple-pediatrics"' in (tmp_path / "manifest.json").read_text()


async def test_of_several_practices_nobody_there_can_ask_which_is_meant(live: Live, tmp_path) -> None:
    await live.night.publish(SAMPLE.read_text().replace("maple-pediatrics", "zz-practice").replace(PRACTICE, ANOTHER))
    async with calls_the_second(live, tmp_path) as call:
        await call.hears("please call your doctor's office at its own number")
        await call.is_over()
    assert live.night.rung(SERVICE) == 0
    assert set(json.loads((tmp_path / "manifest.json").read_text())["practices"]) == {"maple-pediatrics", "zz-practice"}


async def test_the_doctor_on_the_second_numbers_file(live: Live, tmp_path) -> None:
    async with live.second() as other, serving(Host(tmp_path).app()) as host:
        there = {
            "second_account_sid": other.account_sid,
            "second_auth_token": SecretStr(SECOND_TOKEN),
            "second_api_url": other.api_url,
            "second_number": SECOND_NUMBER,
        }
        number = other.own_number(SECOND_NUMBER)
        await live.tells("static fallback", WARNING, f"{SECOND_NUMBER}: it has no fallback URL", **there)
        number.voice_fallback_url = url_of(host.replace("127.0.0.1", "localhost"), live.night.parts.ring, SECOND_NUMBER)
        await live.tells("static fallback", WRONG, f"{SECOND_NUMBER}: its fallback host answers with HTTP 404", **there)
        await live.command("fallback", "--out", str(tmp_path))
        await live.tells("static fallback", OK, f"{SECOND_NUMBER}: its fallback host gives what is right now", **there)
