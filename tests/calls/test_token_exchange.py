"""Twilio's auth token is exchanged as docs/operations.md says, and at no moment does a call or a page fail."""

from telephony.emulator import NoAnswer
from tests.calls.callers import holds
from tests.calls.night import Night
from tests.calls.people import CHEN, TOKEN

_PLACED = "SELECT count(*) FROM deliveries WHERE means = 'call' AND sid IS NOT NULL"
OLD = "the-token-of-before"


async def pages(night: Night, number: str) -> None:
    """A call comes in, and a clinician is rung for it."""
    before = await night.sql_one(_PLACED)
    call = await holds(night, number)
    await night.passes(5)
    assert await night.sql_one(_PLACED) > before
    await call.hang_up()


async def test_a_token_is_exchanged_and_every_call_goes_on(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    exchange = night.exchange
    # Made at Twilio, and not promoted: it signs with the old one, and takes either.
    exchange.auth_token, exchange.secondary_auth_token = OLD, TOKEN
    await night.product.stop()
    await night.start(night._url, secondary=OLD)
    await pages(night, "+16175550181")
    # Promoted.
    exchange.auth_token, exchange.secondary_auth_token = TOKEN, None
    await pages(night, "+16175550182")
    # The old one is taken out.
    await night.restart()
    await pages(night, "+16175550183")
    assert exchange.faults == []
