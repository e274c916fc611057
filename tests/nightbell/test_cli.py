"""The commands, as a practice manager types them."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from whenever import Instant, TimeDelta

from nightbell.composition import compose
from nightbell.settings import load_settings
from storage.call_events import Write, write_event
from storage.calls import CallEvent, CallHead, Progress
from storage.records import COLUMNS
from storage.seal import KeyRing
from tests.nightbell.conftest import Run

CALLER = "+16175550180"


# ---- check, apply, schema ---------------------------------------------------------------------------------------


def test_a_good_plan_is_fit_to_be_published(run: Run, plan_file: Path) -> None:
    ran = run("check", str(plan_file))
    assert (ran.code, ran.err) == (0, "")
    assert "fit to be published (Maple Pediatrics, 15 nodes)" in ran.out


def test_every_fault_is_told_with_its_place_and_what_mends_it(run: Run, plan_file: Path, sample: str) -> None:
    plan_file.write_text(sample.replace("otherwise: urgent #", "otherwise: urgnt #").replace("lines: 2", "lines: two"))
    ran = run("check", str(plan_file))
    assert (ran.code, ran.out) == (1, "")
    assert "maple.yaml:" in ran.err
    assert "flow.night.menu.otherwise" in ran.err
    assert "destinations.front_desk.lines" in ran.err
    assert ran.err.count("mend: ") == 2
    assert ran.err.rstrip().endswith("2 faults.")


def test_check_needs_no_database(run: Run, environment, plan_file: Path) -> None:
    environment.setenv("NIGHTBELL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert run("check", str(plan_file)).code == 0


@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_file_that_cannot_be_read_is_one_line(run: Run, tmp_path: Path, command: str) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: Núñez".encode("latin-1"))
    for path, says in ((tmp_path / "gone.yaml", "No such file"), (tmp_path, "Is a directory"), (latin, "not UTF-8")):
        ran = run(command, str(path))
        assert ran.code == 1
        assert says in ran.err
        assert len(ran.err.splitlines()) == 1
        assert "Traceback" not in ran.err


@pytest.mark.parametrize("document", ["", "practice: [", "[]", "5", "\x00"])
def test_a_file_that_is_no_plan(run: Run, plan_file: Path, document: str) -> None:
    plan_file.write_text(document)
    ran = run("check", str(plan_file))
    assert ran.code == 1
    assert "mend:" in ran.err
    assert "Traceback" not in ran.err


def test_a_plan_is_published_once_and_refused_whole(run: Run, plan_file: Path, sample: str) -> None:
    mine = sample.replace("maple-pediatrics", "birch").replace("+16175550100", "+16175550103")
    plan_file.write_text(mine)
    assert "birch: version 1 is published." in run("apply", str(plan_file)).out
    assert "birch: that is version 1 already." in run("apply", str(plan_file)).out
    plan_file.write_text(mine.replace("name: Maple Pediatrics\n", "name: Birch\n"))
    assert "birch: version 2 is published." in run("apply", str(plan_file), "--author", "Dana").out
    plan_file.write_text(mine.replace("otherwise: urgent #", "otherwise: gone #"))
    refused = run("apply", str(plan_file))
    assert refused.code == 1
    assert "Nothing was published; the practice keeps the plan that it had." in refused.err
    assert "Birch, " in run("oncall", "--practice", "birch").out


def test_a_number_of_another_practice_is_refused(maple: Run, plan_file: Path, sample: str) -> None:
    plan_file.write_text(sample.replace("maple-pediatrics", "thief"))
    ran = maple("apply", str(plan_file))
    assert ran.code == 1
    assert "belongs to another practice" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_schema_is_json(run: Run) -> None:
    assert json.loads(run("schema").out)["properties"]["practice"]


# ---- explain and oncall -----------------------------------------------------------------------------------------


def explain(run: Run, *arguments: str) -> str:
    ran = run("explain", "--practice", "maple-pediatrics", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_silence_at_night_reaches_the_clinician_on_call(maple: Run) -> None:
    out = explain(maple, "--from", CALLER)
    assert "Sun 2026-11-22 02:10 America/New_York" in out
    assert "outside the weekly hours" in out
    assert out.count("Silence.") == 5
    assert "1. after 0 s at the latest, by call and sms: Dr. Ana Chen" in out
    assert "the last resort answering_service (+18885550199)" in out


def test_keys_lead_on(maple: Run) -> None:
    out = explain(maple, "2", "2", "1", "05042019", "--from", "617-555-0180")
    assert "The caller presses 2." in out
    assert "We will answer your refill request" in out
    assert "6 1 7, 5 5 5, 0 1 8 0" in out
    assert out.rstrip().endswith("The call ends.")


def test_by_day_the_desk_rings_and_leads_on_when_it_is_busy_or_silent(maple: Run) -> None:
    day = ("--at", "2026-11-23 10:00", "--from", CALLER)
    assert "front_desk is rung" in explain(maple, *day)
    assert "both lines of front_desk are busy (2 of 2)" in explain(maple, *day, "--busy", "front_desk=2")
    assert "All of us are helping other families" in explain(maple, *day, "--no-answer")


@pytest.mark.parametrize("caller", [(), ("--from", "anonymous")])
def test_a_withheld_number_is_asked_for(maple: Run, caller: tuple[str, ...]) -> None:
    assert "Please enter the phone number" in explain(maple, "1", *caller)


def test_a_blocked_caller_is_rejected_however_the_number_is_written(maple: Run) -> None:
    for number in ("+16175550166", "(617) 555-0166"):
        assert "The call is not answered: busy." in explain(maple, "--from", number)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--practice", "gone"), "there is no practice 'gone'; there are: "),
        (("--at", "tonight"), "--at: 'tonight' is not a time such as '2026-11-22 02:10'"),
        (("--at", "2026-11-22 25:00"), "is not a time such as"),
        (("--at", "2026-11-22"), "is not a time such as"),
        (("--busy", "front_desk"), "--busy takes DESTINATION=LINES"),
        (("--busy", "desk=2"), "--busy: there is no destination desk; there are: front_desk"),
        (("--from", "555"), "--from: '555' is not a whole telephone number"),
        (("--to", "+16175550109"), "--to: +16175550109 is not a number of maple-pediatrics"),
        (("one",), "'one' cannot be pressed"),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_line(maple: Run, arguments: tuple[str, ...], says: str) -> None:
    practice = () if "gone" in arguments else ("--practice", "maple-pediatrics")
    ran = maple("explain", *practice, *arguments)
    assert ran.code == 1
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_number_dialled_says_which_practice(maple: Run) -> None:
    assert "Maple Pediatrics" in maple("explain", "--to", "+16175550100").out
    assert "belongs to no practice" in maple("explain", "--to", "+16175550109").err


@pytest.mark.parametrize("at", ["2026-11-22 02:10", "2026-11-22T02:10:00-05:00", "2026-11-22T07:10:00Z"])
def test_who_is_on_call(maple: Run, at: str) -> None:
    out = maple("oncall", "--practice", "maple-pediatrics", "--at", at).out
    assert "Maple Pediatrics, 2026-11-22 02:10:00 America/New_York" in out
    assert "  primary: " in out
    assert "Dr. Ana Chen" in out
    assert "  backup: " in out


# ---- calls ------------------------------------------------------------------------------------------------------


_ENDED = """
    UPDATE calls SET ended_at = started_at + interval '95 s', seconds = 95, outcome = 'connected',
        answered_at = started_at + interval '41 s', answered_by = 'chen' WHERE sid = 'CA1'
