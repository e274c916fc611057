"""A doctor opens the link in the text and, with the PIN, takes the page, passes it on, or is rung at once."""

import re

import httpx
import pytest

from storage import pins
from telephony.emulator import NoAnswer
from tests.calls.callers import CANNOT_TALK, TAKES, holds
from tests.calls.night import Night
from tests.calls.people import CHEN, OSEI, PARENT
from tests.calls.test_swapped import texts

PIN = "470219"
_LINK = re.compile(r"http\S+/p/(\S+)")


@pytest.fixture(autouse=True)
async def with_pin(night: Night) -> None:
    plan = night.parts.plans.current("maple-pediatrics")
    async with night.parts.database.transaction() as connection:
        await pins.set_pin(connection, night.parts.ring, plan.practice, "chen", PIN, "test", night.timeline.now())


class Browser:
    """A phone's browser on the page of a link."""

    def __init__(self, night: Night, token: str) -> None:
        self.url = f"{night.product.origin}/p/{token}"

    async def looks(self, status: int = 200) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return self._told(await client.get(self.url), status)

    async def does(self, what: str, pin: str = PIN, status: int = 200) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return self._told(await client.post(self.url, data={"pin": pin, "do": what}), status)

    def _told(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert PARENT not in answer.text
        return answer.text


async def texted(night: Night) -> Browser:
    """Chen's phone rings in vain, and has got the text."""
    await night.passes(10)
    (text,) = [body for body in texts(night, CHEN) if "Or, with your PIN" in body]
    found = _LINK.search(text)
    assert found
    return Browser(night, found[1])


async def test_the_page_is_taken_by_the_link_and_the_two_talk(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    browser = await texted(night)
    told = await browser.looks()
    assert "Maple Pediatrics: urgent page" in told
    assert "Nobody has it yet. The caller is holding." in told
    assert (await night.page()).accepted_by is None, "who only looks has taken nothing"
    assert "That is not your PIN" in await browser.does("take", "111111", 403)
    assert (await night.page()).accepted_by is None
    night.phone(CHEN).behaviour = TAKES
    assert "You have it" in await browser.does("take")
    await call.talks_to(night.phone(CHEN), within=60)
    await call.hang_up()
    await night.settle()
    assert "The page is closed" in await browser.looks()
    assert "The page is closed" in await browser.does("take")
    assert "Dr. Ana Chen has taken the page by link" in await night.trail()
    done = await night.sql("SELECT action FROM audit WHERE actor = 'chen'")
    assert {row.action for row in done} == {"page link: take"}


async def test_it_is_passed_on_by_the_link(night: Night):
    night.phone(OSEI).behaviour = TAKES
    call = await holds(night)
    browser = await texted(night)
    await browser.does("pass")
    await call.talks_to(night.phone(OSEI), within=60)
    assert "Dr. Kofi Osei has it. Nothing to do." in await browser.looks()
    await call.hang_up()


async def test_who_was_to_be_rung_later_is_rung_now(night: Night):
    night.phone(CHEN).behaviour = NoAnswer()
    call = await holds(night)
    browser = await texted(night)
    night.phone(CHEN).behaviour = CANNOT_TALK
    await browser.does("take")
    await night.passes(30)
    assert "rung in 5 minutes" in night.phone(CHEN).calls[-1].heard[-1]
    rung = night.rung(CHEN)
    night.phone(CHEN).behaviour = TAKES
    await browser.does("call")
    await call.talks_to(night.phone(CHEN), within=30)
    assert night.rung(CHEN) == rung + 1
    await call.hang_up()


async def test_a_link_that_was_not_made_here_shows_nothing_and_wrong_pins_lock(night: Night):
    call = await holds(night)
    browser = await texted(night)
    token = browser.url.rsplit("/", 1)[1]
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-4], f"{token}AAAA", "x", "%00", "é" * 40):
        assert "There is no such page" in await Browser(night, forged).looks(404)
    assert (await Browser(night, token).does("explode", status=422)).count("<button") == 2
    await browser.does("take", "1" * 2000, 413)
    for _ in range(pins.MOST_FAILURES):
        await browser.does("take", "999999", 403)
    assert "Too many wrong PINs" in await browser.does("take", status=403)
    assert (await night.page()).accepted_by is None
    assert any("5 wrong PINs in a row for Dr. Ana Chen" in why for why in await night.alerts())
    await call.hang_up()


async def test_who_has_no_pin_gets_no_link(night: Night):
    async with night.parts.database.transaction() as connection:
        await pins.clear_pin(connection, "maple-pediatrics", "chen")
    call = await holds(night)
    await night.passes(10)
    assert texts(night, CHEN)
    assert not any("/p/" in body for body in texts(night, CHEN))
    await call.hang_up()
