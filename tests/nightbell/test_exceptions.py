"""`nightbell override`, `swap` and `time-off`, as a practice manager types them."""

import re
from pathlib import Path

import psycopg
import pytest

from storage.embedded import start_embedded
from tests.nightbell.conftest import Ran, Run, Willow

SATURDAY = ("--from", "2026-11-28 08:00", "--to", "2026-11-28 20:00")
NOON = ("--from", "2026-11-22 12:00", "--to", "2026-11-22 20:00", "--reason", "A recital")


def on_call(willow: Willow, at: str) -> str:
    return willow("oncall", "--schedule", "primary", "--at", at).out.splitlines()[1]


def number(ran: Ran) -> str:
    assert (ran.code, ran.err) == (0, "")
    return re.search(r"(?:Override|Swap|Time off) (\d+)", ran.out)[1]


def refused(ran: Ran, says: str) -> None:
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err
    assert "Traceback" not in ran.err


# ---- overrides ------------------------------------------------------------------------------------------------------


def test_an_override_is_added_listed_and_removed(willow: Willow) -> None:
    add = ("override", "add", "primary", "patel", *SATURDAY, "--reason", "[b]Asked[/b] by phone", "--author", "Dana")
    tried = willow(*add, "--dry-run")
    assert "It would be: primary, 2026-11-28 08:00 to 2026-11-28 20:00: Dr. Mira Patel" in tried.out
    assert "This changes who is called in 12 h of the next 90 days." in tried.out
    assert willow("override", "list").out == "There are no overrides.\n"
    made = willow(*add)
    assert "primary, 2026-11-28 08:00 to 2026-11-28 20:00: Dr. Kofi Osei -> Dr. Mira Patel" in made.out
    assert "Dr. Kofi Osei -12 h, Dr. Mira Patel +12 h" in made.out
    listed = willow("override", "list").out
    assert re.search(
        rf"{number(made)} +primary +Dr. Mira Patel +2026-11-28 08:00 +2026-11-28 20:00 +Dana +\[b\]Asked\[/b\] by",
        listed,
    )
    assert "Dr. Mira Patel: override by Dana" in on_call(willow, "2026-11-28 09:00")
    assert "is ended" in willow("override", "remove", number(made)).out
    assert "Patel" not in on_call(willow, "2026-11-28 09:00")
    assert "ended by command line" in willow("override", "list", "--all").out
    refused(willow("override", "remove", number(made)), "It is over, or was ended before.")


def test_a_shift_is_taken_over_and_handed_over(willow: Willow, environment: pytest.MonkeyPatch) -> None:
    taken = willow("override", "take-over", "primary", "patel")
    assert "primary, 2026-11-22 02:10 to 2026-11-23 08:00: Dr. Mira Patel in place of Dr. Ana Chen" in taken.out
    environment.setenv("NIGHTBELL_CLOCK", "2026-11-22T02:20:00-05:00")
    refused(
        willow("override", "hand-over", "primary", "chen", "ruiz"), "not on call for primary now: Dr. Mira Patel is"
    )
    given = willow("override", "hand-over", "primary", "patel", "ruiz", "--until", "2026-11-22 05:00")
    assert "to 2026-11-22 05:00: Nina Ruiz RN in place of Dr. Mira Patel" in given.out
    assert "Nina Ruiz RN" in on_call(willow, "2026-11-22 03:00")
    assert "Dr. Mira Patel" in on_call(willow, "2026-11-22 05:00")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("primary", "nobody", *SATURDAY, "--reason", "x"), "MEMBER: there is no such member"),
        (("nights", "patel", *SATURDAY, "--reason", "x"), "SCHEDULE: there is no such schedule"),
        (("primary", "patel", "--to", "2026-11-21 08:00", "--reason", "x"), "--to: it is over already"),
        (("primary", "patel", "--to", "noon", "--reason", "x"), "--to: 'noon' is not a time"),
        (("primary", "patel", *SATURDAY, "--reason", " "), "--reason: write one line"),
        (("primary", "patel", *SATURDAY, "--reason", "x", "--author", "a\nb"), "--author: write one line"),
        (("primary", "osei", *SATURDAY, "--reason", "x", "--kind", "add"), "they are on call already"),
    ],
)
def test_an_override_that_cannot_be(willow: Willow, arguments: tuple[str, ...], says: str) -> None:
    refused(willow("override", "add", *arguments), says)
    assert willow("override", "list", "--all").out == "There are no overrides.\n"


def test_a_hole_is_refused_with_its_window_and_accepted_with_a_reason(
    willow: Willow, plan_file: Path, run: Run
) -> None:
    document = plan_file.read_text()
    steps = document[document.index("    steps:\n") : document.index("    repeat: 2")]
    plan_file.write_text(document.replace(steps, "    steps:\n      - {page: primary, by: [call], for: 60s}\n"))
    assert run("apply", str(plan_file)).code == 0
    add = ("override", "add", "primary", "osei", *SATURDAY, "--reason", "Closed", "--kind", "remove")
    refused(willow(*add), "reach nobody from 2026-11-28T08:00:00-05:00 until 2026-11-28T20:00:00-05:00")
    made = willow(*add, "--waiver", "The hospital answers")
    assert "a hole is accepted: urgent, 2026-11-28 08:00 to 2026-11-28 20:00" in made.out
    assert "Dr. Kofi Osei -> nobody" in made.out
    assert "not Dr. Kofi Osei" in willow("override", "list").out


# ---- swaps ----------------------------------------------------------------------------------------------------------


