"""Rows of texts, for a person who reads them: nothing of them is cut, however narrow the terminal is."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nightbell.cli.console import stdout


def print_rows(titles: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "") -> None:
    """Print a table: as wide as it is into a file or a pipe, and in a terminal too narrow for it, line by line.

    `empty`: what is said where there are no rows. What people wrote is shown as they wrote it.
    """
    found = list(rows)
    if not found:
        stdout.print(empty, markup=False)
        return
    table = Table(*titles, box=None, pad_edge=False)
    for row in found:
        table.add_row(*(Text(cell) for cell in row))
    width = Measurement.get(stdout, stdout.options.update(width=10_000), table).maximum
    if stdout.is_terminal and width > stdout.width:
        for row in found:
            stdout.print(_line(titles, row), markup=False)
    else:
        Console(width=width, highlight=False, color_system=None, file=stdout.file).print(table)


def _line(titles: Sequence[str], row: Sequence[str]) -> str:
    """`Dr. Ana Chen: hours 84.00, nights 7`; what has no title speaks for itself."""
    cells = [f"{title} {cell}".strip() for title, cell in zip(titles[1:], row[1:], strict=True) if cell]
    return f"{row[0]}: {', '.join(cells)}"
