"""`nightbell calendar`, `coverage` and `preview`, as a practice manager reads them in a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from nightbell.cli import calendar as shown
from tests.nightbell.conftest import Run, Willow

HOLE = ("override", "add", "primary", "osei", "--kind", "remove", "--reason", "Ill", "--waiver", "The hospital answers")


def alone(sample: str) -> str:
    """Willow with one step in its policy, which pages the primary."""
    steps = sample[sample.index("    steps:\n") : sample.index("    repeat: 2")]
    named = sample.replace("maple-pediatrics", "willow").replace("+16175550100", "+16175550148")
    return named.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n")


def cells(out: str, day: int) -> list[str]:
    """What stands under a day of the month."""
    rows = [line.strip("│").split("│") for line in out.splitlines() if line.startswith("│")]
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell.strip().rstrip("*") == str(day):
                below = [line[column].strip() for line in rows[at + 1 :]]
                end = next(
                    (n for n, text in enumerate(below) if text == "Tue" or text.rstrip("*").isdigit()), len(below)
                )
                return [text for text in below[:end] if text]
    raise AssertionError(f"there is no {day} in:\n{out}")


def test_a_month_shows_who_is_on_call_and_when_that_changes(willow: Willow) -> None:
    ran = willow("calendar", "--schedule", "primary")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Maple Pediatrics, primary, November 2026, America/New_York\n")
    assert cells(ran.out, 1) == ["chen"]
    assert cells(ran.out, 24) == ["ruiz", "07:00 osei", "19:00 ruiz"]
    assert "26*" in ran.out  # Thanksgiving
    assert "*: a holiday" in ran.out
    assert "chen   Dr. Ana Chen" in ran.out
    other = willow("calendar", "2026-02").out
    assert other.index("primary, February 2026") < other.index("backup, February 2026")
    assert "29" not in other


@pytest.mark.parametrize("month", ["2026-13", "December", "9999-12", "2026-12-01"])
def test_what_is_no_month(willow: Willow, month: str) -> None:
    ran = willow("calendar", month)
    assert (ran.code, ran.out) == (1, "")
    assert month in ran.err


def test_a_hole_is_red_and_fails_the_command(
    willow: Willow, run: Run, plan_file: Path, sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_file.write_text(alone(sample))
    assert run("apply", str(plan_file)).code == 0
    assert willow("coverage").code == 0
    assert willow(*HOLE, "--from", "2026-11-24 09:00", "--to", "2026-11-24 12:30").code == 0
    ran = willow("calendar")
    assert ran.code == 1
    assert cells(ran.out, 24) == ["ruiz", "07:00 osei", "09:00 nobody", "12:30 osei", "19:00 ruiz"]
    told = "hole: urgent reaches nobody from 2026-11-24 09:00 to 2026-11-24 12:30"
    assert told in ran.out
    proof = willow("coverage")
    assert proof.code == 1
    assert "proved" not in proof.out
    assert f"{told}\n        primary has nobody\n" in proof.out
    assert "thin, one person: urgent reaches Dr. Ana Chen and nobody else" in proof.out
    assert willow("coverage", "--from", "2026-11-25 00:00").code == 0
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=120, soft_wrap=True)
    monkeypatch.setattr(shown, "stdout", terminal)
    willow("calendar", "--schedule", "primary")
    assert "\x1b[1;37;41mnobody\x1b[0m" in terminal.file.getvalue()


def test_a_span_of_time_is_proved_and_told(willow: Willow, run: Run, plan_file: Path, sample: str) -> None:
    plan_file.write_text(alone(sample))
    assert run("apply", str(plan_file)).code == 0
    assert willow("coverage", "--from", "2026-11-24 12:00", "--to", "2026-11-24 12:00").code == 1
    assert willow("coverage", "--from", "2026-11-24 12:00", "--to", "2030-11-24 12:00").code == 1
    assert "at most 400 days" in willow("coverage", "--to", "2030-11-24 12:00").err
    proof = willow("coverage", "--to", "2026-11-29 12:00").out
    assert "proved: at every minute, the policy urgent reaches somebody" in proof
    assert "Maple Pediatrics, 2026-11-22 02:10 to 2026-11-29 12:00 America/New_York" in proof


def test_a_draft_is_previewed_and_not_published(willow: Willow, run: Run, plan_file: Path, sample: str) -> None:
    draft = sample.replace("maple-pediatrics", "willow").replace("+16175550100", "+16175550148")
    plan_file.write_text(draft.replace("members: [chen, osei, patel]", "members: [chen, patel, osei]"))
    ran = run("preview", str(plan_file))
    assert (ran.code, ran.err) == (0, "")
    assert "This changes who is called in " in ran.out
    assert "primary, 2026-11-28 07:00 to 2026-11-30 08:00: Dr. Kofi Osei -> Dr. Mira Patel" in ran.out
    assert "Dr. Kofi Osei" in willow("oncall", "--at", "2026-11-28 09:00").out.splitlines()[1]
    plan_file.write_text(draft.replace("rotation: nurses", "rotation: nobodies"))
    ran = run("preview", str(plan_file))
    assert (ran.code, "nobodies" in ran.err, "Traceback" in ran.err) == (1, True, False)
    plan_file.write_text(draft.replace("practice: willow", "practice: elsewhere"))
    ran = run("preview", str(plan_file))
    assert (ran.code, ran.out) == (1, "")
    assert "has no plan yet" in ran.err