def test_a_swap_is_offered_taken_once_and_seen_in_the_calendar(willow: Willow) -> None:
    offer = ("swap", "offer", "primary", "chen", *NOON)
    assert "It could be offered." in willow(*offer, "--dry-run").out
    made = willow(*offer)
    swap = number(made)
    assert "Dr. Ana Chen offers primary, 2026-11-22 12:00 to 2026-11-22 20:00" in made.out
    assert re.search(rf"{swap} +offered +Dr. Ana Chen offers primary", willow("swap", "list").out)
    refused(willow("swap", "take", swap, "chen"), "A swap with oneself is none.")
    assert "could be taken by Dr. Mira Patel" in willow("swap", "take", swap, "patel", "--dry-run").out
    assert "is done: Dr. Mira Patel took it." in willow("swap", "take", swap, "patel").out
    refused(willow("swap", "take", swap, "osei"), "Dr. Mira Patel took it.")
    assert "Dr. Mira Patel" in on_call(willow, "2026-11-22 13:00")
    assert willow("swap", "list").out == "There are no open swaps.\n"
    assert re.search(rf"{swap} +done .* Dr. Mira Patel", willow("swap", "list", "--all").out)
    assert f"A recital (swap {swap})" in willow("override", "list").out


def test_a_swap_in_exchange_and_one_that_is_withdrawn(willow: Willow) -> None:
    wanted = ("--in-exchange", "backup", "2026-11-22 12:00", "2026-11-22 20:00")
    made = willow("swap", "offer", "primary", "chen", *NOON, *wanted)
    assert "for backup, 2026-11-22 12:00 to 2026-11-22 20:00" in made.out
    refused(willow("swap", "take", number(made), "patel"), "Dr. Mira Patel is not on call for backup")
    assert "is withdrawn: Dr. Ana Chen stays on call" in willow("swap", "withdraw", number(made)).out
    refused(willow("swap", "take", number(made), "osei"), "The swap was withdrawn.")


def test_a_swap_waits_for_approval_where_the_plan_says_so(willow: Willow, plan_file: Path, run: Run) -> None:
    plan_file.write_text(plan_file.read_text() + "\nswaps: {approve: true}\n")
    assert run("apply", str(plan_file)).code == 0
    swap = number(willow("swap", "offer", "primary", "chen", *NOON))
    refused(willow("swap", "approve", swap), "Nobody has taken the swap yet")
    assert f"waits for approval: nightbell swap approve {swap}" in willow("swap", "take", swap, "patel").out
    assert "Dr. Ana Chen" in on_call(willow, "2026-11-22 13:00")
    assert "is done" in willow("swap", "approve", swap).out
    assert "Dr. Mira Patel" in on_call(willow, "2026-11-22 13:00")
    other = number(willow("swap", "offer", "primary", "chen", *NOON[:1], "2026-11-22 21:00", "--to", "2026-11-22 22:00",
                          "--reason", "x"))  # fmt: skip
    willow("swap", "take", other, "patel")
    assert "is declined: Dr. Ana Chen stays on call" in willow("swap", "decline", other).out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("primary", "chen", "--from", "2026-11-21 12:00", "--to", "2026-11-22 20:00"), "it has begun already"),
        (("primary", "osei", "--from", "2026-11-22 12:00", "--to", "2026-11-22 20:00"), "they are not on call"),
        (("primary", "chen", "--from", "2026-11-22 12:00", "--to", "2026-11-22 12:00"), "it is not after the start"),
        (("primary", "chen", "--from", "soon", "--to", "2026-11-22 12:00"), "--from: 'soon' is not a time"),
    ],
)
def test_an_offer_that_cannot_be(willow: Willow, arguments: tuple[str, ...], says: str) -> None:
    refused(willow("swap", "offer", *arguments, "--reason", "x"), says)
    assert willow("swap", "list", "--all").out == "There are no swaps.\n"


# ---- time off -------------------------------------------------------------------------------------------------------


def test_time_off_says_who_could_cover_and_is_stored_with_them(willow: Willow) -> None:
    add = ("time-off", "add", "chen", *NOON)
    ran = willow(*add)
    refused(ran, "Dr. Ana Chen is on call for primary from 2026-11-22T12:00:00-05:00 until 2026-11-22T20:00:00-05:00")
    assert "Dr. Mira Patel is free then" in ran.err
    assert "--cover, --as-proposed or --waiver: Dr. Ana Chen is on call" in ran.err
    refused(willow(*add, "--cover", "patel", "--cover", "ghost"), "--cover (2.): there is no such member")
    assert "nobody covers; Dr. Mira Patel (patel) could" in willow(*add, "--dry-run").out
    made = willow(*add, "--cover", "patel:primary")
    assert "primary, 2026-11-22 12:00 to 2026-11-22 20:00: Dr. Mira Patel covers" in made.out
    assert re.search(rf"{number(made)} +Dr. Ana Chen +2026-11-22 12:00", willow("time-off", "list").out)
    assert "Dr. Mira Patel" in on_call(willow, "2026-11-22 13:00")
    assert "would end" in willow("time-off", "remove", number(made), "--dry-run").out
    assert "is ended" in willow("time-off", "remove", number(made)).out
    assert "Dr. Ana Chen" in on_call(willow, "2026-11-22 13:00")
    assert willow("time-off", "list").out == "Nobody has time off.\n"
    assert "Dr. Mira Patel covers" in willow(*add, "--as-proposed").out
    refused(willow(*add, "--as-proposed"), "They have time off then already")


def test_the_audit_trail_says_who_changed_what_and_holds(willow: Willow, run: Run, data_dir: Path) -> None:
    number(willow("override", "take-over", "primary", "patel"))
    with psycopg.connect(start_embedded(data_dir / "postgresql")) as connection:
        row = connection.execute("SELECT actor, action FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    assert row[0].startswith("command line (")
    assert row[1] == "add override"
    assert "The audit trail holds" in run("audit").out
