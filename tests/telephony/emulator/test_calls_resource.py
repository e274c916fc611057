"""Calls through the REST API, with Twilio's own client."""

import asyncio

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from telephony.emulator import Answers, Hears, Press


class Redirected(TwilioHttpClient):
    """Twilio's client, sent to the emulator."""

    def __init__(self, api_url):
        super().__init__()
        self._api_url = api_url

    def request(self, method, url, *args, **kwargs):
        return super().request(method, url.replace("https://api.twilio.com", self._api_url), *args, **kwargs)


@pytest.fixture
def client(exchange):
    http_client = Redirected(exchange.api_url)
    yield Client(exchange.account_sid, exchange.auth_token, http_client=http_client)
    http_client.session.close()


async def test_placed_call_runs_its_document(exchange, product, client):
    product.on("/page", '<Gather numDigits="1" action="/accepted"><Say>Press 1 to accept.</Say></Gather>')
    product.on("/accepted", "<Say>Thank you.</Say>")
    chen = exchange.phone("+16175550121")
    chen.behaviour = Answers(after=3, script=[Hears("Press 1") >> Press("1")])
    placed = await asyncio.to_thread(
        client.calls.create,
        to="+16175550121",
        from_="+16175550100",
        url=f"{product.origin}/page",
        status_callback=f"{product.origin}/status/page",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert placed.status == "queued"
    ring = await chen.rings()
    await ring.hears("Thank you")
    await ring.is_over()
    await exchange.timeline.settle()
    states = [(got["CallStatus"], got["SequenceNumber"]) for got in product.at("/status/page")]
    assert states == [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]
    fetched = await asyncio.to_thread(client.calls(placed.sid).fetch)
    assert (fetched.status, fetched.duration) == ("completed", str(ring.leg.duration))
    assert exchange.faults == []


async def test_unowned_caller_is_refused(exchange, product, client):
    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(
            client.calls.create, to="+16175550121", from_="+16175550199", url=f"{product.origin}/page"
        )
    assert refusal.value.code == 21210
    assert [fault.code for fault in exchange.faults] == [21210]
