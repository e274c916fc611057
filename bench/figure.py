"""A figure: what was measured, beside what it is measured against and what it must reach."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`is_met`: None where DESIGN sets no target."""

    name: str
    measured: str
    reference: str = ""
    target: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is reached, in a word."""
        return {None: "", True: "reached", False: "MISSED"}[self.is_met]

    def cells(self) -> tuple[str, ...]:
        """As a row."""
        return self.name, self.measured, self.reference, self.target, self.verdict


TITLES = ("figure", "measured", "reference in the same run", "target", "")


def table(figures: Iterable[Figure]) -> Table:
    """For a terminal."""
    made = Table(box=None, pad_edge=False)
    for title in TITLES:
        made.add_column(title, overflow="fold")
    for figure in figures:
        made.add_row(*figure.cells(), style="red" if figure.is_met is False else None)
    return made


def markdown(figures: Iterable[Figure]) -> str:
    """For `bench/results.md`."""
    rows = [TITLES, ("---",) * len(TITLES), *(figure.cells() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
