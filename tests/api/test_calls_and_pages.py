"""Calls and pages as operators see them, and closing a page as every other event does."""

import asyncio
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from whenever import Instant, TimeDelta

from escalation.page import Page
from storage import alerts, audit
from storage.pages import PageOpening
from telephony.signature import HEADER, sign
from tests.api.conftest import ACCOUNT, MAPLE, NIGHT, ORIGIN, TOKEN, Operator

CALLER_NUMBER = "+16175550180"


async def twilio(operator: Operator, path: str, sid: str, *, caller: str = CALLER_NUMBER, **fields: str) -> str:
    """Twilio tells of a call; where it asks next."""
    form = {
        "CallSid": sid,
        "AccountSid": ACCOUNT,
        "From": caller,
        "To": "+16175550100",
        "CallStatus": "ringing",
    } | fields
    head = {HEADER: sign(f"{ORIGIN}{path}", list(form.items()), TOKEN)}
    head["Content-Type"] = "application/x-www-form-urlencoded"
    answer = await operator.http.post(path, content=urlencode(form), headers=head)
    assert answer.status_code == 200
    found = re.search('action="([^"#]+)', answer.text)
    return unescape(found[1]) if found else ""


async def a_call(operator: Operator, sid: str, minutes: int = 0, caller: str = CALLER_NUMBER) -> None:
    """Somebody calls, so many minutes after ten past two."""
    operator.clock.at = NIGHT + TimeDelta(minutes=minutes)
    await twilio(operator, "/twilio/voice", sid, caller=caller)


async def a_page(operator: Operator, number: str = "p1", minutes: int = 0) -> None:
    parts, plan = operator.parts, operator.parts.plans.current("maple-pediatrics")
    operator.clock.at = NIGHT + TimeDelta(minutes=minutes)
    page = Page(number, plan.practice, "urgent", "urgent", operator.clock.at)
    opening = PageOpening(plan.version, f"CA{number}", "en-US", CALLER_NUMBER, CALLER_NUMBER)
    async with parts.database.transaction() as connection:
        await parts.site.paging.open(connection, plan, page, opening)


async def listed(operator: Operator, path: str, **query: Any) -> list[dict[str, Any]]:
    """All parts of the list."""
    found, cursor = [], {}
    while True:
        answer = await operator.asks("GET", path, params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = {"cursor": answer.json()["next"]}
        if cursor["cursor"] is None:
            return found


async def test_calls_are_listed_in_parts_by_time_and_outcome_without_their_callers(operator: Operator):
    for n in range(5):
        await a_call(operator, f"CA{n}", minutes=n)
    await operator.sql("UPDATE calls SET outcome = 'message taken' WHERE sid IN ('CA1', 'CA3')")
    assert [call["sid"] for call in await listed(operator, "/calls", limit=2)] == ["CA4", "CA3", "CA2", "CA1", "CA0"]
    span = {"from": "2026-11-22T02:11:00-05:00", "to": "2026-11-22T07:13:00Z"}
    assert [call["sid"] for call in await listed(operator, "/calls", **span)] == ["CA2", "CA1"]
    taken = await listed(operator, "/calls", outcome="message taken", limit=1)
    assert [call["sid"] for call in taken] == ["CA3", "CA1"]
    assert taken[0]["decided"] == "night"
    assert taken[0]["started_at"] == "2026-11-22T07:13:00Z"
    answer = await operator.asks("GET", "/calls", key="reader")
    assert "6175550180" not in answer.text
    assert await operator.sql("SELECT * FROM audit WHERE action = 'read call'") == []
    assert (await operator.asks("GET", "/v1/practices/oak-street/calls", key="oak")).json()["items"] == []


async def test_calls_of_the_same_moment_are_each_listed_once(operator: Operator):
    for n in range(5):
        await a_call(operator, f"CA{n}")
    assert [call["sid"] for call in await listed(operator, "/calls", limit=1)] == ["CA4", "CA3", "CA2", "CA1", "CA0"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=2026-11-22", "from"),
        ("to=2026-11-22T02:10:00", "to"),
        ("from=2026-11-22T02:10:00Z&to=2026-11-22T02:10:00Z", "to"),
        ("outcome=lost", "outcome"),
        ("outcome=%00", "outcome"),
        ("since=2026-11-22T02:10:00Z", "since"),
    ],
)
async def test_what_does_not_choose_calls(operator: Operator, query: str, parameter: str):
    told = await operator.refused(400, "GET", f"/calls?{query}")
    assert told["errors"][0]["parameter"] == parameter


