"""A plan under which an override, a swap or a cover would silently stop counting is not published without a word."""

from dataclasses import replace

import pytest
from whenever import Instant, ZonedDateTime

from escalation.roster import Leave, Override, OverrideKind
from routing.plan import Beside, PlanFaults, publishable


def local(day: int, hour: int) -> Instant:
    return ZonedDateTime(2026, 11, day, hour, tz="America/New_York").to_instant()


NOW = local(21, 19)
WEEK = (local(23, 8), local(28, 8))
"""The physicians' turn of Osei; Patel is the backup."""
COVER = Override("backup", "chen", *WEEK, "Dana", "a course", OverrideKind.REPLACE, "patel")
WITHOUT_CHEN = (
    ('  - {id: chen, name: Dr. Ana Chen, voice: ["+16175550121"], sms: "+16175550121"}\n', ""),
    ("members: [ruiz, chen]", "members: [ruiz]"),
    ("members: [chen, osei, patel]", "members: [osei, patel]"),
)


def faults(text: str, *overrides: Override, leaves: tuple[Leave, ...] = (), now: Instant = NOW) -> list[str]:
    try:
        publishable(text, now, beside=Beside(overrides=overrides, leaves=leaves))
    except PlanFaults as found:
        return [f"{fault.check} {fault.path}: {fault.fault}" for fault in found.faults]
    return []


def test_what_still_counts_is_no_fault(sample: str) -> None:
    assert faults(sample, COVER) == []


def test_who_is_on_call_by_an_override_cannot_be_dropped_in_silence(edit) -> None:
    text = edit(*WITHOUT_CHEN)
    window = "from 2026-11-23 08:00 to 2026-11-28 08:00"
    assert faults(text, COVER) == [
        f"exceptions-beside staff: an override by Dana for backup {window} names chen, who is none of the staff"
    ]
    assert faults(text, replace(COVER, member="osei", instead_of="chen"))[0].endswith(
        "names chen, who is none of the staff"
    )
    assert faults(text, COVER, now=local(28, 8)) == [], "it is over"
    waiver = "\nwaivers: [{check: exceptions-beside, because: she has left}]\n"
    assert faults(text + waiver, COVER) == []


def test_nor_can_a_schedule_lose_its_name(edit) -> None:
    text = edit(("  backup:\n", "  second:\n"), ("page: backup", "page: second"))
    assert "is for a schedule that the plan does not have" in faults(text, COVER)[0]


@pytest.mark.parametrize("kind", [OverrideKind.REPLACE, OverrideKind.REMOVE])
def test_nor_can_turns_be_moved_away_from_under_it(edit, kind: OverrideKind) -> None:
    given = COVER if kind is OverrideKind.REPLACE else replace(COVER, kind=kind, member="patel", instead_of="")
    text = edit(("members: [chen, osei, patel]", "members: [osei, patel, chen]"))
    (fault,) = faults(text, given, now=local(22, 19))
    assert "exceptions-beside schedules.backup" in fault
    assert fault.endswith("does nothing: patel is not on call then")


def test_what_was_superseded_keeps_nobody_from_publishing(sample: str) -> None:
    tuesday = (local(24, 18), local(25, 8))
    swap = Override("backup", "osei", *tuesday, "Dana", "a swap", OverrideKind.REPLACE, "chen")
    taken = Override("backup", "ruiz", *tuesday, "Dana", "takes over")
    assert faults(sample, COVER, swap, taken) == []


def test_cover_for_time_off_and_a_swap_of_a_swap_count(sample: str) -> None:
    assert faults(sample, COVER, leaves=(Leave("patel", *WEEK),)) == []
    assert faults(sample, COVER, replace(COVER, member="ruiz", instead_of="chen")) == []
    assert faults(sample, replace(COVER, kind=OverrideKind.ADD, instead_of="", member="ruiz")) == []
