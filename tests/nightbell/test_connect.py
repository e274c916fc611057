"""`nightbell twilio connect` and `disconnect`, through Twilio's own REST API."""

import io
import json
import stat

from nightbell.fallback import url_of
from tests.calls.people import CHEN, PARENT, PRACTICE, SAMPLE, SECOND_NUMBER
from tests.nightbell.live import Live

SECOND = "+16175550101"


def with_second_number(document: str) -> str:
    return document.replace('numbers: ["+16175550100"]', f'numbers: ["+16175550100", "{SECOND}"]')


async def test_from_a_number_that_leads_nowhere_to_a_call_that_is_answered_and_back(live: Live) -> None:
    live.number.voice_url, live.number.voice_method = "https://old.example.org/voice", "GET"
    live.number.trunk_sid = "TK" + "0" * 32
    before = vars(live.number).copy()
    sick = await live.command("doctor")
    assert sick.code == 1
    assert "numbers: wrong: +16175550100: calls do not come here" in sick.out
    assert "mend: nightbell twilio connect" in sick.out
    unanswered = await live.night.calls(PARENT)
    await live.night.settle()
    assert unanswered.heard == []
    connected = await live.command("twilio", "connect", "--yes")
    assert (connected.code, connected.err) == (0, "")
    assert f"{PRACTICE}: connected." in connected.out
    await live.worker_lives()
    healthy = await live.command("doctor")
    assert healthy.code == 0, healthy.out
    assert f"numbers: ok: {PRACTICE}: leads here" in healthy.out
    assert "public url: ok" in healthy.out
    call = await live.night.calls(PARENT)
    await call.hears("Maple Pediatrics is closed")
    await call.hang_up()
    await live.night.settle()
    back = await live.command("twilio", "disconnect", "--yes")
    assert back.code == 0
    assert vars(live.number) == before
    assert not live.kept.exists()
    assert (await live.command("twilio", "disconnect", "--yes")).out.startswith("No number was connected")


async def test_every_change_is_shown_before_it_is_made_and_kept(live: Live) -> None:
    dry = await live.command("twilio", "connect", "--dry-run")
    assert dry.code == 0
    assert f"voice_url: (nothing) -> {live.night.product.origin}/twilio/voice#rc=2&rp=ct,5xx" in dry.out
    assert live.number.voice_url == ""
    assert not live.kept.exists()
    await live.command("twilio", "connect", "--yes")
    assert stat.S_IMODE(live.kept.stat().st_mode) == 0o600
    assert json.loads(live.kept.read_text())[PRACTICE]["before"]["voice_url"] == ""
    again = await live.command("twilio", "connect")  # nothing to ask about
    assert (again.code, again.out.strip()) == (0, f"{PRACTICE}: connected already.")


async def test_who_says_no_changes_nothing(live: Live) -> None:
    live.environment.setattr("sys.stdin", io.StringIO("n\n"))
    assert (await live.command("twilio", "connect")).code == 0
    assert live.number.voice_url == ""


async def test_one_number_of_two_is_refused_and_then_resumed(live: Live) -> None:
    await live.night.publish(with_second_number(SAMPLE.read_text()))
    live.night.exchange.own_number(SECOND)
    live.night.exchange.rest_faults.refuse(
        400, 21402, resource=f"IncomingPhoneNumbers/{live.number.sid}", method="POST"
    )
    half = await live.command("twilio", "connect", "--yes")
    assert half.code == 1
    assert f"{PRACTICE}: Twilio refused" in half.err
    assert f"{SECOND}: connected." in half.out
    rest = await live.command("twilio", "connect", "--yes")
    assert rest.code == 0
    assert f"{SECOND}: connected already." in rest.out
    assert (await live.command("twilio", "disconnect", "--yes")).code == 0
    assert live.number.voice_url == live.night.exchange.numbers[SECOND].voice_url == ""


async def test_a_number_that_is_not_the_accounts_is_told(live: Live) -> None:
    del live.night.exchange.numbers[PRACTICE]
    told = await live.command("twilio", "connect", "--yes")
    assert told.code == 1
    assert "the account owns no such number" in told.err


