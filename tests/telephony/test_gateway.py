"""Twilio's REST API, over HTTP, against the emulator: what each answer means to whoever asked."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from whenever import Instant, TimeDelta

from telephony.emulator import Exchange, RestFault, VirtualTimeline, create_app, serving
from telephony.emulator.behaviours import Manual
from telephony.errors import (
    AccountError,
    BusyError,
    GoneError,
    RefusedError,
    TwilioError,
    UncertainError,
    classify,
)
from telephony.gateway import Gateway

PRACTICE, CHEN = "+16175550100", "+16175550121"
START = Instant.from_utc(2026, 11, 22, 7, 10)
RING = TimeDelta(seconds=25)
TOKEN = "made-up-token"


@pytest.fixture
async def product() -> AsyncIterator[str]:
    async def answer(request: Request) -> Response:
        if "status" in request.url.path:
            return Response(status_code=204)
        twiml = "<Response><Say>Page</Say><Pause length='60'/></Response>"
        return Response(twiml, media_type="application/xml")

    async with serving(Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])) as origin:
        yield origin


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    exchange = Exchange(VirtualTimeline(START), auth_token=TOKEN, calls_per_second=0)
    async with exchange, serving(create_app(exchange)) as exchange.api_url:
        exchange.own_number(PRACTICE)
        exchange.phone(CHEN).behaviour = Manual()
        yield exchange


@pytest.fixture
async def gateway(exchange: Exchange) -> AsyncIterator[Gateway]:
    timeout = httpx.Timeout(0.3)
    gateway = Gateway(exchange.account_sid, TOKEN, exchange.api_url, timeout)
    yield gateway
    await gateway.close()


async def ring(gateway: Gateway, product: str, to: str = CHEN):
    return await gateway.place_call(to, PRACTICE, f"{product}/screen?page=p1", f"{product}/status?page=p1", RING)


async def test_a_call_is_placed_found_looked_at_moved_and_ended(
    gateway: Gateway, exchange: Exchange, product: str
) -> None:
    placed = await ring(gateway, product)
    assert placed.sid.startswith("CA")
    assert placed.status == "queued"
    (call,) = await gateway.find_calls(CHEN, PRACTICE, START)
    assert call.sid == placed.sid
    phone = await exchange.phone(CHEN).rings()
    await phone.answer()
    await phone.hears("Page")
    assert (await gateway.look_at_call(placed.sid)).status == "in-progress"
    await gateway.move_call(placed.sid, f"{product}/elsewhere")
    await phone.hears("Page")
    await gateway.end_call(placed.sid)
    await exchange.timeline.settle()
    assert (await gateway.look_at_call(placed.sid)).status == "completed"
    assert exchange.faults == []


async def test_calls_from_before_are_not_found(gateway: Gateway, product: str) -> None:
    await ring(gateway, product)
    assert await gateway.find_calls(CHEN, PRACTICE, START + TimeDelta(seconds=30)) == []
    assert await gateway.find_calls("+16175550122", PRACTICE, START) == []


async def test_a_text_is_sent(gateway: Gateway, exchange: Exchange, product: str) -> None:
    sid = await gateway.send_sms(CHEN, PRACTICE, "Maple: urgent page K7Q. Reply 1", f"{product}/status")
    assert sid.startswith("SM")
    await exchange.phone(CHEN).gets_text("K7Q")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21211, RefusedError), (400, 21214, RefusedError), (400, 21408, RefusedError), (400, 21608, RefusedError),
        (400, 21610, RefusedError), (400, 21614, RefusedError), (400, 99999, RefusedError),
        (400, 21606, AccountError), (400, 21220, GoneError), (401, 20003, AccountError), (403, 20005, AccountError),
        (404, 20404, GoneError), (429, 20429, BusyError), (500, 20500, UncertainError), (503, 20503, UncertainError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["place", "find", "look", "move", "end", "text"])
async def test_each_error_tells_what_to_do_next(
    gateway: Gateway, exchange: Exchange, product: str, method, status, code, expected
) -> None:
    exchange.rest_faults.refuse(status, code)
    work = {
        "place": lambda: ring(gateway, product),
        "find": lambda: gateway.find_calls(CHEN, PRACTICE, START),
        "look": lambda: gateway.look_at_call("CA" + "0" * 32),
        "move": lambda: gateway.move_call("CA" + "0" * 32, f"{product}/elsewhere"),
        "end": lambda: gateway.end_call("CA" + "0" * 32),
        "text": lambda: gateway.send_sms(CHEN, PRACTICE, "private words", f"{product}/status"),
    }[method]
    with pytest.raises(TwilioError) as error:
        await work()
    assert type(error.value) is expected
    assert error.value.code == code
    for private in (CHEN, "private words", "injected", product):
        assert private not in str(error.value)


@pytest.mark.parametrize(("header", "seconds"), [(7, 7.0), (1, 1.0), (None, 1.0), (86400, 30.0)])
async def test_retry_after_is_read(gateway: Gateway, exchange: Exchange, product: str, header, seconds) -> None:
    exchange.rest_faults.add(RestFault(429, 20429, "slow down", retry_after=header))
    with pytest.raises(BusyError) as error:
        await ring(gateway, product)
    assert error.value.retry_after == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "٣", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_another_retry_after_is_a_second(text) -> None:
    assert classify(429, 20429, text).retry_after == 1.0


@pytest.mark.parametrize("after", [True, False])
async def test_a_dropped_connection_may_have_been_carried_out(
    gateway: Gateway, exchange: Exchange, product: str, *, after
) -> None:
    exchange.rest_faults.drop(after=after)
    with pytest.raises(UncertainError, match="did not answer"):
        await ring(gateway, product)
    assert len(await gateway.find_calls(CHEN, PRACTICE, START)) == after


@pytest.mark.parametrize("after", [True, False])
async def test_so_may_one_that_is_not_answered_in_time(
    gateway: Gateway, exchange: Exchange, product: str, *, after
) -> None:
    exchange.rest_faults.drop(after=after, delay=0.6)
    with pytest.raises(UncertainError, match="ReadTimeout") as error:
        await ring(gateway, product)
    assert CHEN not in str(error.value)
    assert len(await gateway.find_calls(CHEN, PRACTICE, START)) == after


async def test_a_token_that_is_wrong_is_the_accounts_fault(exchange: Exchange, product: str) -> None:
    wrong = Gateway(exchange.account_sid, "another", exchange.api_url)
    with pytest.raises(AccountError):
        await ring(wrong, product)
    with pytest.raises(AccountError):
        await wrong.find_calls(CHEN, PRACTICE, START)
    await wrong.close()


async def test_an_invalid_number_is_refused_by_the_emulator_itself(gateway: Gateway, product: str) -> None:
    with pytest.raises(RefusedError, match="the number is not valid"):
        await ring(gateway, product, to="+1")


async def test_a_call_that_is_over_cannot_be_moved(gateway: Gateway, exchange: Exchange, product: str) -> None:
    placed = await ring(gateway, product)
    await gateway.end_call(placed.sid)
    await exchange.timeline.settle()
    with pytest.raises(GoneError):
        await gateway.move_call(placed.sid, f"{product}/elsewhere")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "<html>a proxy</html>", UncertainError), (200, "", UncertainError), (201, "[1, 2]", UncertainError),
        (200, '{"sid": 5}', None), (502, "<html>bad gateway</html>", UncertainError),
        (401, "<html>who are you</html>", AccountError), (404, "[]", GoneError), (400, '{"code": "x"}', RefusedError),
        (302, "", UncertainError),
    ],
)  # fmt: skip
async def test_an_answer_that_twilio_does_not_give(status, body, expected) -> None:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(body, status, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else None)

    async with serving(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as origin:
        gateway = Gateway("AC" + "1" * 32, TOKEN, origin)
        if expected is None:
            assert (await ring(gateway, origin)).created is None
        else:
            for work in (lambda: ring(gateway, origin), lambda: gateway.find_calls(CHEN, PRACTICE, START)):
                with pytest.raises(TwilioError) as error:
                    await work()
                assert type(error.value) is expected
                assert "html" not in str(error.value)
        await gateway.close()


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "http://[nonsense", "nowhere"])
async def test_nobody_at_the_address(base) -> None:
    gateway = Gateway("AC" + "1" * 32, TOKEN, base)
    with pytest.raises(UncertainError):
        await ring(gateway, "http://127.0.0.1:1")
    await gateway.close()


def test_the_gateway_shows_no_token() -> None:
    assert TOKEN not in repr(Gateway("AC" + "1" * 32, TOKEN))
