"""What is wrong with a plan: all of it at once, each with its place and its mend."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

Path = tuple[str, ...]
"""A place in the document: keys, and the indexes of lists from 0, as text."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that keeps a plan from being published.

    `path`: such as `flow.night.menu.keys.1.go`, empty for the whole document. `fault`: what is wrong. `mend`: what
    would make it right. `check`: the name of the check that found it, which a waiver names. `line`: counted from 1,
    None where the document has no lines to speak of (JSON).
    """

    path: str
    fault: str
    mend: str
    check: str
    line: int | None = None

    def __str__(self) -> str:
        where = self.path or "the plan"
        line = f" (line {self.line})" if self.line else ""
        return f"{where}{line}: {self.fault}. {self.mend}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault as a check sees it: where, what, and the mend. The line and the check's name are added to it."""

    at: Path
    fault: str
    mend: str


class PlanFaults(Exception):  # noqa: N818 - it is what it carries: the faults
    """A plan that cannot be published. `faults`: all of them, in the document's order, never empty."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Take the faults in the order in which they shall be told."""
        self.faults: Final = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class MisreadError(ValueError):
    """A value that is not of its grammar. `check`, `fault` and `mend` are those of the Fault it becomes."""

    def __init__(self, check: str, fault: str, mend: str) -> None:
        """Say what is wrong and what would mend it."""
        self.check, self.fault, self.mend = check, fault, mend
        super().__init__(fault)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """'Did you mean x?' when a known word is close, else the list of the known ones."""
    words = sorted(set(known))
    close = get_close_matches(word[:64], words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    if not words:
        return "There is none yet: add it, or leave this out."
    return f"Known here: {', '.join(f'`{w}`' for w in words[:12])}{', ...' if len(words) > 12 else ''}."  # noqa: PLR2004 - a line's worth