async def test_what_somebody_else_changed_is_left_alone(live: Live) -> None:
    live.number.voice_url = "https://old.example.org/voice"
    await live.command("twilio", "connect", "--yes")
    live.number.voice_url = "https://theirs.example.org/voice"
    back = await live.command("twilio", "disconnect", "--yes")
    assert back.code == 1
    assert "somebody else has set voice_url to https://theirs.example.org/voice since" in back.err
    assert live.number.voice_url == "https://theirs.example.org/voice"
    assert live.number.sms_url == ""


async def test_what_was_before_the_first_connect_is_what_comes_back(live: Live) -> None:
    live.number.voice_url = "https://old.example.org/voice"
    await live.command("twilio", "connect", "--yes")
    await live.command("twilio", "connect", "--yes", "--fallback-url", "https://fallback.example.org")
    assert live.number.voice_fallback_url.startswith("https://fallback.example.org/")
    assert live.number.voice_fallback_url.endswith(".xml#rc=2&rp=ct,5xx")
    await live.command("twilio", "disconnect", "--yes")
    assert (live.number.voice_url, live.number.voice_fallback_url) == ("https://old.example.org/voice", "")


async def test_a_kept_file_that_cannot_be_read_stops_everything(live: Live) -> None:
    live.kept.write_text("{")
    told = await live.command("twilio", "connect", "--yes")
    assert told.code == 1
    assert "cannot be read" in told.err
    assert live.number.voice_url == ""


async def test_a_number_without_texts_keeps_its_sms_settings(live: Live) -> None:
    live.number.sms_capable, live.number.sms_url = False, "https://old.example.org/sms"
    await live.command("twilio", "connect", "--yes")
    assert live.number.sms_url == "https://old.example.org/sms"
    assert live.night.phone(CHEN).texts == []


async def test_the_second_providers_number_is_connected_too_and_given_back(live: Live) -> None:
    async with live.second() as other:
        number = other.own_number(SECOND_NUMBER, sms_url="https://old.example.org/sms")
        connected = await live.command("twilio", "connect", "--yes")
        assert (connected.code, connected.err) == (0, "")
        assert f"{PRACTICE}: connected." in connected.out
        assert f"{SECOND_NUMBER}: connected." in connected.out
        assert number.sms_url.startswith(f"{live.night.product.origin}/twilio/sms#")
        assert number.voice_url.startswith(f"{live.night.product.origin}/twilio/voice#")
        assert number.status_callback == "", "it is no call of a practice's: that is the one to which it is dialled on"
        assert (await live.command("twilio", "disconnect", "--yes")).code == 0
        assert (number.sms_url, number.voice_url) == ("https://old.example.org/sms", "")
        host = "https://fallback.example.org"
        assert (await live.command("twilio", "connect", "--yes", "--fallback-url", host)).code == 0
        assert number.voice_fallback_url.startswith(url_of(host, live.night.parts.ring, SECOND_NUMBER))
        only = await live.command("twilio", "connect", "--yes", "--practice", "maple-pediatrics")
        assert SECOND_NUMBER not in only.out
        await live.command("twilio", "connect", "--yes")
        live.environment.delenv("NIGHTBELL_SECOND_API_URL")
        for name in ("ACCOUNT_SID", "AUTH_TOKEN", "NUMBER"):
            live.environment.delenv(f"NIGHTBELL_SECOND_{name}")
        gone = await live.command("twilio", "disconnect", "--yes")
        assert (gone.code, "whose settings are gone" in gone.err, str(live.kept) in gone.err) == (1, True, True)


async def test_a_second_number_that_the_account_does_not_own_is_said_to_be_a_setting(live: Live) -> None:
    async with live.second():
        ran = await live.command("twilio", "connect", "--yes")
        assert (ran.code, "mend NIGHTBELL_SECOND_NUMBER" in ran.err) == (1, True)
        assert f"{PRACTICE}: connected." in ran.out
