"""`nightbell feed` and `calendars`, and `check` of a plan that names a calendar."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.calendars.feeds import calendar, event
from tests.nightbell.conftest import Run, Willow

FEED = calendar(
    event("Dr. Locum", DTSTART="20261128T070000", DTEND="20261129T070000"),
    event("patel", DTSTART="20261129T070000", DTEND="20261130T070000"),
)


@pytest.fixture
def hospital(environment: pytest.MonkeyPatch) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(FEED)

        def log_message(self, *_arguments: object) -> None:
            pass

    environment.setenv("NIGHTBELL_CALENDAR_NETWORKS", "127.0.0.0/8")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/private-1/oncall.ics"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def with_calendar(plan_file: Path, hospital: str) -> Path:
    text = plan_file.read_text().replace("maple-pediatrics", "willow").replace("+16175550100", "+16175550148")
    led = text.replace(
        "      - {rotation: nurses, only", "      - {calendar: hospital}\n      - {rotation: nurses, only"
    )
    plan_file.write_text(f'{led}\ncalendars: {{hospital: {{url: "{hospital}"}}}}\n')
    return plan_file


def test_a_link_is_made_listed_and_revoked(willow: Willow, environment: pytest.MonkeyPatch) -> None:
    refused = willow("feed", "create", "--member", "chen")
    assert (refused.code, "NIGHTBELL_PUBLIC_URL" in refused.err) == (1, True)
    environment.setenv("NIGHTBELL_PUBLIC_URL", "https://calls.example.org")
    made = willow("feed", "create", "--member", "chen", "--author", "Dana")
    assert re.fullmatch(r"https://calls\.example\.org/feeds/[A-Za-z0-9_-]{43}\.ics\n", made.out)
    listed = willow("feed", "list").out
    (number,) = re.findall(r"^([0-9a-f]{12}) +member chen +Dana +2026-11-22 02:10", listed, re.MULTILINE)
    assert made.out.strip() not in listed
    assert willow("feed", "revoke", number).out == f"The link {number} leads nowhere any more.\n"
    assert "revoked by command line 2026-11-22 02:10" in willow("feed", "list").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create",), "either --member ID or --schedule NAME"),
        (("create", "--member", "chen", "--schedule", "primary"), "either --member ID or --schedule NAME"),
        (("create", "--member", "nobody"), "there is no member 'nobody'"),
        (("create", "--schedule", "nights"), "there is no schedule 'nights'"),
        (("revoke", "000000000000"), "there is no link '000000000000'"),
    ],
)
def test_what_cannot_be(willow: Willow, arguments: tuple[str, ...], says: str) -> None:
    ran = willow("feed", *arguments)
    assert (ran.code, says in ran.err, "Traceback" in ran.err) == (1, True, False)


def test_a_plan_is_checked_with_its_calendar(run: Run, with_calendar: Path, environment: pytest.MonkeyPatch) -> None:
    ran = run("check", str(with_calendar))
    assert ran.code == 1
    assert "`dr. locum`, in an event of 2026-11-28 07:00, is none of the staff [calendar-names]" in ran.err
    environment.setenv("NIGHTBELL_CALENDAR_NETWORKS", "")
    ran = run("check", str(with_calendar))
    assert "its address leads into a private network [calendar-feed]" in ran.err
    assert "private-1" not in ran.err


def test_how_it_stands_with_calendars(willow: Willow, run: Run, with_calendar: Path) -> None:
    assert willow("calendars").out == "The plan names no calendars from elsewhere.\n"
    text = with_calendar.read_text()
    with_calendar.write_text(text + "waivers: [{check: calendar-names, because: the locum has no number}]\n")
    assert run("apply", str(with_calendar)).code == 0
    out = willow("calendars").out
    assert re.search(r"hospital +2026-11-22 02:10 +0 min +2 +1\b", out)
    assert "hospital: `dr. locum` means nobody (first 2026-11-28 07:00)" in out
    assert "private-1" not in out


def test_networks_that_are_none(run: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NIGHTBELL_CALENDAR_NETWORKS", "10.1.0.0/99")
    ran = run("oncall")
    assert (ran.code, "NIGHTBELL_CALENDAR_NETWORKS: it takes networks" in ran.err) == (1, True)
