"""Lists are whole: nothing of them is cut in a narrow terminal, or on the way into a file."""

import io

import pytest
from rich.console import Console

from nightbell.cli import listing

TITLES = ("", "hours", *(f"schedule {n}" for n in range(6)), "nights", "")
ROW = ("Dr. Ana Chen [PhD]", "168.00", *(f"{n}4.00" for n in range(6)), "7", "she asked for it, and so it was done")


@pytest.fixture
def printed(monkeypatch):
    def _print(*, terminal: bool, rows=(ROW,)) -> str:
        file = io.StringIO()
        console = Console(file=file, force_terminal=terminal, width=60, highlight=False, soft_wrap=True, no_color=True)
        monkeypatch.setattr(listing, "stdout", console)
        listing.print_rows(TITLES, rows, "There is nothing.")
        return file.getvalue()

    return _print


def test_into_a_file_it_is_a_table_as_wide_as_it_is(printed):
    titles, row = printed(terminal=False).splitlines()
    assert row.split()[-3:] == ["it", "was", "done"]
    assert all(cell in row for cell in ROW)
    assert titles.index("nights") == row.index(" 7 ") + 1
    assert "\x1b" not in row


def test_in_a_terminal_too_narrow_it_is_told_line_by_line(printed):
    assert printed(terminal=True).replace("\n", "") == (
        "Dr. Ana Chen [PhD]: hours 168.00, schedule 0 04.00, schedule 1 14.00, schedule 2 24.00, schedule 3 34.00,"
        " schedule 4 44.00, schedule 5 54.00, nights 7, she asked for it, and so it was done"
    )


def test_no_rows_are_said_to_be_none(printed):
    assert printed(terminal=False, rows=()) == "There is nothing.\n"