"""


@pytest.fixture
def called(maple: Run) -> Run:
    """A call of a known number, and one that is under way."""

    async def store() -> None:
        async with compose(load_settings()) as parts:
            ring: KeyRing = parts.ring
            start = Instant.from_utc(2026, 11, 22, 7, 10)
            async with parts.database.transaction() as connection:
                await connection.execute(text("TRUNCATE calls CASCADE"))
                for n in (1, 2):
                    head = CallHead(
                        f"CA{n}", "maple-pediatrics", 1, "+16175550100", CALLER, start + TimeDelta(minutes=n), 3,
                        "night", ("Route 4 (go night) matches: it is night.",),
                    )  # fmt: skip
                    notes = {"notes": [["entered", "night"], ["entered", "urgent"]]}
                    event = CallEvent("turn:0", head.at, "turn", notes, {"given": {"keys": "05042019"}})
                    progress = Progress("urgent", "en-US", 0, category="urgent", callback="+16175550123")
                    await write_event(connection, ring, Write(head, progress, event))
                await connection.execute(text(_ENDED))

    asyncio.run(store())
    return maple


def has_no_number(ran) -> None:
    for private in (CALLER, "5550180", "0 1 8 0", "5550123", "05042019"):
        assert private not in ran.out + ran.err


def test_calls_are_listed_the_newest_first_without_the_callers(called: Run) -> None:
    ran = called("calls")
    rows = ran.out.splitlines()
    assert rows[0].split()[:4] == ["began", "call", "path", "category"]
    assert "2026-11-22 02:12" in rows[1]
    assert "(under way)" in rows[1]
    assert "night > urgent" in rows[2]
    assert rows[2].split()[-3:] == ["chen", "0:41", "1:35"]
    assert len(called("calls", "--limit", "1").out.splitlines()) == 2
    has_no_number(ran)


def test_calls_as_csv(called: Run) -> None:
    ran = called("calls", "--csv", "--practice", "maple-pediatrics")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["sid"] for row in rows] == ["CA1", "CA2"]
    assert rows[0]["outcome"] == "connected"
    assert rows[0]["waited_seconds"] == "41"
    assert rows[1]["ended_at"] == ""
    has_no_number(ran)


def test_calls_of_some_days(called: Run) -> None:
    assert called("calls", "--from", "2026-11-23").out == "No calls yet.\n"
    assert len(called("calls", "--from", "2026-11-22", "--to", "2026-11-22").out.splitlines()) == 3
    assert "is not a day" in called("calls", "--to", "yesterday").err
    assert "is before 2026-11-25" in called("calls", "--from", "2026-11-25", "--to", "2026-11-20").err
    assert "is before 2026-11-25" in called("report", "--from", "2026-11-25", "--to", "2026-11-20").err


def test_calls_as_parquet(called: Run, tmp_path: Path) -> None:
    ran = called("calls", "--parquet", str(tmp_path / "calls.parquet"))
    assert ran.out.startswith("2 calls are in")
    assert (tmp_path / "calls.parquet").read_bytes()[:4] == b"PAR1"


def test_a_call_is_told_from_moment_to_moment_in_80_columns(called: Run, environment) -> None:
    environment.setattr("nightbell.cli.console.stdout._width", 80)
    ran = called("calls", "show", "CA1")
    assert "outcome: connected" in ran.out
    assert "answered by chen after 0:41" in ran.out
    assert "Route 4 (go night) matches: it is night." in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    has_no_number(ran)
    assert "CA2" in called("calls", "show", "--last").out
    assert "several calls begin with 'CA'" in called("calls", "show", "CA").err
    assert "no calls begin with 'CB'" in called("calls", "show", "CB").err


def test_the_list_fits_80_columns(called: Run, environment) -> None:
    environment.setattr("nightbell.cli.console.stdout._width", 80)
    assert max(len(line) for line in called("calls").out.splitlines()) <= 80


def test_private_parts_are_shown_on_demand_and_the_reading_is_kept(called: Run) -> None:
    ran = called("calls", "show", "CA1", "--private")
    assert CALLER in ran.out
    assert "audit" in called("audit").out


def test_a_report_of_what_there_is(called: Run, environment) -> None:
    environment.setattr("nightbell.cli.console.stdout._width", 80)
    ran = called("report", "--practice", "maple-pediatrics")
    assert "under way: 1" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    found = json.loads(called("report", "--json").out)
    assert found["under_way"] == 1


def test_no_calls_is_said_and_an_unknown_practice_too(called: Run, run: Run, plan_file: Path, sample: str) -> None:
    plan_file.write_text(sample.replace("maple-pediatrics", "elm").replace("+16175550100", "+16175550104"))
    run("apply", str(plan_file))
    assert called("calls", "--practice", "elm").out == "No calls yet.\n"
    ran = called("calls", "--practice", "mapel")
    assert ran.code == 1
    assert "there is no practice 'mapel'" in ran.err


# ---- the others -------------------------------------------------------------------------------------------------


def test_a_new_key_is_one_that_the_settings_take(run: Run) -> None:
    made = run("new-key").out.strip()
    assert KeyRing.from_setting(made).open("f", KeyRing.from_setting(made).seal("f", "x")) == "x"
    assert run("new-key").out.strip() != made


def test_migrating_can_be_done_again_and_checked(run: Run) -> None:
    assert run("migrate").out == "The database is at the present schema.\n"
    assert run("migrate").code == 0
    assert run("migrate", "--check").out == "Tables and migrations agree.\n"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_server_without_settings_says_which_it_needs(run: Run, command: str) -> None:
    ran = run(command)
    assert ran.code == 1
    assert "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, NIGHTBELL_PUBLIC_URL must be set" in ran.err


def test_a_database_that_is_down_is_told_in_a_line(run: Run, environment, plan_file: Path) -> None:
    environment.setenv("NIGHTBELL_DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    environment.setenv("NIGHTBELL_ENCRYPTION_KEYS", run("new-key").out.strip())
    ran = run("apply", str(plan_file))
    assert ran.code == 1
    assert "the database does not answer" in ran.err
    assert "Traceback" not in ran.err
    assert "hunter2" not in ran.out + ran.err


def test_a_data_folder_that_cannot_be_made_is_told_in_a_line(run: Run, environment, plan_file: Path) -> None:
    environment.setenv("NIGHTBELL_DATA_DIR", str(plan_file / "data"))
    ran = run("oncall")
    assert ran.code == 1
    assert "Not a directory" in ran.err
    assert "Traceback" not in ran.err


def test_the_emulator_listens_on_loopback_only(run: Run) -> None:
    ran = run("emulator", "--host", "0.0.0.0")  # noqa: S104 - what is refused
    assert ran.code == 1
    assert "loopback only" in ran.err


def test_help_names_every_command(run: Run) -> None:
    out = run("--help").out
    for command in ("serve", "worker", "migrate", "apply", "check", "explain", "oncall", "calls", "call", "demo",
                    "emulator", "schema", "new-key"):  # fmt: skip
        assert f" {command} " in out