async def test_who_reads_a_callers_number_is_in_the_audit_trail(operator: Operator):
    await a_call(operator, "CA1")
    await a_call(operator, "CA2", caller="anonymous")
    assert (await operator.asks("GET", "/calls/CA1", key="reader")).json()["caller"] == CALLER_NUMBER
    assert (await operator.asks("GET", "/calls/CA2")).json()["caller"] is None
    rows = await operator.sql("SELECT actor, subject FROM audit WHERE action = 'read call' ORDER BY id")
    assert [row.subject for row in rows] == ["CA1", "CA2"]
    number = operator.keys.reader.split("_")[1]
    assert rows[0].actor == f"API key a test ({number})"
    async with operator.parts.database.transaction() as connection:
        assert (await audit.verify(connection))[1] is None


async def test_a_call_that_there_is_not_or_of_another_practice(operator: Operator):
    await a_call(operator, "CA1")
    for sid in ("CA9", "a%00b", "x" * 65, "%F0%9F%98%80"):
        await operator.refused(404, "GET", f"/calls/{sid}")
    await operator.refused(404, "GET", "/v1/practices/oak-street/calls/CA1", key="oak")
    assert await operator.sql("SELECT * FROM audit WHERE action = 'read call'") == []


async def test_a_call_is_told_from_its_beginning_to_its_end(operator: Operator):
    action = await twilio(operator, "/twilio/voice", "CA1")
    await twilio(operator, action.removeprefix(ORIGIN), "CA1", Digits="1")
    await a_page(operator)
    await operator.sql("UPDATE pages SET call = 'CA1'")
    told = (await operator.asks("GET", "/calls/CA1")).json()
    kinds = [entry["kind"] for entry in told["timeline"]]
    assert kinds[:2] == ["decided", "heard"]
    assert {"pressed", "page opened", "paged"} <= set(kinds)
    assert "Presses 1 (To talk to a doctor now)" in [entry["text"] for entry in told["timeline"]]
    assert {tried["means"] for tried in told["attempts"]} == {"call", "sms"}
    assert "6175550180" not in str(told["timeline"])


async def test_a_number_whose_key_is_lost_stays_closed(operator: Operator):
    await a_call(operator, "CA1")
    await operator.sql("UPDATE calls SET caller_sealed = '\\x00' WHERE sid = 'CA1'")
    assert (await operator.asks("GET", "/calls/CA1")).json()["caller"] is None


async def test_pages_are_listed_by_state_in_parts(operator: Operator):
    for n in range(4):
        await a_page(operator, f"p{n}", minutes=n)
    await operator.asks("POST", "/pages/p1/resolve", {"reason": "Seen"})
    await operator.asks("POST", "/pages/p2/acknowledge", {"member": "chen"})

    async def ids(**query: Any) -> list[str]:
        return [page["id"] for page in await listed(operator, "/pages", limit=2, **query)]

    assert await ids() == ["p3", "p2", "p1", "p0"]
    assert await ids(state="open") == ["p3", "p2", "p0"]
    assert await ids(state="paging") == ["p3", "p0"]
    assert await ids(state="accepted") == ["p2"]
    assert await ids(state="resolved") == ["p1"]
    told = await operator.refused(400, "GET", "/pages?state=lost")
    assert told["errors"][0]["parameter"] == "state"


async def test_a_page_is_acknowledged_for_one_of_the_staff_who_is_then_rung(operator: Operator):
    await a_page(operator)
    before = (await operator.asks("GET", "/pages/p1", key="reader")).json()
    assert (before["state"], before["accepted_by"]) == ("paging", None)
    assert "6175550180" not in str(before)
    answer = await operator.asks("POST", "/pages/p1/acknowledge", {"member": "patel"})
    told = answer.json()
    assert (answer.status_code, told["state"], told["accepted_by"]) == (200, "accepted", "patel")
    assert "Dr. Mira Patel has taken the page by operator" in str(told["trail"][-1]["lines"])
    (attempt,) = await operator.sql("SELECT * FROM deliveries WHERE member = 'patel'")
    assert (attempt.address, attempt.state) == ("+16175550123", "intended")
    jobs = await operator.sql("SELECT args FROM procrastinate_jobs WHERE task_name = 'nightbell.place_call'")
    assert {"page": "p1", "attempt": attempt.attempt} in [job.args for job in jobs]
    (entry,) = await operator.sql("SELECT actor, subject FROM audit WHERE action = 'acknowledge page'")
    assert (entry.actor.startswith("API key front desk ("), entry.subject) == (True, "p1")
    await operator.refused(409, "POST", "/pages/p1/acknowledge", {"member": "chen"})


async def test_a_page_is_resolved_once(operator: Operator):
    await a_page(operator)
    answer = await operator.asks("POST", "/pages/p1/resolve", {"reason": "Seen in the emergency room"})
    told = answer.json()
    assert (answer.status_code, told["state"], told["due"]) == (200, "resolved", None)
    assert Instant.parse_iso(told["resolved_at"]) == NIGHT
    assert "Seen in the emergency room" in str(told["trail"][-1]["lines"])
    assert "API key front desk (" in str(told["trail"][-1]["lines"])
    states = await operator.sql("SELECT state FROM deliveries")
    assert "intended" not in {row.state for row in states}
    for way, body in (("resolve", {"reason": "Again"}), ("acknowledge", {"member": "chen"})):
        refused = await operator.refused(409, "POST", f"/pages/p1/{way}", body)
        assert "resolved" in refused["detail"]
    entries = await operator.sql("SELECT subject FROM audit WHERE action IN ('resolve page', 'acknowledge page')")
    assert [entry.subject for entry in entries] == ["p1"]


