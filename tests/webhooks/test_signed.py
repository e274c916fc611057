"""The door: what Twilio signed comes in; everything else is refused, counted, and leaves nothing behind."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx
import pytest
import structlog
from starlette.requests import ClientDisconnect

from storage.errors import PracticeNotKnownError, UnavailableError
from telephony.signature import HEADER, sign
from tests.webhooks.conftest import ACCOUNT, CALLER, ORIGIN, PRACTICE, SECONDARY, Twilio


async def is_refused(twilio: Twilio, response) -> None:
    assert response.status_code == 403
    assert "Response" not in response.text
    assert await twilio.stored() == 0
    assert await twilio.counted("webhooks_refused") == 1
    assert await twilio.counted("webhooks") == 0


async def is_answered(twilio: Twilio, response) -> None:
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/xml")
    assert "dial 9 1 1" in response.text
    assert await twilio.stored() == 1
    assert await twilio.counted("webhooks_refused") == 0


async def test_what_twilio_signed_is_answered_and_stored(twilio: Twilio) -> None:
    await is_answered(twilio, await twilio.post())


async def test_either_token_signs_while_one_is_exchanged_for_the_other(twilio: Twilio) -> None:
    await is_answered(twilio, await twilio.post(token=SECONDARY))


async def test_blank_and_repeated_fields_are_signed_too(twilio: Twilio) -> None:
    form = [*twilio.form(ToCity="", Digits=""), ("Digits", "1"), ("Digits", "1"), ("CallSid", "CA2")]
    await is_answered(twilio, await twilio.post(form=form))


async def test_accents_and_signs_are_signed_as_they_are(twilio: Twilio) -> None:
    await is_answered(twilio, await twilio.post(form=twilio.form(CallerName="Núñez & <Söhne> +=%")))


@pytest.mark.parametrize("signature", ["", "x", "é", "A" * 28, "ключ"])
async def test_a_wrong_signature(twilio: Twilio, signature) -> None:
    head = [(HEADER.encode(), signature.encode()), (b"Content-Type", b"application/x-www-form-urlencoded")]
    await is_refused(twilio, await twilio.http.post("/twilio/voice", content=b"CallSid=CA1", headers=head))


async def test_no_signature(twilio: Twilio) -> None:
    await is_refused(twilio, await twilio.http.post("/twilio/voice", data=dict(twilio.form())))


async def test_another_accounts_token(twilio: Twilio) -> None:
    await is_refused(twilio, await twilio.post(token="guessed"))


async def test_a_field_that_was_changed_added_or_left_out(twilio: Twilio) -> None:
    form = twilio.form()
    for n, signed in enumerate(([*form, ("x", "")], form[:-1], twilio.form(From="+16175550181")), start=1):
        assert (await twilio.post(form=form, signed=signed)).status_code == 403
        assert await twilio.counted("webhooks_refused") == n
    assert await twilio.stored() == 0


async def test_a_signature_for_another_path(twilio: Twilio) -> None:
    headers = {HEADER: sign(f"{ORIGIN}/twilio/sms", twilio.form(), "made-up-token")}
    await is_refused(twilio, await twilio.post(headers=headers))


async def test_a_signature_for_another_query(twilio: Twilio) -> None:
    headers = {HEADER: sign(f"{ORIGIN}/twilio/voice", twilio.form(), "made-up-token")}
    await is_refused(twilio, await twilio.post("/twilio/voice?practice=oak", headers=headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"}, {"X-Forwarded-Host": "evil.example.com"}, {"X-Forwarded-Proto": "http"},
        {"Forwarded": "host=evil.example.com"}, {"X-Original-URL": "/metrics"}, {"X-HTTP-Method-Override": "GET"},
    ],
)  # fmt: skip
async def test_no_header_says_where_the_request_was_sent(twilio: Twilio, headers) -> None:
    await is_answered(twilio, await twilio.post(headers=headers))


async def test_a_signature_for_the_host_that_the_sender_claims(twilio: Twilio) -> None:
    signature = sign("https://evil.example.com/twilio/voice", twilio.form(), "made-up-token")
    headers = {HEADER: signature, "Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"}
    await is_refused(twilio, await twilio.post(headers=headers))


async def test_another_account_with_a_signature_of_ours(twilio: Twilio) -> None:
    await is_refused(twilio, await twilio.post(form=twilio.form(AccountSid="AC" + "6" * 32)))


async def test_no_account_at_all_is_covered_by_the_signature(twilio: Twilio) -> None:
    form = [(name, value) for name, value in twilio.form() if name != "AccountSid"]
    await is_answered(twilio, await twilio.post(form=form))


async def test_of_two_accounts_the_first_counts(twilio: Twilio) -> None:
    form = [("AccountSid", "AC" + "6" * 32), *twilio.form()]
    await is_refused(twilio, await twilio.post(form=form))


async def test_get_is_no_webhook(twilio: Twilio) -> None:
    headers = {HEADER: sign(f"{ORIGIN}/twilio/voice", [], "made-up-token")}
    assert (await twilio.http.get("/twilio/voice", headers=headers)).status_code == 405
    assert await twilio.stored() == 0


async def test_a_body_larger_than_twilios_is_not_read_to_its_end(twilio: Twilio) -> None:
    await is_refused(twilio, await twilio.post(form=twilio.form(Body="x" * 65_536)))


async def test_nor_is_one_that_comes_in_pieces_without_an_end(twilio: Twilio) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 4 * 1024 * 1024:
            sent += 16_384
            yield b"x" * 16_384

    headers = {HEADER: sign(f"{ORIGIN}/twilio/voice", [], "made-up-token")}
    await is_refused(twilio, await twilio.http.post("/twilio/voice", content=endless(), headers=headers))
    assert sent <= 6 * 16_384


async def test_one_who_is_gone_before_the_body_has_come_is_no_fault_and_no_unsigned_traffic(twilio: Twilio) -> None:
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"From="
            raise ClientDisconnect

    assert (await twilio.http.post("/twilio/voice", content=Broken())).status_code == 204
    assert await twilio.counted("webhooks_refused") == 0
    assert await twilio.stored() == 0


@pytest.mark.parametrize("body", [b"From=%ff%fe&To=%00", b"\xff\xfe=1", b"&&&===", b"From", b"%", b"\x00" * 99])
async def test_a_body_that_is_no_form(twilio: Twilio, body) -> None:
    headers = {HEADER: "A" * 28, "Content-Type": "application/x-www-form-urlencoded"}
    await is_refused(twilio, await twilio.http.post("/twilio/voice", content=body, headers=headers))


async def test_a_json_body_is_covered_by_its_hash_in_the_url(twilio: Twilio) -> None:
    body = json.dumps({"CallSid": "CA1"}).encode()
    path = f"/twilio/voice?bodySHA256={sha256(body).hexdigest()}"
    headers = {HEADER: sign(f"{ORIGIN}{path}", [], "made-up-token"), "Content-Type": "application/json"}
    assert (await twilio.http.post(path, content=body, headers=headers)).status_code == 200
    assert (await twilio.http.post(path, content=body + b" ", headers=headers)).status_code == 403
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await twilio.http.post(path, content=b"From=1", headers=headers | form)).status_code == 403


# ---- what goes wrong inside -------------------------------------------------------------------------------------


async def test_an_error_inside_becomes_words_and_a_person_and_its_log_tells_no_value(twilio: Twilio) -> None:
    path = "/twilio/voice/turn?practice=maple-pediatrics&version=1&node=night&phase=nowhere&language=en-US"
    with structlog.testing.capture_logs() as logs:
        response = await twilio.post(path, twilio.form(Digits="05042019", SpeechResult="Elliot Example"))
    assert response.status_code == 200
    assert "something is not working here" in response.text
    assert "9 1 1" in response.text
    assert "<Dial" in response.text
    (failed,) = [log for log in logs if log["event"] == "webhook_failed"]
    assert failed["error"] == "BadPositionError"
    assert "position.py" in failed["where"]
    for value in (CALLER, PRACTICE, "05042019", "Elliot", "nowhere"):
        assert value not in str(logs)


@pytest.mark.parametrize("error", [UnavailableError, PracticeNotKnownError])
async def test_an_error_where_nobody_listens_is_sent_again_by_twilio(twilio: Twilio, monkeypatch, error) -> None:
    async def fails(*_: object) -> None:
        raise error("not now")

    monkeypatch.setattr(type(twilio.parts.site.paging), "happen", fails)
    assert (await twilio.post(DELIVERED, twilio.form(MessageStatus="delivered"))).status_code == 500


DELIVERED = "/twilio/sms/status?page=none&attempt=1"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (DELIVERED, {"MessageStatus": "delivered"}),
        ("/twilio/voice/leg?page=none&attempt=1", {"CallStatus": "completed"}),
        ("/twilio/voice/alert/status?alert=77", {"CallStatus": "completed"}),
        ("/twilio/sms/alert/status?alert=77", {"MessageStatus": "failed"}),
        ("/twilio/voice/shift/status?practice=maple-pediatrics&notice=77", {"CallStatus": "completed"}),
    ],
)
async def test_news_of_what_is_not_known_is_not_asked_for_again(
    twilio: Twilio, path: str, fields: dict[str, str]
) -> None:
    response = await twilio.post(path, twilio.form(**fields))
    assert (response.status_code, response.text) == (204, "")


async def test_a_call_to_no_practice_gets_the_advice_and_an_alert(twilio: Twilio) -> None:
    response = await twilio.post(form=twilio.form(To="+16175550109"))
    assert "dial 9 1 1" in response.text
    assert "<Hangup" in response.text
    assert await twilio.stored() == 0


async def test_a_repeat_is_answered_with_the_same_words(twilio: Twilio) -> None:
    assert (await twilio.post()).text == (await twilio.post()).text
    assert await twilio.stored() == 1


@pytest.mark.parametrize("sender", ["anonymous", "unknown", "", "+266696687", "sip:elliot@example.org", "555", "+0"])
async def test_a_withheld_or_malformed_caller_is_answered(twilio: Twilio, sender) -> None:
    response = await twilio.post(form=twilio.form(From=sender))
    await is_answered(twilio, response)
    assert "withheld=1" in response.text
    assert ACCOUNT not in response.text
