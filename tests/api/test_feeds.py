"""Calendars to subscribe to, as a calendar program sees them: over HTTP, read back with `icalendar`."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import text
from whenever import Instant, OffsetDateTime, TimeDelta

from calendars.entries import Entries, Subject, entries_of
from calendars.writing import written
from escalation.duties import render
from storage.errors import UnavailableError
from tests.api.conftest import NIGHT, ORIGIN, SAMPLE, Operator
from tests.api.test_overrides import REPLACE, made

AT_ONE = "2026-11-28T13:00:00-05:00"


async def link(operator: Operator, **of: str) -> str:
    answer = await operator.asks("POST", "/feeds", of)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/practices/maple-pediatrics/feeds/{answer.json()['id']}"
    url = answer.json()["url"]
    assert url.startswith(f"{ORIGIN}/feeds/")
    return str(url.removeprefix(ORIGIN))


async def fetched(operator: Operator, path: str, status: int = 200, **headers: str) -> Any:
    answer = await operator.http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == status, answer.text
    return answer


def events(content: bytes) -> dict[str, Any]:
    found = Calendar.from_ical(content).walk("VEVENT")
    by_id = {str(event["UID"]): event for event in found}
    assert len(by_id) == len(found), "an id of its own for each"
    return by_id


def at(event: Any, name: str) -> Instant:
    moment = event[name].dt
    assert moment.utcoffset() == timedelta()
    return Instant(moment)


# ---- what it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["primary", "backup"])
async def test_a_schedules_calendar_is_what_the_roster_renders(operator: Operator, schedule: str):
    answer = await fetched(operator, await link(operator, schedule=schedule))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = events(answer.content).values()
    plan = operator.parts.plans.current("maple-pediatrics")
    since, until = NIGHT - TimeDelta(hours=24 * 31), NIGHT + TimeDelta(hours=24 * 180)
    duties = render(plan.escalation.roster, schedule, since, until)[1:-1]
    told = {(at(event, "DTSTART"), at(event, "DTEND")) for event in found}
    assert {(duty.start, duty.end) for duty in duties} <= told
    assert len(told) <= len(duties) + 5
    names = {str(event["SUMMARY"]) for event in found}
    assert f"Dr. Ana Chen: {schedule} (Maple Pediatrics)" in names
    assert all(not event.walk("VALARM") for event in found)


async def test_a_persons_calendar_has_all_that_they_are_on_and_alarms(operator: Operator):
    content = (await fetched(operator, await link(operator, member="chen"))).content
    found = events(content)
    assert {str(event["SUMMARY"]) for event in found.values()} == {
        "On call: primary (Maple Pediatrics)", "On call: backup (Maple Pediatrics)"
    }  # fmt: skip
    for event in found.values():
        assert [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")] == [-timedelta(days=1), -timedelta(hours=1)]
        assert at(event, "DTSTART") < at(event, "DTEND")
    calendar = Calendar.from_ical(content)
    assert str(calendar["X-WR-CALNAME"]) == str(calendar["NAME"]) == "Dr. Ana Chen: on call (Maple Pediatrics)"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    renamed = written(Entries("a, b; c\\d", ()), NIGHT)
    assert b"NAME:a\\, b\\; c\\\\d\r\nX-WR-CALNAME:a\\, b\\; c\\\\d\r\n" in renamed
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in content
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"+1617" not in content


async def test_who_is_on_call_beside_whom(operator: Operator):
    path = await link(operator, member="patel")
    body = {"schedule": "primary", "member": "patel", "kind": "add", "reason": "Timmy is ill", "starts_at": AT_ONE}
    await made(operator, body | {"ends_at": "2026-11-28T20:00:00-05:00"})
    content = (await fetched(operator, path)).content
    (beside,) = [event for event in events(content).values() if "beside" in event["SUMMARY"]]
    assert str(beside["SUMMARY"]) == "On call beside Dr. Kofi Osei: primary (Maple Pediatrics)"
    assert "beside Dr. Kofi Osei, who is the primary" in beside["DESCRIPTION"]
    assert b"Timmy" not in content


async def test_a_change_shows_at_the_next_fetch_and_what_did_not_change_keeps_its_id(operator: Operator):
    path, osei = await link(operator, member="patel"), await link(operator, member="osei")
    before = await fetched(operator, path)
    days = (await fetched(operator, osei)).content
    ends = "2026-11-28T20:00:00-05:00"
    await made(operator, REPLACE | {"member": "patel", "starts_at": AT_ONE, "ends_at": ends})
    operator.clock.at = NIGHT.add(minutes=1)
    after = await fetched(operator, path, If_None_Match=before.headers["ETag"])
    (new,) = events(after.content).keys() - events(before.content).keys()
    event = events(after.content)[new]
    assert at(event, "DTSTART") == OffsetDateTime.parse_iso(AT_ONE).to_instant()
    assert at(event, "LAST-MODIFIED") == NIGHT.add(minutes=1)
    kept = events(before.content).keys()
    assert kept <= events(after.content).keys()
    shorter = events((await fetched(operator, osei)).content)
    gone = events(days).keys() - shorter.keys()
    assert gone == set()
    assert len(shorter) == len(events(days)) + 1, "Osei's Saturday is in two parts"


async def test_a_swapped_shift_stays_with_who_had_it_when_it_is_over(operator: Operator):
    path = await link(operator, member="patel")
    ends = "2026-11-28T20:00:00-05:00"
    await made(operator, REPLACE | {"member": "patel", "starts_at": AT_ONE, "ends_at": ends})
    during = events((await fetched(operator, path)).content)
    operator.clock.at = NIGHT.add(hours=24 * 10)
    await operator.parts.plans.refresh()
    later = events((await fetched(operator, path)).content)
    start = OffsetDateTime.parse_iso(AT_ONE).to_instant()
    (had,) = [uid for uid, event in during.items() if at(event, "DTSTART") == start]
    assert had in later


async def test_days_later_each_shift_still_has_its_id(operator: Operator):
    for path in (await link(operator, schedule="primary"), await link(operator, member="chen")):
        operator.clock.at = NIGHT
        before = events((await fetched(operator, path)).content)
        for days in (1, 5, 20, 45):
            operator.clock.at = NIGHT.add(hours=24 * days)
            after = events((await fetched(operator, path)).content)
            until = NIGHT.add(hours=24 * (180 - 1))
            since = NIGHT.add(hours=24 * (days - 30))
            same = {uid for uid, event in before.items() if at(event, "DTEND") > since}
            assert same <= after.keys()
            assert {uid for uid, event in after.items() if at(event, "DTSTART") < until} <= before.keys()


ALWAYS = SAMPLE.replace("members: [chen, osei, patel], shift: 1 week", "members: [chen], shift: 1 week").replace(
    '      - {rotation: nurses, only: {mon-fri: ["19:00-07:00"]}}\n', ""
)


async def test_who_is_always_on_call_is_told_month_by_month_with_ids_that_stay(operator: Operator):
    answer = await operator.asks(
        "POST", "/plan/publish", content=ALWAYS.encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 201, answer.text
    path = await link(operator, schedule="primary")
    found = list(events((await fetched(operator, path)).content).values())
    assert len(found) == 8
    assert all(left["DTEND"].dt == right["DTSTART"].dt for left, right in pairwise(found))
    operator.clock.at = NIGHT.add(hours=24)
    again = events((await fetched(operator, path)).content)
    assert {str(event["UID"]) for event in found} <= again.keys()
    assert all(not event.walk("VALARM") for event in found[1:])


def test_words_that_would_break_a_line_do_not(maple_plan):
    from dataclasses import replace

    roster = maple_plan.escalation.roster
    odd = replace(roster.members["chen"], name='Dr. "Ana";\\ Ch\u00e9n, ' + "\U0001f319" * 40)
    plan = replace(maple_plan, name="Maple, Pediatrics; Boston")
    roster = replace(roster, members={**roster.members, "chen": odd})
    found = entries_of(plan, roster, Subject(None, "backup"), NIGHT)
    content = written(found, NIGHT)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    summaries = {str(event["SUMMARY"]) for event in events(content).values()}
    assert f"{odd.name}: backup (Maple, Pediatrics; Boston)" in summaries


@pytest.fixture
def maple_plan(operator: Operator):
    return operator.parts.plans.current("maple-pediatrics")


# ---- how it is told --------------------------------------------------------------------------------------------------


async def test_the_same_calendar_is_the_same_bytes_all_day_and_is_not_sent_twice(operator: Operator):
    path = await link(operator, member="chen")
    first = await fetched(operator, path)
    for hours in (1, 5, 21):
        operator.clock.at = NIGHT.add(hours=hours)
        again = await fetched(operator, path)
        assert again.content == first.content
        assert again.headers["ETag"] == first.headers["ETag"]
    tag = first.headers["ETag"]
    for headers in ({"If_None_Match": tag}, {"If_None_Match": f'"x", W/{tag}'}, {"If_None_Match": "*"},
                    {"If_Modified_Since": first.headers["Last-Modified"]}):  # fmt: skip
        same = await fetched(operator, path, 304, **headers)
        assert (same.content, same.headers["ETag"]) == (b"", tag)
    assert (await fetched(operator, path, If_None_Match='"x"')).content == first.content
    head = await operator.http.head(path)
    assert (head.status_code, head.headers["ETag"], head.headers["Content-Length"]) == (
        200, tag, str(len(first.content)),
    )  # fmt: skip


async def test_no_such_calendar_whatever_the_reason(operator: Operator):
    path = await link(operator, member="chen")
    (one,) = (await operator.asks("GET", "/feeds")).json()["items"]
    revoked = await operator.asks("DELETE", f"/feeds/{one['id']}")
    assert revoked.json()["revoked_by"] == "front desk"
    answers = [
        await fetched(operator, each, 404)
        for each in (path, path[:-5] + "x.ics", "/feeds/x.ics", "/feeds/.ics", "/feeds/a/b.ics", "/feeds/x", path[:-4],
                     "/feeds/%00.ics", "/feeds/" + "x" * 5000 + ".ics")
    ]  # fmt: skip
    assert len({(each.content, tuple(each.headers.items())) for each in answers}) == 1
    again = await operator.asks("DELETE", f"/feeds/{one['id']}")
    assert again.json() == revoked.json()
    for method in ("POST", "PUT", "DELETE"):
        assert (await operator.http.request(method, path)).status_code == 405


async def test_while_the_database_is_away_the_program_is_told_to_come_back(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
):
    path = await link(operator, member="chen")

    async def away(*_arguments: object) -> None:
        raise UnavailableError("away")

    monkeypatch.setattr(type(operator.parts.database), "in_time", away)
    answer = await fetched(operator, path, 503)
    assert answer.headers["Retry-After"] == "60"


async def test_a_practice_whose_plan_is_not_loaded_is_no_practice_without_calendars(operator: Operator):
    path = await link(operator, member="chen")
    operator.parts.plans._contents.current.pop("maple-pediatrics")
    await fetched(operator, path, 503)
    await operator.parts.plans.refresh()
    assert operator.parts.database.answers


async def test_who_left_has_an_empty_calendar(operator: Operator):
    path = await link(operator, schedule="backup")
    await operator.parts.database.engine.dispose()
    async with operator.parts.database.transaction() as connection:
        await connection.execute(text("UPDATE feeds SET schedule = 'gone'"))
    assert events((await fetched(operator, path)).content) == {}


async def test_the_token_is_stored_nowhere_and_in_no_log_line(operator: Operator, capsys: pytest.CaptureFixture[str]):
    path = await link(operator, member="chen")
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(token) == 43
    await fetched(operator, path)
    await fetched(operator, path.replace(".ics", "x.ics"), 404)
    told = capsys.readouterr()
    assert "feed_told" in told.out + told.err
    assert token not in told.out + told.err
    async with operator.parts.database.transaction() as connection:
        tables = [row[0] for row in await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))]  # fmt: skip
        for table in tables:
            rows = await connection.execute(text(f'SELECT t::text FROM "{table}" t'))  # noqa: S608 - of a list
            assert all(token not in row[0] for row in rows), table
    assert token not in (await operator.asks("GET", "/feeds")).text
    metrics = await operator.http.get("/metrics")
    assert token not in metrics.text


async def test_its_use_is_noted_once_an_hour(operator: Operator):
    path = await link(operator, member="chen")
    seen = []
    for minutes in (0, 30, 59, 60, 90):
        operator.clock.at = NIGHT.add(minutes=minutes)
        await fetched(operator, path)
        (one,) = (await operator.asks("GET", "/feeds")).json()["items"]
        seen.append(one["last_used_at"])
    first, second = "2026-11-22T07:10:00Z", "2026-11-22T08:10:00Z"
    assert seen == [first, first, first, second, second]


# ---- making links ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"member": "chen", "schedule": "primary"}, ""),
        ({"member": "nobody"}, "/member"),
        ({"schedule": "nights"}, "/schedule"),
    ],
)
async def test_a_link_to_nothing(operator: Operator, body: dict[str, str], pointer: str):
    told = await operator.refused(422, "POST", "/feeds", body)
    assert told["errors"][0]["pointer"] == pointer


async def test_links_are_listed_in_parts_and_audited(operator: Operator):
    for member in ("chen", "osei", "patel"):
        operator.clock.at = operator.clock.at.add(seconds=1)
        await link(operator, member=member)
    first = (await operator.asks("GET", "/feeds?limit=2")).json()
    second = (await operator.asks("GET", f"/feeds?limit=2&cursor={first['next']}")).json()
    assert [one["member"] for one in first["items"] + second["items"]] == ["patel", "osei", "chen"]
    assert second["next"] is None
    one = (await operator.asks("GET", f"/feeds/{first['items'][0]['id']}")).json()
    assert one == first["items"][0]
    await operator.refused(404, "GET", "/feeds/000000000000")
    await operator.refused(404, "DELETE", "/feeds/000000000000")
    async with operator.parts.database.transaction() as connection:
        rows = await connection.execute(text("SELECT action FROM audit WHERE action LIKE '%feed%'"))
        assert [row.action for row in rows] == ["create feed"] * 3