async def test_of_two_who_resolve_at_once_one_is_told_so(operator: Operator):
    await a_page(operator)
    answers = await asyncio.gather(*(operator.asks("POST", "/pages/p1/resolve", {"reason": "Seen"}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    ("way", "body", "pointer"),
    [
        ("acknowledge", {}, "/member"),  # a page is taken by a person, never by a program
        ("acknowledge", {"member": "nobody"}, "/member"),
        ("acknowledge", {"member": "a b"}, "/member"),
        ("resolve", {}, "/reason"),
        ("resolve", {"reason": ""}, "/reason"),
        ("resolve", {"reason": "a\u0007b"}, "/reason"),
    ],
)
async def test_what_does_not_close_a_page(operator: Operator, way: str, body: dict[str, Any], pointer: str):
    await a_page(operator)
    told = await operator.refused(422, "POST", f"/pages/p1/{way}", body)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
    assert (await operator.asks("GET", "/pages/p1")).json()["state"] == "paging"


async def test_a_page_that_there_is_not_or_of_another_practice(operator: Operator):
    await a_page(operator)
    for number in ("p9", "a%00b", "x" * 81):
        await operator.refused(404, "GET", f"/pages/{number}")
        await operator.refused(404, "POST", f"/pages/{number}/resolve", {"reason": "Seen"})
    await operator.refused(404, "POST", "/v1/practices/oak-street/pages/p1/resolve", {"reason": "Seen"}, key="oak")
    await operator.refused(403, "POST", f"{MAPLE}/pages/p1/resolve", {"reason": "Seen"}, key="oak")
    async with operator.parts.database.transaction() as connection:
        assert await connection.scalar(text("SELECT state FROM pages")) == "paging"


# ---- PINs ------------------------------------------------------------------------------------------------------------


async def test_a_pin_is_set_listed_without_its_digits_and_taken_away(operator: Operator):
    assert (await operator.asks("GET", "/pins")).json() == {"items": [], "next": None}
    made = (await operator.asks("PUT", "/pins/chen", {"pin": "470219"})).json()
    assert (made["member"], made["set_by"], set(made)) == ("chen", "front desk", {"member", "set_at", "set_by"})
    assert (await operator.asks("GET", "/pins")).json()["items"] == [made]
    (row,) = await operator.sql("SELECT * FROM pins")
    assert b"470219" not in bytes(row.sealed)
    assert (await operator.asks("DELETE", "/pins/chen")).json()["items"] == []
    assert (await operator.asks("DELETE", "/pins/chen")).status_code == 200
    done = [tuple(row) for row in await operator.sql("SELECT action, subject FROM audit ORDER BY id")]
    assert [entry for entry in done if "PIN" in entry[0]] == [
        ("set PIN", "maple-pediatrics/chen"),
        ("clear PIN", "maple-pediatrics/chen"),
    ]


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "1234", "7777", "4321", "٤٧٠٢", "47 02"])
async def test_a_pin_that_anybody_would_guess_or_that_no_telephone_has_is_refused(operator: Operator, pin: str):
    told = await operator.refused(422, "PUT", "/pins/chen", {"pin": pin})
    assert told["errors"][0]["pointer"] == "/pin"
    assert await operator.sql("SELECT * FROM pins") == []


async def test_nobody_elses_pin(operator: Operator):
    assert "Choose from" in (await operator.refused(404, "PUT", "/pins/ghost", {"pin": "470219"}))["errors"][0]["mend"]


# ---- alerts ----------------------------------------------------------------------------------------------------------


async def test_alerts_are_listed_in_parts_the_newest_first_and_only_the_practices_own(operator: Operator):
    async with operator.parts.database.transaction() as connection:
        for practice, why in (("maple-pediatrics", "one"), ("oak-street", "theirs"), ("maple-pediatrics", "two")):
            alert = alerts.Alert(alerts.AlertKind.STAFF, why, practice)
            for _ in range(2):
                await alerts.raise_alert(connection, operator.parts.site.jobs, alert, NIGHT)
    first = (await operator.asks("GET", "/alerts?limit=1")).json()
    second = (await operator.asks("GET", f"/alerts?limit=1&cursor={first['next']}")).json()
    assert [(a["why"], a["kind"], a["times"]) for a in first["items"] + second["items"]] == [
        ("two", "staff", 2),
        ("one", "staff", 2),
    ]
    assert second["next"] is None
    await operator.refused(400, "GET", f"/pages?cursor={first['next']}")
