"""Calendars from elsewhere over the API: checked, previewed and published with them, and how it stands with each."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from calendars import copying
from calendars.copying import Calendars
from calendars.guard import networks_of
from tests.api.conftest import NIGHT, SAMPLE, YAML, Operator
from tests.api.test_overrides import REPLACE, made
from tests.calendars.feeds import calendar, event
from tests.calendars.server import Elsewhere, bomb, content, endless, silent, status

SECRET = "/private-0123456789abcdef/basic.ics"
FIRST = "      - {rotation: nurses, only"
DAY = calendar(event("ruiz", DTSTART="20261122T020000", DTEND="20261123T020000"))
STRANGER = calendar(event("Dr. Locum", DTSTART="20261128T070000", DTEND="20261129T070000"))


@pytest.fixture
async def server(operator: Operator) -> AsyncIterator[Elsewhere]:
    before = operator.parts.calendars._fetcher
    operator.parts.calendars._fetcher = Calendars(networks_of("127.0.0.0/8"))._fetcher
    async with Elsewhere().serving() as elsewhere:
        yield elsewhere
    operator.parts.calendars._fetcher = before


def plan(server: Elsewhere, more: str = "") -> bytes:
    led = SAMPLE.replace(FIRST, f"      - {{calendar: hospital}}\n{FIRST}")
    return f'{led}\ncalendars:\n  hospital:\n    url: "{server.url(SECRET)}"\n{more}'.encode()


async def sends(operator: Operator, what: str, document: bytes, status: int = 200) -> dict:
    answer = await operator.asks("POST", f"/plan/{what}", content=document, headers=YAML)
    assert answer.status_code == status, answer.text
    return answer.json()


async def stored(operator: Operator) -> list[tuple]:
    async with operator.parts.database.transaction() as connection:
        query = "SELECT calendar, fetched_at IS NOT NULL, failure <> '' FROM calendar_copies"
        return [tuple(row) for row in await connection.execute(text(query))]


async def listed(operator: Operator) -> dict:
    (one,) = (await operator.asks("GET", "/calendars")).json()["items"]
    return one


async def test_checked_and_previewed_with_it_and_nothing_is_stored_before_it_is_published(
    operator: Operator, server: Elsewhere
):
    server.says[SECRET] = content(DAY)
    assert (await sends(operator, "verify", plan(server)))["fit"]
    changes = await sends(operator, "preview", plan(server))
    assert changes["summary"] == "This changes who is called in 23 h 50 min of the next 90 days."
    assert await stored(operator) == []
    assert (await operator.asks("GET", "/calendars")).json() == {"items": []}
    await sends(operator, "publish", plan(server), 201)
    assert await stored(operator) == [("hospital", True, False)]
    (duty,) = (await operator.asks("GET", "/oncall?schedule=primary")).json()["duties"]
    assert (duty["member"], "the calendar hospital" in duty["because"]) == ("ruiz", True)
    assert len(server.asked) == 3
    assert not (await sends(operator, "publish", plan(server)))["is_new"]
    assert len(server.asked) == 3, "there is a copy by now"


async def test_a_preview_is_of_the_plan_and_not_of_what_stands_beside_it(operator: Operator):
    await made(operator, REPLACE)
    changes = await sends(operator, "preview", SAMPLE.encode())
    assert changes["summary"] == "This changes nothing about who is called in the next 90 days."


async def test_how_it_stands_with_it(operator: Operator, server: Elsewhere):
    server.says[SECRET] = content(STRANGER)
    waiver = "waivers: [{check: calendar-names, at: calendars.hospital, because: the locum has no number}]\n"
    await sends(operator, "publish", plan(server, waiver), 201)
    operator.clock.at = NIGHT.add(minutes=10)
    answer = await operator.asks("GET", "/calendars", key="reader")
    assert answer.json()["items"] == [
        {
            "name": "hospital",
            "fetched_at": "2026-11-22T07:10:00Z",
            "age_seconds": 600,
            "is_stale": False,
            "tried_at": "2026-11-22T07:10:00Z",
            "failing_since": None,
            "failure": None,
            "events": 1,
            "unknown": [{"words": "dr. locum", "starts_at": "2026-11-28T12:00:00Z", "events": 1}],
        }
    ]
    assert "private" not in answer.text


@pytest.mark.parametrize("how", ["status", "web page", "broken", "10 MB", "endless", "bomb", "silent", "loop"])
async def test_one_that_cannot_be_had_is_a_fault_and_nothing_is_stored(
    operator: Operator, server: Elsewhere, how: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(copying, "FOR_PUBLISHING", 0.5 if how == "silent" else 6.0)
    answers = {
        "status": (status(404), "answers 404"),
        "web page": (content(b"<html>Sign in</html>"), "a web page"),
        "broken": (content(calendar(event("Mrs Jones", DTSTART="tomorrow"))), "the DTSTART of event 1"),
        "10 MB": (content(b"x" * 10_000_000), "longer than 2 MB"),
        "endless": (endless(b"BEGIN:VCALENDAR\r\n" * 1000), "longer than 2 MB"),
        "bomb": (content(bomb(64), Content_Encoding="gzip"), "longer than 2 MB"),
        "silent": (silent, "not there within 0.5 s"),
        "loop": (status(302, Location=SECRET), "more than 3 times"),
    }
    server.says[SECRET], says = answers[how]
    told = await sends(operator, "publish", plan(server), 422)
    (fault,) = told["errors"]
    assert (fault["pointer"], fault["check"]) == ("/calendars/hospital/url", "calendar-feed")
    assert says in fault["detail"]
    assert "private" not in str(told)
    assert "Jones" not in str(told)
    assert await stored(operator) == []
    verdict = await sends(operator, "verify", plan(server))
    assert [each["check"] for each in verdict["faults"]] == ["calendar-feed"]


async def test_a_waiver_publishes_it_without_and_says_so(operator: Operator, server: Elsewhere):
    waiver = "waivers: [{check: calendar-feed, because: the hospital moves today}]\n"
    made = await sends(operator, "publish", plan(server, waiver), 201)
    assert made["waived"] == ["calendars.hospital.url: the hospital moves today"]
    one = await listed(operator)
    assert (one["fetched_at"], one["events"], one["is_stale"]) == (None, 0, False)
    assert "answers 404" in one["failure"]
    assert await stored(operator) == [("hospital", False, True)]
    # It was never fetched, and so the next version is asked the same.
    told = await sends(operator, "publish", plan(server), 422)
    assert told["errors"][0]["check"] == "calendar-feed"
    operator.clock.at = NIGHT.add(hours=25)
    assert (await listed(operator))["is_stale"]


async def test_one_at_which_nobody_looks_any_more_is_stale(operator: Operator, server: Elsewhere):
    server.says[SECRET] = content(DAY)
    await sends(operator, "publish", plan(server), 201)
    assert not (await listed(operator))["is_stale"]
    operator.clock.at = NIGHT.add(hours=25)
    assert (await listed(operator))["is_stale"]


@pytest.mark.parametrize("ends", ["99991231T235959", "99991231T235959Z"])
async def test_an_event_for_ever_is_one(operator: Operator, server: Elsewhere, ends: str):
    server.says[SECRET] = content(calendar(event("ruiz", DTSTART="00010101T000000", DTEND=ends)))
    await sends(operator, "publish", plan(server), 201)
    (duty,) = (await operator.asks("GET", "/oncall?schedule=primary")).json()["duties"]
    assert duty["member"] == "ruiz"


async def test_a_plan_with_other_faults_stores_no_calendar(operator: Operator, server: Elsewhere):
    server.says[SECRET] = content(DAY)
    await sends(operator, "publish", plan(server).replace(b"otherwise: urgent #", b"otherwise: urgnt #"), 422)
    assert await stored(operator) == []


async def test_two_publish_at_once(operator: Operator, server: Elsewhere):
    server.says[SECRET] = content(DAY)
    other = plan(server).replace(b"name: Maple Pediatrics", b"name: Maple Paediatrics")
    made = await asyncio.gather(*(sends(operator, "publish", each, 201) for each in (plan(server), other)))
    assert sorted(one["version"] for one in made) == [2, 3]
    assert await stored(operator) == [("hospital", True, False)]


async def test_a_stale_copy_of_the_same_address_is_good_enough_when_there_is_no_newer_one(
    operator: Operator, server: Elsewhere
):
    server.says[SECRET] = content(DAY)
    await sends(operator, "publish", plan(server), 201)
    operator.clock.at = NIGHT.add(hours=30)
    server.says[SECRET] = status(500)
    changed = plan(server).replace(b"name: Maple Pediatrics", b"name: Maple Paediatrics")
    await sends(operator, "publish", changed, 201)
    assert len(server.asked) == 2
    assert (await listed(operator))["events"] == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/x.ics", "http://169.254.169.254/x", "http://localhost:1/"])
async def test_a_private_address_is_refused_unless_it_is_allowed(operator: Operator, url: str):
    async with Elsewhere().serving() as server:
        wanted = url.format(port=server.origin.rpartition(":")[2])
        told = await sends(operator, "publish", plan(server).replace(server.url(SECRET).encode(), wanted.encode()), 422)
        assert "private network" in told["errors"][0]["detail"]
        assert server.asked == []
